"""Marks in transformers: `model.generate(..., watermarking_config=MarksConfig([mark_of_a, mark_of_b]))`.

A processor given as `logits_processor` runs before temperature, top-k and top-p; only what a watermarking configuration
makes runs after them, so this is one. Keys are held by reference: neither copying nor printing nor saving a generation
configuration shows them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import LogitsProcessor
from transformers.generation import BaseWatermarkingConfig

from stillwatch.errors import UsageError
from stillwatch.watermark.serving.drawing import Draws
from stillwatch.watermark.serving.mark import NO_TOKEN, Mark
from stillwatch.watermark.serving.reference import probabilities
from stillwatch.watermark.serving.served import ServedLog
from stillwatch.watermark.serving.tensors import mark_rows


class MarksConfig(BaseWatermarkingConfig):  # type: ignore[misc]  # transformers may not be at hand
    """How the answers to a batch of prompts are marked. `marks`: one for each prompt, None for no mark.

    `padding`: the token that fills shorter prompts on the left; with window 2 a prompt of one token then has no context
    at its first step. `seed`: of what is drawn without a key, where the scheme draws; it then draws whether `do_sample`
    is set or not. `served`: the engine's, where it keeps what an audit will need.
    """

    def __init__(
        self,
        marks: Sequence[Mark | None],
        *,
        padding: int | None = None,
        seed: int = 0,
        served: ServedLog | None = None,
    ) -> None:
        self._served = served
        self._marks = tuple(marks)
        self._padding = padding
        self._seed = seed
        self.validate()

    def validate(self) -> None:
        """Raises `UsageError` for a batch of nothing."""
        if not self._marks:
            raise UsageError("there is no mark for any prompt", "Give one for each, None for those without")

    def construct_processor(self, vocab_size: int, device: torch.device | str) -> MarksProcessor:
        """What `generate` runs last, new for each call."""
        return MarksProcessor(self._marks, self._padding, self._seed, self._served)

    def to_dict(self) -> dict[str, Any]:
        """What may be seen: how many prompts it is for."""
        return {"prompts": len(self._marks)}

    def to_json_string(self) -> str:
        """The same as text."""
        return f'{{"prompts": {len(self._marks)}}}\n'

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        yield from self.to_dict().items()

    def __deepcopy__(self, memo: dict[int, Any]) -> MarksConfig:
        return self  # nothing in it changes, and a cipher cannot be copied


class MarksProcessor(LogitsProcessor):  # type: ignore[misc]  # transformers may not be at hand
    """Marks one batch while it is generated. One owner."""

    def __init__(
        self, marks: Sequence[Mark | None], padding: int | None, seed: int, served: ServedLog | None = None
    ) -> None:
        coins = np.random.default_rng(seed)
        self._served, self._is_new, self._filler = served, True, padding
        self._marks = marks
        self._padding = padding
        self._draws = [Draws(mark, coins) if mark is not None and mark.draws else None for mark in marks]

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.Tensor:
        """Scores, (rows, tokens), after `input_ids`, (rows, length). Raises `UsageError` where rows fit no prompts.

        Rows are the prompts' in their order, each as often as it has beams or returned sequences.
        """
        before, repeated = self._before(input_ids), self._repeated(len(scores))
        marks = [mark for mark in self._marks for _ in range(repeated)]
        self._keep(input_ids, before, marks)
        raised = mark_rows(scores.clone(), before, marks)
        for row, draws in enumerate(self._draws):
            if draws is not None:
                self._draw(draws, raised[row], before[row])
        return raised

    def _before(self, input_ids: torch.LongTensor) -> NDArray[np.int64]:
        """The last two tokens of each row; at the first step the left one may be padding."""
        found = np.full((len(input_ids), 2), NO_TOKEN, np.int64)
        last = input_ids[:, -2:].cpu().numpy()
        found[:, -last.shape[1] :] = last
        if self._padding is not None:
            found[found[:, 0] == self._padding, 0] = NO_TOKEN
            self._padding = None
        return found

    def _keep(self, input_ids: torch.LongTensor, before: NDArray[np.int64], marks: Sequence[Mark | None]) -> None:
        """Append what an audit will need; each prompt once."""
        if self._served is None:
            return
        if self._is_new:
            for mark, row in zip(marks, input_ids.cpu().tolist(), strict=True):
                self._served.asked(mark, [token for token in row if token != self._filler])
        self._is_new = False
        self._served.saw(marks, before)

    def _repeated(self, rows: int) -> int:
        repeated, rest = divmod(rows, len(self._marks))
        if rest:
            raise UsageError(f"{rows} rows belong to {len(self._marks)} prompts", "Give one mark for each prompt")
        if repeated > 1 and any(self._draws):
            raise UsageError(
                "beams and several answers to a prompt would draw the same", "Give each answer a prompt of its own"
            )
        return repeated

    @staticmethod
    def _draw(draws: Draws, scores: torch.Tensor, before: NDArray[np.int64]) -> None:
        """Leave nothing but the token that the key draws."""
        drawn = draws.draw(probabilities(scores.detach().double().cpu().numpy()), before)
        if drawn is not None:
            scores.fill_(-torch.inf)
            scores[drawn] = 0.0
