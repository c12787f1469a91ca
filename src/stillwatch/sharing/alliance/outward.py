"""A POST to an address that somebody else named, without letting them reach into the hub's own network.

The name is resolved once, every address that it has must be public, and the connection goes to one of these and not to
what the name may mean a moment later. Redirects are not followed, proxies of the environment are not used, and nothing
of the answer but its status is read. `allows_private` is for an operator whose members are in its own network.
"""

from __future__ import annotations

import http.client
import socket
import ssl
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

from stillwatch.errors import StillwatchError

TIMEOUT_SECONDS = 10.0
"""For each step of a connection. Chosen: a member that is slower loses a notice and polls."""
_NAT64 = IPv6Address("64:ff9b::")
_NAT64_PREFIX_BITS = 96


class NotDelivered(StillwatchError):
    """A member's address did not take it. Names no address, as that is the member's."""


def post(url: str, body: bytes, allows_private: bool, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
    """POST a JSON body. Raises `NotDelivered` unless the answer is 2xx."""
    parts = urlsplit(url)
    host, is_secure = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if is_secure else 80)
    address = _address(host, port, allows_private)
    connection = _Pinned(host, port, address, ssl.create_default_context() if is_secure else None, timeout_seconds)
    try:
        connection.request("POST", parts.path or "/", body, {"Content-Type": "application/json", "Connection": "close"})
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        raise NotDelivered(f"it does not answer: {type(error).__name__}") from None
    finally:
        connection.close()
    if not 200 <= status < 300:
        raise NotDelivered(f"it answers {status}")


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address is of the internet at large, also where it hides another one."""
    if isinstance(address, IPv6Address):
        hidden = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1] or _of_nat64(address)
        if hidden is not None and not is_public(hidden):
            return False
    return address.is_global and not address.is_multicast


def _of_nat64(address: IPv6Address) -> IPv4Address | None:
    """RFC 6052, 2.1: the well-known prefix, and an IPv4 address behind it."""
    if int(address) >> (128 - _NAT64_PREFIX_BITS) != int(_NAT64) >> (128 - _NAT64_PREFIX_BITS):
        return None
    return IPv4Address(int(address) & 0xFFFFFFFF)


def _address(host: str, port: int, allows_private: bool) -> str:
    """Where to connect to: one address of the host, if all of them may be reached."""
    try:
        found = [str(one[4][0]) for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError):
        raise NotDelivered("its name is not known") from None
    if not allows_private and not all(is_public(ip_address(one.partition("%")[0])) for one in found):
        raise NotDelivered("its name leads into a private network", "If that is meant: --allow-private")
    return found[0]


class _Pinned(http.client.HTTPConnection):
    """A connection to an address, in the name of a host."""

    def __init__(
        self, host: str, port: int, address: str, context: ssl.SSLContext | None, timeout_seconds: float
    ) -> None:
        super().__init__(host, port, timeout=timeout_seconds)
        self.default_port = 443 if context else 80
        self._address = address
        self._context = context

    def connect(self) -> None:
        """To the address; over TLS the certificate is the host's."""
        plain = socket.create_connection((self._address, self.port), self.timeout)
        self.sock = self._context.wrap_socket(plain, server_hostname=self.host) if self._context else plain
