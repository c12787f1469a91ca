"""Parameters that a client repeats in every request, read once.

A client's requests differ in their messages and hardly ever in their parameters. The memo compares the wire
values themselves and returns the record that was made of the same values before; what it returns is always
what reading anew would give. Measured: a chat request of 1.3 KB with nine
parameters is read in 9 us of CPU in place of 13.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

import msgspec
from msgspec import UNSET, Raw

from stillwatch.exchange.record import Parameters
from stillwatch.exchange.wire import raw_bytes

MAX_ENTRIES = 512  # chosen: clients of one deployment; a full memo starts afresh
MAX_KEY_BYTES = 64 * 1024  # with 512 entries the memo holds at most 32 MiB

W = TypeVar("W", bound=msgspec.Struct)


class ParameterMemo(Generic[W]):
    """Reads the parameters of one wire struct, from memory where the same values came before.

    The struct's fields are in this order: `content` fields, which are no parameters; `varying` fields, of which
    only absent, null or given counts (a user's name, a seed); all others, whose values count. A field's type
    must not admit two equal values of different meaning (True and 1).
    """

    def __init__(self, read: Callable[[W], Parameters], content: int, varying: int) -> None:
        self._read = read
        self._first = content
        self._second = content + varying
        self._known: dict[tuple[object, ...], Parameters] = {}

    def parameters(self, wire: W) -> Parameters:
        """The parameters of a request."""
        values = msgspec.structs.astuple(wire)
        given = [bytes(value) if value.__class__ is Raw else value for value in values[self._second :]]
        given += [value if value is UNSET else raw_bytes(value) != b"" for value in values[self._first : self._second]]
        key = tuple(given)
        found = self._known.get(key)
        if found is None:
            found = self._read(wire)
            self._remember(key, found)
        return found

    def _remember(self, key: tuple[object, ...], parameters: Parameters) -> None:
        if sum(len(value) for value in key if isinstance(value, bytes | str)) > MAX_KEY_BYTES:
            return
        if len(self._known) >= MAX_ENTRIES:
            self._known.clear()
        self._known[key] = parameters
