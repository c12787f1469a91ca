"""What comes back: reasoning in each provider's form, as the readers take it, and failures that hit everybody alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import msgspec
import pytest

from stillwatch.exchange.record import Exchange
from stillwatch.readers.exchange_log import read_row
from stillwatch.stats.binomial import both
from stillwatch.world import facts
from stillwatch.world.desk import Desk, person_desk
from stillwatch.world.sent import Ask, Sent
from stillwatch.world.stage import DAY_US, Stage
from stillwatch.world.wire.clients import BY_NAME
from stillwatch.world.wire.failures import status_of
from stillwatch.world.wire.rows import row_of
from stillwatch.world.wire.setup import draw_setup
from tests.world.worlds import hostile, stage

CLIENTS = ("openai-python", "responses-python", "anthropic-python", "gemini-python")
SAID = "A dovetail holds without glue. Cut the tails first."


def desk(client: str, model: str = "sonata-2", where: Stage | None = None) -> Desk:
    """Somebody who uses this client and this model, and streams nothing."""
    here = where or stage()
    chance = here.chance("somebody", client)
    setup = replace(draw_setup(chance, here, kind=BY_NAME[client]), model=model, parameters={}, moves_us=1 << 62)
    return Desk(person_desk(chance, here).account, setup)


def read(sent: Sent) -> Exchange:
    """The exchange as the project's own reader takes it from the log."""
    (exchange,) = read_row(msgspec.json.encode(row_of(sent, 1)))
    return exchange


def sent(of: Desk, effort: str, moment: int = 0) -> Sent:
    """A question at a moment of the first day."""
    parameters = {"reasoning_effort": effort, "temperature": 0.4, "max_tokens": 300}
    return of.send(stage().first_us + 5_000 + moment, Ask((("user", "How do I join oak?"),), "", parameters), SAID)


@pytest.mark.parametrize("client", CLIENTS)
def test_reasoning_that_is_asked_for_comes_back_in_the_providers_form(client: str) -> None:
    """Request, text and token counts are understood by the readers; the answer itself is whole."""
    exchange = read(sent(desk(client), "medium"))
    assert exchange.request.parameters.reasoning
    assert exchange.response is not None
    assert exchange.response.text == SAID
    assert "dovetail" in exchange.response.reasoning
    assert 0 < exchange.usage.reasoning_tokens < exchange.usage.output_tokens


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize(("model", "effort"), [("sonata-2", ""), ("sonata-1.5", "high"), ("sonata-2-mini", "high")])
def test_without_the_wish_or_the_model_there_is_none(client: str, model: str, effort: str) -> None:
    """Small and old models do not reason, whoever asks."""
    exchange = read(sent(desk(client, model), effort))
    assert not exchange.request.parameters.reasoning
    assert exchange.response is not None
    assert exchange.response.reasoning == ""
    assert exchange.usage.reasoning_tokens <= 0


def test_more_effort_brings_longer_reasoning() -> None:
    """In the mean of sixty exchanges: medians differ by a factor of 5, and one log deviation is 0.7."""

    def mean(effort: str) -> float:
        rows = [row_of(sent(desk("openai-python"), effort, n), 1) for n in range(60)]
        return sum(row["usage"].get("reasoning_tokens", 0) for row in rows if row["status"] == 200) / 60

    assert mean("high") > 2 * mean("low") > 0


def test_harvesters_of_reasoning_ask_for_it_until_they_hide() -> None:
    """A tool's default at E2; at E5 an account has habits like anybody's."""
    for level, efforts in (("E2", {"high"}), ("E5", {None})):
        found = hostile(f"objective = 'chain_of_thought'\nlevel = '{level}'\naccounts = 10\nper_day = 5")
        assert {one.ask.parameters.get("reasoning_effort") for one in found if one.campaign} == efforts


def moments(count: int) -> Iterator[Sent]:
    """One exchange of each of so many accounts, spread over two hundred days."""
    where = stage()
    of = desk("openai-python", where=where)
    for number in range(count):
        account = replace(of.account, account=f"acct-{number}")
        ts_us = where.first_us + number * 200 * DAY_US // count
        yield replace(of, account=account).send(ts_us, Ask((("user", "Hello"),)), SAID)


def test_about_one_exchange_in_150_fails() -> None:
    """The sum of the three causes, each times its share; 99.9 % of counts of independent accounts lie in the interval.

    Outages of two hundred days are some thirty, so that their share varies by a quarter: allowed on top.
    """
    failed = sum(status_of(one, 1) != 200 for one in moments(40_000))
    outages = facts.OUTAGE_DAYS * facts.OUTAGE_MINUTES * 1.28 / 1_440 * facts.OUTAGE_FAILS  # exp(sigma^2 / 2) = 1.28
    expected = outages + facts.LIMITED_SPELLS * facts.LIMITED_FAILS + facts.FAULT_SHARE
    found = both(failed, 40_000, 0.001)
    assert found.low < expected + 0.75 * outages
    assert found.high > expected - 0.75 * outages


def test_failures_come_in_bursts() -> None:
    """An account that is limited once is limited for minutes: far more often than once in two hundred exchanges."""
    where, of = stage(), desk("openai-python")
    statuses = []
    for number in range(30_000):
        one = of.send(where.first_us + number * 20_000_000, Ask((("user", "Hello"),)), SAID)
        statuses.append(status_of(one, 1) == 429)
    after = [now for before, now in pairwise(statuses) if before]
    assert len(after) > 30
    assert sum(after) / len(after) > 0.3


def test_a_banned_account_is_refused_whatever_the_weather() -> None:
    """With the status that the campaign's scheduler saw, no answer and no usage."""
    row = row_of(replace(sent(desk("anthropic-python"), ""), refused=403), 1)
    assert row["status"] == 403
    assert "response" not in row
    assert "usage" not in row
