"""Where addresses lie is shown, and moves no score, verdict, probability or order."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from stillwatch.campaigns.campaign import Review
from stillwatch.campaigns.context import NO_EVIDENCE, Parts, contexts
from stillwatch.campaigns.networks import NOWHERE, BadDatabase, Place, completed, open_networks
from stillwatch.exchange.record import UNKNOWN, Principal
from stillwatch.ledger.engines import connect
from stillwatch.ledger.ledger import Ledger
from stillwatch.ledger.names import NameTable
from stillwatch.ledger.view import View
from stillwatch.pipeline import Hunt, review
from stillwatch.pseudonym import Secret
from stillwatch.report.findings import findings
from stillwatch.sketching.run import sketch_logs
from stillwatch.world.scenario import parse
from stillwatch.world.write import write_world

from .mmdb import write_mmdb

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")  # Ibis 12 on DuckDB 2

SECRET = Secret(bytes(range(32)))
WORLD = """
days = 4
[honest]
people = 20
university = 20
popular_tool = 8
reseller = 4
[[campaign]]
name = "dealt"
objective = "chain_of_thought"
level = "E2"
accounts = 8
per_day = 6
[[campaign]]
name = "other"
objective = "coding"
level = "E1"
accounts = 6
per_day = 6
"""

Row = dict[str, Any]


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> list[Row]:
    folder = tmp_path_factory.mktemp("world")
    write_world(parse("places", WORLD), folder, seed=3, scale=1.0, tell=lambda *told: None)
    with gzip.open(folder / "exchanges.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def hunted(rows: Sequence[Row], folder: Path) -> Review:
    folder.mkdir()
    log = folder / "log.jsonl"
    log.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    sketch_logs([log], folder / "ledger", SECRET, workers=1)
    names = NameTable.open(folder / "ledger", SECRET).names("account")
    return review(View(Ledger.open(folder / "ledger"), connect(threads=1)), None, Hunt(names=names))


@pytest.fixture(scope="module")
def as_it_was(rows: list[Row], tmp_path_factory: pytest.TempPathFactory) -> Review:
    return hunted(rows, tmp_path_factory.mktemp("as-it-was") / "hunt")


def permuted(rows: list[Row]) -> list[Row]:
    """Countries dealt anew among the accounts."""
    accounts = sorted({row["account"] for row in rows})
    countries = [next(row["country"] for row in rows if row["account"] == account) for account in accounts]
    dealt = np.random.default_rng(1).permutation(countries).tolist()
    of = dict(zip(accounts, dealt, strict=True))
    return [row | {"country": of[row["account"]]} for row in rows]


def in_one_country(rows: list[Row]) -> list[Row]:
    return [row | {"country": "KP"} for row in rows]


def nowhere(rows: list[Row]) -> list[Row]:
    return [{key: value for key, value in row.items() if key != "country"} for row in rows]


@pytest.mark.parametrize("moved", [permuted, in_one_country, nowhere])
def test_country_alone_moves_nothing(
    moved: Callable[[list[Row]], list[Row]], rows: list[Row], as_it_was: Review, tmp_path: Path
) -> None:
    """The same log with other countries gives the same findings, and the same review but for the context."""
    elsewhere = hunted(moved(rows), tmp_path / "hunt")
    assert len(as_it_was.campaigns) >= 2
    assert findings(elsewhere) == findings(as_it_was)
    assert without_context(elsewhere) == without_context(as_it_was)


def without_context(found: Review) -> Review:
    return replace(found, campaigns=tuple(replace(campaign, context=()) for campaign in found.campaigns))


def test_the_test_above_does_change_the_log(rows: list[Row]) -> None:
    """A permutation that moved nobody would prove nothing."""
    moved = sum(a["country"] != b["country"] for a, b in zip(rows, permuted(rows), strict=True))
    assert moved > len(rows) / 2


# What is said.


def sketches(*rows: tuple[int, str, int]) -> Parts:
    """Rows of account, country and network number, as a ledger gives them."""
    table = pa.table(
        {
            "account": pa.array([account for account, _, _ in rows], pa.int64()),
            "country": pa.array([256 * ord(code[0]) + ord(code[1]) if code else 0 for _, code, _ in rows], pa.int16()),
            "asn": pa.array([asn for _, _, asn in rows], pa.int32()),
        }
    )

    def parts(columns: Sequence[str], only: np.ndarray[Any, np.dtype[np.int64]] | None) -> Iterator[pa.Table]:
        yield table.select(list(columns))

    return parts


def ring(*accounts: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.array(accounts, np.int64)


def test_context_counts_accounts_and_says_that_it_is_no_evidence(tmp_path: Path) -> None:
    """Exchanges do not count: a busy account lies in as many countries as a quiet one."""
    parts = sketches((1, "DE", 64500), (1, "DE", 64500), (2, "FR", 64500), (3, "DE", 64501), (9, "US", 64502))
    networks = open_networks(csv_of(tmp_path, "198.18.0.0,198.18.0.9,DE,64500,Example Hosting"))
    assert contexts(parts, [ring(1, 2, 3)], networks) == [
        (
            "Of 3 accounts, addresses lie in DE (2), FR (1)",
            "Their networks: AS64500 Example Hosting (2), AS64501 (1)",
            NO_EVIDENCE,
        )
    ]


def test_where_nothing_is_known_nothing_is_said() -> None:
    assert contexts(sketches((1, "", UNKNOWN)), [ring(1)]) == [()]
    assert contexts(sketches(), []) == []


def test_many_countries_are_counted_and_not_all_named() -> None:
    parts = sketches(*((number, f"A{chr(65 + number)}", UNKNOWN) for number in range(9)))
    (said,) = contexts(parts, [ring(*range(9))])
    assert said[0] == "Of 9 accounts, addresses lie in AA (1), AB (1), AC (1), AD (1), AE (1) and 4 more"


# Databases.


def csv_of(folder: Path, *lines: str) -> Path:
    path = folder / "networks.csv"
    path.write_text("\n".join(("first,last,country,asn,name", *lines)) + "\n", encoding="utf-8")
    return path


def test_a_csv_of_ranges_knows_its_ends_and_nothing_beyond_them(tmp_path: Path) -> None:
    networks = open_networks(
        csv_of(tmp_path, "198.18.0.4,198.18.0.9,de,AS64500,One, ".rstrip(", "), "2001:db8::,2001:db8::ff,,64501,")
    )
    assert networks.place("198.18.0.4") == networks.place("198.18.0.9") == Place("DE", 64500, "One")
    assert networks.place("198.18.0.3") == networks.place("198.18.0.10") == NOWHERE
    assert networks.place("2001:db8::7") == Place(None, 64501, "")
    assert networks.place("no address") == NOWHERE
    assert networks.name(64500) == "One"
    assert networks.name(1) == ""


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("198.18.0.0,198.18.0.9,DE,64500", "line 2 has 4 fields and not 5"),
        ("198.18.0.0,somewhere,DE,64500,x", "line 2 does not begin with two addresses"),
        ("198.18.0.9,198.18.0.0,DE,64500,x", "line 2 is no range"),
        ("198.18.0.0,2001:db8::,DE,64500,x", "line 2 is no range"),
        ("198.18.0.0,198.18.0.9,Germany,64500,x", "line 2 has no country of two letters"),
        ("198.18.0.0,198.18.0.9,DE,many,x", "line 2 has no network number"),
    ],
)
def test_a_bad_line_is_named(line: str, problem: str, tmp_path: Path) -> None:
    with pytest.raises(BadDatabase, match=problem):
        open_networks(csv_of(tmp_path, line))


def test_overlapping_ranges_are_refused(tmp_path: Path) -> None:
    """Two answers for one address are none."""
    path = csv_of(tmp_path, "198.18.0.0,198.18.0.9,DE,1,x", "198.18.0.9,198.18.0.12,FR,2,y")
    with pytest.raises(BadDatabase, match=r"two ranges hold 198\.18\.0\.9"):
        open_networks(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    for name in ("none.csv", "none.mmdb"):
        with pytest.raises(BadDatabase, match=name):
            open_networks(tmp_path / name)


def test_a_maxmind_database_of_network_numbers_is_read(tmp_path: Path) -> None:
    record: dict[str, object] = {
        "autonomous_system_number": 64500,
        "autonomous_system_organization": "Example Hosting of Nowhere and Environs",
    }
    networks = open_networks(write_mmdb(tmp_path / "asn.mmdb", "198.18.0.0/16", record))
    assert networks.place("198.18.7.7") == Place(None, 64500, "Example Hosting of Nowhere and Environs")
    assert networks.place("198.19.0.1") == networks.place("2001:db8::1") == networks.place("?") == NOWHERE
    assert networks.name(64500) == "Example Hosting of Nowhere and Environs"


def test_a_maxmind_database_of_countries_is_read(tmp_path: Path) -> None:
    path = write_mmdb(tmp_path / "country.mmdb", "198.18.0.0/16", {"country": {"iso_code": "NZ"}})
    assert open_networks(path).place("198.18.0.1") == Place("NZ", UNKNOWN, "")


def test_a_damaged_maxmind_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "damaged.mmdb"
    path.write_bytes(b"not a database")
    with pytest.raises(BadDatabase, match=r"damaged\.mmdb"):
        open_networks(path)


def test_what_the_log_says_is_not_overruled(tmp_path: Path) -> None:
    networks = open_networks(csv_of(tmp_path, "198.18.0.0,198.18.0.9,DE,64500,One"))
    silent = Principal("a", ip="198.18.0.1")
    assert completed(silent, networks) == Principal("a", ip="198.18.0.1", country="DE", asn=64500)
    assert completed(Principal("a", ip="198.18.0.1", country="FR"), networks).country == "FR"
    assert completed(Principal("a"), networks) == Principal("a")
