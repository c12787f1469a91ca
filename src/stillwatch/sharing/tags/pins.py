"""Public keys that a member pins: the file that an operator hands over once, by a way that is not the service itself.

A service that could name its own key at each request could name another one to each member. A client refuses an epoch
whose key is not in its file, and the proof of each batch is checked against that key (`dleq`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec

from stillwatch.errors import InputError
from stillwatch.sharing.tags.epochs import EpochClosed
from stillwatch.sharing.tags.group import Element
from stillwatch.sharing.tags.suite import IDENTIFIER, Suite


class Pin(msgspec.Struct, frozen=True):
    """One epoch's public key, in hexadecimal, and when it is used, in seconds since 1970."""

    epoch: Annotated[int, msgspec.Meta(ge=0)]
    from_s: int
    until_s: int
    public_key: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]


class Pins(msgspec.Struct, frozen=True):
    """What an operator publishes. `operator` names it in errors."""

    operator: Annotated[str, msgspec.Meta(max_length=64)]
    epochs: tuple[Pin, ...]
    suite: str = IDENTIFIER.decode()

    @classmethod
    def load(cls, path: Path) -> Pins:
        """Raises `InputError` for a file that is none, or of another suite."""
        try:
            found = msgspec.json.decode(path.read_bytes(), type=cls)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise InputError(f"{path} holds no pinned keys: {error}", "Ask the operator for the file") from None
        if found.suite != IDENTIFIER.decode():
            raise InputError(f"{path} is of the suite {found.suite!r}", f"This release speaks {IDENTIFIER.decode()}")
        return found

    def at(self, now_s: float) -> Pin:
        """The pin of the epoch in use. Raises `EpochClosed` where none is pinned."""
        for pin in self.epochs:
            if pin.from_s <= now_s < pin.until_s:
                return pin
        raise EpochClosed(f"no key of {self.operator} is pinned for now", "Ask the operator for its present file")

    def key(self, epoch: int, suite: Suite) -> Element:
        """The pinned key, checked. Raises `EpochClosed` for an epoch that is not pinned."""
        for pin in self.epochs:
            if pin.epoch == epoch:
                return suite.group.element(bytes.fromhex(pin.public_key))
        raise EpochClosed(f"no key of {self.operator} is pinned for epoch {epoch}", "Ask the operator for its file")
