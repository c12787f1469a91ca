"""The rules about words: `rules.toml`, compiled. English only; `language` refuses what is not.

Weakness: a list of words knows only what somebody thought of. It stops slips and habits, not an author who means to get
around it: two people read every object for that.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from stillwatch.sharing.governance.pattern_file import compiled
from stillwatch.sharing.governance.spoken import disguised, spoken


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of thing that is not said."""

    name: str
    why: str
    patterns: tuple[re.Pattern[str], ...]

    def forbids(self, text: str) -> bool:
        """Whether `text`, as spoken, says it."""
        return any(pattern.search(text) for pattern in self.patterns)


@cache
def rules() -> tuple[Rule, ...]:
    """The rules in the order of the file."""
    return tuple(Rule(name, why, patterns) for name, why, patterns in compiled("rules.toml", "rule"))


def broken(text: str) -> list[Rule]:
    """The rules that `text` breaks, however it is spelled."""
    heard = {spoken(text), disguised(text)}
    return [rule for rule in rules() if any(rule.forbids(reading) for reading in heard)]
