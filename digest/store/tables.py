"""The tables. Everything in UTC; what the enums of `digest.model` name is stored by its value."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Date,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime in UTC, kept without its zone so that SQLite can compare it."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive datetimes: they are a bug of ours."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive datetime {value!r}")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Give the zone back."""
        return None if value is None else value.replace(tzinfo=UTC)


# SQLite only numbers rows by itself where the key is declared INTEGER.
Id = BigInteger().with_variant(Integer, "sqlite")


def _id() -> Column[int]:
    return Column("id", Id, primary_key=True)


def _to(target: str, *, ondelete: str, nullable: bool = False) -> Column[int]:
    table = target.split(".")[0]
    return Column(
        f"{table.removesuffix('s')}_id",
        Id,
        ForeignKey(target, ondelete=ondelete),
        nullable=nullable,
    )


papers = Table(
    "papers",
    metadata,
    _id(),
    Column("key", String(512), nullable=False, unique=True),
    Column("title", Text, nullable=False),
    Column("abstract", Text, nullable=False),
    Column("authors", JSON, nullable=False),
    Column("categories", JSON, nullable=False),
    Column("links", JSON, nullable=False),
    Column("organisation", Text, nullable=False),
    # What else the first list showed of it that people vote on: moment, media, keywords.
    Column("as_listed", JSON(none_as_null=True)),
    Column("sources", JSON, nullable=False),
    Column("version", Integer, nullable=False),
    Column("published_at", UtcDateTime),
    Column("updated_at", UtcDateTime),
    # When readers could first see it: the first ingest, or the listing day of a backfill.
    Column("listed_at", UtcDateTime, nullable=False, index=True),
    Column("changed_at", UtcDateTime, nullable=False),
)

# The categories of each paper, in the order of a list: pages ask for the newest of one.
paper_categories = Table(
    "paper_categories",
    metadata,
    Column("category", Text, primary_key=True),
    Column("listed_at", UtcDateTime, primary_key=True),
    Column("paper_id", Id, ForeignKey("papers.id", ondelete="CASCADE"), primary_key=True),
    Index(None, "paper_id"),
    # What a day has of each category is counted without a look at other days.
    Index(None, "listed_at", "category"),
    sqlite_with_rowid=False,
)

signals = Table(
    "signals",
    metadata,
    _id(),
    _to("papers.id", ondelete="CASCADE"),
    Column("source", String(100), nullable=False),
    Column("name", String(32), nullable=False),
    Column("value", BigInteger, nullable=False),
    Column("observed_at", UtcDateTime, nullable=False, index=True),
    UniqueConstraint("paper_id", "source", "name", "observed_at"),
)

# How often something was written of each day (UTC): papers that were listed on it, figures of it.
changes = Table(
    "changes",
    metadata,
    Column("day", Date, primary_key=True),
    Column("number", BigInteger, nullable=False),
)

# How much the papers of a stretch of time that is over were talked about, by row. That holds as
# long as the changes of the days that it was measured by are as many, and for that version of the
# program: the next one may measure in another way.
boards = Table(
    "boards",
    metadata,
    Column("since", UtcDateTime, primary_key=True),
    Column("until", UtcDateTime, primary_key=True),
    Column("window", String(16), primary_key=True),
    Column("changes", BigInteger, nullable=False),
    Column("version", String(32), nullable=False),
    Column("scores", JSON, nullable=False),
)

sources = Table(
    "sources",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("cursor", Text),
    Column("next_check_at", UtcDateTime),
    Column("last_checked_at", UtcDateTime),
    Column("last_success_at", UtcDateTime),
    Column("last_outcome", String(16)),
    Column("last_error", Text, nullable=False, default=""),
    Column("error_count", Integer, nullable=False, default=0),
)

subscribers = Table(
    "subscribers",
    metadata,
    _id(),
    Column("public_id", String(32), nullable=False, unique=True),
    Column("email", String(320), nullable=False),
    # The address as it is compared: lower case, domain as A-labels.
    Column("email_key", String(320), nullable=False, unique=True),
    # The same under the site's key: what a suppression knows of an address.
    Column("email_hash", String(64), nullable=False, index=True),
    Column("name", String(200), nullable=False, default=""),
    Column("status", String(16), nullable=False),
    Column("cadence", String(16), nullable=False),
    Column("hour", Integer),
    Column("timezone", String(64)),
    Column("max_papers", Integer),
    Column("trending_weight", Float),
    Column("created_at", UtcDateTime, nullable=False),
    Column("confirmed_at", UtcDateTime),
    Column("unsubscribed_at", UtcDateTime),
    Column("paused_until", Date),
    # Links to their own feed that are older are worth nothing any more.
    Column("feed_since", UtcDateTime),
    # The record that the law asks for: when, from where, to which text.
    Column("consent", JSON, nullable=False),
    # A sign-up with the address of somebody who left, until they confirm it.
    Column("wish", JSON(none_as_null=True)),
    # Who is due is told by the index alone, for any number of people.
    Index(None, "status", "cadence", "hour", "timezone"),
)

interests = Table(
    "interests",
    metadata,
    _id(),
    _to("subscribers.id", ondelete="CASCADE"),
    Column("kind", String(16), nullable=False),
    Column("value", Text, nullable=False),
    Column("weight", Float, nullable=False),
    Column("added_at", UtcDateTime, nullable=False),
    UniqueConstraint("subscriber_id", "kind", "value"),
)

feedback = Table(
    "feedback",
    metadata,
    _id(),
    _to("subscribers.id", ondelete="CASCADE"),
    _to("papers.id", ondelete="CASCADE"),
    Column("opinion", String(8), nullable=False),
    Column("given_at", UtcDateTime, nullable=False),
    UniqueConstraint("subscriber_id", "paper_id"),
    Index(None, "paper_id"),
)

