"""Who may see an object: its TLP level, its audience, and who contributed it.

An object's markings are all that `object_marking_refs` and `granular_markings` name, and the strictest counts: a hub
hands out whole objects, so a marking of a part is one of the whole. Levels are compared with the member's clearance;
an audience, where there is one, has to hold the member's name; what a member contributed itself it may always see.
A marking whose definition is not known here (not one of TLP's, not the operator's, not the contributor's own) might
mean anything, so only the contributor sees the object.

Sources: FIRST, TLP 2.0 (2022); OASIS common objects for the ids of TLP 2.0; STIX 2.1, 7.2.1.4 for those of TLP 1.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum


class Tlp(IntEnum):
    """Levels from open to closed; as a clearance, the highest that a member is shown."""

    CLEAR = 0
    GREEN = 1
    AMBER = 2
    AMBER_STRICT = 3
    RED = 4

    @property
    def label(self) -> str:
        """As TLP 2.0 writes it."""
        return f"TLP:{self.name.replace('_', '+')}"

    @classmethod
    def named(cls, text: str) -> Tlp:
        """The level of a name such as `amber+strict`, `TLP:GREEN` or TLP 1's `white`; raises `ValueError`."""
        name = text.upper().removeprefix("TLP:").replace("+", "_").replace("-", "_")
        try:
            return cls[{"WHITE": "CLEAR"}.get(name, name)]
        except KeyError:
            raise ValueError(f"{text!r} is no level of TLP 2.0") from None


TLP2_EXTENSION = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"
TLP2_IDS = {
    "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487": Tlp.CLEAR,
    "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb": Tlp.GREEN,
    "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421": Tlp.AMBER,
    "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003": Tlp.AMBER_STRICT,
    "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1": Tlp.RED,
}
TLP1_IDS = {
    "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9": Tlp.CLEAR,
    "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da": Tlp.GREEN,
    "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82": Tlp.AMBER,
    "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed": Tlp.RED,
}
TLP_IDS = TLP2_IDS | TLP1_IDS


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a marking restricts. No audience means everybody whom the level allows."""

    level: Tlp = Tlp.CLEAR
    audience: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Visibility:
    """Who may see an object. `is_understood` is false where a marking's definition is not known."""

    level: Tlp = Tlp.CLEAR
    audience: frozenset[str] | None = None
    contributor: str = ""
    is_understood: bool = True

    def is_for(self, name: str, clearance: Tlp) -> bool:
        """Whether the member of this name and clearance may see it."""
        if self.contributor and name == self.contributor:
            return True
        if not self.is_understood or self.level > clearance:
            return False
        return self.audience is None or name in self.audience


def visibility(meanings: Iterable[Meaning | None], contributor: str) -> Visibility:
    """The strictest of all markings; None stands for one that is not known."""
    level, audience, is_understood = Tlp.CLEAR, None, True
    for meaning in meanings:
        if meaning is None:
            is_understood = False
            continue
        level = max(level, meaning.level)
        if meaning.audience is not None:
            audience = meaning.audience if audience is None else audience & meaning.audience
    return Visibility(level, audience, contributor, is_understood)
