"""The sample papers as arXiv and Hugging Face would serve them, from a server on this machine."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree as Xml

from digest.demo.samples import Sample

_ARXIV = "http://arxiv.org/schemas/atom"
_DUBLIN_CORE = "http://purl.org/dc/elements/1.1/"


def arxiv_rss(papers: Sequence[Sample], day: date) -> bytes:
    """Return the papers as the RSS feed of rss.arxiv.org announces them."""
    announced = f"{day:%a, %d %b %Y} 00:00:00 -0500"
    rss = Xml.Element("rss", version="2.0")
    channel = Xml.SubElement(rss, "channel")
    _add(channel, "title", "sample papers")
    _add(channel, "pubDate", announced)
    for paper in papers:
        item = Xml.SubElement(channel, "item")
        _add(item, "title", paper.title)
        _add(item, "link", f"https://arxiv.org/abs/{paper.id}")
        head = f"arXiv:{paper.id}v1 Announce Type: new"
        _add(item, "description", f"{head} \nAbstract: {paper.abstract}")
        _add(item, "guid", f"oai:arXiv.org:{paper.id}v1")
        for category in paper.categories:
            _add(item, "category", category)
        _add(item, "pubDate", announced)
        _add(item, f"{{{_ARXIV}}}announce_type", "new")
        _add(item, f"{{{_DUBLIN_CORE}}}creator", ", ".join(paper.authors))
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + Xml.tostring(rss, "unicode").encode()


def _add(parent: Xml.Element, tag: str, text: str) -> None:
    Xml.SubElement(parent, tag).text = text


def daily_papers(papers: Sequence[Sample], *, yesterday: bool) -> bytes:
    """Return the papers that people voted for, as huggingface.co/api/daily_papers lists them."""
    figures = [(paper, paper.before if yesterday else paper.upvotes) for paper in papers]
    return json.dumps(
        [_record(paper, upvotes) for paper, upvotes in figures if upvotes], ensure_ascii=False
    ).encode()


def _record(paper: Sample, upvotes: int) -> dict[str, Any]:
    inner: dict[str, Any] = {
        "id": paper.id,
        "title": paper.title,
        "summary": paper.abstract,
        "authors": [{"name": name} for name in paper.authors],
        "upvotes": upvotes,
    }
    if paper.stars:
        inner["githubStars"] = paper.stars
    return {"paper": inner, "title": paper.title, "numComments": paper.comments}


class FeedServer:
    """What the two sites say on `day`; afterwards `address` is where they are."""

    def __init__(self, papers: Sequence[Sample], *, day: date, yesterday: bool) -> None:
        self._arxiv = arxiv_rss([] if yesterday else papers, day)
        self._daily = daily_papers(papers, yesterday=yesterday)
        self._day = day

    def answer(self, target: str) -> tuple[int, str, bytes]:
        """Return status, content type and body for one request."""
        url = urlsplit(target)
        if url.path.startswith("/rss/"):
            return 200, "application/rss+xml", self._arxiv
        if url.path == "/api/daily_papers":
            asked = parse_qs(url.query).get("date", [self._day.isoformat()])[0]
            listed = asked == self._day.isoformat()
            return 200, "application/json", self._daily if listed else b"[]"
        return 404, "text/plain", b"not here"


@contextmanager
def serving(feeds: FeedServer, *, port: int = 0) -> Iterator[int]:
    """Serve on a loopback port for as long as the block lasts, and yield the port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, kind, body = feeds.answer(self.path)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: Any) -> None:
            """Say nothing: the demo has its own output."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
