"""Writing a world: four files that appear under their names only when all of them are whole."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.world.real_clients import Runs
from stillwatch.world.scenario import Scenario
from stillwatch.world.sent import Sent
from stillwatch.world.simulate import Part, campaign_parts, honest_parts, stage_of
from stillwatch.world.spill import Spill
from stillwatch.world.truth import Counts, truth
from stillwatch.world.unfinished import unfinished
from stillwatch.world.wire.rows import row_of

TRAFFIC, BENIGN, TRUTH, HARVEST = "exchanges.jsonl.gz", "benign.jsonl.gz", "truth.json", "harvest.parquet"
_LEVEL = 4  # chosen: of gzip; half the time of the default for a tenth more bytes
_HARVEST_BATCH = 50_000
_HARVEST_SCHEMA = pa.schema(
    [("id", pa.string()), ("account", pa.string()), ("campaign", pa.string()), ("ts_us", pa.int64())]
)

Tell = Callable[[str, float, str], None]
"""Told a step's name, the share of it that is done, and a detail."""


@dataclass(frozen=True, slots=True)
class Written:
    """What was written, in numbers."""

    folder: Path
    truth: dict[str, Any]
    benign_exchanges: int


def write_world(
    scenario: Scenario, folder: Path, *, seed: int, scale: float, tell: Tell, runs: Runs | None = None
) -> Written:
    """Simulate and write; `runs` are those of real clients that the scenario names.

    Whatever stops it leaves no half file: work is done in a hidden folder that goes away.
    """
    scaled, known = scenario.scaled(scale), runs or {}
    folder.mkdir(parents=True, exist_ok=True)
    with unfinished(folder) as work:
        stage, before = stage_of(scaled, seed), stage_of(scaled, seed, "benign")
        with _Harvest(work / HARVEST) as harvest:
            parts = [*honest_parts(scaled, stage, known), *campaign_parts(scaled, stage, known)]
            counts = write_log(parts, seed, work / TRAFFIC, harvest, lambda s, d: tell("traffic", s, d))
        calm = list(honest_parts(scaled, before, known))
        benign = write_log(calm, seed, work / BENIGN, None, lambda s, d: tell("benign", s, d))
        document = truth(scaled, stage, scale, counts)
        (work / TRUTH).write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
        for name in (TRAFFIC, BENIGN, HARVEST, TRUTH):
            (work / name).replace(folder / name)
    return Written(folder, document, benign.exchanges)


def write_log(
    parts: list[Part],
    seed: int,
    path: Path,
    harvest: _Harvest | None = None,
    tell: Callable[[float, str], None] = lambda share, detail: None,
) -> Counts:
    """One log: every stream's rows, sorted by time in files beside it that go away; returns who sent how much."""
    counts = Counts()
    scratch = path.parent / "hours"
    scratch.mkdir()
    spill = Spill(scratch)
    encode = msgspec.json.Encoder().encode
    for part, sent in _told(parts, counts, tell):
        row = row_of(sent, seed)
        is_answered = row["status"] == 200
        counts.add(part, sent, is_answered)
        spill.add(sent.ts_us, row["id"], encode(row))
        if sent.campaign and is_answered and harvest is not None:
            harvest.add(row["id"], sent)
    with path.open("wb") as raw, gzip.GzipFile("", "wb", _LEVEL, raw, mtime=0) as file:
        for line in spill.by_time():
            file.write(line)
    shutil.rmtree(scratch)
    return counts


def _told(parts: list[Part], counts: Counts, tell: Callable[[float, str], None]) -> Iterator[tuple[Part, Sent]]:
    """All exchanges with their part; progress counts accounts."""
    total, done = sum(part.accounts for part in parts) or 1, 0
    for part in parts:
        for number, stream in enumerate(part.streams):
            for sent in stream:
                yield part, sent
            tell(min(1.0, (done + number) / total), f"{counts.exchanges:,} exchanges")
        done += part.accounts
    tell(1.0, f"{counts.exchanges:,} exchanges")


class _Harvest:
    """`harvest.parquet`: the exchanges that harvest, in batches."""

    def __init__(self, path: Path) -> None:
        self._writer = pq.ParquetWriter(path, _HARVEST_SCHEMA)
        self._rows: list[dict[str, Any]] = []

    def __enter__(self) -> _Harvest:
        return self

    def __exit__(self, *failure: object) -> None:
        self._flush()
        self._writer.close()

    def add(self, name: str, sent: Sent) -> None:
        """One exchange, by its id."""
        account = sent.account.account
        self._rows.append({"id": name, "account": account, "campaign": sent.campaign, "ts_us": sent.ts_us})
        if len(self._rows) >= _HARVEST_BATCH:
            self._flush()

    def _flush(self) -> None:
        self._writer.write_table(pa.Table.from_pylist(self._rows, schema=_HARVEST_SCHEMA))
        self._rows.clear()
