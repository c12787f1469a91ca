"""Rings of known origin: drawn worlds, hunted, and of each ring who is behind it and what its profile would be.

The hunt is the one that users run; its rings are taken where it turns them into a review, the ones that were let go
as well. Logs lack what the drawn scenario leaves out; who belongs to which organisation is noted before.
"""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import msgspec
import numpy as np
import pyarrow as pa

from benchmarks.attribution.by_hand import by_hand
from benchmarks.attribution.scenarios import Drawn
from stillwatch import pipeline
from stillwatch.campaigns.judgement import UNITS_AT_LEAST
from stillwatch.campaigns.objective import objective
from stillwatch.campaigns.profiles import PROFILE_COLUMNS, Profile, profile_of
from stillwatch.campaigns.statements import Found
from stillwatch.campaigns.traits import features
from stillwatch.evaluation.truth import Truth, read_truth
from stillwatch.ledger.engines import connect
from stillwatch.ledger.ledger import Ledger
from stillwatch.ledger.names import NameTable
from stillwatch.ledger.ranges import read_parts
from stillwatch.ledger.view import View
from stillwatch.pseudonym import Secret
from stillwatch.sketch.record import ZONE_SLOTS, identity
from stillwatch.sketch.sketcher import Sketcher
from stillwatch.sketching.run import sketch_logs
from stillwatch.tracing.skeleton import Keys, keys_of
from stillwatch.tracing.survey import fixed_rows
from stillwatch.tracing.ubiquitous import ubiquitous_values
from stillwatch.world.real_clients import Runs
from stillwatch.world.scenario import parse
from stillwatch.world.write import BENIGN, HARVEST, TRAFFIC, write_world

SECRET, ALLIANCE = Secret(bytes(range(32))), Secret(bytes(range(1, 33)))
"""Of a benchmark, and therefore no secrets: the same worlds give the same sketches."""
_RELAY, _ONE_PLACE = "reseller", "university"
_RINGS, _ORGANIZATIONS = "rings.json", "organizations.json"
_ZONES_CARRIED = 2  # slots of a row that hold skeleton values: as `tracing.template.CARRIED_VALUES`


class Origin(msgspec.Struct, frozen=True):
    """One ring: who is behind it, what the hunt said, its traits, and its profile, whole and by halves of its time."""

    label: str
    campaign: str
    verdict: str
    units: int
    features: dict[str, float]
    by_hand: dict[str, float]
    first: Profile
    second: Profile


def origins(drawn: Drawn, folder: Path, runs: Runs, again: bool = False) -> list[Origin]:
    """The rings of one drawn world; what an earlier call left in `folder` is taken up, but for rings with `again`."""
    done = folder / _RINGS
    if done.exists() and not again:
        return msgspec.json.decode(done.read_bytes(), type=list[Origin])
    make(drawn, folder, runs)
    found = list(_origins(folder))
    done.write_bytes(msgspec.json.encode(found))
    return found


def make(drawn: Drawn, folder: Path, runs: Runs) -> None:
    """The world's ledgers; the logs are not kept."""
    if (folder / _ORGANIZATIONS).exists():
        return
    write_world(parse(drawn.name, drawn.toml), folder, seed=drawn.seed, scale=1.0, tell=lambda *told: None, runs=runs)
    (folder / HARVEST).unlink()
    of: dict[str, str] = {}
    for log in (TRAFFIC, BENIGN):
        plain = folder / log.replace(".jsonl.gz", "-hunted.jsonl.gz")
        of |= _without(folder / log, plain, drawn.left_out)
        sketch_logs([plain], folder / log.split(".")[0], SECRET, alliance=ALLIANCE, workers=1)
        plain.unlink()
        (folder / log).unlink()
    (folder / _ORGANIZATIONS).write_text(json.dumps(of), encoding="utf-8")


def _without(log: Path, into: Path, left_out: tuple[str, ...]) -> dict[str, str]:
    """Copy a log without some fields; which account belongs to which organisation."""
    of = {}
    with gzip.open(log, "rb") as lines, gzip.open(into, "wb", compresslevel=1) as file:
        for line in lines:
            row = msgspec.json.decode(line, type=dict[str, msgspec.Raw])
            account, organization = (msgspec.json.decode(row[name]) for name in ("account", "organization"))
            of[account] = organization
            file.write(msgspec.json.encode({k: v for k, v in row.items() if k not in left_out}) + b"\n")
    return of


