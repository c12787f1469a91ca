"""The teacher answers, marked or not, by the product's own embedding in transformers.

While it answers, what goes into its top layers is kept: a student whose lower layers stay as they were needs nothing
else of them, neither when it learns nor when it reads.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from stillwatch.watermark.serving.in_transformers import MarksConfig
from stillwatch.watermark.serving.mark import Mark

AT_ONCE = 64
"""Answers. Measured on one core: 62 tokens a CPU second at 32, 69 at 64, 74 at 128."""
LONGEST = 128
"""Tokens of an answer. Chosen: most answers of this model end later, and many texts give more distinct cells."""
TEMPERATURE = 1.0
TOP_K = 50
TOP_LAYERS = 2
"""Of thirty: what students tune. Chosen for the budget of one core."""

Tokens = NDArray[np.int64]
States = NDArray[np.float16]
"""What enters the top layers, (positions, width), of one answer after the other."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """Token numbers of a question, as the chat template wraps it, and of what was answered, its end included."""

    prompt: list[int]
    answer: list[int]

    @property
    def positions(self) -> int:
        """Tokens after which another one comes."""
        return len(self.prompt) + len(self.answer) - 1


@dataclass(frozen=True, slots=True)
class Speaker:
    """A model that answers questions: the teacher, or a student of it."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    longest: int = LONGEST

    def answers(self, asked: Sequence[str], marks: Sequence[Mark | None], seed: int) -> tuple[list[Answer], States]:
        """To one batch of questions, each marked in its own way, and what went into the top layers."""
        texts = [_wrapped(self.tokenizer, question) for question in asked]
        batch = self.tokenizer(texts, return_tensors="pt", padding=True, padding_side="left", add_special_tokens=False)
        torch.manual_seed(seed)
        with torch.inference_mode(), _overheard(self.model) as heard:
            said = self.model.generate(
                **batch,
                do_sample=True,
                temperature=TEMPERATURE,
                top_k=TOP_K,
                max_new_tokens=self.longest,
                pad_token_id=self.tokenizer.pad_token_id,
                watermarking_config=MarksConfig(marks),
            )
        starts, end = batch.input_ids.shape[1], self.tokenizer.eos_token_id
        found, states = [], []
        for ids, mask, row, heights in zip(
            batch.input_ids, batch.attention_mask, said, torch.cat(heard, 1), strict=True
        ):
            one = Answer(prompt=ids[mask.bool()].tolist(), answer=_until(row[starts:].tolist(), end))
            first = starts - len(one.prompt)
            found.append(one)
            states.append(heights[first : first + one.positions].half().numpy())
        return found, np.concatenate(states)

    def entering(self, tokens: Tokens) -> States:
        """What goes into the top layers while it reads a text, for each token but the last, (tokens - 1, width)."""
        with torch.inference_mode(), _overheard(self.model) as heard:
            self.model.model(torch.from_numpy(tokens[:-1])[None])
        found: States = heard[0][0].half().numpy()
        return found


@contextmanager
def _overheard(model: PreTrainedModel) -> Iterator[list[torch.Tensor]]:
    """Collects what enters the top layers, (rows, new places, width) for each pass."""
    heard: list[torch.Tensor] = []

    def keep(_: torch.nn.Module, given: tuple[torch.Tensor, ...]) -> None:
        heard.append(given[0])

    hook = model.model.layers[-TOP_LAYERS].register_forward_pre_hook(keep)
    try:
        yield heard
    finally:
        hook.remove()


def _wrapped(tokenizer: PreTrainedTokenizerBase, question: str) -> str:
    message = [{"role": "user", "content": question}]
    return str(tokenizer.apply_chat_template(message, tokenize=False, add_generation_prompt=True))


def _until(tokens: list[int], end: int) -> list[int]:
    return tokens[: tokens.index(end) + 1] if end in tokens else tokens
