"""Marks in vLLM's Model Runner V2: its `LogitsProcessor` of vllm.v1.worker.gpu.sample.logits_processor.

vLLM calls it before temperature, top-k and top-p, so marks are scaled by the temperature, and the gate sees the
distribution before truncation. A row is not a request: with speculative decoding each drafted token has one. Its
context is then what was drafted before it, so an answer carries the same marks with and without a draft model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from vllm.v1.worker.gpu.sample.logits_processor import LogitsProcessor

from stillwatch.watermark.serving.engine import Engine
from stillwatch.watermark.serving.mark import NO_TOKEN, Mark
from stillwatch.watermark.serving.served import ServedLog
from stillwatch.watermark.serving.tensors import mark_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from vllm.config import VllmConfig
    from vllm.sampling_params import SamplingParams
    from vllm.v1.worker.gpu.sample.logits_processor import LogitsContext, LogitsProcRequestState


class MarksV2(LogitsProcessor):  # type: ignore[misc]  # vLLM is not at hand where types are checked
    """One for each engine process. Does nothing where the environment names no file of marks."""

    def __init__(self, vllm_config: VllmConfig, req_states: LogitsProcRequestState) -> None:
        super().__init__(vllm_config, req_states)
        engine = Engine.of_environment()
        self._engine = engine.red_green_only("vLLM") if engine else None
        self._states = req_states
        self._marks: list[Mark | None] = [None] * req_states.max_num_reqs
        self._new: set[int] = set()

    def add_request(self, req_idx: int, sampling_params: SamplingParams) -> bool:
        """Does this request's answer carry marks? Whatever the slot held before is forgotten."""
        mark = None
        if self._engine is not None:
            mark = self._engine.mark(sampling_params.extra_args, sampling_params.temperature)
        self._marks[req_idx] = mark
        self._new.add(req_idx)
        return mark is not None

    def apply(self, logits: torch.Tensor, ctx: LogitsContext) -> torch.Tensor:
        """Logits with the rows of marked requests raised in place."""
        if not any(self._marks[slot] is not None for slot in ctx.idx_mapping_np):
            return logits
        rows = self._rows(ctx)
        marks = [self._marks[slot] for slot in rows[:, 0]]
        if self._engine is not None and self._engine.served is not None:
            self._keep(self._engine.served, ctx, rows, marks)
        return mark_rows(logits, rows[:, 1:], marks)

    def _keep(self, served: ServedLog, ctx: LogitsContext, rows: NDArray[np.int64], marks: list[Mark | None]) -> None:
        """Append what an audit will need; a prompt once, when its first token is about to come."""
        for row, mark in enumerate(marks):
            slot, last = int(rows[row, 0]), int(rows[row, 2])
            if slot in self._new and mark is not None and mark.account is not None:
                before = self._states.all_token_ids.gpu[slot, : int(ctx.pos[row])].cpu().tolist()
                served.asked(mark, [*before, last])
            self._new.discard(slot)
        served.saw(marks, rows[:, 1:])

    def _rows(self, ctx: LogitsContext) -> NDArray[np.int64]:
        """Slot and last two tokens of each row, in one copy from the device; (rows, 3)."""
        slots, last = ctx.expanded_idx_mapping.long(), ctx.input_ids.long()
        place = (ctx.pos.long() - 1).clamp_min(0)
        committed = self._states.all_token_ids.gpu[slots, place].long()
        drafted = torch.cat((last.new_full((1,), NO_TOKEN), last[:-1]))  # a request's rows follow each other
        before = torch.where(ctx.expanded_local_pos > 0, drafted, committed)
        before = torch.where(ctx.pos > 0, before, NO_TOKEN)
        found: NDArray[np.int64] = torch.stack((slots, before, last), 1).cpu().numpy()
        return found
