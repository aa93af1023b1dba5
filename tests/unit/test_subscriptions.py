"""Who gets mail, and who may not be mailed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from digest import subscriptions
from digest.deliver.verdict import gate
from digest.errors import InvalidInput, NotFound
from digest.model import (
    Cadence,
    Delivery,
    DeliveryKind,
    Interest,
    InterestKind,
    Opinion,
    SkipReason,
    Subscriber,
    SubscriberStatus,
    SuppressionReason,
)
from digest.store import Store, tables
from digest.subscriptions import Preferences, SignedUp, SignUp, parse_interests
from tests.support.database import new_database
from tests.support.samples import NOW, paper, pick, plan

EMAIL = "reader@example.org"
TOMORROW = NOW + timedelta(days=1)


def hash_email(email: str) -> str:
    return sha256(email.lower().encode()).hexdigest()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(new_database(tmp_path), hash_email=hash_email)
    yield store
    store.close()


def sign_up(store: Store, email: str = EMAIL, *, now=NOW, **chosen: object) -> SignedUp:  # type: ignore[no-untyped-def]
    with store.write() as tx:
        return subscriptions.sign_up(
            tx,
            email,
            Preferences(**chosen),  # type: ignore[arg-type]
            origin="192.0.2.7",
            now=now,
            domain="example.org",
            hash_email=hash_email,
        )


def confirm(store: Store, public_id: str, *, now=NOW) -> Subscriber:  # type: ignore[no-untyped-def]
    with store.write() as tx:
        return subscriptions.confirm(
            tx,
            public_id,
            origin="192.0.2.8",
            now=now,
            domain="example.org",
            hash_email=hash_email,
        )


def rejoin(store: Store, public_id: str) -> Subscriber:
    with store.write() as tx:
        return subscriptions.rejoin(
            tx,
            public_id,
            origin="192.0.2.8",
            now=NOW,
            hash_email=hash_email,
        )


def member(store: Store, **chosen: object) -> Subscriber:
    subscriber = sign_up(store, **chosen).subscriber
    assert subscriber is not None
    return confirm(store, subscriber.public_id)


def unsubscribe(store: Store, public_id: str, *, goodbye: str | None = None) -> Subscriber:
    with store.write() as tx:
        return subscriptions.unsubscribe(tx, public_id, now=NOW, goodbye=goodbye)


def suppress(store: Store, reason: SuppressionReason) -> None:
    with store.write() as tx:
        tx.suppressions.add(hash_email(EMAIL), reason, now=NOW)


def suppression(store: Store) -> SuppressionReason | None:
    with store.read() as tx:
        return tx.suppressions.reason(hash_email(EMAIL))


def kinds(store: Store) -> list[DeliveryKind]:
    """Return the kinds of the mails that were written, oldest first."""
    with store.read() as tx:
        return [delivery.kind for delivery in reversed(tx.deliveries.list())]


def verdict(store: Store, kind: DeliveryKind) -> SkipReason | None:
    """Ask the gate of `deliver` about the newest mail of that kind."""
    with store.read() as tx:
        delivery: Delivery = next(one for one in tx.deliveries.list() if one.kind is kind)
        assert delivery.subscriber_id is not None
        reader = tx.subscribers.by_id(delivery.subscriber_id)
        assert reader is not None
        suppression = tx.suppressions.of(delivery.subscriber_id)
        return gate(delivery, reader.status, suppression, returning=reader.wish is not None)


# --- joining ------------------------------------------------------------------------------


def test_a_sign_up_asks_for_confirmation_by_mail(store: Store) -> None:
    outcome, subscriber = sign_up(store, cadence=Cadence.WEEKLY, hour=6)
    assert outcome is SignUp.ASKED
    assert subscriber is not None
    assert subscriber.status is SubscriberStatus.UNCONFIRMED
    assert (subscriber.cadence, subscriber.hour) == (Cadence.WEEKLY, 6)
    assert verdict(store, DeliveryKind.CONFIRM) is None
    with store.read() as tx:
        (mail,) = tx.deliveries.list()
    assert mail.key == f"confirm:{subscriber.public_id}:2026-11-24"
    assert mail.due_at == NOW
    assert mail.expires_at == NOW + timedelta(hours=24)
    assert mail.message_id.endswith("@example.org>")


def test_consent_is_recorded_with_time_place_and_wording(store: Store) -> None:
    subscriber = member(store)
    assert subscriber.consent == {
        "asked_at": NOW.isoformat(),
        "asked_from": "192.0.2.7",
        "wording": subscriptions.CONSENT_WORDING,
        "confirmed_at": NOW.isoformat(),
        "confirmed_from": "192.0.2.8",
    }


def test_signing_up_twice_a_day_mails_once_and_the_later_choice_counts(store: Store) -> None:
    sign_up(store, hour=6)
    again = sign_up(store, "READER@example.org", hour=9)
    assert again.outcome is SignUp.WAITING
    assert again.subscriber is not None
    assert again.subscriber.hour == 9
    assert kinds(store) == [DeliveryKind.CONFIRM]


def test_the_next_day_brings_another_mail(store: Store) -> None:
    sign_up(store)
    assert sign_up(store, now=TOMORROW).outcome is SignUp.ASKED
    assert len(kinds(store)) == 2


def test_signing_up_a_member_changes_and_mails_nothing(store: Store) -> None:
    before = member(store, hour=6)
    mails = kinds(store)
    outcome, after = sign_up(store, now=TOMORROW, hour=23)
    assert outcome is SignUp.MEMBER
    assert after == before
    assert kinds(store) == mails


def test_a_member_is_reminded_once_a_day(store: Store) -> None:
    reader = member(store)
    for now in (TOMORROW, TOMORROW):
        with store.write() as tx:
            subscriptions.remind(tx, reader, now=now, domain="example.org")
    assert kinds(store).count(DeliveryKind.NOTICE) == 1
    assert verdict(store, DeliveryKind.NOTICE) is None


@pytest.mark.parametrize(
    "reason", [SuppressionReason.BOUNCE, SuppressionReason.COMPLAINT, SuppressionReason.ADMIN]
)
def test_addresses_that_must_not_be_mailed_are_not_even_written(
    store: Store, reason: SuppressionReason
) -> None:
    suppress(store, reason)
    assert sign_up(store) == (SignUp.SUPPRESSED, None)
    assert kinds(store) == []
    with store.read() as tx:
        assert tx.subscribers.by_email(EMAIL) is None


def test_who_left_may_come_back_but_only_by_confirming(store: Store) -> None:
    gone = unsubscribe(store, member(store).public_id)
    assert gone.status is SubscriberStatus.UNSUBSCRIBED
    outcome, pending = sign_up(store, now=TOMORROW)
    assert outcome is SignUp.ASKED
    assert pending is not None
    assert pending.status is SubscriberStatus.UNSUBSCRIBED
    assert verdict(store, DeliveryKind.CONFIRM) is None
    assert confirm(store, pending.public_id, now=TOMORROW).status is SubscriberStatus.CONFIRMED
    assert suppression(store) is None


def test_who_was_erased_may_come_back(store: Store) -> None:
    suppress(store, SuppressionReason.ERASED)
    subscriber = member(store)
    assert subscriber.status is SubscriberStatus.CONFIRMED
    assert suppression(store) is None
    assert verdict(store, DeliveryKind.WELCOME) is None


def test_confirming_twice_welcomes_once(store: Store) -> None:
    subscriber = member(store)
    assert subscriber.status is SubscriberStatus.CONFIRMED
    assert subscriber.confirmed_at == NOW
    assert confirm(store, subscriber.public_id, now=TOMORROW) == subscriber
    assert kinds(store) == [DeliveryKind.CONFIRM, DeliveryKind.WELCOME]


def test_an_old_confirm_link_brings_nobody_back_who_left(store: Store) -> None:
    gone = unsubscribe(store, member(store).public_id)
    assert confirm(store, gone.public_id).status is SubscriberStatus.UNSUBSCRIBED


def test_an_unknown_id_is_not_found(store: Store) -> None:
    with pytest.raises(NotFound):
        confirm(store, "nobody")


def test_the_operator_can_add_somebody_confirmed_without_a_mail(store: Store) -> None:
    with store.write() as tx:
        added = subscriptions.add_confirmed(
            tx, EMAIL, Preferences(name="A reader"), origin="cli", now=NOW
        )
    assert added.status is SubscriberStatus.CONFIRMED
    assert added.consent["confirmed_from"] == "cli"
    assert kinds(store) == []


def test_not_even_the_operator_adds_a_suppressed_address(store: Store) -> None:
    suppress(store, SuppressionReason.ERASED)
    with pytest.raises(InvalidInput, match="erased"), store.write() as tx:
        subscriptions.add_confirmed(tx, EMAIL, Preferences(), origin="cli", now=NOW)
    with store.read() as tx:
        assert tx.subscribers.by_email(EMAIL) is None


@pytest.mark.parametrize(
    ("reason", "way"),
    [
        (SuppressionReason.UNSUBSCRIBE, "sign up again themselves"),
        (SuppressionReason.BOUNCE, "nothing is sent there"),
    ],
)
def test_the_operator_is_told_of_no_command_that_there_is_not(
    store: Store, reason: SuppressionReason, way: str
) -> None:
    suppress(store, reason)
    with pytest.raises(InvalidInput, match=way), store.write() as tx:
        subscriptions.add_confirmed(tx, EMAIL, Preferences(), origin="cli", now=NOW)


# --- staying and leaving ------------------------------------------------------------------


def test_preferences_are_replaced_as_a_whole(store: Store) -> None:
    subscriber = member(store, hour=6, max_papers=3)
    wanted = Preferences(
        timezone="Europe/Berlin", interests=(Interest(InterestKind.KEYWORD, "robots"),)
    )
    with store.write() as tx:
        changed = subscriptions.edit(tx, subscriber.public_id, wanted, now=NOW)
    assert Preferences.of(changed) == wanted
    assert changed.status is SubscriberStatus.CONFIRMED


def test_a_pause_holds_digests_and_ends(store: Store) -> None:
    public_id = member(store).public_id
    with store.write() as tx:
        paused = subscriptions.pause(
            tx, public_id, until=date(2026, 12, 1), now=NOW, timezone="UTC"
        )
    assert (paused.status, paused.paused_until) == (SubscriberStatus.PAUSED, date(2026, 12, 1))
    with store.write() as tx:
        resumed = subscriptions.resume(tx, public_id)
    assert (resumed.status, resumed.paused_until) == (SubscriberStatus.CONFIRMED, None)


def test_a_pause_cannot_end_today(store: Store) -> None:
    public_id = member(store).public_id
    with pytest.raises(InvalidInput), store.write() as tx:
        subscriptions.pause(tx, public_id, until=NOW.date(), now=NOW, timezone="UTC")


@pytest.mark.parametrize(
    ("timezone", "today", "tomorrow"),
    [
        ("America/Los_Angeles", date(2026, 11, 26), date(2026, 11, 27)),
        ("Pacific/Auckland", date(2026, 11, 28), date(2026, 11, 29)),
    ],
)
@pytest.mark.parametrize("whose", ["reader", "site"])
def test_the_day_is_that_of_the_reader(
    store: Store, timezone: str, today: date, tomorrow: date, whose: str
) -> None:
    """It is the 26th in California still, or the 28th in New Zealand already."""
    is_west = timezone.startswith("America")
    now = datetime(2026, 11, 27, 2 if is_west else 12, tzinfo=UTC)
    chosen = {"timezone": timezone} if whose == "reader" else {}
    public_id = member(store, **chosen).public_id
    with pytest.raises(InvalidInput), store.write() as tx:
        subscriptions.pause(tx, public_id, until=today, now=now, timezone=timezone)
    with store.write() as tx:
        subscriptions.pause(tx, public_id, until=tomorrow, now=now, timezone=timezone)


def test_resuming_does_not_confirm_anybody(store: Store) -> None:
    pending = sign_up(store).subscriber
    assert pending is not None
    with pytest.raises(InvalidInput), store.write() as tx:
        subscriptions.resume(tx, pending.public_id)
    with pytest.raises(InvalidInput), store.write() as tx:
        subscriptions.pause(tx, pending.public_id, now=NOW, timezone="UTC")


def test_one_click_says_no_goodbye(store: Store) -> None:
    public_id = member(store).public_id
    unsubscribe(store, public_id)
    unsubscribe(store, public_id, goodbye="example.org")
    assert DeliveryKind.GOODBYE not in kinds(store)


def test_leaving_on_the_page_says_goodbye_once(store: Store) -> None:
    public_id = member(store).public_id
    unsubscribe(store, public_id, goodbye="example.org")
    unsubscribe(store, public_id, goodbye="example.org")
    assert kinds(store).count(DeliveryKind.GOODBYE) == 1
    assert verdict(store, DeliveryKind.GOODBYE) is None


def test_who_never_confirmed_gets_no_goodbye(store: Store) -> None:
    pending = sign_up(store).subscriber
    assert pending is not None
    unsubscribe(store, pending.public_id, goodbye="example.org")
    assert kinds(store) == [DeliveryKind.CONFIRM]
    assert verdict(store, DeliveryKind.CONFIRM) is SkipReason.NOT_CONFIRMED


def test_the_welcome_knows_how_many_interests_were_given(store: Store) -> None:
    member(store, interests=(Interest(InterestKind.KEYWORD, "grasping"),))
    with store.read() as tx:
        (welcome,) = (one for one in tx.deliveries.list() if one.kind is DeliveryKind.WELCOME)
    assert welcome.facts["interests"] == 1


def test_leaving_can_be_undone_without_another_welcome(store: Store) -> None:
    public_id = member(store).public_id
    unsubscribe(store, public_id)
    assert rejoin(store, public_id).status is SubscriberStatus.CONFIRMED
    assert kinds(store).count(DeliveryKind.WELCOME) == 1


def test_undo_confirms_nobody_who_never_had(store: Store) -> None:
    pending = sign_up(store).subscriber
    assert pending is not None
    assert rejoin(store, pending.public_id).status is SubscriberStatus.UNCONFIRMED
    unsubscribe(store, pending.public_id)
    assert rejoin(store, pending.public_id).status is SubscriberStatus.UNSUBSCRIBED


def test_undo_does_not_lift_a_bounce(store: Store) -> None:
    public_id = member(store).public_id
    unsubscribe(store, public_id)
    suppress(store, SuppressionReason.BOUNCE)
    with pytest.raises(InvalidInput):
        rejoin(store, public_id)
    assert suppression(store) is SuppressionReason.BOUNCE


def test_erasure_leaves_a_hash_and_nothing_else(store: Store) -> None:
    public_id = member(store, interests=(Interest(InterestKind.KEYWORD, "robots"),)).public_id
    with store.write() as tx:
        subscriptions.erase(tx, public_id, now=NOW, hash_email=hash_email)
    with store.read() as tx:
        assert tx.subscribers.by_email(EMAIL) is None
        assert all(delivery.subscriber_id is None for delivery in tx.deliveries.list())
    assert suppression(store) is SuppressionReason.ERASED


def test_erasure_does_not_wash_a_complaint_away(store: Store) -> None:
    public_id = member(store).public_id
    suppress(store, SuppressionReason.COMPLAINT)
    with store.write() as tx:
        subscriptions.erase(tx, public_id, now=NOW, hash_email=hash_email)
    assert suppression(store) is SuppressionReason.COMPLAINT


# --- the link, starting afresh, the data ----------------------------------------------------


def send_link(store: Store, *, now=NOW) -> bool:  # type: ignore[no-untyped-def]
    with store.write() as tx:
        return subscriptions.send_link(
            tx, "Reader@example.org", now=now, domain="example.org", hash_email=hash_email
        )


def test_the_link_is_mailed_on_request_once_a_day(store: Store) -> None:
    member(store)
    before = kinds(store)
    assert send_link(store)
    assert not send_link(store)
    assert send_link(store, now=TOMORROW)
    assert kinds(store)[len(before) :] == [DeliveryKind.LINK] * 2
    assert verdict(store, DeliveryKind.LINK) is None


def test_who_left_gets_the_link_whoever_has_asked_for_them_to_come_back(store: Store) -> None:
    unsubscribe(store, member(store).public_id)
    assert send_link(store)
    assert verdict(store, DeliveryKind.LINK) is None
    sign_up(store, now=TOMORROW)
    assert send_link(store, now=TOMORROW)
    assert kinds(store)[-1] is DeliveryKind.LINK
    assert verdict(store, DeliveryKind.LINK) is None


def test_who_has_not_confirmed_gets_the_request_in_place_of_the_link(store: Store) -> None:
    sign_up(store)
    assert send_link(store, now=TOMORROW)
    assert kinds(store)[-1] is DeliveryKind.CONFIRM


def test_nobody_gets_a_link_who_is_unknown_or_barred(store: Store) -> None:
    assert not send_link(store)
    member(store)
    suppress(store, SuppressionReason.COMPLAINT)
    assert not send_link(store)


def test_starting_afresh_forgets_what_was_said_and_nothing_else(store: Store) -> None:
    before = member(store, hour=6, interests=parse_interests(keywords=["grasping"]))
    with store.write() as tx:
        tx.papers.add([paper()], source="arxiv", listed_at=NOW)
        tx.feedback.give(before.id, paper().key, Opinion.LESS, now=NOW)
        after = subscriptions.start_afresh(tx, before.public_id, now=NOW)
        assert tx.feedback.of(before.id) == []
    assert after == replace(before, interests=())


def test_the_export_has_all_that_is_kept(store: Store) -> None:
    reader = member(store, name="A reader", interests=parse_interests(mutes=["crypto"]))
    with store.write() as tx:
        tx.papers.add([paper()], source="arxiv", listed_at=NOW)
        tx.feedback.give(reader.id, paper().key, Opinion.MORE, now=NOW)
        edition = tx.editions.ensure(Cadence.DAILY, NOW.date(), now=NOW)
        tx.deliveries.plan([plan(reader, picks=(pick(paper()),), edition_id=edition.id)])
        found = json.loads(json.dumps(subscriptions.all_about(tx, reader, now=NOW)))
    assert found["subscriber"]["email"] == EMAIL
    assert found["subscriber"]["name"] == "A reader"
    assert found["subscriber"]["consent"]["asked_from"] == "192.0.2.7"
    assert found["interests"] == [
        {"kind": "keyword", "value": "crypto", "weight": -1.0, "added_at": NOW.isoformat()}
    ]
    assert found["feedback"] == [
        {
            "paper_key": paper().key,
            "opinion": "more",
            "given_at": NOW.isoformat(),
            "title": paper().title,
        }
    ]
    assert [one["kind"] for one in found["deliveries"]] == ["digest", "welcome", "confirm"]
    (told,) = found["deliveries"][0]["papers"]
    assert (told["key"], told["reason"]) == (paper().key, "it is on the list")
    assert found["deliveries"][0]["edition"] == "daily-2026-11-24"


OURS = {  # made of something else that is told, or of no meaning outside
    "subscribers": {"id", "email_key", "email_hash"},
    "interests": {"id", "subscriber_id"},
    "feedback": {"id", "subscriber_id", "paper_id"},
    "deliveries": {"id", "key", "subscriber_id", "edition_id", "claimed_by", "lease_until"},
    "picks": {"delivery_id", "paper_id"},
}


def test_the_export_forgets_no_column(store: Store) -> None:
    """What is added to a table must be given out too, or stand here with the reason."""
    reader = member(store, interests=parse_interests(keywords=["pottery"]))
    with store.write() as tx:
        tx.papers.add([paper()], source="arxiv", listed_at=NOW)
        tx.feedback.give(reader.id, paper().key, Opinion.MORE, now=NOW)
        tx.deliveries.plan([plan(reader, picks=(pick(paper()),))])
        found = subscriptions.all_about(tx, reader, now=NOW)
    given = {
        "subscribers": found["subscriber"],
        "interests": found["interests"][0],
        "feedback": found["feedback"][0],
        "deliveries": found["deliveries"][0],
        "picks": found["deliveries"][0]["papers"][0],
    }
    for name, ours in OURS.items():
        columns = {column.name for column in tables.metadata.tables[name].columns}
        assert columns - ours - set(given[name]) == set(), name


# --- what people type ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        (" reader@example.org ", "reader@example.org"),
        ("Reader+papers@Example.ORG", "Reader+papers@example.org"),
        ("reader@bücher.example.org", "reader@xn--bcher-kva.example.org"),
    ],
)
def test_addresses_are_normalized(typed: str, address: str) -> None:
    assert subscriptions.parse_email(typed) == address


@pytest.mark.parametrize(
    "typed",
    ["", "reader", "reader@localhost", "a b@example.org", "a@example.org\r\nBcc: b@example.org",
     "Reader <reader@example.org>", "a@example.org,b@example.org", "lesér@example.org",
     "x" * 65 + "@example.org"],
)  # fmt: skip
def test_what_is_no_address_is_refused(typed: str) -> None:
    with pytest.raises(InvalidInput, match="email address"):
        subscriptions.parse_email(typed)


def test_names_are_one_line_and_carry_no_links() -> None:
    assert subscriptions.parse_name(" A\r\n\u202eReader\x00 ") == "A Reader"
    for name in ("http://example.org", "www.example.org", "me@example.org", "x" * 101):
        with pytest.raises(InvalidInput):
            subscriptions.parse_name(name)


def test_time_zones_are_named_as_the_database_does() -> None:
    assert subscriptions.parse_timezone("europe/berlin") == "Europe/Berlin"
    assert subscriptions.parse_timezone("America/New York") == "America/New_York"
    for name in ("", "Berlin", "/etc/localtime", "../UTC", "UTC+1", "localtime", "Factory"):
        with pytest.raises(InvalidInput):
            subscriptions.parse_timezone(name)


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("2604.21952", "arxiv:2604.21952"),
        ("2604.21952v2", "arxiv:2604.21952"),
        ("arXiv:2604.21952", "arxiv:2604.21952"),
        ("https://arxiv.org/abs/2604.21952v3", "arxiv:2604.21952"),
        ("https://arxiv.org/pdf/2604.21952v3.pdf#page=2", "arxiv:2604.21952"),
        ("https://huggingface.co/papers/2604.21952", "arxiv:2604.21952"),
        ("hep-th/9901001", "arxiv:hep-th/9901001"),
        ("https://doi.org/10.1101/2026.01.02.123456", "doi:10.1101/2026.01.02.123456"),
        ("doi:10.1101/ABC", "doi:10.1101/abc"),
        ("url:https://example.org/paper.pdf", "url:https://example.org/paper.pdf"),
    ],
)
def test_papers_are_found_by_id_and_address(typed: str, key: str) -> None:
    assert subscriptions.parse_paper(typed) == key


@pytest.mark.parametrize("typed", ["robots", "javascript:alert(1)", "26.1", "10.1/x"])
def test_what_names_no_paper_is_refused(typed: str) -> None:
    with pytest.raises(InvalidInput):
        subscriptions.parse_paper(typed)


def test_interests_are_read_once_each_with_their_weight() -> None:
    assert parse_interests(
        categories=["cs.lg", "HEP-TH", "cond-mat.soft", "neuroscience"],
        keywords=["diffusion  models", "Diffusion models", " "],
        authors=["Ada Example"],
        mutes=["blockchain", "cs.cr", "node.js"],
        likes=["2604.21952"],
        text="I build\nrobots.",
    ) == (
        Interest(InterestKind.CATEGORY, "cs.LG"),
        Interest(InterestKind.CATEGORY, "hep-th"),
        Interest(InterestKind.CATEGORY, "cond-mat.soft"),
        Interest(InterestKind.CATEGORY, "neuroscience"),
        Interest(InterestKind.KEYWORD, "Diffusion models"),
        Interest(InterestKind.AUTHOR, "Ada Example"),
        Interest(InterestKind.KEYWORD, "blockchain", -1.0),
        Interest(InterestKind.CATEGORY, "cs.CR", -1.0),
        Interest(InterestKind.KEYWORD, "node.js", -1.0),
        Interest(InterestKind.SEED, "arxiv:2604.21952"),
        Interest(InterestKind.TEXT, "I build robots."),
    )


def test_interests_have_limits() -> None:
    with pytest.raises(InvalidInput, match="at most 200"):
        parse_interests(keywords=[f"word {number}" for number in range(201)])
    with pytest.raises(InvalidInput, match="shorten"):
        parse_interests(keywords=["x" * 201])
    with pytest.raises(InvalidInput, match="shorten"):
        parse_interests(text="x" * 2001)


@pytest.mark.parametrize(
    "chosen",
    [{"hour": 24}, {"hour": -1}, {"max_papers": 0}, {"max_papers": 101},
     {"trending_weight": 1.1}, {"trending_weight": float("nan")}, {"timezone": "Mars/Base"}],
)  # fmt: skip
def test_figures_out_of_range_are_refused(chosen: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        Preferences(**chosen)  # type: ignore[arg-type]
