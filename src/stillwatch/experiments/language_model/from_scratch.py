"""A small student of random weights, two layers and under two million parameters, with the teacher's tokens or its own.

It learns a language from the answers alone, so it speaks badly, and shows whether the mark needs the teacher's weights.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from stillwatch.experiments.language_model.top_layers import Floats, Tokens

WIDTH = 128
LAYERS = 2
EPOCHS = 10
RATE = 2e-3
"""Of AdamW. Chosen: usual for so small a model; not searched."""
_AT_ONCE = 8
_LONGEST = 256


class SmallStudent:
    """Learns answers without their questions. `known`: sorted token numbers; others are all one to it."""

    def __init__(self, known: Tokens, seed: int) -> None:
        self.known = known
        torch.manual_seed(seed)
        shape = LlamaConfig(
            vocab_size=len(known) + 1,  # the last stands for tokens that are not known
            hidden_size=WIDTH,
            intermediate_size=3 * WIDTH,
            num_hidden_layers=LAYERS,
            num_attention_heads=4,
            num_key_value_heads=4,
            max_position_embeddings=_LONGEST,
            tie_word_embeddings=True,
            bos_token_id=None,
            eos_token_id=None,
            pad_token_id=None,
        )
        self._model = LlamaForCausalLM(shape)

    @property
    def parameters(self) -> int:
        """How many it has."""
        return sum(one.numel() for one in self._model.parameters())

    def learn(self, texts: Sequence[Tokens], rng: np.random.Generator, epochs: int = EPOCHS) -> Iterator[float]:
        """Train on these answers; yields the mean loss of each epoch, in nats a token."""
        self._model.train()
        steps = torch.optim.AdamW(self._model.parameters(), lr=RATE)
        for _ in range(epochs):
            order = rng.permutation(len(texts))
            batches = np.array_split(order, -(-len(order) // _AT_ONCE))
            yield float(np.mean([self._step(steps, [texts[place] for place in batch]) for batch in batches]))

    def chances(self, texts: Iterable[Tokens]) -> Iterator[tuple[Tokens, Floats]]:
        """Of each text: the token before each place, and the chances of each known token there, (places, known)."""
        self._model.eval()
        for text in texts:
            with torch.inference_mode():
                scores = self._model(self._columns(text[:-1])[None]).logits[0, :, :-1]
                chances = torch.softmax(scores, 1).numpy()
            yield text[:-1], chances

    def answers(self, first: Tokens, length: int, seed: int) -> list[Tokens]:
        """What it says after each of these tokens."""
        self._model.eval()
        torch.manual_seed(seed)
        with torch.inference_mode():
            said = self._model.generate(
                self._columns(first)[:, None],
                do_sample=True,
                top_k=0,
                max_new_tokens=length,
                suppress_tokens=[len(self.known)],
            )
        return [self.known[row] for row in said.numpy()[:, 1:]]

    def _step(self, steps: torch.optim.Optimizer, texts: Sequence[Tokens]) -> float:
        steps.zero_grad(set_to_none=True)
        columns = torch.nn.utils.rnn.pad_sequence(
            [self._columns(text) for text in texts], batch_first=True, padding_value=-100
        )
        seen = columns.clamp_min(0)  # causal, and padded on the right: what pads is seen by nothing that counts
        scores = self._model(seen[:, :-1]).logits.flatten(0, 1)
        loss = torch.nn.functional.cross_entropy(scores, columns[:, 1:].flatten(), ignore_index=-100)
        loss.backward()
        steps.step()
        return float(loss.item())

    def _columns(self, tokens: Tokens) -> torch.Tensor:
        places = np.minimum(np.searchsorted(self.known, tokens), len(self.known) - 1)
        return torch.from_numpy(np.where(self.known[places] == tokens, places, len(self.known)))
