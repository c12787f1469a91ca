"""Wrappers: the fixed text that a harvesting program puts around its items, in its default wording or in variants.

A wrapper is written with alternatives, `[Think|Reason] step by step`, and `{payload}` where the item goes. The
default wording takes the first of each; variant k takes what chance named after k takes.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from importlib.resources import files

from stillwatch.world.chance import Chance

_CHOICE = re.compile(r"\[([^\]]*)\]")


@dataclass(frozen=True, slots=True)
class Wrapper:
    """System text and user text with alternatives; the user text holds `{payload}`."""

    system: str
    user: str

    def worded(self, chance: Chance | None) -> Wrapper:
        """One wording: the first alternatives without chance."""
        return Wrapper(_worded(self.system, chance), _worded(self.user, chance))

    def around(self, payload: str) -> str:
        """The user's turn."""
        return self.user.replace("{payload}", payload)


def _worded(text: str, chance: Chance | None) -> str:
    def choose(match: re.Match[str]) -> str:
        options = match.group(1).split("|")
        return options[0] if chance is None else chance.pick(options)

    return _CHOICE.sub(choose, text)


def _read() -> dict[str, Wrapper]:
    text = files("stillwatch.world.hostile").joinpath("wrappers.toml").read_text(encoding="utf-8")
    return {name: Wrapper(row["system"], row["user"]) for name, row in tomllib.loads(text).items()}


WRAPPERS = _read()
