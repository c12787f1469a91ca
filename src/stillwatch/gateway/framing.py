"""What a head must be like before anything of a message is believed: where its body ends, whom it is for.

The parser refuses bare CR and LF, folding, space before a colon, Content-Length that is repeated, signed, listed or
beside Transfer-Encoding. Here stands what it lets pass and the next parser on the way might read differently.
"""

from __future__ import annotations

import re
from functools import lru_cache

from stillwatch.gateway.refusal import Refusal

REMEMBERED = 256
"""Paths and hosts that were found well formed; an API has few of either. Chosen."""
LONGEST_REMEMBERED = 512
"""Bytes of a path and a host together. Chosen: real ones have fewer; what strangers send fills 300 KB."""
METHODS = frozenset({b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS"})
_TARGET = re.compile(rb"/[!\"$-~]*")  # RFC 9112, 3.2.1: visible ASCII, no fragment
_ABSOLUTE = re.compile(rb"https?://([A-Za-z0-9.:\[\]_-]+)(/[!\"$-~]*)?", re.IGNORECASE)
_HOST = re.compile(rb"[A-Za-z0-9._~%!$&'()*+,;=:\[\]-]*")


def check_start(method: bytes, version: str) -> None:
    """Raise for a method or a version that is not served."""
    if version not in {"1.1", "1.0"}:
        raise Refusal(505, "Only HTTP/1.1 and HTTP/1.0 are served.")
    if method not in METHODS:
        raise Refusal(501, "This method is not served.")


def check_coding(values: list[bytes]) -> None:
    """Raise unless the only transfer coding is chunked (RFC 9112, 6.1 and 6.3)."""
    if len(values) != 1 or values[0].strip().lower() != b"chunked":
        raise Refusal(400, "The only transfer coding served is chunked.")


def check_host(values: list[bytes], is_http_10: bool) -> bytes:
    """The one Host of a request. RFC 9112, 3.2: missing or repeated is an error; HTTP/1.0 may go without."""
    if len(values) > 1 or (not values and not is_http_10):
        raise Refusal(400, "A request needs exactly one Host.")
    if not values:
        return b""
    return _seen_host(values[0]) if len(values[0]) <= LONGEST_REMEMBERED else _well_formed(values[0])


def origin_form(target: bytes, method: bytes, host: bytes) -> tuple[bytes, bytes]:
    """Path and query, and the host meant. RFC 9112, 3.2.2: an absolute target overrules Host."""
    is_short = len(target) + len(host) <= LONGEST_REMEMBERED
    return _seen_target(target, method, host) if is_short else _origin_form(target, method, host)


def _well_formed(host: bytes) -> bytes:
    if not _HOST.fullmatch(host):
        raise Refusal(400, "The Host is not well formed.")
    return host


def _origin_form(target: bytes, method: bytes, host: bytes) -> tuple[bytes, bytes]:
    if _TARGET.fullmatch(target) or (target == b"*" and method == b"OPTIONS"):
        return target, host
    absolute = _ABSOLUTE.fullmatch(target)
    if not absolute:
        raise Refusal(400, "The request target is not well formed.")
    return absolute[2] or b"/", absolute[1]


_seen_host = lru_cache(REMEMBERED)(_well_formed)
_seen_target = lru_cache(REMEMBERED)(_origin_form)
