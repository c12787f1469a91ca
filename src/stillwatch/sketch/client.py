"""Which program sent it: header names in wire order, with nothing that a person typed.

Values (user agent, versions) are left out: they are one line of code to change. The order in which a library
writes its headers is harder to fake and says only "same kind of client": a description, never grounds.
"""

from __future__ import annotations

import hashlib

from stillwatch.pseudonym import Secret

# Added on the way by proxies and load balancers, or present on some requests only.
_NOT_THE_CLIENTS = frozenset(
    ["authorization", "connection", "content-length", "cookie", "forwarded", "host", "traceparent", "tracestate", "via"]
)
_NOT_THE_CLIENTS_PREFIXES = ("x-forwarded", "x-real", "x-request-id", "x-amzn", "x-envoy", "cf-", "cdn-", "x-b3")
_CACHE_LIMIT = 20_000


class ClientFamily:
    """Header lists to 31-bit numbers, the same for the same names in the same order; 0 without headers."""

    def __init__(self, secret: Secret) -> None:
        self._key = secret.derive("stillwatch/client", 32)
        self._seen: dict[tuple[str, ...], int] = {}

    def __call__(self, headers: tuple[tuple[str, str], ...]) -> int:
        if not headers:
            return 0
        names = tuple([name for name, _ in headers])
        known = self._seen.get(names)
        if known is None:
            if len(self._seen) >= _CACHE_LIMIT:
                self._seen.clear()
            known = self._seen[names] = fold31(self._key, "\n".join(filter(_is_the_clients, names)))
        return known


def _is_the_clients(name: str) -> bool:
    lower = name.lower()
    return lower not in _NOT_THE_CLIENTS and not lower.startswith(_NOT_THE_CLIENTS_PREFIXES)


def fold31(key: bytes, text: str) -> int:
    """A keyed number in 1 .. 2**31 - 1 for `text`."""
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=4, key=key).digest()
    return (int.from_bytes(digest, "little") >> 1) or 1
