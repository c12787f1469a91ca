"""Test vectors that every sampler has to reproduce bit by bit: `python -m tests.watermark.serving.vectors` makes them.

tests/watermark/vectors.json holds for each case what its keys are, and for each row the two tokens before (-1: none),
the colours of the whole vocabulary (SHA-256 of one byte a token, 1 for green, and the first tokens that are green) and
the logits that come out (SHA-256 of little-endian float32, and the first eight). The logits that go in are multiples
of 1/256 by a formula, `logits`, so that any language can make them.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np

from stillwatch.pseudonym import Secret
from stillwatch.watermark.contexts import last_contexts
from stillwatch.watermark.keys import MasterKeys
from stillwatch.watermark.scheme import Scheme
from stillwatch.watermark.serving.mark import Mark, marked

FILE = Path(__file__).parent.parent / "vectors.json"
SHOWN = 8


class Row(msgspec.Struct, frozen=True):
    """One position. `kept`: how many tokens can come, the others are minus infinity. No colours without a context."""

    tail: tuple[int, int]
    kept: int
    green_sha256: str | None
    first_green: list[int]
    raised_sha256: str
    first_raised: list[str]


class Case(msgspec.Struct, frozen=True):
    """Keys, and what they do. `strength` in logits, `cooling` as in `Mark`."""

    secret: str
    tenant: str
    account: str
    epoch: int
    tokenizer: str
    scheme: Scheme
    vocabulary: int
    strength: float
    cooling: float
    rows: list[Row]

    def mark(self) -> Mark:
        """The mark that is described."""
        master = MasterKeys(Secret(bytes.fromhex(self.secret)))
        fleet = master.key(self.scheme, self.tokenizer, tenant=self.tenant, epoch=self.epoch)
        account = None
        if self.account:
            account = master.key(
                self.scheme, self.tokenizer, tenant=self.tenant, account=self.account, epoch=self.epoch
            )
        return Mark(fleet, account, self.strength, cooling=self.cooling)

    def tails(self) -> np.ndarray:
        """The last two tokens of each row, (rows, 2)."""
        return np.array([row.tail for row in self.rows], np.int64)

    def logits(self) -> np.ndarray:
        """What goes in, (rows, vocabulary)."""
        return np.stack([logits(self.vocabulary, row, given.kept) for row, given in enumerate(self.rows)])


def logits(vocabulary: int, row: int, kept: int) -> np.ndarray:
    """((token * 2654435761 + row * 40503) mod 4096 - 2048) / 256, float32; all after the first `kept` cannot come."""
    found = ((np.arange(vocabulary, dtype=np.uint64) * 2_654_435_761 + row * 40_503) % 4_096).astype(np.float32)
    found = (found - np.float32(2_048)) / np.float32(256)
    found[kept:] = -np.inf
    return found


def digest(raised: np.ndarray) -> str:
    """SHA-256 of one row that came out."""
    return hashlib.sha256(raised.astype("<f4").tobytes()).hexdigest()


def read() -> list[Case]:
    """The committed vectors."""
    return msgspec.json.decode(FILE.read_bytes(), type=list[Case])


def made() -> Iterator[Case]:
    """The vectors, computed."""
    layouts = [("", 0, Scheme()), ("acct-7", 3, Scheme()), ("acct-7", 0, Scheme(window=2, green=77, shared=40))]
    for (account, epoch, scheme), vocabulary in itertools.product(layouts, (1_003, 49_152)):
        case = Case(
            secret=hashlib.sha256(b"a secret of the vectors").hexdigest(),
            tenant="tenant-1",
            account=account,
            epoch=epoch,
            tokenizer=hashlib.sha256(b"a tokenizer of the vectors").hexdigest(),
            scheme=scheme,
            vocabulary=vocabulary,
            strength=2.0 if epoch else 1.7,
            cooling=1.0 if vocabulary == 1_003 else 0.7,
            rows=[],
        )
        yield msgspec.structs.replace(case, rows=_rows(case))


def _rows(case: Case) -> list[Row]:
    last = case.vocabulary - 1
    tails = [(-1, 0), (0, last), (last, 0), (5, 9), (9, 5), (5, 9), (-1, -1)]
    empty = [Row(tail, 40 if row == 5 else case.vocabulary, None, [], "", []) for row, tail in enumerate(tails)]
    case = msgspec.structs.replace(case, rows=empty)
    raised = marked(case.logits(), case.tails(), [case.mark()] * len(empty))
    return [_row(case, row, given, raised[row]) for row, given in enumerate(empty)]


def _row(case: Case, row: int, given: Row, raised: np.ndarray) -> Row:
    mark, tail, green = case.mark(), case.tails()[row], np.empty(0, np.bool_)
    has_context = bool((tail[-mark.window :] >= 0).all())
    if has_context:
        green = (
            mark.layers.rows(last_contexts(tail[None, -mark.window :], mark.window), case.vocabulary)[0]
            < case.scheme.green
        )
    return msgspec.structs.replace(
        given,
        green_sha256=hashlib.sha256(green.tobytes()).hexdigest() if has_context else None,
        first_green=np.flatnonzero(green)[:SHOWN].tolist(),
        raised_sha256=digest(raised),
        first_raised=[value.hex() for value in raised[:SHOWN].tolist()],
    )


def main() -> None:
    """Write the file."""
    FILE.write_bytes(msgspec.json.format(msgspec.json.encode(list(made())), indent=1) + b"\n")


if __name__ == "__main__":
    main()
