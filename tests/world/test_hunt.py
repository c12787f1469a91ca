"""A hunt on a small world: what does not hide is found, and no honest class is accused.

`university` is left out: a few students behind one address who paste one assignment are at times taken for a ring.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.end_to_end.command_line import Home

WORLD = """
days = 4
release_day = 2
[honest]
people = 70
apps = 12
rag = 5
extraction = 5
evaluation = 6
judge = 4
coding_agent = 4
tutoring = 3
reseller = 4
startup_pool = 8
popular_tool = 12
[[campaign]]
name = "E0"
objective = "logits"
level = "E0"
per_day = 40
[[campaign]]
name = "E1"
objective = "chain_of_thought"
level = "E1"
accounts = 12
per_day = 8
[[campaign]]
name = "E2"
objective = "coding"
level = "E2"
accounts = 16
per_day = 7
"""


@pytest.fixture(scope="module")
def hunted(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], dict[str, Any]]:
    """The truth and the findings, both by the command line."""
    folder = tmp_path_factory.mktemp("hunted")
    home = Home(folder)
    (folder / "open.toml").write_text(WORLD)
    done = home.run("world", "open.toml", "--out", "world", "--json", "--seed", "5")
    assert (done.returncode, done.stderr) == (0, "")
    world = folder / "world"
    findings = home.hunt(world / "exchanges.jsonl.gz", "out", "--calibrate", world / "benign.jsonl.gz")
    return json.loads((world / "truth.json").read_text()), findings


def test_rings_that_do_not_hide_are_found_whole(hunted: tuple[dict[str, Any], dict[str, Any]]) -> None:
    """E1 and E2: every account, in a campaign of its own."""
    truth, findings = hunted
    found = [set(c["accounts"]) for c in findings["campaigns"] if c["verdict"] == "campaign"]
    for campaign in truth["campaigns"][1:]:
        own = set(campaign["accounts"])
        assert max((len(own & ring) for ring in found), default=0) >= 0.9 * len(own), campaign["id"]


def test_a_single_account_shows_by_the_form_of_its_requests(hunted: tuple[dict[str, Any], dict[str, Any]]) -> None:
    """E0 is no ring: a rule names it."""
    truth, findings = hunted
    (account,) = truth["campaigns"][0]["accounts"]
    assert account in {rule["account"] for rule in findings["rules"]}


def test_nobody_honest_is_accused(hunted: tuple[dict[str, Any], dict[str, Any]]) -> None:
    """Not one account of any class is in a campaign."""
    truth, findings = hunted
    accused = {a for c in findings["campaigns"] if c["verdict"] == "campaign" for a in c["accounts"]}
    collateral = {name: accused & set(kind["accounts"]) for name, kind in truth["classes"].items()}
    assert {name: names for name, names in collateral.items() if names} == {}
