"""Known operators: what an earlier campaign left behind, as a file, and how like it a ring is.

A profile (`stillwatch.profile/1`, docs/attribution.md) holds what sketches hold: skeleton values, parameter tuples and
client families under the deployment's key, the skeleton's signature under the alliance's, and habits that need no key
(objective, network mix, hours of the day, hours until a release is taken up). No text, no account, no country.

Keyed values compare under the same key only: a profile that shares neither the deployment's nor the alliance's key
raises `SketchMismatch`. How like two profiles are is a weighted mean over what both know. What that is worth is
measured: `matches` gives with each similarity the rate at which strangers *with the same wrapper* reach it,
since everybody who uses a published harness shares its words, and only habits tell them apart.

Weakness: an operator who changes the wrapper leaves nothing to match; one who also moves to other networks, clients
and parameters looks like any user of the harness, and is not named.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from stillwatch.campaigns.profile_null import FalseMatches, shipped
from stillwatch.errors import InputError, SketchMismatch
from stillwatch.sketch.record import ZONE_SLOTS
from stillwatch.tracing.skeleton import Keys

Ints = NDArray[np.int64]
Columns = Mapping[str, NDArray[np.generic]]

SCHEMA = "stillwatch.profile/1"
PROFILE_COLUMNS = ("ts_us", "account", "model", "parameters", "client", "asn", "alliance")
"""Columns of sketches that a profile is made from; "alliance" as (n, ZONE_SLOTS) uint8."""
MATCH_AT_MOST = 0.01
"""Chosen: the rate of false matches, over all profiles that were compared, beyond which nobody is named."""
MOST_BYTES = 1 << 20
SAME_WRAPPER = 0.3
"""Chosen: of the skeleton's values or the signature's slots; below it two rings have not one wrapper."""
_MOST_VALUES = 4_096  # a stock of fifty wordings has some hundreds
_MOST_LETTERS = 120
_TOLD = 16  # of parameter tuples, clients and networks: the commonest
_HOUR_US = 3_600_000_000
_SWITCHERS = 3  # accounts that change the model before one speaks of a reaction
_SAME_SLOT = 0.5  # share of the exchanges in which a slot of the signature holds its value

Shares = dict[str, float]


class BadProfile(InputError):
    """A profile that cannot be read or means nothing; the problem names the file and the field."""


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is known of one operator, or was observed of one ring. Shares add up to at most 1.

    `skeleton`: values (`tracing.skeleton`) in hexadecimal; `alliance`: one value a slot, 0 where there is none;
    `hours`: 24 shares of the exchanges, UTC; `release_hours`: until half of the accounts that took a new model up had
    done so, None where none was.
    """

    name: str
    key: str
    objective: str
    skeleton: tuple[str, ...] = ()
    alliance_key: str = ""
    alliance: tuple[int, ...] = ()
    parameters: Shares = {}
    clients: Shares = {}
    networks: Shares = {}
    hours: tuple[float, ...] = ()
    release_hours: float | None = None
    source: str = ""
    schema: str = SCHEMA


@dataclass(frozen=True, slots=True)
class Match:
    """How like a known operator a ring is. `rate`: at which strangers are as like any that was compared."""

    name: str
    similarity: float
    rate: float
    alike: Mapping[str, float]  # by field, 0 .. 1

    @property
    def is_beyond_chance(self) -> bool:
        return self.rate <= MATCH_AT_MOST

    @property
    def statement(self) -> str:
        return (
            f"matches the profile {self.name} (similarity {self.similarity:.2f}, which 1 in {1 / self.rate:,.0f} "
            "strangers with the same wrapper reach)"
        )


