"""Totals of a real hub's store: counted when they come, told when they are old, and then not even kept by member."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
import requests

from stillwatch.errors import InputError
from stillwatch.sharing.alliance.admission import EXTRACTION
from stillwatch.sharing.alliance.totals import FILE, Totals
from stillwatch.sharing.alliance.transparency_report import transparency_report
from stillwatch.sharing.hub.admission import OpenAdmission
from stillwatch.sharing.hub.app import now_us
from stillwatch.storage.hub.opening import open_alliance
from tests.sharing.alliance.members import Member, command
from tests.sharing.hub.trying import COLLECTION, OBJECTS, TAXII, Hub, collection, indicator, seed, user

NAMES = [f"member-{number:02}" for number in range(1, 7)]
SAME = {"created": "2026-01-01T00:00:00.000Z"}


class Counted:
    """A hub whose six members post, and its totals at a time."""

    def __init__(self, folder: Path) -> None:
        sown = seed(collection(profile=EXTRACTION), users=[user(name) for name in NAMES])
        self.hub = Hub(folder, sown, admissions={EXTRACTION: OpenAdmission()})
        self.store = open_alliance(folder / "hub.sqlite")
        self.file = folder / FILE
        self.later_us = now_us() + 200 * 86_400_000_000  # a quarter's end and ninety days are over

    def post(self, name: str, *objects: dict[str, Any]) -> None:
        assert self.hub.member(name).post(OBJECTS, *objects).json()["failure_count"] == 0

    def totals(self, at_us: int) -> Totals:
        found = Totals(self.file, lambda: at_us)
        found.catch_up(self.store)
        return found

    def told(self, at_us: int) -> dict[str, str | None]:
        """The cells of the one quarter that something was posted in."""
        quarter = f"{datetime.now(UTC):%Y}-Q{(datetime.now(UTC).month - 1) // 3 + 1}"
        (of,) = transparency_report({COLLECTION: "Signals"}, self.totals(at_us)).collections
        return next((one.totals for one in of.quarters if one.quarter == quarter), {})


@pytest.fixture
def counted(tmp_path: Path) -> Counted:
    return Counted(tmp_path)


def test_what_six_members_published_is_told_when_it_is_old(counted: Counted) -> None:
    """Thirty indicators by six, two of them withdrawn by one member, who is therefore not told of."""
    for number in range(30):
        counted.post(NAMES[number % 6], indicator(number))
    for number in (0, 6):
        counted.post(NAMES[0], indicator(number, modified="2026-02-01T00:00:00.000Z", revoked=True))
    assert counted.told(now_us()) == {}
    found = counted.told(counted.later_us)
    assert (found["indicator published"], found["indicator withdrawn"]) == ("10-99", None)


def test_then_who_published_how_much_is_gone(counted: Counted) -> None:
    for name in NAMES:
        counted.post(name, indicator(NAMES.index(name)))
    counted.totals(now_us())
    assert NAMES[0] in counted.file.read_text()
    counted.told(counted.later_us)
    assert "member-" not in counted.file.read_text()
    assert counted.told(counted.later_us)["indicator published"] == "1-9"


def test_what_ended_before_it_could_be_told_is_counted(counted: Counted) -> None:
    """Objects leave the store, totals stay; nothing is counted twice by another process."""
    for name in NAMES:
        counted.post(name, *(indicator(10 * NAMES.index(name) + number) for number in range(3)))
    counted.totals(now_us())
    for number in range(60):
        counted.hub.member(NAMES[number // 10]).delete(f"{OBJECTS}{indicator(number)['id']}/")
    counted.totals(now_us())
    assert counted.told(counted.later_us)["indicator published"] == "10-99"


def test_totals_that_are_damaged_are_not_begun_anew(counted: Counted) -> None:
    """A file that cannot be read is no reason to forget what was counted."""
    counted.file.write_text("[")
    counted.post(NAMES[0], indicator(1))
    with pytest.raises(InputError, match="no totals"):
        counted.totals(now_us())
    assert counted.file.read_text() == "["


def test_operator_and_members_read_the_same(members: list[Member]) -> None:
    """By command, at a hub that runs: nothing is old enough; which rule withholds a total, members are not told."""
    a = members[0]
    alliance, store = a.served.store.parent / "alliance", ("--store", str(a.served.store))
    proposed = a.propose()
    a.approve(proposed["digest"], "ana", "ben")
    a.share("publish", proposed["digest"])
    (theirs,) = a.share("report")["collections"]
    (ours,) = json.loads(command("hub", "report", "--alliance", alliance, "--json", *store))["collections"]
    assert theirs["quarters"] == ours["quarters"] == []
    counted = msgspec.json.decode((alliance / FILE).read_bytes())[ours["id"]]["open"]
    assert [of["campaign published"] for of in counted.values()] == [{"member-01": 1}]
    assert "No quarter may be told of yet" in command("hub", "report", "--alliance", alliance, *store)

    # Of a closed quarter, only the operator is told which rule withholds a total.
    old = {ours["id"]: {"until_us": 1, "open": {"2025-Q1": {"dispute": {"member-01": 2}}}, "closed": {}}}
    (alliance / FILE).write_text(json.dumps(old))
    said = command("hub", "report", "--alliance", alliance, "--why", *store)
    assert "2025-Q1" in said
    assert "withheld  (fewer than 5 members are behind it)" in said
    answer = requests.get(
        f"{a.served.url}/alliance/alliance/totals/",
        headers={"Accept": TAXII, "Authorization": f"Bearer {(a.folder / 'hub.token').read_text()}"},
        timeout=60,
    )
    assert "withheld" not in answer.text
    assert "member-01" not in answer.text
    assert answer.json()["collections"][0]["quarters"][0]["totals"]["dispute"] is None
