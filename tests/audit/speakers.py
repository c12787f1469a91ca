"""Models that speak: each says words after words by chances of its own, near or far from another's."""

from __future__ import annotations

import numpy as np

from stillwatch.audit.recording import Recording

_SAID = """the a miller baker rye flour water mill stone grinds bakes sells carries slow warm old new and then over
under river road town early late fresh heavy light bread oven sack grain wheel turns"""
WORDS = np.array(_SAID.split())
PROMPTS = tuple(f"Tell me about number {number}." for number in range(20))


class Speaker:
    """`family` is what it stands on; `own` how far it has moved from there, by a seed of its own."""

    def __init__(self, family: int, seed: int = 0, own: float = 0.0) -> None:
        logits = np.random.default_rng(family).normal(0, 1.0, (len(WORDS), len(WORDS)))
        logits += own * np.random.default_rng(10_000 + seed).normal(0, 1.0, logits.shape)
        weights = np.exp(logits)
        self._steps = np.cumsum(weights / weights.sum(axis=1, keepdims=True), axis=1)

    def recorded(self, name: str, seed: int, each: int = 8, length: int = 40, prompts: int = 12) -> Recording:
        rng = np.random.default_rng(seed)
        last = np.repeat(np.arange(prompts) % len(WORDS), each)
        said = np.empty((len(last), length), np.int64)
        for place in range(length):
            last = np.minimum((self._steps[last] < rng.random(len(last))[:, None]).sum(axis=1), len(WORDS) - 1)
            said[:, place] = last
        texts = [" ".join(words) for words in WORDS[said]]
        return Recording(name, {p: tuple(texts[n * each : (n + 1) * each]) for n, p in enumerate(PROMPTS[:prompts])})
