"""What a round of the closed loop came to."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec


class Round(msgspec.Struct, frozen=True):
    """Two days of the campaign. `requests`, `kept` and `opened` are sums since it began.

    `named`: accounts of the fleet that his own hunt names at the end; `closed`: that the defender's does.
    `requests_times`, `accounts_times`: of what he pays for an exchange that he keeps, the multiple of what he would pay
    if he had gone on as in the first round and nobody had looked. `price_times`: the same of his own prices.
    """

    day: int
    turned: tuple[str, ...]
    rehearsals: int
    accounts: int
    named: int
    closed: int
    opened: int
    requests: int
    kept: int
    requests_times: float | None
    accounts_times: float | None
    price_times: float


def in_a_sentence(rounds: Sequence[Round]) -> str:
    """What it came to in the end."""
    last = rounds[-1]
    how = f"{last.closed} of {last.accounts} accounts were closed" if last.closed else "nobody was closed"
    if last.requests_times is None or last.accounts_times is None:
        return f"after {last.day} days he had nothing; {how} in the last two"
    paid = f"{last.requests_times:.1f} times the requests and {last.accounts_times:.1f} times the accounts"
    return f"after {last.day} days he paid {paid} for an exchange, and {how} in the last two"
