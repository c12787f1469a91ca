"""Bodies of real clients: captured runs, read from a folder, for a campaign or a crowd of honest users to send.

Two kinds of files are read, JSON lines, gzipped or not: captures whose rows name their `run`, and exchange logs beside
(or one folder below) a `truth.json` that says which accounts made which run. Model names are replaced, as a capture's
say nothing, and so are credentials, host and length in headers; nothing else is touched. Their text stays where it is
and in the worlds made of it.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from stillwatch.errors import InputError
from stillwatch.world.account import colleague
from stillwatch.world.chance import Chance
from stillwatch.world.desk import Desk, program_desk
from stillwatch.world.honest.program import busy
from stillwatch.world.scenario import Crowd
from stillwatch.world.sent import Ask, Sent
from stillwatch.world.stage import Stage
from stillwatch.world.text.answers import answer
from stillwatch.world.text.lexicon import own_subject

MAX_ROWS = 200_000  # chosen: of one folder, so that a wrong one does not fill memory
_CROWD_PER_DAY = 20.0  # chosen: a heavy client's exchanges a day, at the scale of `facts.HEAVY_PER_DAY`


@dataclass(frozen=True, slots=True)
class Request:
    """One request of a captured client."""

    path: str
    body: Mapping[str, Any]
    headers: tuple[tuple[str, str], ...] = ()
    """In the order of the wire; none where the capture has none."""


Runs = Mapping[str, tuple[Request, ...]]
"""Requests in their order, by run."""


def read_runs(folder: Path) -> Runs:
    """The runs in a folder. Raises `InputError` where there is none."""
    files = sorted(p for p in folder.rglob("*") if p.name.endswith((".jsonl", ".jsonl.gz")))
    run_of = _runs_by_account(folder)
    found: dict[str, list[Request]] = {}
    for row in islice((row for file in files for row in _rows(file)), MAX_ROWS):
        run = row.get("run") or run_of.get(str(row.get("account")))
        if run and isinstance(row.get("body"), dict) and isinstance(row.get("path"), str):
            found.setdefault(str(run), []).append(Request(row["path"], row["body"], _headers(row.get("headers"))))
    if not found:
        remedy = "Name a folder of captures whose rows have run, path and body, or of logs beside a truth.json"
        raise InputError(f"{folder} holds no run of a client", remedy)
    return {run: tuple(requests) for run, requests in found.items()}


_OURS = {
    "host": "api.provider.example",
    "content-length": "{l}",
    **dict.fromkeys(
        ("authorization", "proxy-authorization", "cookie", "x-api-key", "api-key", "x-goog-api-key"), "REDACTED"
    ),
}
"""Values that are not the client's: where it was sent, how long it is, and what must not be passed on."""


def _headers(found: object) -> tuple[tuple[str, str], ...]:
    """The pairs of a row, or none where there is no list of pairs of text."""
    if not isinstance(found, list) or not all(_is_pair(one) for one in found):
        return ()
    return tuple((name, _OURS.get(name.lower(), value)) for name, value in found)


def _is_pair(one: object) -> bool:
    return isinstance(one, list) and len(one) == 2 and all(isinstance(part, str) for part in one)


def requests_of(runs: Runs, run: str) -> tuple[Request, ...]:
    """A run's requests. Raises `InputError` naming the runs there are."""
    if run not in runs:
        known = f"Known are: {', '.join(sorted(runs))}" if runs else "Name the folder that holds it with --clients"
        raise InputError(f"there is no run {run}", known)
    return runs[run]


def _rows(file: Path) -> Iterator[dict[str, Any]]:
    with file.open("rb") as raw, gzip.GzipFile(fileobj=raw) if file.suffix == ".gz" else raw as lines:
        for number, line in enumerate(lines, start=1):
            try:
                row = json.loads(line)
            except ValueError:
                raise InputError(f"{file}, line {number} is no JSON", "Remove it from the folder") from None
            if isinstance(row, dict):
                yield row


def _runs_by_account(folder: Path) -> dict[str, str]:
    beside = [p for p in (folder / "truth.json", folder.parent / "truth.json") if p.is_file()]
    runs = json.loads(beside[0].read_text(encoding="utf-8")).get("runs", []) if beside else []
    return {account: row["run"] for row in runs for account in row["accounts"]}


def crowd(stage: Stage, plan: Crowd, runs: Runs) -> Iterator[Iterator[Sent]]:
    """Honest users of a captured client: independent organisations with a sample each, or one that shares it out.

    The calibration log takes every other request, the hunted traffic the rest.
    """
    own = requests_of(runs, plan.run)[stage.era == "benign" :: 2]
    shared = program_desk(stage.chance("crowd", plan.name), stage)
    for number in range(plan.accounts):
        chance = stage.chance("crowd", plan.name, number)
        desk = program_desk(chance, stage)
        if not plan.independent:
            desk = Desk(colleague(shared.account, chance), shared.setup)
        sends = chance.sample(own, max(3, len(own) // 4)) if plan.independent else own[number :: plan.accounts]
        yield _sent(stage, chance, desk, list(sends))


def _sent(stage: Stage, chance: Chance, desk: Desk, requests: list[Request]) -> Iterator[Sent]:
    about = own_subject(chance)
    for ts_us, request in zip(busy(stage, chance, desk, _CROWD_PER_DAY), requests, strict=False):
        ask = Ask((), body=request.body, path=request.path, headers=request.headers)
        yield desk.send(ts_us, ask, answer(about, int(chance.lognormal(90.0, 0.6)), chance))
