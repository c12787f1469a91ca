"""Who asks: the holder of a key, or whom an authentication layer in front names in header fields.

[identity]
mode = "headers"             # keys: the presented API key tells; headers: a layer in front has checked and says who
trusted = ["10.0.0.0/8"]     # where that layer and other proxies sit

Fields that name somebody are believed from `trusted` peers only, and are taken from every request in both modes, so no
client can name itself and no upstream learns a name, unless `forward` says so. Fails closed: another peer, a name that
is missing, given twice, too long or no text is nobody's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import msgspec

from stillwatch.errors import UsageError
from stillwatch.gateway.guard import Header, Request
from stillwatch.gateway.hygiene import DROP, Kinds
from stillwatch.gateway.keys import Keys, key_of

_MOST_NAME_BYTES = 256
"""Chosen: longer than any account's name; a limit's memory must not depend on what somebody sends."""
_REMEMBERED = 4_096
"""Addresses. Chosen: some hundred kilobytes; more at once are looked at again."""
_IPV6_PREFIX = 64
"""Prescribed: RFC 6177, 2: a site has a /64 at least, so whoever has one address of it has them all."""


class Mode(StrEnum):
    """How a request tells who asks."""

    KEYS = "keys"
    HEADERS = "headers"


class Identity(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the file; a key that it does not know is an error. `account` and the others are names of fields."""

    mode: Mode = Mode.KEYS
    trusted: tuple[str, ...] = ()  # networks or addresses of the layer in front; X-Forwarded-For is theirs, too
    forward: bool = False  # in mode headers: the upstream gets the fields as well
    account: str = "X-Stillwatch-Account"
    organization: str = "X-Stillwatch-Organization"
    payment: str = "X-Stillwatch-Payment"
    key: str = "X-Stillwatch-Key-Id"
    network: str = "X-Stillwatch-Network"


class Caller(msgspec.Struct, frozen=True, gc=False):
    """Who asks. `address` is the client's, None where only a proxy's is known; `network` is what its limit binds."""

    account: str
    key: str | None = None
    organization: str | None = None
    payment: str | None = None
    address: str | None = None
    network: str | None = None


class Callers:
    """Tells who asks. Raises `UsageError` for networks that are none, and for a trust that cannot be meant."""

    def __init__(self, identity: Identity, keys: Keys) -> None:
        self.keys = keys
        self._reads_fields = identity.mode is Mode.HEADERS
        if self._reads_fields and not identity.trusted:
            raise UsageError("names in header fields would be believed from nobody", "List the networks in `trusted`")
        self._trusted = [_network(text) for text in identity.trusted]
        self._names = [
            name.lower().encode("latin-1")
            for name in (identity.account, identity.key, identity.organization, identity.payment, identity.network)
        ]
        self._kinds = Kinds(dict.fromkeys([name.replace(b"_", b"-") for name in self._names], DROP))
        self._forwards = self._reads_fields and identity.forward
        self._is_trusted = lru_cache(_REMEMBERED)(self._lies_in_trusted)

    def caller(self, request: Request, headers: Mapping[bytes, bytes]) -> Caller | None:
        """Who asks; None for nobody that is known. `headers` are the request's by their names in lower case."""
        address = self._address(request)
        if self._reads_fields:
            return self._named(request, address)
        holder = self.keys.holder(key_of(headers))
        if holder is None:
            return None
        network = network_of(address) if address else None
        return Caller(holder.account, holder.sha256, holder.organization, holder.payment, address, network)

    def strip(self, request: Request) -> None:
        """Take the fields that name somebody from a request, in any spelling."""
        if not self._forwards:
            kinds = self._kinds
            request.headers = [field for field in request.headers if not kinds[field[0]]]

    def _named(self, request: Request, address: str | None) -> Caller | None:
        """Checks, in this order: the peer, each field once, each a short text, an account."""
        if not self._is_trusted(request.peer):
            return None
        given: dict[bytes, str] = {}
        for name, value in request.headers:
            if self._kinds[name] and (lowered := name.lower()) in self._names:
                text = _text(value)
                if lowered in given or text is None:
                    return None
                given[lowered] = text
        account, key, organization, payment, network = [given.get(name) or None for name in self._names]
        if account is None:
            return None
        if network is not None and _address(network) is not None:
            address, network = network, network_of(network)
        elif network is None and address is not None:
            network = network_of(address)
        return Caller(account, key, organization, payment, address, network)

    def _address(self, request: Request) -> str | None:
        """The client's: the peer, or what the nearest proxy that is not trusted had as its peer."""
        if not self._trusted or not self._is_trusted(request.peer):
            return request.peer
        for hop in reversed(_forwarded_for(request.headers)):
            if not self._is_trusted(hop):
                return hop if _address(hop) is not None else None
        return None

    def _lies_in_trusted(self, peer: str) -> bool:
        address = _address(peer)
        return address is not None and any(address in network for network in self._trusted)


@lru_cache(_REMEMBERED)
def network_of(address: str) -> str:
    """What a limit of level `network` binds: an IPv4 address, the /64 of an IPv6 address, else the text itself."""
    parsed = _address(address)
    if parsed is None:
        return address
    if isinstance(parsed, IPv6Address):
        return str(IPv6Network((parsed, _IPV6_PREFIX), strict=False))
    return str(parsed)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """The address; an IPv4 address that is written as one of IPv6 is what it is."""
    try:
        parsed = ip_address(text)
    except ValueError:
        return None
    return parsed.ipv4_mapped or parsed if isinstance(parsed, IPv6Address) else parsed


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        raise UsageError(f"{text!r} is no network", 'Write it as "10.0.0.0/8" or "fd00::/8"') from None


def _forwarded_for(headers: Iterable[Header]) -> Sequence[str]:
    """All hops that X-Forwarded-For names, the nearest last; the data plane lets it through in mode `append` only."""
    said = [value.decode("latin-1") for name, value in headers if name.lower() == b"x-forwarded-for"]
    return [hop.strip() for hop in ",".join(said).split(",") if hop.strip()]


def _text(value: bytes) -> str | None:
    if len(value) > _MOST_NAME_BYTES:
        return None
    try:
        return value.decode("utf-8").strip()
    except UnicodeDecodeError:
        return None
