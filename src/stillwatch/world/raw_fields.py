"""What a log says about an account without any thought: each raw field as one number or one word.

Operators choose their client, parameters, names, country and when they begin: those fields are theirs. What comes of
the harvest itself (how much, how long, how many turns, what it is about) is behaviour.
"""

from __future__ import annotations

import gzip
import json
import statistics
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from stillwatch.world.stage import DAY_US, HOUR_US

_HEADERS = (
    "user-agent",
    "accept-language",
    "x-stainless-os",
    "x-stainless-arch",
    "x-stainless-runtime-version",
    "x-stainless-package-version",
    "accept-encoding",
)
_SETTINGS = ("model", "temperature", "max_tokens", "top_p", "stream", "n", "user", "reasoning_effort")
_OTHER_NAMES = {
    "max_tokens": ("max_output_tokens", "maxOutputTokens"),
    "top_p": ("topP",),
    "reasoning_effort": ("reasoning", "thinking", "thinkingConfig"),
}
_CONTENT = frozenset(("messages", "input", "contents", "system", "instructions", "systemInstruction", "tools"))
_GAPS_KEPT = 2_000  # times between exchanges kept of an account


@dataclass(slots=True)
class Profile:
    """An account as its rows come by, in the order of time."""

    said: dict[str, Counter[str]] = field(default_factory=dict)
    sums: Counter[str] = field(default_factory=Counter)
    first_us: int = 0
    last_us: int = 0
    created_us: int = 0
    days: set[int] = field(default_factory=set)
    addresses: set[str] = field(default_factory=set)
    gaps: list[int] = field(default_factory=list)

    def add(self, row: Mapping[str, Any]) -> None:
        """One more row."""
        ts_us, body = int(row["ts_us"]), row["body"]
        if self.first_us:
            if len(self.gaps) < _GAPS_KEPT:
                self.gaps.append(ts_us - self.last_us)
        else:
            self.first_us, self.created_us = ts_us, int(row["account_created_us"])
        self.last_us = ts_us
        self.days.add(ts_us // DAY_US)
        self.addresses.add(row["ip"])
        for name, value in _words(row, body).items():
            self.said.setdefault(name, Counter())[value] += 1
        self.sums.update(_amounts(row, body))

    def mostly(self, name: str) -> str:
        """The value that the account showed most, the smaller of equals."""
        seen = self.said[name]
        return min(seen, key=lambda value: (-seen[value], value))

    def mean(self, name: str) -> float:
        """A sum by exchange."""
        return self.sums[name] / self.sums["exchanges"]

    def burstiness(self) -> float:
        """The coefficient of variation of the times between exchanges."""
        return statistics.pstdev(self.gaps) / statistics.fmean(self.gaps) if len(self.gaps) > 1 else 0.0


def _words(row: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, str]:
    headers = {name.lower(): value for name, value in row["headers"]}
    said = {f"header {name}": headers.get(name, "") for name in _HEADERS}
    said["header order"] = " ".join(name for name, _ in row["headers"])
    said |= {f"parameter {name}": json.dumps(_setting(body, name)) for name in _SETTINGS}
    said["parameter names"] = " ".join(sorted(set(body) - _CONTENT))
    for name in ("account", "organization", "api_key", "ip", "payment", "asn", "country", "declared_use", "path"):
        said[name] = str(row.get(name, ""))
    return said


def _setting(body: Mapping[str, Any], name: str) -> Any:
    config = body.get("generationConfig", {})
    other = _OTHER_NAMES.get(name, ())
    return next((place[key] for place in (body, config) for key in (name, *other) if key in place), None)


def _amounts(row: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, float]:
    turns = body.get("messages") or body.get("input") or body.get("contents") or []
    text = turns[-1] if turns and isinstance(turns, list) else {}
    last = text.get("content") if isinstance(text, dict) else ""
    last = last if isinstance(last, str) else json.dumps(text, ensure_ascii=False)
    usage, hour = row.get("usage", {}), row["ts_us"] // HOUR_US % 24
    system = body.get("system") or body.get("instructions") or body.get("systemInstruction")
    roles = [turn.get("role") for turn in turns if isinstance(turn, dict)]
    return {
        "exchanges": 1,
        "turns": len(turns),
        "system": float(bool(system) or "system" in roles),
        "last turn": len(last),
        "not ascii": float(not last.isascii()),
        "tools": float("tools" in body),
        "failed": float(row.get("status", 200) != 200),
        "asked": usage.get("input_tokens", 0),
        "answered": usage.get("output_tokens", 0),
        "reasoned": usage.get("reasoning_tokens", 0),
        "night": float(hour < 6),
        "weekend": float((row["ts_us"] // DAY_US + 3) % 7 >= 5),
    }


@dataclass(frozen=True, slots=True)
class Field:
    """A raw field: how it is read off a profile, and whose it is."""

    name: str
    is_number: bool
    is_behaviour: bool
    of: Callable[[Profile], float | str]


def _word(name: str) -> Field:
    return Field(name, False, False, lambda profile: profile.mostly(name))


def _mean(name: str) -> Field:
    return Field(f"{name} an exchange", True, True, lambda profile: profile.mean(name))


def _digits(name: str) -> Field:
    """A name's hexadecimal digits as a number: names that are handed out in order show here."""
    return Field(f"{name} as a number", True, False, lambda p: float(int("0" + p.mostly(name).rpartition("-")[2], 16)))


FIELDS: tuple[Field, ...] = (
    *(_word(f"header {name}") for name in _HEADERS),
    *(_word(f"parameter {name}") for name in _SETTINGS),
    *map(_word, ("header order", "parameter names", "path", "asn", "country", "declared_use")),
    *map(_word, ("organization", "api_key", "ip", "payment")),
    *map(_digits, ("account", "organization", "api_key", "payment")),
    Field("account opened", True, False, lambda p: float(p.created_us)),
    Field("first use", True, False, lambda p: float(p.first_us)),
    Field("age at first use", True, False, lambda p: float(p.first_us - p.created_us)),
    Field("hour of first use", True, False, lambda p: float(p.first_us // HOUR_US % 24)),
    Field("addresses", True, False, lambda p: float(len(p.addresses))),
    Field("exchanges", True, True, lambda p: float(p.sums["exchanges"])),
    Field("active days", True, True, lambda p: float(len(p.days))),
    Field("exchanges an active day", True, True, lambda p: p.sums["exchanges"] / len(p.days)),
    Field("burstiness", True, True, Profile.burstiness),
    *map(
        _mean,
        (
            "turns",
            "system",
            "last turn",
            "not ascii",
            "tools",
            "failed",
            "asked",
            "answered",
            "reasoned",
            "night",
            "weekend",
        ),
    ),
)


def profiles_of(log: Path) -> dict[str, Profile]:
    """The accounts of a log, in one pass. Memory: a few kilobytes an account."""
    found: dict[str, Profile] = {}
    decode = msgspec.json.Decoder().decode
    with gzip.open(log, "rb") as lines:
        for line in lines:
            row = decode(line)
            found.setdefault(row["account"], Profile()).add(row)
    return found
