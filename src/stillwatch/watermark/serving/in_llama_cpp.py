"""Marks in llama-cpp-python: a `logits_processor` for one completion.

llama = Llama("model.gguf")
mark = engine.mark({"stillwatch_ticket": ticket}, temperature=0.8)
llama.create_completion(prompt, temperature=0.8, logits_processor=LogitsProcessorList([LlamaMarks(mark)]))

It is called before temperature, top-k and top-p, with the whole text so far.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stillwatch.errors import UsageError
from stillwatch.watermark.serving.mark import Mark, marked
from stillwatch.watermark.serving.reference import tails


class LlamaMarks:
    """Raises the logits of one answer."""

    def __init__(self, mark: Mark | None) -> None:
        """`mark`: its `cooling` is the temperature that the completion is asked for with, 1 for 0.

        Raises `UsageError` for a scheme that draws: what follows here is llama.cpp's own sampler.
        """
        if mark is not None and mark.draws:
            raise UsageError("in llama.cpp nothing can be drawn under a key", 'Set kind = "red-green" in [scheme]')
        self._mark = mark

    def __call__(self, input_ids: NDArray[np.intc], scores: NDArray[np.float32]) -> NDArray[np.float32]:
        """The scores of the next token, (tokens,), after `input_ids`, (length,); a new array."""
        raised: NDArray[np.float32] = marked(scores[None], tails([input_ids[-2:].tolist()]), [self._mark])[0]
        return raised
