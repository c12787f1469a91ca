"""OASIS' library and validator, and MISP's converter, read what we write; what is acted on survives."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sharing.stix.oracle import MISSING
from sharing.stix.told import one_of_each, told
from stillwatch.sharing.stix import atlas, bundle
from stillwatch.sharing.stix.extension import definitions
from stillwatch.sharing.stix.techniques import attack_pattern
from stillwatch.sharing.stix.tlp import MARKINGS
from stillwatch.sharing.taxii.timestamps import read_us

PACKAGES = {"validator": "'stix2-validator<3.3'", "stix2": "stix2", "misp": "misp-stix"}
CAMPAIGN = bundle.write(told()).decode()


def whole() -> str:
    """One bundle of every type, every technique, marking and definition, and a campaign as it is told."""
    objects = [*one_of_each(), *told(), *map(attack_pattern, atlas.TECHNIQUES)]
    once = {one.id: json.loads(bundle.write_object(one)) for one in objects}
    listed = [*MARKINGS.values(), *definitions(), *once.values()]
    return json.dumps({"type": "bundle", "id": "bundle--5d0092c5-5f74-4287-9642-33f4c354e56d", "objects": listed})


def asked(oracle: str, document: str) -> Any:
    """What a library of somebody else's makes of a document, in a process of its own."""
    command = [sys.executable, "-W", "ignore", str(Path(__file__).parent / "oracle.py"), oracle]
    done = subprocess.run(command, input=document, capture_output=True, text=True)  # noqa: S603 - our own program
    if done.returncode == MISSING:
        pytest.skip(f"needs {PACKAGES[oracle]} of PyPI: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def instants(value: Any) -> Any:
    """Times as numbers: the library writes fewer zeros behind the second."""
    if isinstance(value, dict):
        return {name: instants(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [instants(inner) for inner in value]
    return read_us(value) if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", value) else value


def test_the_validator_finds_no_error() -> None:
    """Not one, in any object of any type, its definitions and markings included; in a damaged copy it finds one."""
    damaged = CAMPAIGN.replace("2026-03-01T00:00:00.000000Z", "2026-13-01T00:00:00.000000Z")
    errors, control = asked("validator", f"[{whole()}, {damaged}]")
    assert errors == []
    assert control != []


def test_stix2_reads_and_writes_every_property() -> None:
    """Parsed and written by OASIS' library, each object has the same properties and values, and we read it again."""
    ours = whole()
    again = asked("stix2", ours)
    assert instants(again["objects"]) == instants(json.loads(ours)["objects"])
    assert len(bundle.read(json.dumps(again).encode()).objects) == len(again["objects"]) - len(MARKINGS) - 3


def test_misp_keeps_what_is_acted_on() -> None:
    """MISP's converter makes an event with the campaign's name, its patterns whole, its marking and labels."""
    event = asked("misp", CAMPAIGN)
    assert event["errors"] == {}
    assert re.fullmatch("Extraction campaign [A-Z]{6}", event["name"])
    assert {"tlp:amber", "llm-extraction"} <= set(event["tags"])
    patterns = {one["pattern"] for one in json.loads(CAMPAIGN)["objects"] if one["type"] == "indicator"}
    assert patterns <= set(event["values"])
