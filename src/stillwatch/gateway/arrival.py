"""What the head of a request says, apart from its body: the same for all requests with that head."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from stillwatch.gateway.dialects.dialect import Dialect
from stillwatch.gateway.guard import Header, Request
from stillwatch.gateway.identity import Caller
from stillwatch.gateway.keys import Keys
from stillwatch.limits.meters import Names

_CREDENTIALS = frozenset(
    {b"authorization", b"x-api-key", b"x-goog-api-key", b"api-key", b"cookie", b"proxy-authorization"}
)


class Arrival(msgspec.Struct, frozen=True, gc=False):
    """Who asks in which dialect. `target` and `headers` are what goes on; `observed_*` is told to observation.

    `path` is the target as it came, for a dialect to read; `names` are those that limits bind where no campaign is. It
    holds for requests of this `peer`, as long as `keys` are those that are known. Nobody changes `headers`.
    """

    path: str
    dialect: Dialect
    caller: Caller
    target: bytes
    headers: list[Header]
    observed_path: str
    observed_method: str
    observed_fields: tuple[tuple[str, str], ...]
    names: Names
    peer: str
    keys: Keys

    @classmethod
    def of(
        cls, request: Request, path: str, dialect: Dialect, caller: Caller, fields: Sequence[Header], keys: Keys
    ) -> Arrival:
        """Of a request as it will go on, and its `fields` as they are observed, which is without credentials."""
        kept = [field for field in fields if field[0].lower() not in _CREDENTIALS]
        return cls(
            path,
            dialect,
            caller,
            request.target,
            request.headers,
            request.target.decode("ascii", "replace"),
            request.method.decode("ascii", "replace"),
            tuple([(name.decode("latin-1"), value.decode("latin-1")) for name, value in kept]),
            (caller.key, caller.account, caller.organization, caller.payment, caller.network, None),
            request.peer,
            keys,
        )
