"""What goes wrong, alike for everybody: outages of the provider, spells in which an account is limited, single faults.

And the one thing that does not: a provider that has banned an account refuses it.
"""

from __future__ import annotations

from functools import lru_cache

from stillwatch.world import facts
from stillwatch.world.chance import Chance
from stillwatch.world.sent import Sent
from stillwatch.world.stage import DAY_US

_MINUTE_US = 60_000_000
_SPELL_US = 10 * _MINUTE_US  # chosen: limits are counted in minutes, and clients that run into one do so for some
_OUTAGES, _FAULTS = (500, 502, 503, 503), (500, 503, 429)
REFUSALS = {"chat": 401, "responses": 401, "anthropic": 403, "gemini": 403}
"""How a banned account is answered, by dialect (chosen: providers' references name both for want of access)."""


def status_of(sent: Sent, seed: int) -> int:
    """The status that an exchange ends with; chance of the seed, the account and the moment, whoever sends."""
    if sent.refused:
        return sent.refused
    account, ts_us = sent.account.account, sent.ts_us
    chance = Chance(seed, "status", account, ts_us)
    first_us, last_us = _outage(seed, ts_us // DAY_US)
    if first_us <= ts_us < last_us and chance.happens(facts.OUTAGE_FAILS):
        return chance.pick(_OUTAGES)
    if Chance(seed, "spell", account, ts_us // _SPELL_US).happens(facts.LIMITED_SPELLS) and chance.happens(
        facts.LIMITED_FAILS
    ):
        return 429
    return chance.pick(_FAULTS) if chance.happens(facts.FAULT_SHARE) else 200


@lru_cache(maxsize=1024)
def _outage(seed: int, day: int) -> tuple[int, int]:
    """When the provider is down on a day; on most days never."""
    chance = Chance(seed, "outage", day)
    if not chance.happens(facts.OUTAGE_DAYS):
        return 0, 0
    begins = day * DAY_US + chance.below(DAY_US)
    return begins, begins + int(chance.lognormal(facts.OUTAGE_MINUTES, facts.OUTAGE_SIGMA) * _MINUTE_US)
