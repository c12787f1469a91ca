"""Header fields that tell a client its own limits, in three families: OpenAI's, Anthropic's and the IETF draft's.

Sources: OpenAI, "Rate limits" (durations as `6m0s`); Anthropic, "Rate limits" (RFC 3339 times); draft-ietf-httpapi-
ratelimit-headers-10, sections 3 and 4 (structured fields of RFC 9651), with tokens as a quota unit of our own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from stillwatch.gateway.dialects.reply import Header, duration, whole_seconds
from stillwatch.gateway.dialects.standing_limits import Shown, Spent, tightest
from stillwatch.limits.limit import Measure

_TOKENS = (Measure.INPUT_TOKENS, Measure.OUTPUT_TOKENS)
_OPENAI = (("requests", (Measure.REQUESTS,)), ("tokens", _TOKENS))
_ANTHROPIC = (
    ("requests", (Measure.REQUESTS,)),
    ("tokens", _TOKENS),
    ("input-tokens", (Measure.INPUT_TOKENS,)),
    ("output-tokens", (Measure.OUTPUT_TOKENS,)),
)


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
            reset = datetime.fromtimestamp(-(-(now_us * 1000 + one.reset_ns) // 10**9), UTC)
            fields += [
                (f"anthropic-ratelimit-{name}-limit", str(one.limit.quantity)),
                (f"anthropic-ratelimit-{name}-remaining", str(one.remaining)),
                (f"anthropic-ratelimit-{name}-reset", reset.strftime("%Y-%m-%dT%H:%M:%SZ")),
            ]
    return _encoded(fields)


def ietf(shown: Sequence[Shown]) -> list[Header]:
    """RateLimit-Policy and RateLimit, with an item for each limit; none where there is none."""
    if not shown:
        return []
    policies, states = [], []
    for one in shown:
        limit = one.limit
        name = f'"{limit.level}-{limit.measure}-{limit.window_seconds}"'.replace("_", "-")
        policies.append(f"{name};q={limit.quantity}{_unit(one)};w={limit.window_seconds}")
        states.append(f"{name};r={one.remaining};t={whole_seconds(one.reset_ns)}")
    return _encoded([("RateLimit-Policy", ", ".join(policies)), ("RateLimit", ", ".join(states))])


def retry_after(spent: Spent) -> list[Header]:
    """RFC 9110, 10.2.3: whole seconds. At least one: 0 would send clients back to their own, longer guess."""
    return _encoded([("retry-after", str(max(whole_seconds(spent.wait_ns), 1)))])


def retry_after_ms(spent: Spent) -> list[Header]:
    """What OpenAI's and Anthropic's SDKs look at first, in milliseconds."""
    return _encoded([("retry-after-ms", str(max(-(-spent.wait_ns // 1_000_000), 1)))])


def _unit(one: Shown) -> str:
    return ';qu="tokens"' if one.limit.measure in _TOKENS else ""


def _encoded(fields: Iterable[tuple[str, str]]) -> list[Header]:
    return [(name.encode(), value.encode()) for name, value in fields]
