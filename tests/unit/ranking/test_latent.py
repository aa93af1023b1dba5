"""What papers are about, learned from them."""

from __future__ import annotations

import random

import numpy as np

from digest.ranking.latent import Latent

SUBJECTS = {
    "cooking": ["oven", "flour", "butter", "sugar", "dough", "recipe", "baker", "kitchen"],
    "sailing": ["mast", "anchor", "harbour", "rope", "wind", "keel", "sailor", "deck"],
    "gardens": ["soil", "seed", "flower", "hedge", "compost", "lawn", "petal", "spade"],
}


def corpus(papers: int = 300) -> list[tuple[str, str]]:
    """Return papers on three subjects in turn, each of which has only some of its words."""
    chance = random.Random(1)
    found = []
    for number in range(papers):
        pool = list(SUBJECTS.values())[number % 3]
        chosen = chance.sample(pool, 4)
        found.append((chosen[0], " ".join([*chosen, "the", "of", "2026"])))
    return found


def test_papers_of_one_subject_lie_together_without_a_shared_word() -> None:
    space = Latent.learn(corpus())
    flour, oven, mast = space.vectors([("flour", ""), ("oven", ""), ("mast", "")])
    assert flour @ oven > 0.8
    assert flour @ mast < 0.3


def test_vectors_have_length_one_and_nothing_known_is_zero() -> None:
    space = Latent.learn(corpus())
    known, empty = space.vectors([("harbour", "keel"), ("", "the of 2026 xylophone")])
    assert np.isclose(np.linalg.norm(known), 1, atol=1e-5)
    assert not empty.any()


def test_a_kept_space_is_the_same() -> None:
    space = Latent.learn(corpus())
    again = Latent.from_bytes(space.to_bytes())
    papers = corpus(9)
    assert np.allclose(space.vectors(papers), again.vectors(papers), atol=2e-3)
    assert Latent.learn(corpus()).to_bytes() == space.to_bytes()


def test_too_little_to_learn_from_is_no_error() -> None:
    space = Latent.learn([("one", "word"), ("", "")])
    assert Latent.from_bytes(space.to_bytes()).vectors([("one", "")]).shape[0] == 1
