"""Scenarios: TOML files that say which days, how many accounts of each honest class, and which campaigns."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from stillwatch.errors import InputError
from stillwatch.world import facts
from stillwatch.world.honest import CLASSES
from stillwatch.world.hostile.ladder import ACCOUNTS, KNOBS, LEVELS, knobs_of
from stillwatch.world.hostile.objectives import OBJECTIVES
from stillwatch.world.hostile.plan import Ban, Plan

_MAX_DAYS = 366
_MAX_ACCOUNTS = 10_000_000


class BadScenario(InputError):
    """A scenario that cannot be simulated; the problem names the field."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """Honest accounts that send a captured run: dealt out within one organisation, or each organisation for itself."""

    name: str
    run: str
    accounts: int
    independent: bool = True


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is simulated. `release_day` is None where no new model comes out."""

    name: str
    days: int
    release_day: float | None
    honest: Mapping[str, int]
    campaigns: tuple[Plan, ...]
    crowds: tuple[Crowd, ...] = ()

    def scaled(self, scale: float) -> Scenario:
        """The same with `scale` times the accounts: at least one of a class, three of a campaign; E0 stays as it is."""
        if not scale > 0:
            raise BadScenario(f"scale is {scale}", "Give --scale a number above 0")
        return replace(
            self,
            honest={name: _times(count, scale, 1) for name, count in self.honest.items()},
            campaigns=tuple(p if p.level == "E0" else _larger(p, scale) for p in self.campaigns),
            crowds=tuple(replace(c, accounts=_times(c.accounts, scale, 3)) for c in self.crowds),
        )


def _larger(plan: Plan, scale: float) -> Plan:
    return replace(plan, accounts=_times(plan.accounts, scale, 3))


def _times(count: int, scale: float, least: int) -> int:
    return max(min(count, least), round(count * scale))


def shipped() -> list[str]:
    """Names of the scenarios in the package."""
    folder = files("stillwatch.world").joinpath("scenarios")
    return sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))


