"""What a written world holds: the same bytes every time, rows that the readers take, and a truth that fits them."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from stillwatch.readers.exchange_log import read_row
from stillwatch.world.write import HARVEST, TRAFFIC, TRUTH, write_world
from tests.world.worlds import FILES, Made, made, scenario

TINY = """
days = 4
release_day = 2
[honest]
people = 12
[[campaign]]
name = "cot"
objective = "chain_of_thought"
level = "E1"
accounts = 4
per_day = 6
[[campaign]]
name = "hidden"
objective = "question_sweep"
level = "E6"
accounts = 6
per_day = 8
warm_up_days = 0.5
"""


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A world of a dozen people and two campaigns."""
    return made(tmp_path_factory.mktemp("tiny"), scenario(TINY))


def test_the_same_seed_gives_the_same_bytes(tiny: Made, tmp_path: Path) -> None:
    """Also in another process, whose strings hash differently."""
    program = (
        "from pathlib import Path; from tests.world.test_write import TINY; from tests.world.worlds import *;"
        f"made(Path({str(tmp_path)!r}), scenario(TINY))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", program], env=environment, cwd=root, check=True)  # noqa: S603 - our own program
    assert [(tmp_path / name).read_bytes() == (tiny.folder / name).read_bytes() for name in FILES] == [True] * 4


def test_another_seed_gives_another_world(tiny: Made, tmp_path: Path) -> None:
    """Not one account is the same."""
    other = made(tmp_path, scenario(TINY), seed=2)
    assert not {r["account"] for r in other.rows()} & {r["account"] for r in tiny.rows()}


@pytest.mark.parametrize("name", FILES[:2])
def test_every_row_is_an_exchange(tiny: Made, name: str) -> None:
    """The project's own readers take every row and find its messages."""
    with gzip.open(tiny.folder / name, "rb") as lines:
        exchanges = [read_row(line)[0] for line in lines]
    assert all(exchange.request.messages for exchange in exchanges)


def test_rows_come_by_time_within_the_days(tiny: Made) -> None:
    """From the first day to the last, sessions that run over midnight excepted."""
    times = [row["ts_us"] for row in tiny.rows()]
    assert times == sorted(times)
    assert tiny.truth["first_us"] <= times[0]
    assert times[-1] < tiny.truth["last_us"] + 6 * 3_600_000_000


def test_the_truth_names_every_account_once(tiny: Made) -> None:
    """Every account of the log is in exactly one class or campaign, and nobody else is."""
    labelled = [a for kind in tiny.truth["classes"].values() for a in kind["accounts"]]
    labelled += [a for campaign in tiny.truth["campaigns"] for a in campaign["accounts"]]
    assert sorted(labelled) == sorted({row["account"] for row in tiny.rows()})
    assert tiny.truth["exchanges"] == len(tiny.rows())


def test_the_benign_log_has_other_accounts_and_the_days_before(tiny: Made) -> None:
    """Nothing of the hunted log is in the reference: no account, organisation, key or card."""
    before, hunted = tiny.rows(FILES[1]), tiny.rows()
    for field in ("account", "organization", "api_key", "payment"):
        assert not {row[field] for row in before} & {row[field] for row in hunted}
    assert max(row["ts_us"] for row in before) < tiny.truth["first_us"] + 6 * 3_600_000_000


def test_the_harvest_is_exactly_what_campaigns_took(tiny: Made) -> None:
    """Its rows are in the log, were answered, belong to the campaign's accounts, and leave the cover out."""
    harvest = pq.read_table(tiny.folder / HARVEST).to_pylist()
    rows = {row["id"]: row for row in tiny.rows()}
    assert all(rows[taken["id"]]["account"] == taken["account"] for taken in harvest)
    for campaign in tiny.truth["campaigns"]:
        own = [taken for taken in harvest if taken["campaign"] == campaign["id"]]
        assert len(own) == campaign["harvested"]
        assert {taken["account"] for taken in own} <= set(campaign["accounts"])
    plain, hidden = tiny.truth["campaigns"]
    answered = [r for r in rows.values() if r["account"] in set(plain["accounts"]) and r["status"] == 200]
    assert plain["harvested"] == len(answered)
    assert all(rows[taken["id"]]["status"] == 200 for taken in harvest)
    assert 0 < hidden["harvested"] < 0.7 * hidden["exchanges"]


def test_a_stopped_run_leaves_no_file(tmp_path: Path) -> None:
    """Ctrl-C half-way: nothing under the final names, nothing hidden left over."""

    def stop(step: str, share: float, detail: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_world(scenario(TINY), tmp_path, seed=1, scale=1.0, tell=stop)
    assert list(tmp_path.iterdir()) == []


def test_a_second_run_replaces_the_first_whole(tmp_path: Path) -> None:
    """Names stay, contents are those of the second."""
    made(tmp_path, scenario(TINY), seed=1)
    second = made(tmp_path, scenario(TINY), seed=3)
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(FILES)
    assert {r["account"] for r in second.rows(TRAFFIC)} >= set(second.truth["campaigns"][0]["accounts"])
    assert (tmp_path / TRUTH).stat().st_size
