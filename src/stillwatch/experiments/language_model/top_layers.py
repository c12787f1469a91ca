"""A student that keeps the teacher's lower layers and tunes the top ones: what one core can afford.

It learns as fine-tuning does, by the likelihood of the answers' tokens, and never sees what is marked. Its softmax is
over `known` tokens while it learns and reads, which changes nothing of the test: weights of cells may be any that do
not know the key. Weaker than tuning all layers: it may carry less of the mark than a student in earnest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import PreTrainedModel

from stillwatch.experiments.language_model.pools import Pool
from stillwatch.experiments.language_model.teacher import TOP_LAYERS, States

Tokens = NDArray[np.int64]
Floats = NDArray[np.float32]

EPOCHS = 3
RATE = 3e-4
"""Of AdamW. Chosen: usual for a few layers; not searched."""
_AT_ONCE = 4
"""Answers of a step: some thirty steps an epoch."""
_ELSEWHERE = -100
"""A target that does not count, as `cross_entropy` knows it."""


@dataclass(frozen=True, slots=True)
class Text:
    """One question and answer: `tokens` of both, `states` that enter the top layers, (tokens - 1, width), and the first
    place after which a token of the answer comes.
    """

    tokens: Tokens
    states: States
    first: int


def texts_of(pool: Pool) -> list[Text]:
    """A pool as a student learns or reads it."""
    return [
        Text(np.array(one.prompt + one.answer, np.int64), states, len(one.prompt) - 1)
        for one, states in zip(pool.answers(), pool.states(), strict=True)
    ]


class TopStudent:
    """The top layers of a model, to be tuned; a new one is the untuned model. `known`: sorted token numbers."""

    def __init__(self, base: PreTrainedModel, known: Tokens) -> None:
        self.known = known
        self._top = torch.nn.ModuleList([*deepcopy(base.model.layers[-TOP_LAYERS:]), deepcopy(base.model.norm)])
        self._turns = base.model.rotary_emb
        self._head = base.lm_head.weight.detach()[torch.from_numpy(known)].clone()

    def learn(self, texts: Sequence[Text], rng: np.random.Generator, epochs: int = EPOCHS) -> Iterator[float]:
        """Tune on these texts; yields the mean loss of each epoch, in nats a token."""
        steps = torch.optim.AdamW(self._top.parameters(), lr=RATE, weight_decay=0.0)
        for _ in range(epochs):
            order = rng.permutation(len(texts))
            batches = np.array_split(order, -(-len(order) // _AT_ONCE))
            losses = [self._step(steps, [texts[place] for place in batch]) for batch in batches]
            yield float(np.mean(losses))

    def chances(self, texts: Iterable[Text]) -> Iterator[tuple[Tokens, Floats]]:
        """Of each text: the token before each of its answer's, and the chances of each known token to come next,
        (places, known).
        """
        for text in texts:
            with torch.inference_mode():
                chances = torch.softmax(self._scores([text]), 1).numpy()
            yield text.tokens[text.first : -1], chances

    @contextmanager
    def inside(self, base: PreTrainedModel) -> Iterator[PreTrainedModel]:
        """The whole model with these layers in the place of its own, for speaking; afterwards it is as it was."""
        own = *base.model.layers[-TOP_LAYERS:], base.model.norm
        self._put(base, self._top)
        try:
            yield base
        finally:
            self._put(base, own)

    @staticmethod
    def _put(base: PreTrainedModel, top: Sequence[torch.nn.Module]) -> None:
        for place in range(TOP_LAYERS):
            base.model.layers[place - TOP_LAYERS] = top[place]
        base.model.norm = top[TOP_LAYERS]

    def save(self, file: Path) -> None:
        """Keep what was tuned."""
        torch.save(self._top.state_dict(), file)

    def load(self, file: Path) -> None:
        """Take up what was kept."""
        self._top.load_state_dict(torch.load(file, weights_only=True))

    def _step(self, steps: torch.optim.Optimizer, texts: Sequence[Text]) -> float:
        steps.zero_grad(set_to_none=True)
        targets = torch.from_numpy(np.concatenate([self._targets(text) for text in texts]))
        loss = torch.nn.functional.cross_entropy(self._scores(texts), targets, ignore_index=_ELSEWHERE)
        loss.backward()
        steps.step()
        return float(loss.item())

    def _targets(self, text: Text) -> Tokens:
        """Where each token of the answer stands among the known ones."""
        answer = text.tokens[text.first + 1 :]
        places = np.minimum(np.searchsorted(self.known, answer), len(self.known) - 1)
        return np.where(self.known[places] == answer, places, _ELSEWHERE)

    def _scores(self, texts: Sequence[Text]) -> torch.Tensor:
        """Logits after each place of the answers, (places of all texts, known)."""
        heights = torch.nn.utils.rnn.pad_sequence(
            [torch.from_numpy(text.states).float() for text in texts], batch_first=True
        )
        at = torch.arange(heights.shape[1])[None]
        turns = self._turns(heights, at)
        for layer in self._top[:-1]:  # causal, and padded on the right: what pads is seen by nothing that counts
            heights = layer(heights, position_embeddings=turns, position_ids=at)
        kept = [heights[row, text.first : len(text.states)] for row, text in enumerate(texts)]
        return self._top[-1](torch.cat(kept)) @ self._head.T
