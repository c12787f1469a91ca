"""The parts of vLLM that our adapters touch, where vLLM itself cannot be installed: signatures as in vLLM 0.33.0.

Only shapes and names, written for these tests: vllm.v1.sample.logits_processor (the first model runner) and
vllm.v1.worker.gpu.sample.logits_processor (Model Runner V2). Where vLLM can be imported, tests use it instead.
"""

from __future__ import annotations

import importlib.util
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto
from types import ModuleType
from typing import Any

FIRST, SECOND = "vllm.v1.sample.logits_processor", "vllm.v1.worker.gpu.sample.logits_processor"
_OURS = tuple(f"stillwatch.watermark.serving.{name}" for name in ("vllm_v1", "vllm_v2", "vllm_entry"))


class MoveDirectionality(Enum):
    """Whether a row takes another's place, or both change places."""

    UNIDIRECTIONAL = auto()
    SWAP = auto()


@dataclass(frozen=True)
class BatchUpdate:
    """What became of the batch; to be read in the order removed, added, moved."""

    batch_size: int
    removed: Sequence[int]
    added: Sequence[tuple[int, Any, list[int] | None, list[int]]]
    moved: Sequence[tuple[int, int, MoveDirectionality]]


class FirstProcessor(ABC):
    """Of the first model runner."""

    @classmethod  # noqa: B027 - as vLLM's
    def validate_params(cls, sampling_params: Any) -> None:
        """Accept them."""

    @abstractmethod
    def __init__(self, vllm_config: Any, device: Any, is_pin_memory: bool) -> None: ...

    @abstractmethod
    def apply(self, logits: Any) -> Any: ...

    @abstractmethod
    def is_argmax_invariant(self) -> bool: ...

    @abstractmethod
    def update_state(self, batch_update: BatchUpdate | None) -> None: ...


@dataclass(frozen=True)
class LogitsProcRequestState:
    """Buffers of all slots."""

    device: Any
    max_num_reqs: int
    vocab_size: int
    all_token_ids: Any
    prompt_len: Any
    prefill_len: Any
    total_len: Any


@dataclass(frozen=True)
class LogitsContext:
    """How one step's rows lie."""

    expanded_idx_mapping: Any
    idx_mapping: Any
    idx_mapping_np: Any
    expanded_local_pos: Any
    input_ids: Any
    pos: Any
    seq_lens_upper_bound_np: Any


class SecondProcessor(ABC):
    """Of Model Runner V2."""

    def __init__(self, vllm_config: Any, req_states: LogitsProcRequestState) -> None:  # noqa: B027 - as vLLM's
        """Nothing to keep."""

    @classmethod  # noqa: B027 - as vLLM's
    def validate_params(cls, sampling_params: Any) -> None:
        """Accept them."""

    def add_request(self, req_idx: int, sampling_params: Any) -> bool:
        """Every request."""
        return True

    def apply_staged_writes(self) -> None:  # noqa: B027 - as vLLM's
        """Nothing to write."""

    @abstractmethod
    def apply(self, logits: Any, ctx: LogitsContext) -> Any: ...


@contextmanager
def vllm_at_hand() -> Iterator[None]:
    """vLLM can be imported: itself if it is installed, the stand-in otherwise."""
    if importlib.util.find_spec("vllm") is not None:
        yield
        return
    made = _modules()
    sys.modules.update(made)
    try:
        yield
    finally:
        for name in (*made, *_OURS):
            sys.modules.pop(name, None)


def _modules() -> dict[str, ModuleType]:
    names = {".".join(path.split(".")[:end]) for path in (FIRST, SECOND) for end in range(1, path.count(".") + 2)}
    made = {name: ModuleType(name) for name in sorted(names)}
    for package in made.values():
        package.__path__ = []
    vars(made[FIRST]).update(
        LogitsProcessor=FirstProcessor, BatchUpdate=BatchUpdate, MoveDirectionality=MoveDirectionality
    )
    vars(made[SECOND]).update(
        LogitsProcessor=SecondProcessor, LogitsContext=LogitsContext, LogitsProcRequestState=LogitsProcRequestState
    )
    return made