def profile_of(
    name: str, keys: Keys, rows: Columns, identity: Mapping[str, str], objective: str, source: str = ""
) -> Profile:
    """The profile of a ring: its skeleton's `keys` and those of its exchanges that carry it.

    `rows`: `PROFILE_COLUMNS`, one row an exchange; `identity`: the sketches' (`sketch.record.identity`).
    """
    alliance_key = identity["stillwatch.alliance_key"]
    hours = np.bincount(rows["ts_us"].astype(np.int64) // _HOUR_US % 24, minlength=24) / max(len(rows["ts_us"]), 1)
    return Profile(
        name=name,
        key=identity["stillwatch.key"],
        objective=objective,
        skeleton=tuple(f"{int(key):x}" for key in np.sort(keys)[:_MOST_VALUES]),
        alliance_key=alliance_key,
        alliance=_signature(rows["alliance"]) if alliance_key else (),
        parameters=_shares(rows["parameters"], 0),
        clients=_shares(rows["client"], 0),
        networks=_shares(rows["asn"], -1),
        hours=tuple(round(float(share), 6) for share in hours),
        release_hours=_release_hours(rows),
        source=source,
    )


def as_json(profile: Profile) -> str:
    """The profile's file."""
    return msgspec.json.format(msgspec.json.encode(profile), indent=1).decode() + "\n"


def read_profiles(paths: Sequence[Path], identity: Mapping[str, str]) -> tuple[Profile, ...]:
    """The profiles in these files, which must be comparable with sketches of `identity`.

    Raises `BadProfile` naming file and field, `SketchMismatch` for one under other keys.
    """
    found = tuple(_read(path) for path in paths)
    for profile, path in zip(found, paths, strict=True):
        if not _is_comparable(profile, identity["stillwatch.key"], identity["stillwatch.alliance_key"]):
            raise SketchMismatch(
                f"{path}: the profile {profile.name} was made under deployment key {profile.key} and alliance key "
                f"{profile.alliance_key or 'none'}, these sketches under {identity['stillwatch.key']} and "
                f"{identity['stillwatch.alliance_key'] or 'none'}",
                "Keyed values mean nothing under another key: make the profile again here, or share an alliance key",
            )
    names = [profile.name for profile in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise BadProfile(f"two profiles are named {twice[0]}", "Give each operator a name of its own")
    return found


def matches(observed: Profile, known: Sequence[Profile], null: FalseMatches | None = None) -> tuple[Match, ...]:
    """Every known operator beside an observed ring, the likest first; rates count all that were compared."""
    chance = null or shipped()
    found = []
    for profile in known:
        alike = likeness(profile, observed)
        rate = chance.rate(similarity(alike), is_keyed="skeleton" in alike) if shares_wrapper(alike) else 1.0
        found.append(Match(profile.name, similarity(alike), min(1.0, rate * len(known)), alike))
    return tuple(sorted(found, key=lambda match: (match.rate, -match.similarity, match.name)))


def shares_wrapper(alike: Mapping[str, float]) -> bool:
    """Whether the words are alike, by the key that both sides have in common."""
    return alike.get("skeleton", alike.get("alliance", 0.0)) >= SAME_WRAPPER


def likeness(left: Profile, right: Profile) -> dict[str, float]:
    """How alike two profiles are, field by field, in what both know. `SketchMismatch` where they share no key."""
    if not _is_comparable(left, right.key, right.alliance_key):
        raise SketchMismatch(
            f"the profiles {left.name} and {right.name} share neither a deployment key nor an alliance key",
            "Keyed values mean nothing under another key: make both under one secret",
        )
    if left.key == right.key:
        keyed = {
            "skeleton": _dice(left.skeleton, right.skeleton),
            "parameters": _overlap(left.parameters, right.parameters),
            "clients": _overlap(left.clients, right.clients),
        }
    else:
        keyed = {"alliance": _agreement(left.alliance, right.alliance)}
    found = keyed | {
        "objective": float(left.objective == right.objective),
        "networks": _overlap(left.networks, right.networks),
        "hours": min(1.0, sum(map(min, left.hours, right.hours))) if left.hours and right.hours else None,
        "release": _ratio(left.release_hours, right.release_hours),
    }
    return {name: value for name, value in found.items() if value is not None}


_WEIGHTS = {
    "skeleton": 0.3,
    "alliance": 0.3,
    "parameters": 0.2,
    "clients": 0.2,
    "networks": 0.2,
    "objective": 0.06,
    "hours": 0.02,
    "release": 0.02,
}
"""Chosen: the words, and the three habits that tell users of one harness apart; hours and releases hardly do."""


def similarity(alike: Mapping[str, float]) -> float:
    """One number, 0 .. 1, for a likeness: the weighted mean of the fields that both sides know."""
    total = sum(_WEIGHTS[name] for name in alike)
    return min(1.0, sum(_WEIGHTS[name] * value for name, value in alike.items()) / total)


def _is_comparable(profile: Profile, key: str, alliance_key: str) -> bool:
    return profile.key == key or bool(alliance_key and profile.alliance_key == alliance_key)


def _dice(left: Sequence[str], right: Sequence[str]) -> float | None:
    if not left or not right:
        return None
    return 2 * len({*left} & {*right}) / (len({*left}) + len({*right}))


def _agreement(left: Sequence[int], right: Sequence[int]) -> float | None:
    """Of the slots that either signature fills, the share in which they agree."""
    filled = [(a, b) for a, b in zip(left, right, strict=True) if a or b]
    return sum(a == b for a, b in filled) / len(filled) if filled else None


def _overlap(left: Shares, right: Shares) -> float | None:
    """One less half of the absolute differences, where both know something."""
    if not left or not right:
        return None
    return min(1.0, sum(min(share, right.get(name, 0.0)) for name, share in left.items()))


def _ratio(left: float | None, right: float | None) -> float | None:
    """The shorter reaction as a share of the longer; an hour more or less is nothing."""
    if left is None or right is None:
        return None
    return (min(left, right) + 1.0) / (max(left, right) + 1.0)


def _shares(column: NDArray[np.generic], unknown: int) -> Shares:
    """The commonest values and their shares of the rows that have one."""
    known = column[column != unknown]
    values, counts = np.unique(known, return_counts=True)
    order = np.argsort(-counts, kind="stable")[:_TOLD]
    return {str(int(values[i])): round(float(counts[i] / len(known)), 4) for i in order}


def _signature(rows: NDArray[np.generic]) -> tuple[int, ...]:
    """The value that each slot holds in most exchanges; 0 where none does."""
    signature = np.zeros(ZONE_SLOTS, np.int64)
    for slot, held in enumerate(rows.reshape(-1, ZONE_SLOTS).T):
        counts = np.bincount(held.astype(np.int64), minlength=1)
        best = int(counts.argmax())
        signature[slot] = best if counts[best] >= _SAME_SLOT * len(held) and len(held) else 0
    return tuple(signature.tolist())


def _release_hours(rows: Columns) -> float | None:
    """Hours from the first use of the model that most accounts changed to until half of those who did had changed."""
    ts_us, account, model = (rows[name].astype(np.int64) for name in ("ts_us", "account", "model"))
    order = np.argsort(ts_us, kind="stable")
    uses, first = np.unique(np.stack([account[order], model[order]]), axis=1, return_index=True)
    begins = ts_us[order][first]
    _, of = np.unique(uses[0], return_inverse=True)
    opened = np.full(of.max(initial=-1) + 1, np.iinfo(np.int64).max)
    np.minimum.at(opened, of, begins)
    is_change = begins > opened[of]
    models, changes = np.unique(uses[1][is_change], return_counts=True)
    if changes.max(initial=0) < _SWITCHERS:
        return None
    taken_up = begins[is_change & (uses[1] == models[changes.argmax()])]
    return round((float(np.median(taken_up)) - float(taken_up.min())) / _HOUR_US, 2)


def _read(path: Path) -> Profile:
    """One file: 1. its size, 2. its form, 3. its version, 4. its values."""
    try:
        content = path.read_bytes() if path.stat().st_size <= MOST_BYTES else None
    except OSError as error:
        raise BadProfile(f"{path} cannot be read: {error.strerror}", "Name a profile file") from None
    if content is None:
        raise BadProfile(f"{path} is larger than {MOST_BYTES >> 20} MiB", "A profile has some kilobytes")
    try:
        profile = msgspec.json.decode(content, type=Profile)
    except msgspec.DecodeError as error:  # its message names the place and never the content
        raise BadProfile(f"{path} is not in the form {SCHEMA}: {error}", "See docs/attribution.md") from None
    if profile.schema != SCHEMA:
        raise BadProfile(f"{path} is of the form {profile.schema!r}", f"This program reads {SCHEMA!r}")
    for field, is_wrong, wanted in _CHECKS:
        if is_wrong(profile):
            raise BadProfile(f"{path}: {field} is not {wanted}", "See docs/attribution.md, or make the profile again")
    return profile


def _are_no_shares(shares: Shares) -> bool:
    return any(not 0 <= share <= 1 for share in shares.values()) or sum(shares.values()) > 1.01


def _is_no_value(value: str) -> bool:
    try:
        return not 0 < int(value, 16) < 1 << 37
    except ValueError:
        return True


_CHECKS: tuple[tuple[str, Callable[[Profile], bool], str], ...] = (
    ("name", lambda p: not 0 < len(p.name) <= _MOST_LETTERS, f"1 to {_MOST_LETTERS} letters"),
    ("key", lambda p: not p.key, "the id of the deployment key"),
    ("skeleton", lambda p: len(p.skeleton) > _MOST_VALUES, f"at most {_MOST_VALUES} values"),
    ("skeleton", lambda p: any(map(_is_no_value, p.skeleton)), "hexadecimal numbers of 37 bits"),
    ("alliance", lambda p: len(p.alliance) not in (0, ZONE_SLOTS), f"empty or {ZONE_SLOTS} numbers"),
    ("alliance", lambda p: any(not 0 <= value <= 255 for value in p.alliance), "numbers from 0 to 255"),
    ("skeleton and alliance", lambda p: not p.skeleton and not any(p.alliance), "given: one of them is needed"),
    ("parameters", lambda p: _are_no_shares(p.parameters), "shares that add up to at most 1"),
    ("clients", lambda p: _are_no_shares(p.clients), "shares that add up to at most 1"),
    ("networks", lambda p: _are_no_shares(p.networks), "shares that add up to at most 1"),
    ("hours", lambda p: len(p.hours) not in (0, 24) or any(not 0 <= share <= 1 for share in p.hours), "24 shares"),
    ("release_hours", lambda p: p.release_hours is not None and not p.release_hours >= 0, "a number of hours, or null"),
)
