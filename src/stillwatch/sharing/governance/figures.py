"""Figures in sentences: a number tells how much, and how much is told in the decades of the volume band alone.

Numbers that name something stay: a technique, an autonomous system, a version, a date, a status code, a clock's units.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files

from stillwatch.sharing.governance.spoken import spoken

_DIGIT = re.compile(r"\d")


def has_figure(text: str) -> bool:
    """Whether a number is left when those that name something are taken out."""
    return bool(_DIGIT.search(_names().sub(" ", spoken(text))))


@cache
def _names() -> re.Pattern[str]:
    table = tomllib.loads(files(__package__).joinpath("numbers.toml").read_text("utf-8"))
    return re.compile("|".join(table["names"]))
