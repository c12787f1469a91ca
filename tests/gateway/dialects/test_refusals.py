"""A client is told its own limits in its own dialect, and never that there are others'."""

from __future__ import annotations

import json
import math
import random
import re
from collections.abc import Iterator
from itertools import pairwise

import pytest

from stillwatch.decision.core import Decision
from stillwatch.decision.verdict import Step
from stillwatch.gateway.dialects import rate_fields
from stillwatch.gateway.dialects.bad_request import BadRequest
from stillwatch.gateway.dialects.refusals import ANTHROPIC, GEMINI, OPENAI, Form
from stillwatch.gateway.dialects.reply import Fault, Refused, Reply, duration
from stillwatch.gateway.dialects.standing_limits import shown, spent
from stillwatch.limits.gcra import Bucket
from stillwatch.limits.ladder import Costs, Ladder, Refusal
from stillwatch.limits.limit import HIDDEN_LEVELS, NANOSECONDS, Level, Limit, Measure

S = NANOSECONDS
NOW_US = 1_763_000_000_000_000
REQUESTS = Limit(Level.ACCOUNT, Measure.REQUESTS, 600, 60)
TOKENS = Limit(Level.ACCOUNT, Measure.OUTPUT_TOKENS, 60_000, 60)
ORGANIZATION = Limit(Level.ORGANIZATION, Measure.REQUESTS, 1000, 3600)
FORMS = {"openai": OPENAI, "anthropic": ANTHROPIC, "gemini": GEMINI}


def buckets(used: int = 0, *more: Limit) -> list[Bucket]:
    """An account's, of which so many requests and a hundred times as many tokens are used."""
    held = [Bucket(REQUESTS), Bucket(TOKENS), *map(Bucket, more)]
    for bucket, cost in zip(held, (used, 100 * used), strict=False):
        bucket.take(cost, 0)
    return held


COSTS = (1, 40, 900, 0)


def reply(form: Form, limit: Limit, wait_ns: int, held: list[Bucket]) -> Reply:
    return form.refused(Refused(Fault.LIMITED, spent=spent(Refusal(limit, wait_ns), held, 0, COSTS)), NOW_US)


def test_durations_are_written_as_openai_writes_them() -> None:
    written = {
        0: "0ms",
        1: "1ms",
        12_000_000: "12ms",
        S: "1s",
        3 * S // 2: "1.5s",
        360 * S: "6m0s",
        3_725 * S: "1h2m5s",
    }
    assert {ns: duration(ns) for ns in written} == written


def test_an_admitted_request_tells_its_limits_to_openai_s_client() -> None:
    fields = OPENAI.admitted(
        shown(
            buckets(
                used=60,
            ),
            0,
        ),
        NOW_US,
    )
    assert dict(fields) == {
        b"x-ratelimit-limit-requests": b"600",
        b"x-ratelimit-remaining-requests": b"540",
        b"x-ratelimit-reset-requests": b"6s",
        b"x-ratelimit-limit-tokens": b"60000",
        b"x-ratelimit-remaining-tokens": b"54000",
        b"x-ratelimit-reset-tokens": b"6s",
        b"RateLimit-Policy": b'"account-requests-60";q=600;w=60, "account-output-tokens-60";q=60000;qu="tokens";w=60',
        b"RateLimit": b'"account-requests-60";r=540;t=6, "account-output-tokens-60";r=54000;t=6',
    }


def test_an_admitted_request_tells_its_limits_to_anthropic_s_client() -> None:
    """Resets are times, rounded up to whole seconds."""
    fields = dict(rate_fields.anthropic(shown(buckets(used=55), 0), NOW_US))
    assert {name: value for name, value in fields.items() if b"-requests-" in name} == {
        b"anthropic-ratelimit-requests-limit": b"600",
        b"anthropic-ratelimit-requests-remaining": b"545",
        b"anthropic-ratelimit-requests-reset": b"2025-11-13T02:13:26Z",
    }
    assert {name.rsplit(b"-", 1)[0] for name in fields} == {
        b"anthropic-ratelimit-requests", b"anthropic-ratelimit-tokens", b"anthropic-ratelimit-output-tokens",
    }  # fmt: skip


