"""`/api/v1`: the same lists as JSON, described by OpenAPI."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import FastAPI, Query
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from digest import __version__
from digest.errors import DigestError, NotFound, StoreBusy
from digest.model import Candidate, Sort, Window
from digest.ranking import figures
from digest.reading import PAGE, Listing, Reader, periods
from digest.reading.lists import MOST
from digest.reading.query import LONGEST
from digest.web.lists import After, Category
from digest.web.pages import Pages, tagged
from digest.web.search import Field as Where
from digest.web.views import page_of, score_of

ABOUT = """The papers of this site, as its pages show them. It asks for no key and no cookie.

A list answers with `after`, which asks for its next page, and is null on the last one. Answers
carry an `ETag`; send it as `If-None-Match`, and what has not changed is answered 304."""

Limit = Annotated[int, Query(ge=1, le=MOST, description="How many papers a page has at most.")]
Key = Annotated[str, Query(min_length=1, max_length=600, description="Such as arxiv:2611.00001.")]


class LinkOut(BaseModel):
    """One address that belongs to a paper."""

    kind: str
    url: str


class PaperOut(BaseModel):
    """One paper."""

    key: str = Field(description="Its name, without the version: `arxiv:2611.00001`.")
    title: str
    abstract: str
    authors: list[str]
    organisation: str = Field(description="Whose work it is, where a source tells; else empty.")
    categories: list[str] = Field(description="The first one is the primary one.")
    links: list[LinkOut]
    version: int
    published_at: datetime | None
    listed_at: datetime = Field(description="When readers of this site could first see it.")
    figures: dict[str, int] = Field(description="The latest upvotes, comments and stars.")
    page: str = Field(description="The page of this paper.")
    score: float | None = Field(
        description="How much it is talked about, in 0..1, in two digits; null where not measured."
    )
    why: str = Field(description="What is talked about, in words; only of what is trending.")


class SignalOut(BaseModel):
    """One figure at one time."""

    name: str
    source: str
    value: int
    observed_at: datetime


class OnePaperOut(PaperOut):
    """One paper with the history of its figures."""

    signals: list[SignalOut]


class PapersOut(BaseModel):
    """One page of a list."""

    total: int = Field(description="How many papers the whole list has.")
    after: int | None = Field(description="What asks for the next page; null on the last one.")
    measured_at: datetime | None = Field(description="As of when the scores are; null without.")
    papers: list[PaperOut]


class Problem(BaseModel):
    """What went wrong, in one sentence."""

    detail: str


PATH = "/api/v1"

PROBLEMS: dict[int | str, dict[str, Any]] = {
    404: {"model": Problem, "description": "There is no such day, paper or page of the list."},
    422: {"model": Problem, "description": "A parameter cannot be used."},
    503: {"model": Problem, "description": "The database is busy: try again in a minute."},
}


def create(pages: Pages, reader: Reader) -> FastAPI:
    """Return the application that is mounted at `PATH`."""
    site = pages.app.settings.site
    base = site.base_url.rstrip("/")
    api = FastAPI(
        title=f"{site.name}: papers",
        version=__version__,
        description=ABOUT,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        servers=[{"url": f"{base}{PATH}"}],
        root_path_in_servers=False,
        redirect_slashes=False,
    )
    _add_lists(api, reader, base)
    _add_documents(api, pages)
    _add_failures(api)
    api.add_middleware(_Heads)
    # There is nothing here that is not for everybody.
    api.add_middleware(
        CORSMiddleware,
        allow_origins=["*"],
        allow_methods=["GET", "HEAD"],
        allow_headers=["If-None-Match"],
        expose_headers=["ETag"],
    )
    return api


def _add_lists(api: FastAPI, reader: Reader, base: str) -> None:
    def listed(listing: Listing) -> Response:
        return _json(
            PapersOut(
                total=listing.total,
                after=listing.after,
                measured_at=listing.measured_at,
                papers=[
                    PaperOut(**_paper(one, base, listing.reasons)) for one in listing.candidates
                ],
            ),
        )

    @api.get("/papers", response_model=PapersOut, responses=PROBLEMS, operation_id="papers")
    def papers(
        window: Annotated[
            str,
            Query(max_length=10, description="2026-11-23, 2026-W48 or 2026-11; else today."),
        ] = "",
        sort: Sort = Sort.HOT,
        category: Category = "",
        after: After = None,
        limit: Limit = PAGE,
    ) -> Response:
        """List the papers of a day, a week or a month."""
        asked = periods.read(window) if window else periods.around(Window.DAY, reader.today)
        return listed(reader.period(asked, sort, category=category, after=after, limit=limit))

    @api.get("/trending", response_model=PapersOut, responses=PROBLEMS, operation_id="trending")
    def trending(
        window: Window = Window.WEEK,
        category: Category = "",
        after: After = None,
        limit: Limit = PAGE,
    ) -> Response:
        """List what is talked about in the last day with papers, the last week or month."""
        return listed(reader.trending(window, category=category, after=after, limit=limit))

    @api.get("/search", response_model=PapersOut, responses=PROBLEMS, operation_id="search")
    def search(
        q: Annotated[str, Query(max_length=LONGEST, description="What to look for.")],
        field: Where = Where.ANYWHERE,
        category: Category = "",
        after: After = None,
        limit: Limit = PAGE,
    ) -> Response:
        """Find papers by their words and by what they are about, the best first."""
        found = reader.search(q, field=field, category=category, after=after, limit=limit)
        return listed(found)

    @api.get("/similar", response_model=PapersOut, responses=PROBLEMS, operation_id="similar")
    def similar(key: Key, after: After = None, limit: Limit = PAGE) -> Response:
        """List the papers that are most like one."""
        model = reader.paper(key).paper
        return listed(reader.similar(model, after=after, limit=limit))

    @api.get(
        "/papers/{key:path}", response_model=OnePaperOut, responses=PROBLEMS, operation_id="paper"
    )
    def paper(key: str) -> Response:
        """Return one paper with the history of its figures; arXiv ids and DOIs will do."""
        candidate = reader.paper(key)
        signals = [
            SignalOut(
                name=one.name.value,
                source=one.source,
                value=one.value,
                observed_at=one.observed_at,
            )
            for one in candidate.signals
        ]
        return _json(OnePaperOut(**_paper(candidate, base, {}), signals=signals))


def _paper(candidate: Candidate, base: str, reasons: Mapping[str, str]) -> dict[str, Any]:
    paper = candidate.paper
    return {
        "key": paper.key,
        "title": paper.title,
        "abstract": paper.abstract,
        "authors": list(paper.authors),
        "organisation": paper.organisation,
        "categories": list(paper.categories),
        "links": [LinkOut(kind=link.kind.value, url=link.url) for link in paper.addresses],
        "version": paper.version,
        "published_at": paper.published_at,
        "listed_at": candidate.listed_at,
        "figures": figures(candidate),
        "page": f"{base}{page_of(paper.key)}",
        "score": score_of(candidate),
        "why": reasons.get(paper.key, ""),
    }


def _json(answer: BaseModel) -> Response:
    """Return an answer; that it was measured later makes no other one of it."""
    alike = answer.model_dump_json(exclude={"measured_at"})
    return tagged(answer.model_dump_json(), "application/json", alike=alike)


def _add_documents(api: FastAPI, pages: Pages) -> None:
    @api.get("/openapi.json", include_in_schema=False)
    def openapi() -> JSONResponse:
        return JSONResponse(api.openapi(), headers={"Cache-Control": "no-cache"})

    @api.get("/docs", include_in_schema=False)
    def docs() -> Response:
        return pages.public("api", {"api": api.openapi(), "canonical": "/api/v1/docs"})


def _add_failures(api: FastAPI) -> None:
    @api.exception_handler(DigestError)
    def refuse(_request: Request, error: DigestError) -> JSONResponse:
        if isinstance(error, NotFound):
            return problem(404, str(error))
        if isinstance(error, StoreBusy):
            return problem(503, "The database is busy: try again in a minute.")
        raise error

    @api.exception_handler(RequestValidationError)
    def reject(_request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        return problem(422, f"{first['loc'][-1]}: {first['msg']}")

    @api.exception_handler(HTTPException)
    def say(_request: Request, error: HTTPException) -> JSONResponse:
        headers = {"Allow": "GET, HEAD"} if error.status_code == 405 else error.headers
        return problem(error.status_code, str(error.detail), headers)


def problem(status: int, detail: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Return what the API says of a mistake."""
    return JSONResponse(Problem(detail=detail).model_dump(), status, headers=headers)


class _Heads:
    """ASGI middleware: HEAD is answered like GET, of which the server leaves out the content."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        if scope["type"] == "http" and scope["method"] == "HEAD":
            scope = {**scope, "method": "GET"}
        await self._app(scope, receive, send)
