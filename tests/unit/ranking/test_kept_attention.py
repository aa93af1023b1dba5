"""Facts about a model of attention that is kept: it says later what it said when it was learned."""

from __future__ import annotations

import subprocess
import sys
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from digest.ranking import Attention
from digest.ranking.arrays import from_bytes, of_texts, texts_of, to_bytes
from digest.ranking.learning import learn
from digest.ranking.listing import Listing
from tests.support.listings import records, unvoted

MADE = records(440)
LATER = [Listing.of_record(unvoted(one)) for one in MADE[400:]]
ODD = [
    Listing("Agent, the tool of planning: ünïcode and agents"),
    Listing("?"),
    Listing("the of and", abstract="a b c 1 2 3", author_names=("Ada Famous", "", "王 明")),
]


def learned() -> Attention:
    return learn([Listing.of_record(one) for one in MADE[:400]])


def assert_same(one: Attention, other: Attention, listings: list[Listing]) -> None:
    """Hold two models to each other, bit for bit."""
    mine, theirs = one.expect(listings), other.expect(listings)
    np.testing.assert_array_equal(mine.worth, theirs.worth)
    np.testing.assert_array_equal(mine.share, theirs.share)
    for trait, summand in mine.traits.items():
        np.testing.assert_array_equal(summand, theirs.traits[trait])
    voted = [Listing.of_record(record) for record in MADE[400:]]
    np.testing.assert_array_equal(
        one.with_votes(one.expect(voted), voted), other.with_votes(other.expect(voted), voted)
    )
    for listing in listings:
        assert one.wording.telling(listing) == other.wording.telling(listing)
        assert one.best_author(listing) == other.best_author(listing)


def test_a_kept_model_says_the_same_bit_for_bit() -> None:
    model = learned()
    kept = Attention.from_bytes(model.to_bytes())
    assert_same(model, kept, [*LATER, *ODD])
    assert kept.to_bytes() == model.to_bytes()


def test_a_model_of_papers_that_say_nothing_is_kept_too() -> None:
    model = learn([Listing("the", upvotes=3)] * 5)
    kept = Attention.from_bytes(model.to_bytes())
    assert_same(model, kept, ODD)


def test_a_kept_model_is_asked_without_its_learner(tmp_path: Path) -> None:
    path = tmp_path / "model"
    path.write_bytes(learned().to_bytes())
    asks = (
        "import sys\n"
        "from pathlib import Path\n"
        "from digest.ranking import Attention\n"
        "from digest.ranking.listing import Listing\n"
        "model = Attention.from_bytes(Path(sys.argv[1]).read_bytes())\n"
        "print(model.expect([Listing('agent with data')]).share[0] > 0.5)\n"
        "print([name for name in sys.modules if name.startswith('sklearn')])\n"
    )
    said = subprocess.run(
        [sys.executable, "-c", asks, str(path)], capture_output=True, text=True, check=True
    )
    assert said.stdout.split() == ["True", "[]"]


def test_what_could_be_run_is_not_read() -> None:
    with pytest.raises(ValueError, match="allow_pickle"):
        to_bytes({"evil": np.array([object()])})
    file = BytesIO()
    np.savez(file, evil=np.array([object()]))
    with pytest.raises(ValueError, match="allow_pickle"):
        from_bytes(file.getvalue())


@pytest.mark.parametrize("texts", [[], [""], ["a\nb", "\x00", "\ud800", "é"]])
def test_texts_are_kept_as_they_are(texts: list[str]) -> None:
    assert texts_of(from_bytes(to_bytes({"texts": of_texts(texts)}))["texts"]) == texts
