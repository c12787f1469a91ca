"""The evasion ladder E0 to E7 as knobs that can also be turned one by one. Each level includes those below it.

E0 one account, tool defaults. E1 a handful of accounts behind one address. E2 many accounts behind proxies, client
headers drawn at random. E3 a pool of wrapper variants and jittered parameters. E4 every request worded anew, or the
bare question. E5 people's sessions and days, residential addresses, a payment each. E6 cover traffic and a slow start.
E7 a relay whose honest customers carry the campaign.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Knobs:
    """How a campaign hides. A larger value hides more, `per_address` and `per_card` excepted."""

    per_address: int = 1_000_000
    """Accounts behind one address."""
    per_card: int = 1_000_000
    """Accounts that pay with one card."""
    residential: bool = False
    """Networks of access providers, not of hosting providers."""
    random_clients: bool = False
    """Every account shows another client program."""
    variants: int = 1
    """Wordings of the wrapper in use."""
    jitter: bool = False
    """Every account has parameters of its own."""
    paraphrase: bool = False
    """Each request's wrapper is worded anew, no five words in a row twice."""
    bare_share: float = 0.0
    """Share of requests that go without any wrapper, where the question stands by itself."""
    sessions: bool = False
    """People's sessions and days, not a scheduler's even flow."""
    aged: bool = False
    """Accounts bought with a past, not opened in one go."""
    pivot_spread_hours: float = 24.0
    """Within how many hours of a release accounts move to the new model."""
    cover: float = 0.0
    """Share of the sessions that are ordinary conversations."""
    warm_up_days: float = 0.0
    """Days of ordinary use before the first harvest."""
    relay: bool = False
    """The accounts are a reseller's: real customers' traffic runs through them."""


_E0 = Knobs()
_E1 = replace(_E0, per_card=10)
_E2 = replace(_E1, per_address=1, per_card=4, random_clients=True)
_E3 = replace(_E2, variants=50, jitter=True)
_E4 = replace(_E3, paraphrase=True, bare_share=0.5)
_E5 = replace(_E4, sessions=True, residential=True, per_card=1, aged=True, pivot_spread_hours=336.0)
_E6 = replace(_E5, cover=0.6, warm_up_days=2.0)
_E7 = replace(_E6, relay=True)
LEVELS = {f"E{level}": knobs for level, knobs in enumerate((_E0, _E1, _E2, _E3, _E4, _E5, _E6, _E7))}
ACCOUNTS = {"E0": 1, "E1": 10, "E2": 100, "E3": 100, "E4": 100, "E5": 100, "E6": 400, "E7": 60}
"""Accounts where a scenario names none."""
KNOBS = tuple(field.name for field in fields(Knobs))


def knobs_of(level: str, overrides: dict[str, Any]) -> Knobs:
    """A level's knobs, with some of them turned by hand."""
    return replace(LEVELS[level], **overrides)
