"""The five marking definitions of TLP 2.0, as OASIS published them: ids, time and content are fixed.

STIX 2.1 itself knows TLP 1 only, and a consumer recognises these by their ids; so they travel with every bundle. Ids
that somebody made up are common in the wild: `bundle` refuses a marking of TLP that is not one of these.

Source: OASIS cti-stix-common-objects, extension-definition-specifications/tlp-2.0.
"""

from __future__ import annotations

from stillwatch.sharing.hub.markings import TLP2_EXTENSION, TLP2_IDS, Tlp

CREATED = "2022-10-01T00:00:00.000Z"
MARKINGS: dict[Tlp, dict[str, object]] = {
    level: {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": id,
        "created": CREATED,
        "name": level.label,
        "extensions": {
            TLP2_EXTENSION: {
                "extension_type": "property-extension",
                "tlp_2_0": level.label.removeprefix("TLP:").lower(),
            }
        },
    }
    for id, level in TLP2_IDS.items()
}


def reference(level: Tlp) -> str:
    """The id of a level's marking, for `object_marking_refs`."""
    return str(MARKINGS[level]["id"])
