"""Papers by their words: FTS5 on SQLite, a tsvector on PostgreSQL; migration 0003 makes both.

What people type never reaches an index as it is: it comes as words, which are quoted here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    column,
    exists,
    func,
    literal_column,
    select,
    table,
    text,
)

from digest.model import Hit, Words
from digest.store.tables import paper_categories, papers

# Of words that more papers have, only the newest are looked at: that bounds the time.
_MOST = 5000

_COLUMNS = {"title": "title", "abstract": "abstract", "author": "authors"}
_WEIGHTS = {"title": "A", "abstract": "B", "author": "C"}

# How much a word counts in the title, the abstract and the authors.
_BM25 = "-bm25(paper_search, 2.0, 1.0, 1.0)"
_RANK = "'{0, 0.5, 0.5, 1}'::float4[]"  # of D, C, B and A


# Chinese and Japanese have no spaces.
_SINGLE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")


def plain_words(text: str | None) -> str | None:
    """Return what SQLite is to index of a text: its words as questions have them."""
    if text is None or text.isascii():
        return text
    letters = unicodedata.normalize("NFKD", text)
    letters = "".join(sign for sign in letters if not unicodedata.combining(sign)).casefold()
    return _SINGLE.sub(r" \g<0> ", letters)


class Search:
    """The words of one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def all_of(self, asked: Sequence[Words], *, category: str = "", limit: int) -> list[Hit]:
        """Return the papers that have all that is asked for, the best first."""
        return self._matching(asked, category, limit, any_=False)

    def any_of(self, asked: Sequence[Words], *, category: str = "", limit: int) -> list[Hit]:
        """Return the papers that have any of it, the best first."""
        return self._matching(asked, category, limit, any_=True)

    def _matching(
        self, asked: Sequence[Words], category: str, limit: int, *, any_: bool
    ) -> list[Hit]:
        if all(one.excluded for one in asked):
            return []
        if self._connection.dialect.name == "sqlite":
            found = table("paper_search", column("rowid"))
            row: ColumnElement[int] = found.c.rowid
            score: ColumnElement[float] = literal_column(_BM25)
            meant = text("paper_search MATCH :asked").bindparams(asked=_match(asked, any_=any_))
            inner = select(row.label("paper_id"), score.label("score")).select_from(found)
            inner = inner.where(meant)
        else:
            query = _tsquery(asked, any_=any_)
            words: ColumnElement[Any] = literal_column("papers.words")
            row = papers.c.id
            rank = func.ts_rank if any_ else func.ts_rank_cd
            score = rank(literal_column(_RANK), words, query, 1)
            inner = select(row.label("paper_id"), score.label("score"))
            inner = inner.where(words.op("@@")(query))
        if category:
            inner = inner.where(
                # For each paper that has the words: of a category there may be many more.
                exists().where(
                    paper_categories.c.paper_id == row, paper_categories.c.category == category
                )
            )
        newest = inner.order_by(row.desc()).limit(_MOST).subquery()
        rows = self._connection.execute(
            select(newest).order_by(newest.c.score.desc(), newest.c.paper_id.desc()).limit(limit)
        ).all()
        return [Hit(paper_id, float(score)) for paper_id, score in rows]


def _match(asked: Iterable[Words], *, any_: bool) -> str:
    """Return a query of FTS5 (https://www.sqlite.org/fts5.html#full_text_query_syntax)."""
    wanted: list[str] = []
    unwanted: list[str] = []
    for one in asked:
        phrase = '"' + " ".join(word.replace('"', '""') for word in one.words) + '"'
        if one.field:
            phrase = f"{_COLUMNS[one.field]} : {phrase}"
        (unwanted if one.excluded else wanted).append(phrase)
    meant = f"({(' OR ' if any_ else ' AND ').join(wanted)})"
    return " NOT ".join([meant, *unwanted])


def _tsquery(asked: Iterable[Words], *, any_: bool) -> ColumnElement[Any]:
    """Return a query of PostgreSQL; names are not stemmed."""
    whole: ColumnElement[Any] | None = None
    without: list[ColumnElement[Any]] = []
    for one in asked:
        quoted = ["'" + word.replace("\\", "\\\\").replace("'", "''") + "'" for word in one.words]

        def said(language: str, weights: str, quoted: Sequence[str] = quoted) -> Any:
            return func.to_tsquery(
                literal_column(f"'{language}'"), " <-> ".join(f"{q}:{weights}" for q in quoted)
            )

        part: ColumnElement[Any]
        if one.field == "author":
            part = said("simple", "C")
        elif one.field:
            part = said("digest", _WEIGHTS[one.field])
        else:
            part = func.tsquery_or(said("digest", "AB"), said("simple", "C"))
        if one.excluded:
            without.append(func.tsquery_not(part))
        else:
            joined = func.tsquery_or if any_ else func.tsquery_and
            whole = part if whole is None else joined(whole, part)
    assert whole is not None
    for part in without:
        whole = func.tsquery_and(whole, part)
    return whole
