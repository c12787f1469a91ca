"""transformers' marks on the made-up language, measured at length: `python -m benchmarks.quality.rivals`.

Their own hashes, lists and tournaments, asked for the fifty words that may come instead of for the whole vocabulary,
which gives the same answers in a thousandth of the time. Same language, prompts and coins as ours. Needs torch and
transformers; what it finds is kept in `rivals.json`, from where `python -m benchmarks quality` takes it.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import numpy as np
import torch
import transformers
from scipy.stats import binom

from benchmarks.quality.run import KEYS, LENGTH, RIVALS, Row, at_length, of_keys, starts
from benchmarks.robustness.language import WORDS, Language
from stillwatch.watermark.detect import score

STRENGTHS = (1.0, 2.0, 3.0)
SYNTHID_NGRAM, SYNTHID_DEPTH = 5, 30
_LEAST = 1e-300

Change = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""Texts so far, the words that may come, and their chances; the chances under a mark."""


def texts(language: Language, key: int, change: Change | None) -> np.ndarray:
    """(texts, LENGTH) words; as `Language.texts` draws them for the key of that number, coin by coin."""
    rng = np.random.default_rng(key)
    found = starts(rng)[:, None]
    for _ in range(LENGTH):
        followed, chances = language.successors[found[:, -1]], language._chances(found, None)
        if change is not None:
            chances = change(found, followed, chances)
        chosen = (chances.cumsum(1) > rng.random((len(found), 1))).argmax(1)
        found = np.append(found, followed[np.arange(len(found)), chosen][:, None], 1)
    return np.asarray(found[:, 1:])


def kgw(processor: Any, strength: float) -> Change:
    """Their green lists."""
    lists: dict[int, np.ndarray] = {}

    def is_green(word: int) -> np.ndarray:
        if word not in lists:
            lists[word] = np.zeros(WORDS, np.bool_)
            lists[word][processor._get_greenlist_ids(torch.tensor([word])).numpy()] = True
        return lists[word]

    def change(found: np.ndarray, followed: np.ndarray, chances: np.ndarray) -> np.ndarray:
        green = np.array([is_green(int(word))[row] for word, row in zip(found[:, -1], followed, strict=True)])
        raised = chances * np.where(green, math.exp(strength), 1.0)
        return np.asarray(raised / raised.sum(1, keepdims=True))

    return change


def synthid(processor: Any) -> Change:
    """Their tournament, and their rule that a context is marked once."""
    seen: list[set[tuple[int, ...]]] = []

    def change(found: np.ndarray, followed: np.ndarray, chances: np.ndarray) -> np.ndarray:
        padded = np.pad(found[:, 1:], ((0, 0), (SYNTHID_NGRAM - 1, 0)))[:, -(SYNTHID_NGRAM - 1) :]
        keys, _ = processor._compute_keys(torch.from_numpy(padded), torch.from_numpy(followed))
        scores = torch.from_numpy(np.log(np.maximum(chances, 1e-30)))
        marked = processor.update_scores(scores, processor.sample_g_values(keys)).exp().numpy()
        if not seen:
            seen.extend(set() for _ in found)
        for row, context in enumerate(map(tuple, padded.tolist())):
            if context in seen[row]:
                marked[row] = chances[row]
            seen[row].add(context)
        return np.asarray(marked / marked.sum(1, keepdims=True))

    return change


def _kgw_log10_p(processor: Any, few: np.ndarray) -> float:
    pairs = np.unique(np.stack((few[:, :-1].ravel(), few[:, 1:].ravel()), 1), axis=0)
    hits = sum(
        bool((processor._get_greenlist_ids(torch.tensor([one])) == other).any()) for one, other in pairs.tolist()
    )
    return math.log10(score(len(pairs), hits, 0.25).p or _LEAST)


def _synthid_log10_p(processor: Any, few: np.ndarray) -> float:
    said = torch.from_numpy(few)
    is_new = processor.compute_context_repetition_mask(said).bool()
    bits = processor.compute_g_values(torch.unique(said.unfold(1, SYNTHID_NGRAM, 1)[is_new], dim=0))
    return math.log10(float(binom.sf(int(bits.sum()) - 1, bits.numel(), 0.5)) or _LEAST)


def rows() -> Iterator[Row]:
    """KGW at three strengths, and SynthID."""
    language = Language()
    plain = of_keys(language, np.stack([texts(language, key, None) for key in range(KEYS)]))
    for strength in STRENGTHS:
        made, logs = [], []
        for key in range(KEYS):
            config = transformers.WatermarkingConfig(
                greenlist_ratio=0.25, bias=strength, hashing_key=15_485_863 + 2 * key
            )
            processor = config.construct_processor(WORDS, "cpu")
            made.append(texts(language, key, kgw(processor, strength)))
            logs.append(_kgw_log10_p(processor, made[-1][:2]))
        yield at_length(f"KGW, strength {strength:g}", language, np.stack(made), plain, logs)
    made, logs = [], []
    for key in range(KEYS):
        keys = np.random.default_rng(key).integers(1, 2**31, SYNTHID_DEPTH).tolist()
        config = transformers.SynthIDTextWatermarkingConfig(ngram_len=SYNTHID_NGRAM, keys=keys)
        processor = config.construct_processor(WORDS, "cpu")
        made.append(texts(language, key, synthid(processor)))
        logs.append(_synthid_log10_p(processor, made[-1][:2]))
    yield at_length("SynthID", language, np.stack(made), plain, logs)


def main() -> int:
    """Write `rivals.json`."""
    torch.set_num_threads(1)
    RIVALS.write_bytes(msgspec.json.format(msgspec.json.encode(list(rows()))) + b"\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
