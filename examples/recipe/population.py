"""Accounts and what surrounds them: organisation, key, address, network, payment, age.

Addresses come from the documentation ranges of RFC 5737 and RFC 3849, network numbers from those of RFC 5398, so that
none of them can belong to anybody.
"""

import random
from dataclasses import asdict, dataclass
from typing import Any

from recipe.day_curve import DAY_SECONDS, WEEK_START_US

_COUNTRIES = ("DE", "FR", "US", "GB", "NL", "BR", "IN", "JP", "SG", "CA", "PL", "KE", "SE", "ES")
_NETWORKS = (*range(64496, 64512), *range(65536, 65552))  # RFC 5398
_DOCUMENTATION_V4 = ("192.0.2", "198.51.100", "203.0.113")  # RFC 5737


@dataclass(frozen=True)
class Account:
    """The fields of an exchange that say who sent it, named as in the exchange log."""

    account: str
    organization: str
    api_key: str
    ip: str
    asn: int
    country: str
    payment: str
    account_created_us: int

    def fields(self) -> dict[str, Any]:
        """The account as fields of a log line."""
        return asdict(self)


class Population:
    """Hands out accounts; no two strangers share an organisation, an address or a means of payment."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)  # noqa: S311 - variety, no secret
        self._addresses = [f"{net}.{host}" for net in _DOCUMENTATION_V4 for host in range(1, 255)]
        self._rng.shuffle(self._addresses)
        self._names: set[str] = set()

    def stranger(self) -> Account:
        """An account with an organisation, address and payment of its own."""
        return self.colleagues(1)[0]

    def colleagues(self, count: int) -> list[Account]:
        """Accounts of one organisation: one payment and network, an address each."""
        organization, payment = self._name("org"), self._name("pay")
        asn, country = self._rng.choice(_NETWORKS), self._rng.choice(_COUNTRIES)
        age_seconds = self._rng.randint(3, 700) * DAY_SECONDS
        return [
            Account(
                account=self._name("acct"),
                organization=organization,
                api_key=self._name("key"),
                ip=self._address(),
                asn=asn,
                country=country,
                payment=payment,
                account_created_us=WEEK_START_US - (age_seconds - self._rng.randint(0, DAY_SECONDS)) * 1_000_000,
            )
            for _ in range(count)
        ]

    def _address(self) -> str:
        if self._rng.random() < 0.3:
            return f"2001:db8:{self._rng.randrange(1, 1 << 16):x}::{self._rng.randrange(1, 1 << 16):x}"  # RFC 3849
        return self._addresses.pop()

    def _name(self, kind: str) -> str:
        while (name := f"{kind}-{self._rng.randrange(1 << 24):06x}") in self._names:
            pass
        self._names.add(name)
        return name