def load(name: str) -> Scenario:
    """A shipped scenario by its name, or one in a file by its path. Raises `BadScenario`."""
    if name in shipped():
        text = files("stillwatch.world").joinpath("scenarios", f"{name}.toml").read_text(encoding="utf-8")
        return parse(name, text)
    path = Path(name)
    if path.suffix != ".toml" or not path.is_file():
        remedy = f"Shipped are: {', '.join(shipped())}; or name a .toml file"
        raise BadScenario(f"there is no scenario {name}", remedy)
    try:
        return parse(path.stem, path.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise BadScenario(f"{name} is not UTF-8", "Save it as UTF-8 text") from None


def parse(name: str, text: str) -> Scenario:
    """A scenario from TOML. Raises `BadScenario` naming the field and what it should be."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadScenario(f"scenario {name} is no TOML: {error}", "Mend the line it names") from None
    _known(name, document, {"days", "release_day", "honest", "campaign", "crowd", "about"})
    days = int(_number(name, document, "days", 1, _MAX_DAYS))
    release = _number(name, document, "release_day", 0, _MAX_DAYS) if "release_day" in document else None
    honest = _table(name, document, "honest")
    _known(f"{name}: honest", honest, set(CLASSES))
    return Scenario(
        name,
        days,
        release,
        {kind: int(_number(f"{name}: honest", honest, kind, 0, _MAX_ACCOUNTS)) for kind in honest},
        _different(name, tuple(_plan(name, row, days) for row in _rows(name, document, "campaign"))),
        tuple(_crowd(name, row) for row in _rows(name, document, "crowd")),
    )


_PLAN_KEYS = {
    "name",
    "objective",
    "level",
    "accounts",
    "per_day",
    "start_day",
    "end_day",
    "pivot_share",
    "bans",
    "replace_hours",
    "run",
}


def _plan(scenario: str, row: Mapping[str, Any], days: int) -> Plan:
    place = f"{scenario}: campaign {row.get('name', '')}".rstrip()
    _known(place, row, _PLAN_KEYS | set(KNOBS))
    name, level = _word(place, row, "name"), _one_of(place, row, "level", LEVELS)
    knobs = {knob: _knob(place, row, knob) for knob in KNOBS if knob in row}
    return Plan(
        name=name,
        objective=_one_of(place, row, "objective", OBJECTIVES),
        level=level,
        knobs=knobs_of(level, knobs),
        accounts=int(_number(place, {"accounts": ACCOUNTS[level], **row}, "accounts", 1, _MAX_ACCOUNTS)),
        per_day=_number(place, {"per_day": facts.CAMPAIGN_PER_DAY, **row}, "per_day", 0.01, 1e6),
        start_day=_number(place, {"start_day": 0, **row}, "start_day", 0, days),
        end_day=_number(place, row, "end_day", 0, days) if "end_day" in row else None,
        pivot_share=_number(place, {"pivot_share": facts.PIVOT_SHARE, **row}, "pivot_share", 0, 1),
        bans=tuple(_ban(place, ban, days) for ban in _rows(place, row, "bans")),
        replace_hours=_number(place, {"replace_hours": 6, **row}, "replace_hours", 0, 24 * _MAX_DAYS),
        run=_word(place, row, "run") if "run" in row else "",
    )


def _ban(place: str, row: Mapping[str, Any], days: int) -> Ban:
    _known(f"{place}: bans", row, {"day", "share"})
    return Ban(_number(f"{place}: bans", row, "day", 0, days), _number(f"{place}: bans", row, "share", 0, 1))


def _crowd(scenario: str, row: Mapping[str, Any]) -> Crowd:
    place = f"{scenario}: crowd {row.get('name', '')}".rstrip()
    _known(place, row, {"name", "run", "accounts", "independent"})
    accounts = int(_number(place, row, "accounts", 1, _MAX_ACCOUNTS))
    return Crowd(_word(place, row, "name"), _word(place, row, "run"), accounts, bool(row.get("independent", True)))


def _knob(place: str, row: Mapping[str, Any], knob: str) -> Any:
    """A knob's value in the knob's own type."""
    kind, value = type(getattr(LEVELS["E0"], knob)), row[knob]
    if kind is bool:
        if not isinstance(value, bool):
            raise BadScenario(f"{place}: {knob} is {value!r}", "It is true or false")
        return value
    return kind(_number(place, row, knob, 0, 1 if knob in ("cover", "bare_share") else 1e9))


def _different(name: str, plans: tuple[Plan, ...]) -> tuple[Plan, ...]:
    names = [plan.name for plan in plans]
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        raise BadScenario(f"{name}: two campaigns are named {twice[0]}", "Give each campaign a name of its own")
    return plans


def _known(place: str, table: Mapping[str, Any], names: set[str]) -> None:
    unknown = sorted(set(table) - names)
    if unknown:
        raise BadScenario(f"{place}: {unknown[0]} is not known here", f"Known are: {', '.join(sorted(names))}")


def _number(place: str, table: Mapping[str, Any], key: str, low: float, high: float) -> float:
    if key not in table:
        raise BadScenario(f"{place}: {key} is missing", f"Add {key}, a number from {low} to {high}")
    value = table[key]
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        raise BadScenario(f"{place}: {key} is {value!r}", f"It is a number from {low} to {high}")
    return float(value)


def _word(place: str, table: Mapping[str, Any], key: str) -> str:
    value = table.get(key)
    if not isinstance(value, str) or not value:
        raise BadScenario(f"{place}: {key} is {'missing' if value is None else repr(value)}", f"Add {key}, a name")
    return value


def _one_of(place: str, table: Mapping[str, Any], key: str, names: Mapping[str, Any]) -> str:
    value = table.get(key)
    if value not in names:
        problem = f"{place}: {key} is {'missing' if value is None else repr(value)}"
        raise BadScenario(problem, f"It is one of {', '.join(names)}")
    return str(value)


def _table(place: str, document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = document.get(key, {})
    if not isinstance(value, dict):
        raise BadScenario(f"{place}: {key} is no table", f"Write it as [{key}] with a class and its accounts a line")
    return value


def _rows(place: str, document: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    value = document.get(key, [])
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise BadScenario(f"{place}: {key} is no list of tables", f"Write each as [[{key}]]")
    return value
