"""Honest customers: one module a class or a small family of classes."""

from __future__ import annotations

from stillwatch.world.honest.kind import HonestClass
from stillwatch.world.honest.people import PEOPLE_CLASS

_ALL = (PEOPLE_CLASS,)
CLASSES: dict[str, HonestClass] = {kind.name: kind for kind in _ALL}
