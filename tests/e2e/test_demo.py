"""The demo is what a newcomer sees first: it must work anywhere, and again."""

from __future__ import annotations

import subprocess
import sys
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from digest.demo.samples import SUBSCRIBERS, papers


def demo(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "digest.demo", "--folder", str(folder)],
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Run the demo twice and return its folder and what it said the second time."""
    folder = tmp_path_factory.mktemp("somewhere") / "demo"
    for _ in range(2):
        found = demo(folder)
        assert (found.returncode, found.stderr) == (0, "")
    return folder, found.stdout


def mails(folder: Path) -> dict[str, tuple[bytes, EmailMessage]]:
    found = {}
    for path in sorted((folder / "mail").glob("*.eml")):
        content = path.read_bytes()
        parsed = message_from_bytes(content, policy=policy.default)
        found[str(parsed["To"])] = (content, parsed)
    return found


def body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def test_it_leaves_what_it_says(shown: tuple[Path, str]) -> None:
    folder, said = shown
    assert {path.name for path in folder.iterdir()} >= {"config.toml", "digest.db", "mail"}
    assert len(list((folder / "mail").glob("*.html"))) == len(SUBSCRIBERS)
    for email in SUBSCRIBERS:
        assert email in said
    assert "A second run sent 0" in said
    assert set(mails(folder)) == set(SUBSCRIBERS)


def test_every_mail_is_whole(shown: tuple[Path, str]) -> None:
    for content, message in mails(shown[0]).values():
        assert content.isascii()
        assert b"\n" not in content.replace(b"\r\n", b"")
        assert max(map(len, content.split(b"\r\n"))) <= 998
        assert [part.get_content_type() for part in message.iter_parts()] == [
            "text/plain",
            "text/html",
        ]
        assert message["List-Unsubscribe"].startswith("<http")
        assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert message["List-Id"] == "Trending Papers <digest.example.org>"
        assert b"\r\nList-Unsubscribe: <http://127.0.0.1:8080/unsubscribe/" in content
        assert "http://127.0.0.1:8080/preferences/" in body(message, "plain")


@pytest.mark.parametrize(
    ("email", "wanted", "unwanted"),
    [
        (
            "robotics@example.org",
            ["Diffusion Policy", "OpenVLA", "DROID", "Perceiver-Actor"],
            ["QLoRA", "GPTQ"],
        ),
        (
            "language@example.org",
            ["Chain-of-Thought", "Self-Consistency", "DeepSeek-R1", "Self-RAG"],
            ["Segment Anything", "QLoRA", "GPTQ"],
        ),
        (
            "molecules@example.org",
            ["DiffDock", "E(n) Equivariant", "Diffusion probabilistic modeling of protein"],
            ["Attention Is All You Need"],
        ),
    ],
)
def test_every_mail_names_the_papers_of_its_reader(
    shown: tuple[Path, str], email: str, wanted: list[str], unwanted: list[str]
) -> None:
    _, message = mails(shown[0])[email]
    for kind in ("plain", "html"):
        text = " ".join(body(message, kind).split())
        for title in wanted:
            assert title in text
        for title in unwanted:
            assert title not in text


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    found = demo(tmp_path)
    assert found.returncode == 2
    assert "choose another" in found.stderr
    assert (tmp_path / "thesis.tex").exists()


def test_the_sample_papers_are_a_day_of_papers() -> None:
    found = papers()
    assert 55 <= len(found) <= 70
    assert len({paper.id for paper in found}) == len(found)
    assert sum(paper.upvotes > 0 for paper in found) >= 20
    for paper in found:
        assert 80 <= len(paper.abstract) <= 600
        assert paper.before <= paper.upvotes
