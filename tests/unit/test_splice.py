"""A spliced digest says what the plain one says, whatever its papers, reader and templates."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from digest import splice
from digest.config import Bounces
from digest.errors import InvalidInput, RenderError
from digest.model import Cadence, DeliveryKind, Link, LinkKind, Message, Paper, Pick, Subscriber
from digest.rendering import JinjaRenderer
from digest.resources import templates_dir
from digest.splice import Composer
from tests.support.mail import DELIVERY, LINKS, PICKS, READER, RENDERER, SITE, mail


def composer(renderer: JinjaRenderer = RENDERER, site: Any = SITE) -> Composer:
    return Composer(site=site, bounces=Bounces(), renderer=renderer, links=LINKS)


def parse(message: Message) -> EmailMessage:
    return message_from_bytes(message.content, policy=policy.default)


def parts(message: Message) -> list[str]:
    return [str(part.get_content()) for part in parse(message).iter_parts()]


def raw_headers(message: Message) -> bytes:
    """Return the header of a message and that of its first part."""
    return message.content.split(b"\r\n\r\n", 1)[0]


def same(spliced: Message, plain: Message) -> None:
    """Check that two messages differ in the line breaks of their encoding at most."""
    assert (spliced.sender, spliced.recipient) == (plain.sender, plain.recipient)
    assert raw_headers(spliced) == raw_headers(plain)
    assert parts(spliced) == parts(plain)


def sound(message: Message) -> None:
    """Check what holds of all bytes on the wire (RFC 5321, RFC 2045 section 6.7)."""
    content = message.content
    assert content.isascii()
    assert content.endswith(b"\r\n")
    lines = content.split(b"\r\n")
    assert not any(b"\r" in line or b"\n" in line for line in lines)
    assert max(map(len, lines)) <= 998
    assert not any(line.startswith(b".") for line in lines)
    _, _, body = content.partition(b"\r\n\r\n")
    assert max(map(len, body.split(b"\r\n"))) <= 76
    assert not any(line.endswith((b" ", b"\t")) for line in body.split(b"\r\n"))
    assert not parse(message).defects


@pytest.fixture
def warnings(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    caplog.set_level(logging.WARNING)
    return lambda: [record.getMessage() for record in caplog.records]


# --- the same mail ------------------------------------------------------------------------

# What is hard about texts: each stands alone, at either end, and in the middle.
HARD = [
    *("=", ".", "..", ". ", " ", "  ", "\t", "\n", "\r\n", "\r", " \n", "=20", "=\r\n", "\n."),
    *("{{ paper.title }}", "{% raw %}", "%s %(a)b %", "<b>&amp;\"'", "</td></table>", "]]>"),
    *("שלום עולם", "日本語の論文", "👩‍🔬🇸🇪", "é" * 80, "x" * 200, "a." * 60, "\u202e", "\u2028"),
    *("\ue000", "\ue001", "\ue0000:\ue001", "\x00", "\x0b", "\x85", "\ud800", "\ufeff", "\xa0"),
    *("From here", "--=_", "a " * 60, "https://example.org/?a=b&c=d"),
]
texts = st.lists(st.sampled_from(HARD) | st.text(st.characters(), max_size=30), max_size=4).map(
    "".join
)
links = st.lists(
    st.builds(
        Link,
        st.sampled_from(list(LinkKind)),
        st.text(max_size=90).map(lambda end: f"https://example.org/{end}"),
    ),
    max_size=4,
).map(tuple)
papers = st.builds(
    Paper,
    key=st.sampled_from(["arxiv:2611.00001", "doi:10.1/a&b", "url:https://example.org/?a=b#c"])
    | st.text(min_size=1, max_size=20).filter(lambda key: key.isprintable()),
    title=texts,
    abstract=texts | st.text(min_size=500, max_size=800),
    authors=st.lists(texts, max_size=6).map(tuple),
    categories=st.lists(texts, max_size=2).map(tuple),
    links=links,
    version=st.integers(0, 3),
)
figures = st.dictionaries(
    st.sampled_from(["upvotes", "upvotes_gained", "comments", "stars", "stars_gained", "other"]),
    st.integers(0, 5000),
)
readers = st.builds(
    replace,
    st.just(READER),
    name=texts | st.just(""),
    email=st.sampled_from(
        ["a@example.org", "ada+news='x'@example.org", f"{'a' * 64}@{'b.' * 60}org", "a@bücher.de"]
    ),
)
facts = st.fixed_dictionaries(
    {},
    optional={
        "papers": st.integers(0, 5000),
        "sources": st.lists(texts, max_size=3),
        "notes": st.lists(texts, max_size=2),
        "sections": st.lists(
            st.tuples(
                st.sampled_from(["authors", "for-you", "trending", "new"]), st.integers(1, 9)
            ),
            max_size=3,
        ),
        "about": st.fixed_dictionaries(
            {},
            optional={
                "author": texts,
                "topics": st.lists(
                    st.fixed_dictionaries(
                        {
                            "name": texts,
                            "papers": st.integers(1, 9),
                            "kind": st.sampled_from(["keyword", "category"]),
                        }
                    ),
                    max_size=2,
                ),
                "trending": texts,
            },
        ),
    },
)


@st.composite
def digests(draw: st.DrawFn) -> list[Pick]:
    """Return the picks of one digest."""
    chosen = draw(st.lists(papers, min_size=1, max_size=15, unique_by=lambda paper: paper.key))
    return [
        Pick(paper, place, 1, 1, 0, reason=draw(texts), figures=draw(figures))
        for place, paper in enumerate(chosen, 1)
    ]


# One for all examples: what it keeps of one must not get into another.
SHARED = composer()


@given(digests(), readers, facts)
@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=150)
def test_a_spliced_digest_says_what_the_plain_one_says(
    picks: list[Pick], reader: Subscriber, facts: dict[str, Any]
) -> None:
    delivery = replace(DELIVERY, facts=facts)
    spliced = SHARED.compose(delivery, reader, picks)
    assert SHARED.splicing
    same(spliced, mail(picks=picks, subscriber=reader, facts=facts))
    sound(spliced)
    sound(mail(picks=picks, subscriber=reader, facts=facts))


@given(texts, texts, texts)
@example("a\n", "\n", ".")
def test_what_a_slot_is_filled_with_changes_nothing_around_it(
    title: str, reason: str, name: str
) -> None:
    paper = replace(PICKS[0].paper, title=title)
    picks = [replace(PICKS[0], paper=paper, reason=reason), *PICKS[1:]]
    reader = replace(READER, name=name)
    same(SHARED.compose(DELIVERY, reader, picks), mail(picks=picks, subscriber=reader))


@pytest.mark.parametrize("kind", list(DeliveryKind))
def test_each_kind_of_mail_is_the_same(kind: DeliveryKind) -> None:
    picks = PICKS if kind is DeliveryKind.DIGEST else []
    same(composer().compose(replace(DELIVERY, kind=kind), READER, picks), mail(kind))


def test_the_same_delivery_has_the_same_bytes_whoever_makes_it() -> None:
    other = replace(READER, public_id="fedcba9876543210", email="b@example.org")
    busy = composer(JinjaRenderer())
    busy.compose(DELIVERY, other, PICKS[::-1])
    assert busy.compose(DELIVERY, READER, PICKS) == composer().compose(DELIVERY, READER, PICKS)


def test_a_digest_without_papers_fails_as_the_plain_one_and_spoils_no_other() -> None:
    one = composer()
    with pytest.raises(RenderError):
        mail(picks=[], facts={})
    with pytest.raises(RenderError):
        one.compose(replace(DELIVERY, facts={}), READER, [])
    with pytest.raises(InvalidInput):
        one.compose(DELIVERY, replace(READER, email="zoë@example.org"), PICKS)
    same(one.compose(DELIVERY, READER, PICKS), mail())
    assert one.splicing


# --- what is kept -------------------------------------------------------------------------


class Counting(JinjaRenderer):
    """Counts what is rendered."""

    def __init__(self, folder: Path | None = None) -> None:
        super().__init__(folder)
        self.rendered: list[str] = []

    def pieces(self, name: str, context: Any) -> Any:
        """Render with slots."""
        self.rendered.append(name.rpartition("/")[2])
        return super().pieces(name, context)

    def email(self, kind: DeliveryKind, context: Any) -> Any:
        """Render plainly."""
        self.rendered.append("plain")
        return super().email(kind, context)


def test_a_card_is_rendered_once_for_all_readers() -> None:
    renderer = Counting()
    one = composer(renderer)
    one.compose(DELIVERY, READER, PICKS)
    assert renderer.rendered.count("paper.html") == len(PICKS)
    renderer.rendered.clear()
    other = replace(READER, id=2, public_id="fedcba9876543210", email="b@example.org")
    picks = [replace(pick, position=at, reason="new") for at, pick in enumerate(reversed(PICKS), 1)]
    delivery = replace(DELIVERY, key="digest:x", message_id="<x@example.org>")
    delivery = replace(delivery, facts={**DELIVERY.facts, "papers": 7})
    message = one.compose(delivery, other, picks)
    assert renderer.rendered == []
    plain = mail(picks=picks, subscriber=other, key="digest:x", message_id="<x@example.org>")
    assert parts(message) != parts(plain)
    same(
        message,
        mail(
            picks=picks,
            subscriber=other,
            key="digest:x",
            message_id="<x@example.org>",
            facts=delivery.facts,
        ),
    )


def about(*topics: str, author: str = "", kind: str = "keyword") -> dict[str, Any]:
    """Return facts that the subject tells of, with one paper for each topic."""
    told = [{"name": name, "papers": 1, "kind": kind} for name in topics]
    return {**DELIVERY.facts, "about": {"author": author, "topics": told, "trending": "cs.CV"}}


def test_a_subject_with_other_names_is_not_rendered_again() -> None:
    renderer = Counting()
    one = composer(renderer)
    one.compose(replace(DELIVERY, facts=about("lidar", "slam", author="Ada")), READER, PICKS)
    renderer.rendered.clear()
    for facts in (about("moss", "{n} peat", author="Bo"), about("a <b>", "&c", author="Zoë")):
        same(one.compose(replace(DELIVERY, facts=facts), READER, PICKS), mail(facts=facts))
    assert renderer.rendered == []
    for facts in (about("moss"), about("moss", "fog", author=""), about("moss", kind="category")):
        same(one.compose(replace(DELIVERY, facts=facts), READER, PICKS), mail(facts=facts))
    assert renderer.rendered == ["subject.txt"] * 3


@pytest.mark.parametrize(
    "change",
    [
        {"title": "Another title"},
        {"abstract": "Other words."},
        {"authors": ("Somebody Else",)},
        {"categories": ("math.CO",)},
        {"links": (Link(LinkKind.CODE, "https://example.org/code"),)},
        {"version": 2, "abstract": ""},
    ],
)
def test_a_paper_that_is_revised_has_a_new_card(change: dict[str, Any]) -> None:
    one = composer()
    one.compose(DELIVERY, READER, PICKS)
    revised = [replace(PICKS[0], paper=replace(PICKS[0].paper, **change)), *PICKS[1:]]
    same(one.compose(DELIVERY, READER, revised), mail(picks=revised))
    same(one.compose(DELIVERY, READER, PICKS), mail())


@pytest.mark.parametrize("figures", [{}, {"upvotes": 1}, {"stars": 1}, {"comments": 12}])
def test_other_figures_make_another_card(figures: dict[str, int]) -> None:
    one = composer()
    one.compose(DELIVERY, READER, PICKS)
    later = [replace(pick, figures=figures) for pick in PICKS]
    same(one.compose(DELIVERY, READER, later), mail(picks=later))


@pytest.mark.parametrize(
    "changes",
    [
        {"edition": replace(DELIVERY.edition, date=DELIVERY.date.date().replace(day=25))},
        {"edition": None},
        {"edition": None, "date": DELIVERY.date.replace(day=26)},
        {"facts": {}},
        {"facts": {**DELIVERY.facts, "notes": ["arxiv could not be read today."]}},
        {"facts": {**DELIVERY.facts, "sources": ["rss"]}},
        {"facts": {**DELIVERY.facts, "sections": [["authors", 1], ["for-you", 2]]}},
        {"facts": {**DELIVERY.facts, "about": {"author": "Ada Example"}}},
    ],
)
def test_another_edition_has_another_frame(changes: dict[str, Any]) -> None:
    one = composer()
    one.compose(DELIVERY, READER, PICKS)
    same(one.compose(replace(DELIVERY, **changes), READER, PICKS), mail(**changes))


def test_a_reader_with_another_cadence_or_name_has_another_frame() -> None:
    one = composer()
    one.compose(DELIVERY, READER, PICKS)
    for reader in (replace(READER, cadence=Cadence.WEEKLY), replace(READER, name="Ada")):
        same(one.compose(DELIVERY, reader, PICKS), mail(subscriber=reader))


@pytest.mark.parametrize("number", [1, 12, 13, 16, 17, 42, 43, 64, 65, 100])
def test_the_more_papers_the_smaller_the_cards_in_both_ways(number: int) -> None:
    picks = [
        replace(PICKS[0], position=at, paper=replace(PICKS[0].paper, key=f"arxiv:{at}"))
        for at in range(1, number + 1)
    ]
    facts = {**DELIVERY.facts, "sections": [["for-you", number]]}
    spliced = SHARED.compose(replace(DELIVERY, facts=facts), READER, picks)
    same(spliced, mail(picks=picks, facts=facts))


def test_no_more_is_kept_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CARDS", "FRAMES", "VALUES"):
        monkeypatch.setattr(splice, name, 5)
    one = composer()
    for number in range(20):
        paper = replace(PICKS[0].paper, key=f"arxiv:{number}", title=f"Title {number}")
        picks = [replace(pick, paper=paper, reason=f"reason {number}") for pick in PICKS]
        facts = {**DELIVERY.facts, "notes": [str(number)]}
        date = DELIVERY.date.replace(minute=number)
        same(
            one.compose(replace(DELIVERY, facts=facts, date=date), READER, picks),
            mail(picks=picks, facts=facts, date=date),
        )
        assert max(map(len, one.kept)) <= 5
    assert min(map(len, one.kept)) == 5


# --- templates of a site's own ------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(templates_dir(), tmp_path / "templates")
    return tmp_path / "templates"


def append(folder: Path, name: str, more: str) -> None:
    path = folder / "email" / "digest" / name
    path.write_text(f"{path.read_text('utf-8')}\n{more}\n", "utf-8")


def agree(folder: Path, messages: int = 3) -> tuple[bool, list[str]]:
    """Compose some digests in both ways; say whether they were spliced, and what was rendered."""
    renderer = Counting(folder)
    one = composer(renderer)
    for number in range(messages):
        reason = "matches your keyword diffusion, and a good deal more than that " * (number + 1)
        picks = [replace(pick, reason=reason) for pick in PICKS]
        reader = replace(READER, name="Ada <b>" if number else "")
        same(
            one.compose(DELIVERY, reader, picks),
            mail(picks=picks, subscriber=reader, renderer=JinjaRenderer(folder)),
        )
    return one.splicing, renderer.rendered


GOOD = [
    ("paper.txt", "{{ paper.position|column(6) }}|{{ paper.reason|clip(20)|wrap(2) }}|"),
    ("paper.txt", "{% set why = paper.reason %}{{ why }} for {{ subscriber.email }}"),
    ("paper.txt", "{{ paper.reason or 'new' }}{{ 'x' if paper.reason else 'y' }}"),
    ("paper.html", '<p class="small" title="{{ paper.reason }}">{{ links.unsubscribe }}</p>'),
    ("paper.html", "{% autoescape false %}{{ subscriber.email }}{% endautoescape %}"),
    ("paper.html", "{% macro m(x) %}<b>{{ x }}</b>{% endmacro %}{{ m(paper.title) }}"),
    ("body.txt", "{{ links.confirm }} {{ subscriber.name|wrap }} {{ papers[1].title|names(9) }}"),
    ("body.txt", "{% for paper in papers %}{{ loop.index }}. {{ paper.title }}\n{% endfor %}"),
    ("body.txt", "{% for card in cards[:2] %}{{ card }}{% endfor %}{{ cards[-1] }}"),
    ("body.txt", "{{ subscriber.name }}{{ looked_at|count('paper') }}"),
    ("subject.txt", "for {{ subscriber.email }}: {{ papers[2].title|clip(9) }}"),
    (
        "subject.txt",
        "{{ about.topics[0].name|first_up }}{% if about.author %} by a friend{% endif %}",
    ),
    ("subject.txt", "{{ _n('{n} on {x}', '{n} on {x}', 2, x=about.topics[1].name)|clip(9) }}"),
]


@pytest.mark.parametrize(("name", "more"), GOOD)
def test_a_template_may_print_and_filter_what_differs(folder: Path, name: str, more: str) -> None:
    append(folder, name, more)
    splicing, rendered = agree(folder)
    assert splicing
    assert "plain" not in rendered


HOSTILE = [
    ("paper.txt", "{{ paper.reason|upper }}"),
    ("paper.txt", "{{ paper.reason|length }}{{ paper.position|int }}"),
    ("paper.txt", "{{ 'Why: ' ~ paper.reason }}"),
    ("paper.txt", "{{ paper.position + 1 }}"),
    ("paper.txt", "{{ 'first' if paper.position == 1 else 'later' }}"),
    ("paper.txt", "{{ 'first' if paper.position is odd }}{{ paper.reason is string }}"),
    ("paper.txt", "{{ 'robot' in paper.reason }}{{ paper.reason in ['new'] }}"),
    ("paper.txt", "{{ paper.reason.upper() }}{{ paper.reason[:3] }}"),
    ("paper.txt", "{{ [paper.reason, 'x']|join(', ') }}"),
    ("paper.txt", "{{ [paper.reason] }}{{ paper }}"),
    ("paper.txt", "{{ '%s!' % paper.reason }}{{ '{}'.format(paper.reason) }}"),
    ("paper.txt", "{{ paper.title|wrap(before=paper.reason) }}"),
    ("paper.txt", "{{ paper.more|clip(5) }}"),
    ("paper.txt", "{{ {'a': paper.reason}|tojson }}{{ {paper.position: 1}|length }}"),
    ("paper.txt", "{% set why %}Why: {{ paper.reason }}{% endset %}{{ why|wrap }}"),
    ("paper.txt", "{% filter wrap %}Why: {{ paper.reason }}{% endfilter %}"),
    ("paper.txt", "{% macro m(x) %}Why: {{ x }}{% endmacro %}{{ m(paper.reason)|wrap }}"),
    ("paper.txt", "{{ date|long_date }}{{ cadence }}{{ papers|length }}"),
    ("paper.txt", "{{ 'a' if date is defined else 'b' }}"),
    ("paper.html", "{{ paper.reason|safe }}{{ paper.reason|e }}"),
    ("paper.html", "{% set why %}{{ paper.reason }}{% endset %}{{ why|upper }}"),
    ("paper.html", "{% for letter in paper.reason %}{{ letter }}-{% endfor %}"),
    ("body.txt", "{% if subscriber.email == 'robotics@example.org' %}you{% endif %}"),
    ("body.txt", "{{ subscriber.email|replace('@', ' at ') }}"),
    ("body.txt", "{% for paper in papers %}{{ paper.abstract }}{% endfor %}"),
    ("body.txt", "{% for paper in papers if paper.figures %}{{ paper.title }}{% endfor %}"),
    ("body.txt", "{{ papers[0].items()|list|length }}{{ papers|map(attribute='reason')|list }}"),
    ("body.txt", "{% for card in cards %}{{ card|indent }}{% endfor %}"),
    ("body.txt", "{{ cards|join('---') }}{{ looked_at // 2 }}"),
    ("body.txt", "{{ cards[0]|wrap }}"),
    ("subject.txt", "{{ papers[0].title|title }}{% if papers[1].title %}, more{% endif %}"),
    (
        "subject.txt",
        "{{ about.topics[0].name|upper }}{{ about.topics|map(attribute='name')|list }}",
    ),
    ("subject.txt", "{{ _n('{n}', '{n} {x}', looked_at, x=about.topics[1].name) }}"),
]


@pytest.mark.parametrize(("name", "more"), HOSTILE)
def test_a_template_that_wants_more_of_a_slot_is_slower_and_right(
    folder: Path, name: str, more: str, warnings: Callable[[], list[str]]
) -> None:
    append(folder, name, more)
    splicing, rendered = agree(folder)
    assert not splicing
    # Not tried again: after the first message nothing is rendered with slots.
    assert rendered[rendered.index("plain") :] == ["plain"] * 3
    (said,) = warnings()
    assert name in said
    assert "one by one" in said


def test_a_way_of_printing_that_comes_later_is_filled_too(folder: Path) -> None:
    append(
        folder,
        "paper.txt",
        "{% for one in paper.figures if one.count == 7 %}{{ paper.reason|clip(9) }}{% endfor %}",
    )
    renderer = JinjaRenderer(folder)
    one = composer(renderer)
    one.compose(DELIVERY, READER, PICKS)
    starred = [replace(pick, figures={"stars": 7}) for pick in PICKS]
    same(one.compose(DELIVERY, READER, starred), mail(picks=starred, renderer=renderer))
    assert one.splicing


def test_the_warning_says_what_is_in_the_way(
    folder: Path, warnings: Callable[[], list[str]]
) -> None:
    append(folder, "paper.txt", "{{ 'x'|column(4, after=paper.reason) }}")
    agree(folder)
    (said,) = warnings()
    line = len((folder / "email" / "digest" / "paper.txt").read_text("utf-8").splitlines())
    assert f"email/digest/paper.txt, line {line}," in said
    assert "is given to a filter as its argument" in said


def test_parents_and_included_files_are_guarded_too(folder: Path) -> None:
    (folder / "email" / "why.txt").write_text("{{ paper.reason|upper }}")
    append(folder, "paper.txt", "{% include 'email/why.txt' %}")
    assert not agree(folder)[0]


def test_a_broken_template_fails_each_message_and_says_where(folder: Path) -> None:
    append(folder, "paper.html", "{{ paper.absent }}")
    one = composer(JinjaRenderer(folder))
    for _ in range(2):
        with pytest.raises(RenderError, match=r"paper\.html, line \d+,.*absent"):
            one.compose(DELIVERY, READER, PICKS)
    assert one.splicing
