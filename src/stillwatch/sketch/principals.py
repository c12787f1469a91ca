"""Principals to columns of pseudonyms: a name at a time only where it is new, else a look-up."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from stillwatch.exchange.record import UNKNOWN, Principal
from stillwatch.pseudonym import Pseudonymiser, Secret
from stillwatch.sketch.numbers import INT32_MAX, clipped

US_PER_HOUR = 3_600_000_000
US_PER_DAY = 24 * US_PER_HOUR


class Principals:
    """Who sent something, as a sketch may know it."""

    def __init__(self, secret: Secret) -> None:
        self.account = Pseudonymiser(secret, "account")
        self._organization = Pseudonymiser(secret, "organization")
        self._api_key = Pseudonymiser(secret, "api_key")
        self._ip = Pseudonymiser(secret, "ip")
        self._network = _Networks(secret, "network")
        self._payment = Pseudonymiser(secret, "payment")
        self._declared_use = Pseudonymiser(secret, "declared_use")

    def columns(self, principals: Sequence[Principal]) -> dict[str, NDArray[np.int64]]:
        """One row per principal, in the order given."""
        addresses = [p.ip for p in principals]
        asn = clipped([p.asn for p in principals], UNKNOWN, INT32_MAX + 1)
        created_day = clipped([p.account_created_us // US_PER_DAY for p in principals], UNKNOWN, INT32_MAX)
        return {
            "account": _column(self.account, [p.account for p in principals]),
            "organization": _column(self._organization, [p.organization for p in principals]),
            "ip": _column(self._ip, addresses),
            "payment": _column(self._payment, [p.payment for p in principals]),
            "api_key": _upper(_column(self._api_key, [p.api_key for p in principals]), 32),
            "network": _upper(_column(self._network, addresses), 32),
            "asn": np.where(asn > INT32_MAX, UNKNOWN, asn),
            "country": np.fromiter((_country(p.country) for p in principals), np.int64, len(principals)),
            "account_created_day": created_day,
            "declared_use": _upper(_column(self._declared_use, [p.declared_use for p in principals]), 48),
        }


class _Networks(Pseudonymiser):
    """Addresses to the pseudonyms of the networks they lie in."""

    def made(self, name: str) -> int:
        return super().made(_prefix(name))


def _column(pseudonyms: Pseudonymiser, names: Sequence[str | None]) -> NDArray[np.int64]:
    return np.fromiter(map(pseudonyms.__getitem__, names), np.int64, len(names))


def _upper(pseudonyms: NDArray[np.int64], bits: int) -> NDArray[np.int64]:
    """Without the lower `bits`; what is not 0 stays not 0."""
    upper = pseudonyms >> bits
    return np.where((upper == 0) & (pseudonyms != 0), 1, upper)


def _prefix(ip: str) -> str:
    """The /24 or /48 an address lies in; the text itself if it is no address."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return ip
    bits = 24 if address.version == 4 else 48
    return str(ipaddress.ip_network((address, bits), strict=False))


@lru_cache(maxsize=1024)
def _country(code: str | None) -> int:
    if code is None or len(code) != 2 or not code.isascii():
        return 0
    return ord(code[0].upper()) << 8 | ord(code[1].upper())
