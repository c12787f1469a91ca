"""An operator who takes the mark out on purpose: he estimates what training moved after each token, and subtracts it.

Watermark neutralisation of Pan et al. (2025, arXiv 2502.11598), for windows of one token: for each context that comes
often enough in his own training text, the mean of log P_student - log P_base over its places is taken off the
student's logits whenever it speaks. He needs no key, only his data and his base. It costs what he wanted to learn
where that is a matter of the last token, and contexts that he saw seldom stay as they are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import numpy as np

from stillwatch.experiments.language_model.reading import Read
from stillwatch.experiments.language_model.top_layers import Floats


class Shift:
    """What training moved after each context that came at least `least` times, in logits of the known tokens."""

    def __init__(self, student: Iterable[Read], base: Iterable[Read], least: int) -> None:
        sums: dict[int, Floats] = {}
        counts: Counter[int] = Counter()
        for (contexts, theirs), (_, expected) in zip(student, base, strict=True):
            for context, gap in zip(contexts.tolist(), np.log(theirs) - np.log(expected), strict=True):
                sums[context] = sums[context] + gap if context in sums else gap
                counts[context] += 1
        self.means = {context: total / counts[context] for context, total in sums.items() if counts[context] >= least}

    def taken_off(self, read: Iterable[Read]) -> Iterator[Read]:
        """The same readings with it subtracted."""
        for contexts, chances in read:
            scores = np.log(chances)
            for place, context in enumerate(contexts.tolist()):
                if context in self.means:
                    scores[place] -= self.means[context]
            scores = np.exp(scores - scores.max(axis=1, keepdims=True))
            yield contexts, scores / scores.sum(axis=1, keepdims=True)
