"""What pages are read by: papers by category, by their words, and by what they are about."""

from __future__ import annotations

import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# Letters with a mark, and the plain ones that stand for them in the index and in questions.
# SQLite's tokenizer does it by itself; PostgreSQL only with an extension that need not be there.
_MARKED = [
    sign
    for sign in map(chr, range(0xC0, 0x250))
    if len(base := [one for one in unicodedata.normalize("NFKD", sign) if one.isascii()]) == 1
    and base[0].isalpha()
]
_PLAIN = "".join(
    next(one for one in unicodedata.normalize("NFKD", sign) if one.isascii()) for sign in _MARKED
)


def _words_of(row: str) -> str:
    """Return what is indexed of a row; authors stand in JSON, which may have escaped them."""
    authors = f"(SELECT group_concat(value, ', ') FROM json_each({row}.authors))"
    return f"{row}.id, {row}.title, {row}.abstract, {authors}"


_ADD = f"""INSERT INTO paper_search (rowid, title, abstract, authors)
    VALUES ({_words_of("new")});"""
# An index without a copy of the texts is told what it has to forget.
_FORGET = f"""INSERT INTO paper_search (paper_search, rowid, title, abstract, authors)
    VALUES ('delete', {_words_of("old")});"""
_SQLITE = (
    """CREATE VIRTUAL TABLE paper_search USING fts5(
        title, abstract, authors, content = '',
        tokenize = 'porter unicode61 remove_diacritics 2')""",
    # A migration that makes `papers` anew must make these anew too.
    f"CREATE TRIGGER paper_search_added AFTER INSERT ON papers BEGIN {_ADD} END",
    f"CREATE TRIGGER paper_search_deleted AFTER DELETE ON papers BEGIN {_FORGET} END",
    f"""CREATE TRIGGER paper_search_changed AFTER UPDATE OF title, abstract, authors ON papers
    WHEN (old.title, old.abstract, old.authors) IS NOT (new.title, new.abstract, new.authors)
    BEGIN {_FORGET} {_ADD} END""",
    f"""INSERT INTO paper_search (rowid, title, abstract, authors)
    SELECT {_words_of("papers")} FROM papers""",
    """INSERT INTO paper_categories (category, listed_at, paper_id)
    SELECT DISTINCT value, listed_at, papers.id FROM papers, json_each(papers.categories)""",
)


def _folded(text: str) -> str:
    return f"translate({text}, '{''.join(_MARKED)}', '{_PLAIN}')"


_POSTGRES = (
    f"""ALTER TABLE papers ADD COLUMN words tsvector GENERATED ALWAYS AS (
        setweight(to_tsvector('english', {_folded("title")}), 'A')
        || setweight(to_tsvector('english', {_folded("abstract")}), 'B')
        || setweight(to_tsvector('simple', {_folded("authors::jsonb::text")}), 'C')
    ) STORED""",
    "CREATE INDEX ix_papers_words ON papers USING gin (words)",
    """INSERT INTO paper_categories (category, listed_at, paper_id)
    SELECT DISTINCT value, listed_at, papers.id
    FROM papers, json_array_elements_text(papers.categories) AS value""",
)


def upgrade() -> None:
    """Make the tables and the index, and fill them."""
    identity = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "paper_categories",
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("listed_at", sa.DateTime(), nullable=False),
        sa.Column("paper_id", identity, nullable=False),
        sa.ForeignKeyConstraint(
            ["paper_id"],
            ["papers.id"],
            name=op.f("fk_paper_categories_paper_id_papers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "category", "listed_at", "paper_id", name=op.f("pk_paper_categories")
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_paper_categories_paper_id"), "paper_categories", ["paper_id"])
    op.create_index(
        op.f("ix_paper_categories_listed_at_category"),
        "paper_categories",
        ["listed_at", "category"],
    )
    op.create_table(
        "changes",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_changes")),
    )
    op.execute("INSERT INTO changes (day, number) SELECT date(listed_at), 1 FROM papers GROUP BY 1")
    op.create_table(
        "boards",
        sa.Column("since", sa.DateTime(), nullable=False),
        sa.Column("until", sa.DateTime(), nullable=False),
        sa.Column("window", sa.String(length=16), nullable=False),
        sa.Column("changes", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.String(length=32), nullable=False),
        sa.Column("scores", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("since", "until", "window", name=op.f("pk_boards")),
    )
    op.create_table(
        "spaces",
        sa.Column("id", identity, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("papers", sa.Integer(), nullable=False),
        sa.Column("learned_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_spaces")),
    )
    op.create_table(
        "paper_vectors",
        sa.Column("space_id", identity, nullable=False),
        sa.Column("paper_id", identity, nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["paper_id"],
            ["papers.id"],
            name=op.f("fk_paper_vectors_paper_id_papers"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["space_id"],
            ["spaces.id"],
            name=op.f("fk_paper_vectors_space_id_spaces"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("space_id", "paper_id", name=op.f("pk_paper_vectors")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_paper_vectors_paper_id"), "paper_vectors", ["paper_id"])
    for statement in _SQLITE if op.get_bind().dialect.name == "sqlite" else _POSTGRES:
        op.execute(sa.text(statement.replace(":", r"\:")))


def downgrade() -> None:
    """Drop them."""
    if op.get_bind().dialect.name == "sqlite":
        for name in ("added", "deleted", "changed"):
            op.execute(f"DROP TRIGGER paper_search_{name}")
        op.execute("DROP TABLE paper_search")
    else:
        op.execute("ALTER TABLE papers DROP COLUMN words")
    for table in ("paper_vectors", "spaces", "boards", "changes", "paper_categories"):
        op.drop_table(table)
