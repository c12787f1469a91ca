"""Libraries of others in a process of their own: `python oracle.py NAME < bundle`, an answer in JSON.

They put importers into the process and call what is deprecated, which would be errors among our tests.
"""

from __future__ import annotations

import json
import sys
from typing import Any

MISSING = 77
"""Exit code where the library is not installed."""


def validator(raw: str) -> Any:
    """Of each document of a list, the errors that OASIS' validator finds."""
    from stix2validator import ValidationOptions, validate_string

    results = (validate_string(json.dumps(one), ValidationOptions(version="2.1")) for one in json.loads(raw))
    return [[str(error) for error in result.errors or ()] for result in results]


def stix2(raw: str) -> Any:
    """The bundle as OASIS' library parsed and serialised it."""
    import stix2

    return json.loads(stix2.parse(json.loads(raw), allow_custom=True).serialize())


def misp(raw: str) -> Any:
    """What MISP's converter makes of it: errors, and the event's name, tags and values."""
    import stix2
    from misp_stix_converter import ExternalSTIX2toMISPParser

    parser = ExternalSTIX2toMISPParser()
    parser.load_stix_bundle(stix2.parse(json.loads(raw), allow_custom=True))
    parser.parse_stix_bundle()
    event = parser.misp_events[0] if isinstance(parser.misp_events, list) else parser.misp_events
    attributes = [*event.attributes, *(attribute for one in event.objects for attribute in one.attributes)]
    said = json.loads(event.to_json())
    return {
        "errors": {name: list(told) for name, told in parser.errors.items()},
        "name": event.info,
        "tags": [tag.name for tag in event.tags],
        "values": [attribute.value for attribute in attributes],
        "to look for": [attribute.value for attribute in attributes if attribute.to_ids],
        "clusters": _all(said, "GalaxyCluster"),
        "sightings": _all(said, "Sighting"),
        "opinions": _all(said, "Opinion"),
        "notes": _all(said, "Note"),
    }


def misp_made(raw: str) -> Any:
    """STIX 2.1 objects that MISP's converter makes of an event, given as MISP's JSON."""
    from misp_stix_converter import MISPtoSTIX21Parser
    from pymisp import MISPEvent

    event = MISPEvent()
    event.from_dict(**json.loads(raw))
    parser = MISPtoSTIX21Parser()
    parser.parse_misp_event(event)
    return [json.loads(one.serialize()) for one in parser.stix_objects]


def opencti(raw: str) -> Any:
    """What OpenCTI's client hands on of a bundle, in its order, and the ids that it leaves out."""
    from pycti import OpenCTIStix2Splitter  # type: ignore[import-not-found]  # not of the dev extra (asking.py)

    _, left_out, bundles = OpenCTIStix2Splitter().split_bundle_with_expectations(json.loads(raw), use_json=False)
    return {
        "objects": [one for bundle in bundles for one in bundle["objects"]],
        "left out": [one["id"] for one in left_out],
    }


def _all(value: Any, name: str) -> list[Any]:
    """What stands under this name anywhere in a document."""
    if isinstance(value, list):
        return [found for inner in value for found in _all(inner, name)]
    if not isinstance(value, dict):
        return []
    return [*value.get(name, []), *(found for inner in value.values() for found in _all(inner, name))]


if __name__ == "__main__":
    try:
        oracles = {"validator": validator, "stix2": stix2, "misp": misp, "misp_made": misp_made, "opencti": opencti}
        answer = oracles[sys.argv[1]](sys.stdin.read())
    except ImportError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(MISSING)
    sys.stdout.write(json.dumps(answer))
