"""The marks that transformers ships, under the key of a number, and what they read in a text.

SynthID's own hashes, tournament and memory, asked for the tokens that top-k leaves and not for the whole vocabulary,
where all others have no chance in any case: the same answers in a thousandth of the time.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, cast

import numpy as np
import torch
import transformers
from transformers import SynthIDTextWatermarkLogitsProcessor

from benchmarks.quality.evidence import GREEN, SYNTHID_NGRAM
from benchmarks.quality.tournament import DEPTH

_FIRST_KEY = 15_485_863
"""KGW's default in transformers."""


def kgw(strength: float, key: int) -> Any:
    """KGW's configuration: one token of context."""
    return transformers.WatermarkingConfig(greenlist_ratio=GREEN, bias=strength, hashing_key=_FIRST_KEY + 2 * key)


def synthid(key: int, kept: int) -> Any:
    """SynthID's configuration: thirty layers, four tokens of context. `kept`: tokens that top-k leaves."""
    keys = np.random.default_rng(key).integers(1, 2**31, DEPTH).tolist()
    return _Tournament(kept, ngram_len=SYNTHID_NGRAM, keys=keys)


class _Tournament(transformers.SynthIDTextWatermarkingConfig):  # type: ignore[misc]  # transformers may not be at hand
    """As it is, with a processor that looks at few tokens."""

    def __init__(self, kept: int, **settings: Any) -> None:
        super().__init__(**settings)
        self._kept = kept

    def construct_processor(self, vocab_size: int, device: Any) -> Any:
        """What `generate` runs last, new for each call."""
        return AmongFew(self._kept, ngram_len=self.ngram_len, keys=self.keys, device=device,
                        sampling_table_size=self.sampling_table_size, sampling_table_seed=self.sampling_table_seed,
                        context_history_size=self.context_history_size)  # fmt: skip


class AmongFew(SynthIDTextWatermarkLogitsProcessor):  # type: ignore[misc]  # transformers may not be at hand
    """The tournament among the `kept` likeliest tokens; of all others the chance is nothing before and after."""

    def __init__(self, kept: int, **settings: Any) -> None:
        super().__init__(**settings)
        self._kept, self._few = kept, torch.empty(0)

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        """Scores, (rows, tokens), after `input_ids`, (rows, length)."""
        best = scores.topk(self._kept, 1)
        self._few = best.indices
        marked = super().__call__(input_ids, best.values)
        return torch.full_like(scores, -torch.inf).scatter(1, best.indices, marked)

    def _compute_keys(self, n_minus_1_grams: Any, indices: Any) -> Any:
        """`indices` are places among the few; the hash is of the tokens that stand there."""
        return super()._compute_keys(n_minus_1_grams, self._few.gather(1, indices))


def greens(processor: Any, texts: np.ndarray) -> list[list[int]]:
    """KGW's: of each text, from the second token on, whether it is on the list of the token before."""
    lists: dict[int, set[int]] = {}
    for before in np.unique(texts[:, :-1]).tolist():
        lists[before] = set(processor._get_greenlist_ids(torch.tensor([before])).tolist())
    return [[int(token in lists[before]) for before, token in pairwise(text)] for text in texts.tolist()]


def tournaments(processor: Any, texts: np.ndarray) -> list[list[int]]:
    """SynthID's: of each text, from the fifth token on, its g-values as bits; -1 where the context has been before."""
    said = torch.from_numpy(texts)
    bits = processor.compute_g_values(said).numpy()
    is_new = processor.compute_context_repetition_mask(said).numpy().astype(np.bool_)
    return cast(list[list[int]], np.where(is_new, bits @ (1 << np.arange(DEPTH)), -1).tolist())