@dataclass(frozen=True)
class _Known:
    """The truth of one world."""

    truth: Truth
    organization: Mapping[str, str]

    def behind(self, accounts: list[str]) -> tuple[str, str]:
        """Which hypothesis is true of these accounts together, and the campaign that most of them serve, if any."""
        votes = Counter(map(self._vote, accounts))
        vote, count = votes.most_common(1)[0]
        if count <= len(accounts) / 2:
            return "unknown", ""
        if vote.startswith("campaign "):
            return "operator", vote.removeprefix("campaign ")
        if vote == "honest":
            company = Counter(self.organization.get(account) for account in accounts).most_common(1)[0][1]
            return ("shared_employer" if company > len(accounts) / 2 else "shared_tool"), ""
        return vote, ""

    def _vote(self, account: str) -> str:
        campaign = self.truth.campaign_of.get(account)
        if campaign is not None:
            return "relay" if campaign.relay else f"campaign {campaign.id}"
        kind = self.truth.class_of.get(account)
        return {_RELAY: "relay", _ONE_PLACE: "shared_employer"}.get(kind or "", "honest")


def _origins(folder: Path) -> Iterator[Origin]:
    of = json.loads((folder / _ORGANIZATIONS).read_text(encoding="utf-8"))
    known = _Known(read_truth(folder), of)
    for found, accounts in hunted(folder):
        if found.ring.units < UNITS_AT_LEAST:
            continue
        label, campaign = known.behind([accounts[one] for one in sorted(accounts)])
        halves = _halves(folder / "exchanges", found, np.array(sorted(accounts), np.int64))
        yield Origin(
            label=label,
            campaign=campaign,
            verdict=found.judgement.verdict,
            units=found.ring.units,
            features=dict(features(found.ring)),
            by_hand=by_hand(found.ring, found.judgement.verdict),
            first=halves[0],
            second=halves[1],
        )


def hunted(folder: Path) -> list[tuple[Found, dict[int, str]]]:
    """Every ring of a hunt through a world, with the pseudonyms and names of its accounts."""
    names = NameTable.open(folder / "exchanges", SECRET).names("account")
    hunt = pipeline.Hunt(ignored=ubiquitous_values(Sketcher(SECRET)), names=names)
    rings: list[tuple[Found, dict[int, str]]] = []

    def taken(found: list[Found], listed: Any, seen: Any, *rest: Any) -> None:
        """In place of the review, which would ask the model that is about to be fitted."""
        for one in found:
            accounts = seen.accounts.account[one.candidate.accounts].tolist()
            rings.append((one, {account: names.get(account, "") for account in accounts}))
        raise _Enough

    unread = patch.multiple(
        pipeline,
        _tested=_nothing_claimed,
        _explained=lambda found, *rest: found,
        _placed=lambda listed, *rest: listed,
    )
    with patch.object(pipeline, "_review", taken), unread, suppress(_Enough):
        views = [View(Ledger.open(folder / name), connect(threads=1)) for name in ("exchanges", "benign")]
        pipeline.review(views[0], views[1], hunt)
    return rings


class _Enough(Exception):
    """The rings are known: the rest of the hunt is of no use here."""


def _nothing_claimed(*asked: object) -> None:
    """Too few days to claim anything: e-values and sayings take most of a hunt's time, and attribution reads none."""


def _halves(ledger: Path, found: Found, accounts: Any) -> tuple[Profile, Profile]:
    """The ring's profile from the first and from the second half of its days: two sightings of one operator."""
    keys = found.candidate.keys
    columns = ("zones", *PROFILE_COLUMNS)
    parts = [part for _, part in read_parts(Ledger.open(ledger).segment_paths(), columns, accounts)]
    table = pa.concat_tables(part for part in parts if len(part))
    held = fixed_rows(table, "zones", np.arange(len(table))).view("<u4").reshape(len(table), ZONE_SLOTS)
    carries = np.isin(keys_of(held), keys) & (held != 0)
    rows: dict[str, Any] = {name: table.column(name).to_numpy() for name in PROFILE_COLUMNS if name != "alliance"}
    rows["alliance"] = fixed_rows(table, "alliance", np.arange(len(table))).view("u1").reshape(len(table), ZONE_SLOTS)
    chosen = (carries.sum(axis=1) >= _ZONES_CARRIED) | (not len(keys))  # without a wrapper all of it is the ring's
    middle = np.median(rows["ts_us"][chosen]) if chosen.any() else 0
    early, late = (chosen & (rows["ts_us"] <= middle)), (chosen & (rows["ts_us"] > middle))
    told = objective(found.ring.intents, found.ring.tools)
    return _profile(found, held[early], rows, early, keys, told), _profile(found, held[late], rows, late, keys, told)


def _profile(found: Found, held: Any, rows: Mapping[str, Any], chosen: Any, keys: Keys, told: str) -> Profile:
    """From the values that these exchanges repeat: what a hunt through this half alone would call the skeleton."""
    values, counts = np.unique(keys_of(held)[held != 0], return_counts=True)
    repeated = values[(counts >= max(3, len(held) // 50)) & np.isin(values, keys)]
    mine = {name: column[chosen] for name, column in rows.items()}
    return profile_of(found.id, repeated, mine, identity_here(), told)


def identity_here() -> dict[str, str]:
    """The identity of all sketches of this benchmark."""
    return identity(SECRET.id, ALLIANCE.id)
