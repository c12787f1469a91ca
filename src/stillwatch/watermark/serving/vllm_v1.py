"""Marks in vLLM's first model runner: its `LogitsProcessor` of vllm.v1.sample.logits_processor.

vLLM calls it before temperature, top-k and top-p, as in `vllm_v2`. A row is a request here, and rows are moved about;
this runner refuses processors together with speculative decoding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from vllm.v1.sample.logits_processor import LogitsProcessor, MoveDirectionality

from stillwatch.watermark.serving.engine import Engine
from stillwatch.watermark.serving.mark import Mark
from stillwatch.watermark.serving.reference import tails
from stillwatch.watermark.serving.tensors import mark_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vllm.config import VllmConfig
    from vllm.sampling_params import SamplingParams
    from vllm.v1.sample.logits_processor import BatchUpdate


class Row(NamedTuple):
    """What is known of the request in a row. `answer` is the engine's own list, which grows."""

    mark: Mark
    prompt: Sequence[int]
    answer: Sequence[int]

    @property
    def tail(self) -> list[int]:
        """The last two tokens, or fewer; a token that is not known yet is negative."""
        return [*self.prompt, *self.answer[-2:]][-2:]


class MarksV1(LogitsProcessor):  # type: ignore[misc]  # vLLM is not at hand where types are checked
    """One for each engine process. Does nothing where the environment names no file of marks, or where `is_idle`."""

    def __init__(
        self, vllm_config: VllmConfig, device: torch.device, is_pin_memory: bool, *, is_idle: bool = False
    ) -> None:
        engine = None if is_idle else Engine.of_environment()
        self._engine = engine.red_green_only("vLLM") if engine else None
        self._rows: dict[int, Row] = {}

    def is_argmax_invariant(self) -> bool:
        """No: a mark may make another token the likeliest, so greedy answers carry it too."""
        return False

    def update_state(self, batch_update: BatchUpdate | None) -> None:
        """Follow the batch: what left, what came, what moved, in this order."""
        if batch_update is None or self._engine is None:
            return
        for index in batch_update.removed:
            self._rows.pop(index, None)
        for index, params, prompt, answer in batch_update.added:
            self._add(index, params, prompt or (), answer)
        for old, new, direction in batch_update.moved:
            here, there = self._rows.pop(old, None), self._rows.pop(new, None)
            if here is not None:
                self._rows[new] = here
            if there is not None and direction == MoveDirectionality.SWAP:
                self._rows[old] = there

    def apply(self, logits: torch.Tensor) -> torch.Tensor:
        """Logits with the rows of marked requests raised in place."""
        if not self._rows:
            return logits
        rows = [self._rows.get(index) for index in range(len(logits))]
        before = tails([() if row is None else row.tail for row in rows])
        marks = [None if row is None else row.mark for row in rows]
        if self._engine is not None and self._engine.served is not None:
            self._engine.served.saw(marks, before)
        return mark_rows(logits, before, marks)

    def _add(self, index: int, params: SamplingParams, prompt: Sequence[int], answer: Sequence[int]) -> None:
        self._rows.pop(index, None)
        mark = self._engine.mark(params.extra_args, params.temperature) if self._engine else None
        if mark is not None:
            self._rows[index] = Row(mark, tuple(prompt[-2:]), answer)
            if self._engine is not None and self._engine.served is not None:
                self._engine.served.asked(mark, prompt)
