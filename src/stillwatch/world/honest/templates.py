"""Templates that tools ship: what strangers share without knowing each other (`templates.toml`)."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files


@cache
def templates(family: str) -> tuple[str, ...]:
    """The templates of a family, the most popular first."""
    text = files("stillwatch.world.honest").joinpath("templates.toml").read_text(encoding="utf-8")
    return tuple(tomllib.loads(text)[family])
