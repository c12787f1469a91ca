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
    values = [attribute.value for one in event.objects for attribute in one.attributes]
    errors = {name: list(told) for name, told in parser.errors.items()}
    return {"errors": errors, "name": event.info, "tags": [tag.name for tag in event.tags], "values": values}


if __name__ == "__main__":
    try:
        answer = {"validator": validator, "stix2": stix2, "misp": misp}[sys.argv[1]](sys.stdin.read())
    except ImportError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(MISSING)
    sys.stdout.write(json.dumps(answer))
