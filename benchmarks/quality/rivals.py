"""transformers' marks on the made-up language, measured at length: `python -m benchmarks.quality.rivals`.

Their own processors, called as `generate` calls them; same language, prompts and coins as ours. Needs torch and
transformers; what it finds is kept in `rivals.json`, from where `python -m benchmarks quality` takes it. Two CPU
minutes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np
import torch

from benchmarks.quality import theirs
from benchmarks.quality.contenders import Contender, Maker
from benchmarks.quality.rows import Row, Said
from benchmarks.quality.run import KEYS, LENGTH, RIVALS, at_length, said_in, starts
from benchmarks.robustness.language import SUCCESSORS, WORDS, Language

CONTENDERS = (
    Contender(Maker.KGW, 1.0),
    Contender(Maker.KGW, 2.0),
    Contender(Maker.KGW, 3.0),
    Contender(Maker.SYNTHID),
)


def processor_of(contender: Contender, key: int) -> Any:
    """What transformers marks with."""
    config = theirs.kgw(contender.strength, key) if contender.maker is Maker.KGW else theirs.synthid(key, SUCCESSORS)
    return config.construct_processor(WORDS, "cpu")


def said(language: Language, key: int, contender: Contender | None) -> Said:
    """Answers under the key of that number, as `Language.texts` draws them, coin by coin."""
    rng = np.random.default_rng(key)
    found = starts(rng)[:, None]
    processor = None if contender is None else processor_of(contender, key)
    for _ in range(LENGTH):
        followed, chances = language.successors[found[:, -1]], language._chances(found, None)
        if processor is not None:
            chances = _marked(processor, found, followed, chances)
        chosen = (chances.cumsum(1) > rng.random((len(found), 1))).argmax(1)
        found = np.append(found, followed[np.arange(len(found)), chosen][:, None], 1)
    texts = found[:, 1:]
    if contender is None:
        return said_in(language, texts)
    reads = theirs.greens if contender.maker is Maker.KGW else theirs.tournaments
    return said_in(language, texts, reads(processor_of(contender, key), texts))


def _marked(processor: Any, found: np.ndarray, followed: np.ndarray, chances: np.ndarray) -> np.ndarray:
    """The chances of the words that may come, under a mark."""
    scores = torch.full((len(found), WORDS), -torch.inf)
    places = torch.from_numpy(followed)
    scores.scatter_(1, places, torch.from_numpy(np.log(np.maximum(chances, 1e-30))).float())
    marked = processor(torch.from_numpy(found), scores).gather(1, places)
    return np.asarray(torch.softmax(marked.double(), 1).numpy())


def rows() -> Iterator[Row]:
    """KGW at three strengths, and SynthID."""
    language = Language()
    plain = [said(language, key, None) for key in range(KEYS)]
    for contender in CONTENDERS:
        yield at_length(contender, [said(language, key, contender) for key in range(KEYS)], plain)


def main() -> int:
    """Write `rivals.json`."""
    torch.set_num_threads(1)
    RIVALS.write_bytes(msgspec.json.format(msgspec.json.encode(list(rows()))) + b"\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
