"""Accounts: what the log says about who sends. All names are opaque and drawn alike for everybody.

Addresses come from ranges that belong to nobody: RFC 5737 and RFC 3849 (documentation), RFC 2544 (benchmarks).
Network numbers are those of RFC 5398.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from stillwatch.world import facts
from stillwatch.world.chance import Chance
from stillwatch.world.stage import DAY_US, Stage

# chosen: country, hours east of UTC, share of customers. English is one of the languages everywhere.
_COUNTRIES = (
    ("US", -6, 26), ("IN", 5, 11), ("GB", 0, 8), ("DE", 1, 8), ("BR", -3, 6), ("FR", 1, 6), ("JP", 9, 5), ("CA", -5, 5),
    ("SG", 8, 4), ("ES", 1, 4), ("NL", 1, 3), ("PL", 1, 3), ("KR", 9, 3), ("MX", -6, 3), ("VN", 7, 2), ("AU", 10, 2),
    ("KE", 3, 1), ("SE", 1, 1), ("TR", 3, 1), ("HK", 8, 2),
)  # fmt: skip
_WEIGHTS = tuple(share for _, _, share in _COUNTRIES)
ZONES = {country: zone for country, zone, _ in _COUNTRIES}
_TONGUES = {"ES": "es", "MX": "es", "DE": "de", "FR": "fr", "SG": "zh", "HK": "zh"}
_HOME_NETWORKS = (*range(64496, 64512), *range(65536, 65544))  # RFC 5398: twenty-four access providers
CLOUD_NETWORKS = tuple(range(65544, 65552))  # RFC 5398: eight hosting providers
_USES = ("internal tools", "customer support", "research", "education", "content", "software development")


@dataclass(frozen=True, slots=True)
class Account:
    """The fields of an exchange that say who sent it; `addresses` are those it is used from."""

    account: str
    organization: str
    api_key: str
    addresses: tuple[str, ...]
    asn: int
    country: str
    payment: str
    account_created_us: int
    declared_use: str

    @property
    def zone(self) -> int:
        """Hours east of UTC."""
        return ZONES[self.country]


def open_account(chance: Chance, stage: Stage, *, hosted: bool = False) -> Account:
    """A stranger's account: organisation, key, address, payment, age of its own. `hosted`: run on rented machines."""
    country = chance.weighted(_COUNTRIES, _WEIGHTS)[0]
    rented = chance.happens(0.85 if hosted else 0.12)  # chosen: some people sit behind VPNs, some programs at home
    asn = chance.pick(CLOUD_NETWORKS) if rented else chance.pick(_HOME_NETWORKS)
    return Account(
        account=f"acct-{chance.hex(12)}",
        organization=f"org-{chance.hex(10)}",
        api_key=f"key-{chance.hex(10)}",
        addresses=tuple(address(chance, asn) for _ in range(1 if rented or chance.happens(0.5) else 2)),
        asn=asn,
        country=country,
        payment=f"pay-{chance.hex(10)}",
        account_created_us=created_us(chance, stage),
        declared_use=chance.pick(_USES) if chance.happens(0.3) else "",
    )


def created_us(chance: Chance, stage: Stage) -> int:
    """When a customer opened the account: mostly long ago, some in the simulated days."""
    if chance.happens(facts.NEW_CUSTOMERS):
        return stage.first_us + int(chance.random() * stage.days * 0.8 * DAY_US)
    age = min(chance.lognormal(facts.AGE_DAYS, facts.AGE_SIGMA), 1500.0)
    return stage.first_us - int((age + 0.5) * DAY_US)


def address(chance: Chance, asn: int) -> str:
    """An address of a network: its half of the space of both versions."""
    if chance.happens(0.35):
        return f"2001:db8:{asn % 4096:x}:{chance.below(65536):x}::{chance.below(65535) + 1:x}"
    return f"198.{18 + asn % 2}.{chance.below(256)}.{chance.below(254) + 1}"


def colleague(owner: Account, chance: Chance) -> Account:
    """Another account of the owner's organisation: same payment and network, own key, perhaps an own address."""
    own = (address(chance, owner.asn),) if chance.happens(0.5) else owner.addresses
    return replace(owner, account=f"acct-{chance.hex(12)}", api_key=f"key-{chance.hex(10)}", addresses=own)


def tongue(account: Account, chance: Chance) -> str:
    """The language that its owner writes in."""
    native = _TONGUES.get(account.country)
    return native if native and chance.happens(0.6) else "en"
