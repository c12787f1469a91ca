"""A student with a tokenizer of its own: the mark has to pass through text.

Byte-pair encoding learned from the student's own training text. Its answers are read in the teacher's tokens, as an
audit reads any suspect's.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from tokenizers import ByteLevelBPETokenizer
from transformers import PreTrainedTokenizerBase

from stillwatch.experiments.language_model.top_layers import Tokens

WORDS = 2_000
"""Of its vocabulary; the teacher has 49,152."""


class OwnTokens:
    """Between the teacher's tokens and the student's."""

    def __init__(self, teacher: PreTrainedTokenizerBase, learned_from: Sequence[Tokens]) -> None:
        self._teacher = teacher
        self._own = ByteLevelBPETokenizer()
        self._own.train_from_iterator(self._texts(learned_from), vocab_size=WORDS, show_progress=False)
        self.vocabulary: Tokens = np.arange(self._own.get_vocab_size())

    def encoded(self, answers: Sequence[Tokens]) -> list[Tokens]:
        """The teacher's answers in the student's tokens."""
        return [np.array(one.ids, np.int64) for one in self._own.encode_batch(self._texts(answers))]

    def decoded(self, said: Sequence[Tokens]) -> list[Tokens]:
        """What the student said, in the teacher's tokens."""
        texts = self._own.decode_batch([one.tolist() for one in said])
        return [np.array(one, np.int64) for one in self._teacher(texts, add_special_tokens=False).input_ids]

    def _texts(self, answers: Sequence[Tokens]) -> list[str]:
        return [self._teacher.decode(one, skip_special_tokens=True) for one in answers]