editions = Table(
    "editions",
    metadata,
    _id(),
    Column("cadence", String(16), nullable=False),
    Column("date", Date, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("closes_at", UtcDateTime, nullable=False),
    UniqueConstraint("cadence", "date"),
)

# By the letter, so that SQLite sees which index serves.
SKIPPED = text("state = 'skipped'")
ANSWERS = text("kind <> 'digest'")  # what somebody waits for: to confirm, a link...

deliveries = Table(
    "deliveries",
    metadata,
    _id(),
    Column("key", String(200), nullable=False, unique=True),
    Column("kind", String(16), nullable=False),
    _to("editions.id", ondelete="RESTRICT", nullable=True),
    # An erased subscriber leaves the figures of the edition as they were.
    _to("subscribers.id", ondelete="SET NULL", nullable=True),
    Column("state", String(16), nullable=False),
    Column("reason", Text, nullable=False, default=""),
    Column("message_id", String(255), nullable=False, unique=True),
    Column("date", UtcDateTime, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime),
    Column("attempts", Integer, nullable=False, default=0),
    Column("resends", Integer, nullable=False, default=0),
    Column("next_attempt_at", UtcDateTime, nullable=False),
    Column("claimed_by", String(200)),
    Column("lease_until", UtcDateTime),
    Column("last_reply", Text, nullable=False, default=""),
    Column("planned_at", UtcDateTime, nullable=False),
    Column("sent_at", UtcDateTime),
    Column("facts", JSON, nullable=False),
    UniqueConstraint("edition_id", "subscriber_id"),
    Index(None, "subscriber_id", "planned_at"),
    Index(None, "state", "next_attempt_at", "id"),
    # The few that may be planned anew when papers come.
    Index(
        "ix_deliveries_skipped",
        "edition_id",
        "planned_at",
        sqlite_where=SKIPPED,
        postgresql_where=SKIPPED,
    ),
    # The few that go before all digests.
    Index(
        "ix_deliveries_answers",
        "state",
        "next_attempt_at",
        "id",
        sqlite_where=ANSWERS,
        postgresql_where=ANSWERS,
    ),
)

picks = Table(
    "picks",
    metadata,
    Column("delivery_id", Id, ForeignKey("deliveries.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    _to("papers.id", ondelete="RESTRICT"),
    Column("score", Float, nullable=False),
    Column("relevance", Float, nullable=False),
    Column("trending", Float, nullable=False),
    Column("reason", Text, nullable=False),
    Column("figures", JSON, nullable=False),
    # The picks of a digest lie side by side. None are looked up by paper: that index would take
    # longer to write than the rows.
    sqlite_with_rowid=False,
)

embeddings = Table(
    "embeddings",
    metadata,
    # Of the text of a paper: the same text is embedded once, whatever paper it stands in.
    Column("text_hash", LargeBinary(16), primary_key=True),
    Column("model", String(64), nullable=False),
    # Half-precision floats, little-endian.
    Column("vector", LargeBinary, nullable=False),
)

spaces = Table(
    "spaces",
    metadata,
    _id(),
    Column("content", LargeBinary, nullable=False),
    # How many papers there were when it was learned.
    Column("papers", Integer, nullable=False),
    Column("learned_at", UtcDateTime, nullable=False),
)

paper_vectors = Table(
    "paper_vectors",
    metadata,
    Column("space_id", Id, ForeignKey("spaces.id", ondelete="CASCADE"), primary_key=True),
    Column("paper_id", Id, ForeignKey("papers.id", ondelete="CASCADE"), primary_key=True),
    # Half-precision floats, little-endian.
    Column("vector", LargeBinary, nullable=False),
    Index(None, "paper_id"),
    sqlite_with_rowid=False,
)

attention_models = Table(
    "attention_models",
    metadata,
    _id(),
    # Of the code that learned it: no other can read it.
    Column("version", String(16), nullable=False),
    # Nothing that was seen after this moment is in it.
    Column("learned_at", UtcDateTime, nullable=False),
    # From how many papers, and when the newest of them was listed.
    Column("papers", Integer, nullable=False),
    Column("newest_at", UtcDateTime, nullable=False),
    Column("content", LargeBinary, nullable=False),
)

topics = Table(
    "topics",
    metadata,
    _id(),
    # When they were looked for, and among how many papers.
    Column("day", Date, nullable=False),
    Column("papers", Integer, nullable=False),
    Column("shown", JSON, nullable=False),
)

suppressions = Table(
    "suppressions",
    metadata,
    # A keyed hash, so that it can outlive the subscriber's erasure.
    Column("email_hash", String(64), primary_key=True),
    Column("reason", String(16), nullable=False),
    Column("note", Text, nullable=False, default=""),
    Column("created_at", UtcDateTime, nullable=False),
)

bounces = Table(
    "bounces",
    metadata,
    _id(),
    Column("delivery_id", Id, ForeignKey("deliveries.id", ondelete="SET NULL")),
    Column("subscriber_id", Id, ForeignKey("subscribers.id", ondelete="CASCADE")),
    Column("kind", String(16), nullable=False),
    Column("status", String(16), nullable=False),
    Column("diagnostic", Text, nullable=False, default=""),
    Column("received_at", UtcDateTime, nullable=False),
    Index(None, "subscriber_id"),
    Index(None, "delivery_id"),
)

runs = Table(
    "runs",
    metadata,
    _id(),
    Column("command", String(32), nullable=False),
    Column("started_at", UtcDateTime, nullable=False, index=True),
    Column("finished_at", UtcDateTime),
    Column("outcome", String(32), nullable=False, default=""),
    Column("report", JSON, nullable=False),
)
