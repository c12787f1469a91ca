"""What is true of a world: who is honest and in which way, which campaigns there are, what each of them harvested.

`truth.json` (schema "stillwatch.truth/1") names accounts as the log does. `harvest.parquet` lists exactly the
exchanges that harvest: a campaign's cover traffic and a relay's honest customers are not among them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from stillwatch.errors import InputError

SCHEMA = "stillwatch.truth/1"
LEVELS = ("E0", "E1", "E2", "E3", "E4", "E5", "E6", "E7")
UNNAMED = "not named in truth.json"
_REMEDY = "Make the world again with `stillwatch world SCENARIO --out DIR`"


class HonestClass(msgspec.Struct, frozen=True):
    """A named kind of honest customer. `heavy`: one of those that look like an attacker because of their volume."""

    heavy: bool
    sentence: str
    accounts: tuple[str, ...]


class Campaign(msgspec.Struct, frozen=True):
    """One operator's campaign. `harvested` counts its harvesting exchanges; `relay`: honest customers carry it."""

    id: str
    objective: str
    level: str
    accounts: tuple[str, ...]
    harvested: int
    first_us: int
    last_us: int
    relay: bool = False


class _Document(msgspec.Struct, frozen=True):
    schema: str
    scenario: str
    seed: int
    first_us: int
    last_us: int
    exchanges: int
    classes: dict[str, HonestClass]
    campaigns: tuple[Campaign, ...]


@dataclass(frozen=True)
class Harvest:
    """The harvesting exchanges, by time. All of shape (exchanges,)."""

    account: NDArray[np.object_]
    campaign: NDArray[np.object_]
    ts_us: NDArray[np.int64]


@dataclass(frozen=True)
class Truth:
    """A world's truth. An account of a campaign is honest in no class, also where a class lists it."""

    scenario: str
    seed: int
    first_us: int
    last_us: int
    exchanges: int
    classes: Mapping[str, HonestClass]
    campaigns: tuple[Campaign, ...]
    harvest: Harvest | None = None

    @cached_property
    def campaign_of(self) -> dict[str, Campaign]:
        """The campaign of each account that serves one."""
        return {account: campaign for campaign in self.campaigns for account in campaign.accounts}

    @cached_property
    def class_of(self) -> dict[str, str]:
        """The class of each honest account that has one."""
        named = ((account, name) for name, kind in self.classes.items() for account in kind.accounts)
        return {account: name for account, name in named if account not in self.campaign_of}

    @cached_property
    def harvest_us(self) -> dict[str, dict[str, NDArray[np.int64]]]:
        """Times of the harvesting exchanges, ascending, by campaign and account; empty where none are listed."""
        found: dict[str, dict[str, NDArray[np.int64]]] = {}
        if self.harvest is None or not len(self.harvest.ts_us):
            return found
        pairs = [f"{c}\0{a}" for c, a in zip(self.harvest.campaign, self.harvest.account, strict=True)]
        names, place = np.unique(np.array(pairs), return_inverse=True)
        order = np.lexsort((self.harvest.ts_us, place))
        times = np.split(self.harvest.ts_us[order], np.flatnonzero(np.diff(place[order])) + 1)
        for name, of in zip(names.tolist(), times, strict=True):
            campaign, _, account = str(name).partition("\0")
            found.setdefault(campaign, {})[account] = of
        return found

    def is_heavy(self, account: str) -> bool:
        name = self.class_of.get(account)
        return name is not None and self.classes[name].heavy


def read_truth(directory: Path) -> Truth:
    """The truth of the world in `directory`; `InputError` names the file at fault and what to do about it."""
    path = directory / "truth.json"
    document = _document(path)
    known = [account for campaign in document.campaigns for account in campaign.accounts]
    if len(set(known)) < len(known):
        raise InputError(f"{path}: an account serves two campaigns", _REMEDY)
    for campaign in document.campaigns:
        if campaign.level not in LEVELS:
            raise InputError(f"{path}: campaign {campaign.id} has the level {campaign.level!r}", "Levels are E0 to E7")
    return Truth(
        document.scenario,
        document.seed,
        document.first_us,
        document.last_us,
        document.exchanges,
        document.classes,
        document.campaigns,
        _harvest(directory / "harvest.parquet", {campaign.id for campaign in document.campaigns}),
    )


def _document(path: Path) -> _Document:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"{path.parent} is no world: it has no truth.json", _REMEDY) from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}", "Check its permissions") from None
    try:
        document = msgspec.json.decode(content, type=_Document)
    except msgspec.DecodeError as error:  # its message names the place and never the content
        raise InputError(f"{path} is not in the form {SCHEMA}: {error}", _REMEDY) from None
    if document.schema != SCHEMA:
        raise InputError(f"{path} is of the form {document.schema!r}, and this program reads {SCHEMA!r}", _REMEDY)
    return document


def _harvest(path: Path, campaigns: set[str]) -> Harvest | None:
    if not path.exists():
        return None
    try:
        table = pq.read_table(path, columns=["account", "campaign", "ts_us"]).sort_by("ts_us")
        account, campaign = (_texts(table, name) for name in ("account", "campaign"))
        ts_us = table.column("ts_us").to_numpy().astype(np.int64)
    except (OSError, pa.ArrowException) as error:
        first = str(error).splitlines()[0]
        raise InputError(f"{path} cannot be read as columns id, account, campaign, ts_us: {first}", _REMEDY) from None
    unknown = set(np.unique(campaign.astype(str)).tolist()) - campaigns
    if unknown:
        raise InputError(f"{path} names a campaign that truth.json does not know: {min(unknown)}", _REMEDY)
    return Harvest(account, campaign, ts_us)


def _texts(table: pa.Table, name: str) -> NDArray[np.object_]:
    return np.array(table.column(name).to_pylist(), dtype=object)
