"""Where papers are among others of the archive."""

from __future__ import annotations

import numpy as np
import pytest

from digest.reading.meaning import Places, where


@pytest.mark.parametrize("papers", [3, 40, 100])
def test_some_are_as_close_as_they_are_among_all(papers: int) -> None:
    draw = np.random.default_rng(1)
    places = Places(np.arange(100), draw.normal(size=(100, 8)).astype(np.float32))
    vector = draw.normal(size=8).astype(np.float32)
    among = np.sort(draw.choice(100, papers, replace=False))
    assert np.allclose(places.cosines(vector, among), places.cosines(vector)[among])


def test_rows_without_a_place_are_left_out() -> None:
    ordered = np.array([2, 5, 9])
    assert where(ordered, np.array([9, 1, 2, 10])).tolist() == [2, 0]
    assert where(np.empty(0, np.int64), ordered).tolist() == []
