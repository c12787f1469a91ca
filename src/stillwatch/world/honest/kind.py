"""What a class of honest customers is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from stillwatch.world.sent import Sent
from stillwatch.world.stage import Stage

Streams = Iterator[Iterator[Sent]]
"""The exchanges of one account, or of a group that shares an organisation, at a time; in any order inside."""


@dataclass(frozen=True, slots=True)
class HonestClass:
    """`cast` makes the exchanges of so many accounts; `sentence` says who they are and what makes them look alike."""

    name: str
    heavy: bool
    sentence: str
    cast: Callable[[Stage, int], Streams]
