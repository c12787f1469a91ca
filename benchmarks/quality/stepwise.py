"""What one marked step costs and shows, at places of unmarked text, exactly and not by sampling."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from benchmarks.quality.answers import Made, Stepwise
from benchmarks.quality.contenders import Contender, Maker
from benchmarks.quality.model import TOP_K, Model

STRENGTHS = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0)
GATES = (0.0, 1.0)
KEYS = 25


class Places(NamedTuple):
    """Places of a text: the token before, (places, 1), and of the tokens that may come, (places, TOP_K), which they
    are, how unlikely each is in the whole vocabulary, and how likely among these.
    """

    before: np.ndarray
    tokens: np.ndarray
    nats: np.ndarray
    chances: np.ndarray


def stepwise(model: Model, prompts: Sequence[str], unmarked: Made) -> Iterator[Stepwise]:
    """At every strength and gate. `prompts`: of each answer."""
    answers = np.array([one.tokens for one in unmarked.answers])
    logits = model.logits(list(prompts), answers)[:, 1:].reshape(-1, model.words)
    best = logits.topk(TOP_K, 1)
    nats = (logits.logsumexp(1, keepdim=True) - best.values).double().numpy()  # as the whole vocabulary has it
    places = Places(
        answers[:, :-1].reshape(-1, 1), best.indices.numpy(), nats, np.exp(-nats) / np.exp(-nats).sum(1, keepdims=True)
    )
    for strength in STRENGTHS:
        for gate in GATES:
            yield _step(model.digest, strength, gate, places)


def _step(tokenizer: str, strength: float, gate: float, at: Places) -> Stepwise:
    entropy = -(at.chances * np.log(at.chances)).sum(1)
    share, cost = [], []
    contexts = np.broadcast_to(at.before, at.tokens.shape).astype(np.uint64)
    for key in range(KEYS):
        layers = Contender(Maker.OURS, strength).mark(tokenizer, key).layers
        is_green = layers.cells(contexts, at.tokens.astype(np.uint64)) < layers.scheme.green
        raised = at.chances * np.where(is_green & (entropy >= gate)[:, None], np.exp(strength), 1.0)
        raised /= raised.sum(1, keepdims=True)
        share.append((raised * is_green).sum(1))
        cost.append(((raised - at.chances) * at.nats).sum(1))
    return Stepwise(
        strength=strength,
        gate=gate,
        places=len(entropy),
        keys=KEYS,
        green=float(np.mean(share)),
        nats=float(np.mean(cost)),
        green_error=_error(share),
        nats_error=_error(cost),
        entropy=float(np.median(entropy)),
    )


def _error(values: list[np.ndarray]) -> float:
    """Standard error, places taken as independent."""
    by_place = np.mean(values, axis=0)
    return float(by_place.std() / np.sqrt(len(by_place)))
