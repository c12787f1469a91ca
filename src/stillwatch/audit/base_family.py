"""Which of the models that we recorded does a suspect answer like most? A guess for the desk, and never evidence.

A suspect's answers are set beside recordings of candidates on the same prompts. The nearest family is named only where
it stands out: it is nearer than another family's model was ever found to be when its own family was left out, and stays
the nearest in 99 of 100 draws of the prompts. Else the answer is "cannot tell". How often the guess errs is counted on
the recordings themselves: halves of each against the others, and each with its own family left out, where every name
is a false one. There is no p-value here: who was not recorded cannot be named, and a suspect need not be among them.

Weakness: a student answers like its teacher as well as like its base, and a system text moves everything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stillwatch.audit.likeness import Floats, discrepancies
from stillwatch.audit.recording import Recording, in_common
from stillwatch.errors import UsageError
from stillwatch.stats.binomial import upper

LEAST_ANSWERS = 4
"""To a prompt, of a candidate: two halves of two."""
_LEAST_FAMILIES = 3
"""With two, one left out leaves nothing to choose from."""
_STAYS = 0.99
_DRAWS = 1_000
_ERROR_LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class Guess:
    """`family` is None where none stands out. `nearness`: the discrepancy from the nearest family over that from the
    next, 0 for its own model and 1 for none nearer than another; `needed`: below which a family stands out.

    `discrepancies`: of each family, the nearest first.
    """

    family: str | None
    nearness: float
    needed: float
    stays: float
    discrepancies: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Errors:
    """Guesses about recordings whose family is known. `named_wrongly` of `tried` halves were given another family's
    name; of `strangers`, whose family was left out, `strangers_named` were given one. Bounds hold with 95 %.
    """

    tried: int
    named_rightly: int
    named_wrongly: int
    strangers: int
    strangers_named: int

    @property
    def wrong_at_most(self) -> float:
        """Upper bound of the share of wrong names among models of known families."""
        return upper(self.named_wrongly, self.tried, _ERROR_LEVEL)

    @property
    def strangers_at_most(self) -> float:
        """Upper bound of the share of models of unknown families that are given a name; 1 where none was tried."""
        return upper(self.strangers_named, self.strangers, _ERROR_LEVEL) if self.strangers else 1.0


def guessed(suspect: Recording, profiles: Sequence[Recording], *, seed: int = 0) -> tuple[Guess, Errors]:
    """The guess, and how often guesses of this kind err. Raises `UsageError` for too few families or answers."""
    families = {profile.family for profile in profiles}
    if len(families) < _LEAST_FAMILIES:
        raise UsageError(
            f"{len(families)} families are recorded, and {_LEAST_FAMILIES} are the least",
            "Record more candidates: a guess among two would name one of them whatever the suspect is",
        )
    prompts = in_common([*profiles, suspect], LEAST_ANSWERS)
    halves = [_half(profile, prompts, part) for profile in profiles for part in (0, 1)]
    apart = discrepancies([*profiles, *halves, suspect], prompts)
    table = _Table(apart, tuple(profile.family for profile in profiles), np.random.default_rng(seed))
    every = list(range(len(profiles)))
    return table.guess(apart.shape[1] - 1, every), _errors(table)


class _Table:
    """All discrepancies: those between profiles first, then the halves of each, then the suspect."""

    def __init__(self, apart: Floats, families: tuple[str, ...], rng: np.random.Generator) -> None:
        self.apart, self.families = apart, families
        self.draws = rng.integers(0, len(apart), (_DRAWS, len(apart)))

    def guess(self, item: int, profiles: Sequence[int], as_half: dict[int, int] | None = None) -> Guess:
        """Which family of these profiles `item` is of. `as_half`: where a half stands in a profile's place."""
        names = sorted({self.families[profile] for profile in profiles})
        places = [(as_half or {}).get(profile, profile) for profile in profiles]
        by_prompt = self.apart[:, item, places]
        near = self._by_family(by_prompt.mean(axis=0, keepdims=True), profiles, names)[0]
        order = np.argsort(near, kind="stable")
        best = int(order[0])
        drawn = by_prompt[self.draws].mean(axis=1)  # (draws, profiles)
        stays = float((self._by_family(drawn, profiles, names).argmin(axis=1) == best).mean())
        nearness, needed = _ratio(near), self._needed(profiles, names)
        named = names[best] if nearness < needed and stays >= _STAYS else None
        return Guess(named, nearness, needed, stays, tuple((names[place], float(near[place])) for place in order))

    def _needed(self, profiles: Sequence[int], names: Sequence[str]) -> float:
        """How near a profile comes to a family that is not its own, at the nearest."""
        found = []
        for item in profiles:
            others = [one for one in profiles if self.families[one] != self.families[item]]
            left = [name for name in names if name != self.families[item]]
            near = self._by_family(self.apart[:, item, others].mean(axis=0, keepdims=True), others, left)[0]
            found.append(_ratio(near))
        return min(found)

    def _by_family(self, near: Floats, profiles: Sequence[int], names: Sequence[str]) -> Floats:
        """The nearest profile of each family; (rows, families)."""
        of = np.array([names.index(self.families[profile]) for profile in profiles])
        return np.stack([near[:, of == place].min(axis=1) for place in range(len(names))], axis=1)


def _errors(table: _Table) -> Errors:
    every = list(range(len(table.families)))
    tried = right = wrong = strangers = named = 0
    for profile, family in enumerate(table.families):
        for part in (0, 1):
            half, other = len(every) + 2 * profile + part, len(every) + 2 * profile + 1 - part
            said = table.guess(half, every, {profile: other}).family
            tried, right = tried + 1, right + (said == family)
            wrong += said not in (None, family)
        rest = [one for one in every if table.families[one] != family]
        if len({table.families[one] for one in rest}) >= _LEAST_FAMILIES:
            strangers, named = strangers + 1, named + (table.guess(profile, rest).family is not None)
    return Errors(tried, right, wrong, strangers, named)


def _ratio(near: Floats) -> float:
    """The least over the next; 1 where nothing is far."""
    least, following = np.sort(near)[:2]
    return float(max(least, 0.0) / following) if following > 0 else 1.0


def _half(profile: Recording, prompts: Sequence[str], part: int) -> Recording:
    """Every other answer, so that both halves are of the whole time."""
    return Recording(profile.name, {prompt: profile.answers[prompt][part::2] for prompt in prompts})
