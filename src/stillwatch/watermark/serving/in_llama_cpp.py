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
from stillwatch.watermark.serving.served import ServedLog


class LlamaMarks:
    """Raises the logits of one answer."""

    def __init__(self, mark: Mark | None, served: ServedLog | None = None) -> None:
        """`mark`: its `cooling` is the temperature that the completion is asked for with, 1 for 0. `served`: the
        engine's, where it keeps what an audit will need.

        Raises `UsageError` for a scheme that draws: what follows here is llama.cpp's own sampler.
        """
        if mark is not None and mark.draws:
            raise UsageError("in llama.cpp nothing can be drawn under a key", 'Set kind = "red-green" in [scheme]')
        self._mark = mark
        self._served = served
        self._is_new = True

    def __call__(self, input_ids: NDArray[np.intc], scores: NDArray[np.float32]) -> NDArray[np.float32]:
        """The scores of the next token, (tokens,), after `input_ids`, (length,); a new array."""
        before = tails([input_ids[-2:].tolist()])
        if self._served is not None:
            if self._is_new:
                self._served.asked(self._mark, input_ids.tolist())
            self._served.saw([self._mark], before)
        self._is_new = False
        raised: NDArray[np.float32] = marked(scores[None], before, [self._mark])[0]
        return raised