def test_of_two_limits_of_a_kind_the_tightest_is_told() -> None:
    held = [Bucket(REQUESTS), Bucket(ORGANIZATION)]
    held[1].take(900, 0)
    assert dict(rate_fields.openai(shown(held, 0), NOW_US))[b"x-ratelimit-remaining-requests"] == b"100"


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("level", sorted(HIDDEN_LEVELS))
@pytest.mark.parametrize("measure", [Measure.REQUESTS, Measure.OUTPUT_TOKENS])
def test_a_hidden_limit_s_refusal_is_the_account_s_own_byte_for_byte(form: str, level: Level, measure: Measure) -> None:
    """A client cannot tell its campaign's limit from its own: not by the body, not by the fields, not by the counts."""
    hidden = Limit(level, measure, 50, 86_400)
    by_hidden = reply(FORMS[form], hidden, 7 * S, [*buckets(600), Bucket(hidden, 10**15)])
    assert by_hidden == reply(FORMS[form], REQUESTS, S // 10, buckets(600))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("measure", list(Measure))
@pytest.mark.parametrize("used", [0, 300])
@pytest.mark.parametrize("wait_ns", [0, 1, 90 * S, 30 * 86_400 * S])
def test_a_hidden_limit_leaves_no_trace_and_no_contradiction(
    form: str, measure: Measure, used: int, wait_ns: int
) -> None:
    """No count says that there was room, and no wait is longer than the account's own limit can have."""
    hidden = Limit(Level.CAMPAIGN, measure, 987_654, 86_400)
    got = reply(FORMS[form], hidden, wait_ns, [*buckets(used), Bucket(hidden)])
    everything = b" ".join([got.body, *[name + b" " + value for name, value in got.headers]]).lower()
    assert not re.search(rb"campaign|network|payment|information|987654|86400", everything)
    fields = dict(got.headers)
    assert 1 <= int(fields[b"retry-after"]) <= 60
    assert re.search(rb";r=0;t=", fields[b"RateLimit"])
    assert b"Rate limit reached for output tokens." in got.body  # of which 66 such requests use all; of requests 600


@pytest.mark.parametrize("form", FORMS)
def test_new_information_is_shown_to_nobody(form: str) -> None:
    """Even an account's own: who knows what is counted asks around it."""
    limit = Limit(Level.ACCOUNT, Measure.NEW_INFORMATION, 2000, 86_400)
    held = buckets(600, limit)
    assert reply(FORMS[form], limit, 7 * S, held) == reply(FORMS[form], REQUESTS, S // 10, buckets(600))
    assert FORMS[form].admitted(shown(held, 0), NOW_US) == FORMS[form].admitted(shown(buckets(600), 0), NOW_US)


@pytest.mark.parametrize("form", FORMS)
def test_an_account_without_limits_is_told_to_wait_and_no_more(form: str) -> None:
    got = reply(FORMS[form], Limit(Level.NETWORK, Measure.REQUESTS, 5), 3600 * S, [])
    assert {name for name, _ in got.headers} == {b"content-type", b"retry-after", b"retry-after-ms"}
    assert dict(got.headers)[b"retry-after"] == b"60"


def test_open_requests_are_named_where_they_are_the_account_s_own() -> None:
    got = reply(OPENAI, Limit(Level.KEY, Measure.CONCURRENT, 3), 0, buckets(1))
    assert json.loads(got.body)["error"]["message"] == (
        "Rate limit reached for concurrent requests. Please try again in 1s."
    )


def test_what_a_verdict_says_reaches_the_client() -> None:
    assert Refused.decided(Decision(Step.VERIFY), None, "Verify at the desk.").says == "Verify at the desk."
    assert Refused.decided(Decision(Step.DENY), None, "Verify at the desk.") == Refused(Fault.DENIED)


@pytest.mark.parametrize(
    ("form", "error"),
    [
        (OPENAI, {"error": {"message": "No.", "type": "invalid_request_error", "param": "n", "code": None}}),
        (ANTHROPIC, {"type": "error", "error": {"type": "invalid_request_error", "message": "No."}}),
        (GEMINI, {"error": {"code": 400, "message": "No.", "status": "INVALID_ARGUMENT"}}),
    ],
)
def test_a_bad_request_is_named_in_each_form(form: Form, error: object) -> None:
    got = form.refused(Refused.bad_request(BadRequest("No.", "n")), NOW_US)
    assert (got.status, json.loads(got.body)) == (400, error)


CAMPAIGN = Limit(Level.CAMPAIGN, Measure.REQUESTS, 10, 86_400)
AT_ONCE = Limit(Level.ACCOUNT, Measure.OUTPUT_TOKENS, 60_000, 60, burst=500)
OWN = {
    "requests": ((REQUESTS,), COSTS),
    "tokens": ((TOKENS, Limit(Level.KEY, Measure.REQUESTS, 10**9)), COSTS),
    "cost above the burst": ((AT_ONCE,), COSTS),
}
REFUSED, PER_STEP = 2_000, 50
FALSE_ALARM = 1e-9


def told(own: tuple[Limit, ...], costs: Costs, seed: int, *, is_in_campaign: bool) -> Iterator[tuple[int, int, int]]:
    """When an account that asks without end is refused, and the wait and the reset that it is then told."""
    dice, now = random.Random(seed), S  # noqa: S311 - arrivals, no secret
    ladder = Ladder([*map(Bucket, own), *[Bucket(CAMPAIGN, 10**18)] * is_in_campaign])
    counted = costs[0] if own[0].measure is Measure.REQUESTS else costs[2]
    step = counted * own[0].window_ns // own[0].quantity
    while True:
        refusal = ladder.admit(costs, now)
        if refusal is not None:
            said = spent(refusal, ladder.buckets, now, costs)
            yield now, said.wait_ns, next(one.reset_ns for one in said.shown if one.limit == own[0])
        now += int(dice.expovariate(PER_STEP / step))


@pytest.mark.parametrize("own", OWN)
def test_the_times_of_a_campaign_s_refusal_are_distributed_as_the_account_s_own(own: str) -> None:
    """Waits, and resets beside what is used when nothing is left: no value tells which limit refused.

    Kolmogorov and Smirnov's two-sample bound at FALSE_ALARM, and 1/PER_STEP: an own limit admits the first request
    after its wait, on average so much of a step late, and then begins anew.
    """
    limits, costs = OWN[own]
    by_own = [said for said, _ in zip(told(limits, costs, 1, is_in_campaign=False), range(REFUSED), strict=False)]
    hidden = [said for said, _ in zip(told(limits, costs, 2, is_in_campaign=True), range(REFUSED), strict=False)]
    most = math.sqrt(math.log(2 / FALSE_ALARM) / REFUSED) + 1 / PER_STEP
    for place in (1, 2):
        assert distance([said[place] for said in by_own], [said[place] for said in hidden]) <= most


def distance(first: list[int], second: list[int]) -> float:
    """The largest difference of two empirical distributions."""
    return max(abs(sum(a <= x for a in first) - sum(b <= x for b in second)) / len(first) for x in first[::20])


@pytest.mark.parametrize("own", OWN)
def test_a_campaign_s_refusals_fall_with_the_clock_and_begin_anew_as_an_own_limit_s_do(own: str) -> None:
    """Who asks again sooner is told the rest of the wait: times that are drawn by chance would give it away."""
    limits, costs = OWN[own]
    said = [said for said, _ in zip(told(limits, costs, 3, is_in_campaign=True), range(REFUSED), strict=False)]
    falls = [before[1] - after[1] == after[0] - before[0] for before, after in pairwise(said)]
    assert sum(falls) >= len(falls) * (1 - 2 / PER_STEP)


def test_a_stand_in_never_tells_less_than_the_own_limit_would() -> None:
    """Where both refuse, the own limit's wait is told as it is, a debt of tokens among them."""
    owed = Bucket(TOKENS, 300 * S)
    said = spent(Refusal(CAMPAIGN, 5), [owed], 0, (1, 0, 900, 0))
    assert (said.wait_ns, said.shown[0].reset_ns) == (owed.wait(900, 0), 300 * S)
