"""What pages are read by: papers by category, by their words, and by what they are about."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from itertools import groupby

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def _words_of(row: str) -> str:
    """Return what is indexed of a row; authors stand in JSON, which may have escaped them."""
    authors = f"(SELECT group_concat(value, ', ') FROM json_each({row}.authors))"
    texts = (f"{row}.title", f"{row}.abstract", authors)
    return ", ".join([f"{row}.id", *(f"plain_words({one})" for one in texts)])


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


# PostgreSQL's parser would take `input/output` for a file, `GPT-4` for a negative number, and signs
# beyond ASCII for letters or not, as the database's locale has it: it is given words and blanks,
# those of `digest.ranking.text`.
def _signs(belongs: Callable[[str], bool]) -> str:
    """Return the class of a regular expression that has these signs."""
    numbers = [n for n in range(1, 0x20000) if not 0xD800 <= n < 0xE000 and belongs(chr(n))]
    runs = groupby(enumerate(numbers), lambda one: one[1] - one[0])
    ends = [(run[0][1], run[-1][1]) for run in (list(found) for _, found in runs)]
    return "[" + "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in ends) + "]"


_MARKS = _signs(lambda sign: unicodedata.combining(sign) > 0)
_BLANKS = _signs(lambda sign: not sign.isalnum() and not unicodedata.combining(sign))
_SINGLE = r"([\u3040-\u30ff\u3400-\u9fff])"


def _plain(text: str) -> str:
    letters = f"normalize(replace(replace({text}, 'ß', 'ss'), 'ẞ', 'ss'), NFKD)"
    for signs, instead in ((_MARKS, ""), (_BLANKS, " "), (_SINGLE, r" \1 ")):
        letters = f"regexp_replace({letters}, '{signs}', '{instead}', 'g')"
    return f"translate({letters}, 'ς', 'σ')"


_POSTGRES = (
    # Without a list of words that are left out: they may be all that somebody looks for.
    "CREATE TEXT SEARCH DICTIONARY digest_stems (TEMPLATE = snowball, LANGUAGE = english)",
    "CREATE TEXT SEARCH CONFIGURATION digest (COPY = english)",
    "ALTER TEXT SEARCH CONFIGURATION digest ALTER MAPPING REPLACE english_stem WITH digest_stems",
    f"""CREATE FUNCTION plain_words(text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $words$ SELECT {_plain("$1")} $words$""",
    """ALTER TABLE papers ADD COLUMN words tsvector GENERATED ALWAYS AS (
        setweight(to_tsvector('digest', plain_words(title)), 'A')
        || setweight(to_tsvector('digest', plain_words(abstract)), 'B')
        || setweight(to_tsvector('simple', plain_words(authors::jsonb::text)), 'C')
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
        op.execute("DROP FUNCTION plain_words")
        op.execute("DROP TEXT SEARCH CONFIGURATION digest")
        op.execute("DROP TEXT SEARCH DICTIONARY digest_stems")
    for table in ("paper_vectors", "spaces", "boards", "changes", "paper_categories"):
        op.drop_table(table)
