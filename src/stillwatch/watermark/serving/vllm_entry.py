"""What vLLM loads by itself where Stillwatch is installed: the adapter that its model runner wants.

Both runners look for processors in one group of entry points, and each refuses or breaks on the other's, so there is
one class that turns into the right one by how it is called. A vLLM that has no Model Runner V2 yet gets the first.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from stillwatch.errors import UsageError
from stillwatch.watermark.serving.engine import VARIABLE
from stillwatch.watermark.serving.vllm_v1 import MarksV1

try:
    from stillwatch.watermark.serving.vllm_v2 import MarksV2 as Base
except ModuleNotFoundError:  # a class that cannot be loaded would keep vLLM from starting, wanted or not
    Base = MarksV1  # type: ignore[assignment,misc]  # one of two classes

if TYPE_CHECKING:
    from vllm.config import VllmConfig

_OURS = "stillwatch."
_FIRST = "stillwatch.watermark.serving.vllm_v1:MarksV1"


class Marks(Base):
    """`Marks(config, states)` serves Model Runner V2; `Marks(config, device, pins)` is a `MarksV1`."""

    def __new__(cls, vllm_config: VllmConfig, *place: Any) -> Any:
        """Raises `UsageError` where answers would be marked twice, or most of them not at all."""
        is_named = _is_named(vllm_config)
        if len(place) > 1:
            if VARIABLE in os.environ and not is_named and vllm_config.scheduler_config.async_scheduling:
                raise UsageError(
                    "vLLM tells a processor the last token too late",
                    f"Start it with --logits-processors {_FIRST}, or with --no-async-scheduling",
                )
            return MarksV1(vllm_config, *place, is_idle=is_named)
        if is_named:
            raise UsageError("vLLM would mark each answer twice", "Take Stillwatch out of --logits-processors")
        return super().__new__(cls)


def _is_named(vllm_config: VllmConfig) -> bool:
    """Is one of our processors named by the command line as well?"""
    named = vllm_config.model_config.logits_processors or ()
    return any((one if isinstance(one, str) else one.__module__).startswith(_OURS) for one in named)
