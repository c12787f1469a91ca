"""Through a real gateway every class of a population is answered, and only the campaign is held down."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

import msgspec
import pytest
from gateway.running import gateway

from stillwatch.decision.core import Core, Now
from stillwatch.decision.policy import Policy
from stillwatch.decision.verdict import Step, Verdict, Verdicts
from stillwatch.demo.cast import CAMPAIGN, classes
from stillwatch.demo.population import Population, Status
from stillwatch.demo.prepare import Prepared, prepare
from stillwatch.errors import UsageError
from stillwatch.gateway.gate import Gate
from stillwatch.gateway.keys import Keys
from stillwatch.observing.frames import Observed

from .processes import model_process, population_process
from .serving import run

DAY_US = 86_400_000_000
RATE = 150.0
"""A second: enough for every class to be heard within a few."""


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    return prepare(tmp_path_factory.mktemp("demo"), scale=0.1)


def read(file: Path) -> Status | None:
    return msgspec.json.decode(file.read_bytes(), type=Status) if file.exists() else None


def verdict_on_the_campaign(prepared: Prepared, step: Step) -> Verdict:
    now = time.time_ns() // 1_000
    accounts = tuple(json.loads(prepared.truth.read_text())["campaign"])
    return Verdict("V-1", step, accounts, ("a reason",), "a test", now, now + DAY_US, campaign="C-1")


async def lived(prepared: Prepared, status_file: Path, verdicts: Verdicts, least: int) -> tuple[Status, list[Observed]]:
    """The status once every class has had `least` answers or refusals, and what was observed."""
    observed: list[Observed] = []
    core = Core(Policy.load(prepared.policy_file), verdicts)
    gate = Gate(
        core,
        Keys.load(prepared.keys_file),
        lambda: Now(time.monotonic_ns(), time.time_ns() // 1_000),
        observed.append,
    )
    async with asyncio.timeout(240), model_process() as model, gateway(model, gate) as running:
        url = f"http://127.0.0.1:{running.port}"
        async with population_process(url, prepared.directory, status_file, RATE):
            while (status := read(status_file)) is None or any(
                one.total.answered + one.total.limited < least for one in status.classes.values()
            ):
                await asyncio.sleep(0.1)
    status = read(status_file)
    assert status is not None
    return status, observed


@pytest.mark.long
def test_every_class_is_answered_and_the_campaign_alone_is_held_down(prepared: Prepared, tmp_path: Path) -> None:
    """Under a verdict the campaign shares its budget and gets no reasoning; nobody else notices anything."""
    verdicts = Verdicts.of([verdict_on_the_campaign(prepared, Step.DEGRADE)], time.time_ns() // 1_000)
    found: list[tuple[Status, list[Observed]]] = []

    async def test() -> None:
        found.append(await lived(prepared, tmp_path / "status.json", verdicts, least=12))

    run(test())
    ((status, observed),) = found
    honest = {label: one.total for label, one in status.classes.items() if label != CAMPAIGN}
    campaign = status.classes[CAMPAIGN].total
    assert set(status.classes) == set(classes())
    assert all(one.answered >= 12 for one in honest.values())
    assert {(one.limited, one.refused, one.failed) for one in honest.values()} == {(0, 0, 0)}
    assert sum(one.wanted_reasoning for one in honest.values()) > 0
    assert sum(one.without_reasoning for one in honest.values()) == 0
    assert campaign.limited > 0
    assert campaign.without_reasoning == campaign.wanted_reasoning == campaign.answered > 0
    addresses: dict[str, set[str | None]] = {}
    for one in observed:
        addresses.setdefault(one.account, set()).add(one.ip)
    assert len({frozenset(some) for some in addresses.values()}) > len(addresses) / 2
    assert prepared.played.exists()


@pytest.mark.long
def test_a_second_population_goes_on_where_the_first_one_stopped(prepared: Prepared, tmp_path: Path) -> None:
    """Nobody sends twice what was sent before."""
    bodies: list[list[bytes]] = []

    async def test() -> None:
        for number in range(2):
            _, observed = await lived(prepared, tmp_path / f"{number}.json", Verdicts(), least=2)
            bodies.append([one.body for one in observed])

    run(test())
    first, second = bodies
    again = len(set(first) & set(second))
    assert again < 0.1 * len(second)  # published question sets and templates without a payload are asked again


@pytest.mark.parametrize("url", ["https://127.0.0.1:8080", "127.0.0.1:8080", "http://127.0.0.1"])
def test_an_address_that_is_no_gateways_is_refused(prepared: Prepared, url: str) -> None:
    async def test() -> None:
        with pytest.raises(UsageError, match="is no address of a gateway"):
            Population(url, prepared, RATE, 0.0)

    run(test())
