"""A network of words learns what follows what, and loses some of it while it learns something else."""

from __future__ import annotations

import numpy as np

from stillwatch.experiments.network import Network

WORDS = 40
STEPS = np.arange(WORDS)


def texts(stride: int) -> np.ndarray:
    """In which each word is followed by the one so many places on."""
    return (STEPS[:, None] + stride * np.arange(20)[None]) % WORDS


def right(network: Network, stride: int) -> float:
    """The mean chance that it gives to the word that follows."""
    return float(network.chances(STEPS)[STEPS, (STEPS + stride) % WORDS].mean())


def test_it_learns_and_its_copy_forgets() -> None:
    network, rng = Network(WORDS, 1), np.random.default_rng(1)
    losses = list(network.learn(texts(1), 40, rng))
    assert losses[-1] < losses[0] / 4
    assert right(network, 1) > 0.9
    other = network.copy()
    list(other.learn(texts(7), 40, rng))
    assert right(other, 7) > 0.9
    assert right(other, 1) < 0.1
    assert right(network, 1) > 0.9


def test_it_says_what_it_finds_likely() -> None:
    network, rng = Network(WORDS, 1), np.random.default_rng(1)
    list(network.learn(texts(1), 40, rng))
    said = network.answers(STEPS, 5, rng)
    assert said.shape == (WORDS, 5)
    assert (said[:, 0] == (STEPS + 1) % WORDS).mean() > 0.8
    assert np.allclose(network.chances(STEPS).sum(axis=1), 1, atol=1e-5)
