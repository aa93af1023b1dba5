"""Facts about real answers of real upstreams, recorded by others."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from digest.errors import SourceError
from digest.model import Fetched, LinkKind
from digest.sources.arxiv import Arxiv, ArxivOptions
from digest.sources.http import Fetcher
from digest.sources.huggingface import HuggingFace, HuggingFaceOptions
from digest.sources.rss import Rss, RssOptions
from digest.testing import FakeClock
from tests.contracts.test_sources import assert_sound
from tests.support.httpd import Answer, Httpd

Ask = Any  # a function of a kind and a file


@pytest.fixture
def ask(shared_data: Path, httpd: Httpd, fetcher: Fetcher) -> Ask:
    def fetch(kind: str, file: str, now: datetime | None = None) -> Fetched:
        content = (shared_data / "feeds" / file).read_bytes()
        url = httpd.route("/feed", Answer(gzip.decompress(content) if ".gz" in file else content))
        clock = FakeClock(now or datetime(2026, 11, 24, tzinfo=UTC))
        source = {
            "arxiv": lambda: Arxiv(ArxivOptions(url=url), fetcher, clock),
            "rss": lambda: Rss(RssOptions(url=url), fetcher, clock),
            "huggingface": lambda: HuggingFace(HuggingFaceOptions(url=url), fetcher, clock),
        }[kind]()
        fetched = source.fetch(None, None)
        for paper in (*fetched.papers, *fetched.revisions):
            assert_sound(paper)
        return fetched

    return fetch


@pytest.mark.parametrize(
    ("file", "papers", "revisions"),
    [
        ("arxiv_rss/rss2_cs_ai_2026-04-27.xml", 3, 0),
        ("arxiv_rss/atom_cs.AI_2025-08-20.xml", 7, 0),
        ("arxiv_rss/rss1_rdf_hep-ex_2018-05-23_oldformat.xml", 2, 1),
        ("arxiv_rss/rss2_cs.CL_handmade_from_spec.xml", 3, 1),
        ("arxiv_api/cs.AI_cs.LG_latest50_2026-07-13.xml", 50, 0),
        ("arxiv_api/q_testing_s0_m100_cfe7536492ca.xml", 100, 0),
        ("arxiv_api/id_0000.0000_s0_m100_8b51d9633a68.xml", 0, 0),
        ("thirdparty_rss/toseic_arxiv_rss.xml", 12, 5),
    ],
)
def test_an_answer_of_arxiv_is_read(ask: Ask, file: str, papers: int, revisions: int) -> None:
    fetched = ask("arxiv", file)
    assert (len(fetched.papers), len(fetched.revisions)) == (papers, revisions)
    for paper in fetched.papers:
        assert "Announce Type" not in paper.abstract
        assert paper.abstract
        assert paper.authors
        assert paper.version >= 1
        assert paper.categories


def test_a_weekend_of_arxiv_is_empty(ask: Ask) -> None:
    saturday = datetime(2026, 8, 1, 6, tzinfo=UTC)
    fetched = ask("arxiv", "arxiv_rss/rss2_cs.CL_2026-08-01_weekend_empty.xml", saturday)
    assert (fetched.papers, fetched.stale) == ((), False)


def test_an_error_of_the_query_api_is_an_error(ask: Ask) -> None:
    with pytest.raises(SourceError, match="incorrect id format"):
        ask("arxiv", "arxiv_api/id_abc_s0_m100_b79c8dcf6bc3.xml")


@pytest.mark.parametrize(
    ("file", "papers", "kind"),
    [
        ("biorxiv/rss1_plant_biology_2019-08.rdf", 30, "doi:10.1101/"),
        ("biorxiv/rss1_bioengineering_2019-11_one_item.rdf", 1, "doi:10.1101/"),
        ("thirdparty_rss/wduverger_biorxiv_scraped_2026-01-20.xml.gz", 75, "doi:10.64898/"),
        ("thirdparty_rss/huangboming_feed.xml", 30, "arxiv:"),
        ("thirdparty_rss/takara_tldr_2026-04-30.xml", 50, "arxiv:"),
        ("thirdparty_rss/azuresilent_hf_zh.xml", 45, "arxiv:"),
        ("other_research/iacr_eprint_rss_cut.xml", 3, "url:https://eprint.iacr.org/"),
        ("other_research/deepmind_blog.xml", 100, "url:https://"),
    ],
)
def test_a_feed_of_others_is_read(ask: Ask, file: str, papers: int, kind: str) -> None:
    fetched = ask("rss", file)
    assert len(fetched.papers) == papers
    assert fetched.papers[0].key.startswith(kind)


@pytest.mark.parametrize(
    ("file", "papers"),
    [
        ("2024-05-28.json", 15),
        ("2025-03-05.json", 12),
        ("2025-09-26.json", 26),
        ("2026-01-12.json", 21),
        ("2026-02-16.json", 22),
        ("2026-03-09.json", 13),
        ("2026-03-23.json", 19),
        ("raw_2026-08-02_scout.json", 30),
        ("raw_2026-08_eienmosu.json", 10),
        ("sotawhat.json", 30),
    ],
)
def test_a_day_of_hugging_face_is_read(ask: Ask, file: str, papers: int) -> None:
    fetched = ask("huggingface", f"hf_daily/{file}")
    assert len(fetched.papers) == papers
    assert len(fetched.signals) >= 2 * papers
    assert fetched.note == ""
    for paper in fetched.papers:
        assert paper.abstract
        assert paper.authors
        assert paper.link(LinkKind.DISCUSSION)


@pytest.mark.parametrize(
    "file", ["2024-12-13.json", "models_trending_scout.json", "spaces_ikevinxie.json"]
)
def test_another_answer_of_hugging_face_is_malformed(ask: Ask, file: str) -> None:
    with pytest.raises(SourceError):
        ask("huggingface", f"hf_daily/{file}")


@pytest.mark.parametrize("kind", ["arxiv", "rss", "huggingface"])
def test_a_malformed_feed_is_papers_or_an_error_of_the_source(
    ask: Ask, shared_data: Path, kind: str
) -> None:
    files = sorted((shared_data / "feeds" / "malformed").iterdir())
    assert files
    for file in files:
        began = monotonic()
        try:
            ask(kind, f"malformed/{file.name}")
        except SourceError as error:
            said = str(error)
        else:
            said = "."
        assert said.endswith(".")
        assert monotonic() - began < 5, file.name
