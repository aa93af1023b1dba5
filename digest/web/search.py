"""The page that finds papers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from digest.reading import Listing, Reader
from digest.reading.query import LONGEST
from digest.sources.identifiers import paper_key
from digest.subscriptions.categories import OFFERED
from digest.web.lists import After, Category, Shown, page_of_list
from digest.web.pages import Pages, routes
from digest.web.views import candidate_view, page_of


class Field(StrEnum):
    """Where words are looked for."""

    ANYWHERE = ""
    TITLE = "title"
    ABSTRACT = "abstract"
    AUTHOR = "author"


FIELDS = {
    Field.ANYWHERE: "Anywhere",
    Field.TITLE: "In the title",
    Field.ABSTRACT: "In the abstract",
    Field.AUTHOR: "Among the authors",
}

Asked = Annotated[str, Query(max_length=LONGEST)]
Key = Annotated[str, Query(max_length=600)]


@dataclass(frozen=True)
class SearchPages:
    """Search, and what is like a paper."""

    pages: Pages
    reader: Reader

    def router(self) -> APIRouter:
        """Return the route."""
        return routes({"/search": self.search})

    def search(
        self,
        q: Asked = "",
        like: Key = "",
        field: Field = Field.ANYWHERE,
        category: Category = "",
        after: After = None,
        shown: Shown = 0,
    ) -> Response:
        """Show the form, and what fits what was typed or is like a paper."""
        model = None
        listing = Listing()
        if like:
            model = self.reader.paper(like).paper
            listing = self.reader.similar(model, after=after)
        else:
            listing = self.reader.search(q, field=field, category=category, after=after)
        category = listing.category
        chosen = {"like": like} if like else {"q": q, "field": field.value, "category": category}
        context = {
            **page_of_list(listing, "/search", chosen, after, shown),
            "q": q.strip(),
            "field": field.value,
            "fields": [(one.value, name) for one, name in FIELDS.items()],
            "category": category,
            "offered": OFFERED,
            "names_paper": paper_key([q.strip()]) is not None,
            "model": model and (model.title, page_of(model.key)),
            "papers": [candidate_view(one) for one in listing.candidates],
            # Only the form is of interest to search engines.
            "private": bool(q.strip() or like or category),
        }
        return self.pages.public("search", context)
