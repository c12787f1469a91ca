"""Marks on torch tensors, wherever they lie: the same bits as the reference.

On a CPU the rows are numpy arrays over the tensor's own memory. On another device colours are computed by the CPU and
only they travel, one byte a token of the vocabulary, so logits never leave the device; contexts come the other way,
which waits for the step before. The gate is then the device's arithmetic: where a distribution lies within 1e-5 nats of
it, the two may differ.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from stillwatch.watermark.contexts import last_contexts
from stillwatch.watermark.serving.mark import Mark, alike, marked, with_context


def mark_rows(logits: torch.Tensor, tails: NDArray[np.int64], marks: Sequence[Mark | None]) -> torch.Tensor:
    """The logits, each row marked in place in its own way; arguments as of `mark.marked`."""
    if not alike(marks):
        return logits
    if logits.device.type == "cpu" and logits.dtype == torch.float32:
        rows = logits.detach().numpy()
        rows[:] = marked(rows, tails, marks)
        return logits
    return raise_on_device(logits, tails, marks)


def raise_on_device(logits: torch.Tensor, tails: NDArray[np.int64], marks: Sequence[Mark | None]) -> torch.Tensor:
    """The same where logits stay where they are."""
    head_starts, heat, gates = (np.full(len(marks), value, np.float32) for value in (0, 1, 0))
    green = np.zeros(tuple(logits.shape), np.bool_)
    for mark, rows in alike(marks).items():
        known = with_context(tails, rows, mark.window)
        contexts = last_contexts(tails[known, -mark.window :], mark.window)
        green[known] = mark.layers.rows(contexts, logits.shape[1]) < mark.layers.scheme.green
        head_starts[known], heat[known], gates[known] = mark.head_start, mark.cooling, mark.least_nats
    raised = logits + _column(head_starts, logits)
    chosen = torch.from_numpy(green).to(logits.device, non_blocking=True) & _is_open(logits, heat, gates)
    return logits.copy_(torch.where(chosen, raised, logits))


def _is_open(logits: torch.Tensor, heat: NDArray[np.float32], gates: NDArray[np.float32]) -> torch.Tensor:
    """Which rows may be marked: sound ones in which enough is uncertain; (rows, 1)."""
    is_sound = torch.isfinite(logits).any(1, keepdim=True) & ~torch.isnan(logits).any(1, keepdim=True)
    if not gates.any():
        return is_sound
    logs = torch.log_softmax((logits / _column(heat, logits)).float(), 1)
    nats = -(logs.exp() * logs.clamp_min(-80.0)).sum(1, keepdim=True)  # what cannot come weighs nothing
    return is_sound & (nats >= torch.from_numpy(gates[:, None]).to(logits.device))


def _column(values: NDArray[np.float32], like: torch.Tensor) -> torch.Tensor:
    return torch.from_numpy(values[:, None]).to(like.device, like.dtype, non_blocking=True)
