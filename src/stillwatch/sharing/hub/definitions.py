"""Marking definitions as they arrive: what each restricts, and which are forged.

Four kinds are read: TLP 2.0's and TLP 1's own, under their own ids only; statements, which restrict nothing; and
definitions that carry the extension below, which names an audience and, as IEP 2.0 does, the actions permitted.
A definition of any other kind might restrict anything, so it counts as not known.

    {"type": "marking-definition", "spec_version": "2.1", "id": "marking-definition--...", "created": "...",
     "extensions": {"extension-definition--6f9b2d80-3a51-4c0e-9d5e-2f3c8a7b1e44": {
        "extension_type": "property-extension",
        "audience": ["member-02", "member-07"],
        "permitted_actions": "internally-visible"}}}

Source for the actions: FIRST, IEP 2.0 (2019), `permitted_actions`. They bind who receives an object; the hub carries
them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stillwatch.sharing.hub.markings import TLP2_EXTENSION, TLP_IDS, Meaning, Tlp

AUDIENCE_EXTENSION = "extension-definition--6f9b2d80-3a51-4c0e-9d5e-2f3c8a7b1e44"
PERMITTED_ACTIONS = (
    "none",
    "contact-for-instruction",
    "internally-visible",
    "externally-visible-indirect",
    "externally-visible-direct",
)
_MOST_NAMES = 1000


class ForgedMarking(ValueError):
    """A definition that claims to be what it is not, or that nobody could enforce."""


def meaning_of(definition: Mapping[str, Any]) -> Meaning | None:
    """What a definition restricts, None if that cannot be known; raises `ForgedMarking`."""
    level = _claimed_level(definition)
    known = TLP_IDS.get(definition["id"])
    if level is not None and known is None:
        raise ForgedMarking("a TLP marking under an id that is not TLP's (STIX 2.1, 7.2.1.4)")
    if known is not None:
        if level != known:
            raise ForgedMarking(f"the id of {known.label} with another content")
        return Meaning(known)
    extension = _extensions(definition).get(AUDIENCE_EXTENSION)
    if extension is not None:
        return _of_extension(extension)
    return Meaning() if definition.get("definition_type") == "statement" and not _extensions(definition) else None


def permitted_actions(definition: Mapping[str, Any]) -> str | None:
    """The actions that a definition permits, None if it does not say."""
    extension = _extensions(definition).get(AUDIENCE_EXTENSION)
    return extension.get("permitted_actions") if isinstance(extension, dict) else None


def _claimed_level(definition: Mapping[str, Any]) -> Tlp | None:
    """The level that the content claims, by TLP 1's type or TLP 2.0's extension."""
    claims = []
    if definition.get("definition_type") == "tlp":
        content = definition.get("definition")
        claims.append(content.get("tlp") if isinstance(content, dict) else None)
    extension = _extensions(definition).get(TLP2_EXTENSION)
    if extension is not None:
        claims.append(extension.get("tlp_2_0") if isinstance(extension, dict) else None)
    try:
        levels = {Tlp.named(str(claim)) for claim in claims}
    except ValueError:
        raise ForgedMarking("a TLP marking of no level that TLP has") from None
    if len(levels) > 1:
        raise ForgedMarking("a TLP marking of two levels")
    return levels.pop() if levels else None


def _of_extension(extension: object) -> Meaning:
    if not isinstance(extension, dict):
        raise ForgedMarking("the audience extension is no object")
    if extension.get("permitted_actions", "none") not in PERMITTED_ACTIONS:
        raise ForgedMarking(f"permitted_actions is none of {', '.join(PERMITTED_ACTIONS)}")
    audience = extension.get("audience")
    if audience is None:
        return Meaning()
    if not isinstance(audience, list) or not 0 < len(audience) <= _MOST_NAMES:
        raise ForgedMarking(f"audience must list 1 to {_MOST_NAMES} members")
    if not all(isinstance(name, str) and name for name in audience):
        raise ForgedMarking("audience must list names of members")
    return Meaning(audience=frozenset(audience))


def _extensions(definition: Mapping[str, Any]) -> Mapping[str, Any]:
    extensions = definition.get("extensions")
    return extensions if isinstance(extensions, dict) else {}
