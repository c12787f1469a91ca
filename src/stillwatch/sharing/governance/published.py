"""Objects that are public and the same from everybody: what a bundle carries so that others can read the rest.

TLP's markings, our extension definitions and who made them, the techniques of MITRE ATLAS. Their words were read once
and for all, so nobody has to approve them and no rule reads them; an object that has the id of one and says something
else is refused, whoever sends it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import msgspec

from stillwatch.sharing.governance.canonical import digest
from stillwatch.sharing.stix.atlas import TECHNIQUES
from stillwatch.sharing.stix.extension import definitions
from stillwatch.sharing.stix.techniques import attack_pattern
from stillwatch.sharing.stix.tlp import MARKINGS


def is_published(document: Mapping[str, Any]) -> bool:
    """Whether this is one of them, to the last letter. Raises `NotCanonical` for what has no canonical form."""
    known = _published().get(str(document.get("id")))
    return known is not None and digest(document) == known


def is_changed(document: Mapping[str, Any]) -> bool:
    """Whether it has the id of one of them and is not it. Raises likewise."""
    return str(document.get("id")) in _published() and not is_published(document)


@cache
def _published() -> dict[str, str]:
    techniques = (msgspec.to_builtins(attack_pattern(id)) for id in TECHNIQUES)
    listed: list[Mapping[str, Any]] = [*MARKINGS.values(), *definitions(), *techniques]
    return {str(one["id"]): digest(one) for one in listed}
