"""The member's side of an evaluation: normalised identifiers in, tags out, and only full batches on the wire.

    asker = Asker(suite, [RemoteKey(transport, pins, suite)], batch_points=512)
    tags = asker.tags(identifiers, epoch)

A batch that is not full is filled with decoys: random inputs under random blinds, which nobody can tell from real ones.
With two keys the second evaluates what the first returned, each with its own proof: the function's key is the product
of both, and either operator alone, breached or willing, evaluates nothing (docs/tags.md).
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Protocol

from stillwatch.errors import UsageError
from stillwatch.sharing.tags import wire
from stillwatch.sharing.tags.dleq import check
from stillwatch.sharing.tags.group import Element
from stillwatch.sharing.tags.identifier import Identifier
from stillwatch.sharing.tags.oprf import blind, finalise
from stillwatch.sharing.tags.pins import Pins
from stillwatch.sharing.tags.suite import Suite
from stillwatch.sharing.tags.tag_set import TAG_BYTES, Tag

_DECOY_BYTES = 32


class KeyHolder(Protocol):
    """Who evaluates. What it returns was checked against its pinned key."""

    pins: Pins

    def evaluate(self, epoch: int, blinded: Sequence[Element], fruitless: bool) -> list[Element]: ...


class Transport(Protocol):
    """Sends one request and returns the answer's body. Raises a `StillwatchError` for any status but 200."""

    def post(self, path: str, body: bytes, headers: dict[str, str]) -> bytes: ...


class RemoteKey:
    """A key service behind a transport. Raises `ProofInvalid` for an answer under another key than the pinned one."""

    def __init__(self, transport: Transport, pins: Pins, suite: Suite) -> None:
        self.pins = pins
        self._transport, self._suite = transport, suite

    def evaluate(self, epoch: int, blinded: Sequence[Element], fruitless: bool) -> list[Element]:
        """The batch under the epoch's key, in order, its proof checked."""
        public = self.pins.key(epoch, self._suite)
        headers = {"Content-Type": wire.MEDIA_TYPE, wire.FRUITLESS: str(int(fruitless))}
        body = self._transport.post(f"/v1/epochs/{epoch}/evaluations", wire.encode(blinded), headers)
        evaluated, proof = wire.decode_answer(body, len(blinded), self._suite)
        check(self._suite, public, blinded, evaluated, proof)
        return evaluated


class Asker:
    """Tags of identifiers, by one key holder or by several in a row, in batches of `batch_points`.

    Raises `UsageError` where several holders do not agree on when epochs begin.
    """

    def __init__(self, suite: Suite, holders: Sequence[KeyHolder], batch_points: int) -> None:
        if not holders:
            raise UsageError("tags need at least one key service")
        if len({tuple((p.epoch, p.from_s, p.until_s) for p in holder.pins.epochs) for holder in holders}) > 1:
            raise UsageError("the pinned keys of the operators are not of the same epochs", "Ask each for its file")
        self._suite, self.holders, self.batch_points = suite, tuple(holders), batch_points

    def tags(self, identifiers: Sequence[Identifier], epoch: int, fruitless: bool = False) -> list[Tag]:
        """One tag an identifier, in order. Sends as many full batches as these need, and none for none."""
        starts = range(0, len(identifiers), self.batch_points)
        chunks = (identifiers[start : start + self.batch_points] for start in starts)
        return [tag for chunk in chunks for tag in self.batch(chunk, epoch, fruitless)]

    def batch(self, identifiers: Sequence[Identifier], epoch: int, fruitless: bool = False) -> list[Tag]:
        """Exactly one batch, also for no identifier at all: then it is all decoys."""
        if len(identifiers) > self.batch_points:
            raise UsageError(f"{len(identifiers)} identifiers in a batch of {self.batch_points}")
        inputs = [blind(self._suite, identifier.data) for identifier in identifiers]
        missing = self.batch_points - len(inputs)
        decoys = (blind(self._suite, secrets.token_bytes(_DECOY_BYTES)) for _ in range(missing))
        elements = [one.element for one in inputs] + [decoy.element for decoy in decoys]
        for holder in self.holders:
            elements = holder.evaluate(epoch, elements, fruitless)
        outputs = (finalise(self._suite, one, element) for one, element in zip(inputs, elements, strict=False))
        return [Tag(i.kind, epoch, output[:TAG_BYTES]) for i, output in zip(identifiers, outputs, strict=True)]
