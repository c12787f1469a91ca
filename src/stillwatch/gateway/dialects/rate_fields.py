"""Header fields that tell a client its own limits, in three families: OpenAI's, Anthropic's and the IETF draft's.

Sources: OpenAI, "Rate limits" (durations as `6m0s`); Anthropic, "Rate limits" (RFC 3339 times); draft-ietf-httpapi-
ratelimit-headers-10, sections 3 and 4 (structured fields of RFC 9651), with tokens as a quota unit of our own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from stillwatch.gateway.dialects.reply import Header, duration, whole_seconds
from stillwatch.gateway.dialects.standing_limits import Shown, Spent, tightest
from stillwatch.limits.limit import NANOSECONDS, Limit, Measure

_REMEMBERED = 4_096
"""Texts of times. Chosen: the answers of one moment name few."""
_LAST_SECOND = 253_402_300_799
"""The end of the year 9999. Prescribed: RFC 3339, 1, has no later one; a request may ask for more than is ever due."""
_TOKENS = (Measure.INPUT_TOKENS, Measure.OUTPUT_TOKENS)
_OPENAI = (("requests", (Measure.REQUESTS,)), ("tokens", _TOKENS))
_ANTHROPIC = (
    ("requests", (Measure.REQUESTS,)),
    ("tokens", _TOKENS),
    ("input-tokens", (Measure.INPUT_TOKENS,)),
    ("output-tokens", (Measure.OUTPUT_TOKENS,)),
)


@dataclass(frozen=True, slots=True)
class Layout:
    """The fields of one family as text with holes: for each group of measures its lines, to be filled with quantity,
    remaining and what `reset` makes of the nanoseconds until nothing is used and of now (UTC microseconds)."""

    groups: tuple[tuple[tuple[Measure, ...], bytes], ...]
    reset: Callable[[int, int], bytes]


def openai(shown: Iterable[Shown], now_us: int) -> list[Header]:
    """x-ratelimit-{limit,remaining,reset}-{requests,tokens}; of several limits of a kind, the tightest."""
    shown = tuple(shown)
    fields = []
    for name, measures in _OPENAI:
        one = tightest(shown, *measures)
        if one is not None:
            fields += [
                (f"x-ratelimit-limit-{name}", str(one.limit.quantity)),
                (f"x-ratelimit-remaining-{name}", str(one.remaining)),
                (f"x-ratelimit-reset-{name}", duration(one.reset_ns)),
            ]
    return _encoded(fields)


def anthropic(shown: Iterable[Shown], now_us: int) -> list[Header]:
    """anthropic-ratelimit-{requests,tokens,input-tokens,output-tokens}-{limit,remaining,reset}; resets in UTC."""
    shown = tuple(shown)
    fields = []
    for name, measures in _ANTHROPIC:
        one = tightest(shown, *measures)
        if one is not None:
            fields += [
                (f"anthropic-ratelimit-{name}-limit", str(one.limit.quantity)),
                (f"anthropic-ratelimit-{name}-remaining", str(one.remaining)),
                (f"anthropic-ratelimit-{name}-reset", _in_anthropic(one.reset_ns, now_us).decode()),
            ]
    return _encoded(fields)


def ietf(shown: Sequence[Shown]) -> list[Header]:
    """RateLimit-Policy and RateLimit, with an item for each limit; none where there is none."""
    if not shown:
        return []
    policies, states = [], []
    for one in shown:
        limit = one.limit
        policies.append(_policy(limit))
        states.append(f"{_name(limit)};r={one.remaining};t={whole_seconds(one.reset_ns)}")
    return _encoded([("RateLimit-Policy", ", ".join(policies)), ("RateLimit", ", ".join(states))])


def ietf_lines(limits: Iterable[Limit]) -> bytes:
    """The same as text with holes, to be filled with remaining and whole seconds of each limit."""
    limits = tuple(limits)
    policies = ", ".join(map(_policy, limits))
    states = ", ".join(f"{_name(limit)};r=%d;t=%d" for limit in limits)
    return f"RateLimit-Policy: {policies}\r\nRateLimit: {states}\r\n".encode()


def retry_after(spent: Spent) -> list[Header]:
    """RFC 9110, 10.2.3: whole seconds. At least one: 0 would send clients back to their own, longer guess."""
    return _encoded([("retry-after", str(max(whole_seconds(spent.wait_ns), 1)))])


def retry_after_ms(spent: Spent) -> list[Header]:
    """What OpenAI's and Anthropic's SDKs look at first, in milliseconds."""
    return _encoded([("retry-after-ms", str(max(-(-spent.wait_ns // 1_000_000), 1)))])


def _name(limit: Limit) -> str:
    return f'"{limit.level}-{limit.measure}-{limit.window_seconds}"'.replace("_", "-")


def _policy(limit: Limit) -> str:
    unit = ';qu="tokens"' if limit.measure in _TOKENS else ""
    return f"{_name(limit)};q={limit.quantity}{unit};w={limit.window_seconds}"


def _encoded(fields: Iterable[tuple[str, str]]) -> list[Header]:
    return [(name.encode(), value.encode()) for name, value in fields]


@lru_cache(_REMEMBERED)
def _duration(ms: int) -> bytes:
    return duration(ms * 1_000_000).encode()


@lru_cache(_REMEMBERED)
def _date(second: int) -> bytes:
    return datetime.fromtimestamp(min(second, _LAST_SECOND), UTC).strftime("%Y-%m-%dT%H:%M:%SZ").encode()


def _in_openai(reset_ns: int, now_us: int) -> bytes:
    return _duration(-(-reset_ns // 1_000_000))


def _in_anthropic(reset_ns: int, now_us: int) -> bytes:
    return _date(-(-(now_us * 1000 + reset_ns) // NANOSECONDS))


_OPENAI_LINES = "x-ratelimit-limit-{0}: %d\r\nx-ratelimit-remaining-{0}: %d\r\nx-ratelimit-reset-{0}: %b\r\n"
_ANTHROPIC_LINES = (
    "anthropic-ratelimit-{0}-limit: %d\r\nanthropic-ratelimit-{0}-remaining: %d\r\n"
    "anthropic-ratelimit-{0}-reset: %b\r\n"
)
OPENAI = Layout(tuple((measures, _OPENAI_LINES.format(name).encode()) for name, measures in _OPENAI), _in_openai)
ANTHROPIC = Layout(
    tuple((measures, _ANTHROPIC_LINES.format(name).encode()) for name, measures in _ANTHROPIC), _in_anthropic
)
NONE = Layout((), _in_openai)
"""Of a family that tells limits in no fields of its own."""
