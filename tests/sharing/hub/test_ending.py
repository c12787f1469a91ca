"""What has ended is deleted by the hub that serves it, and the record keeps its digest."""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner

from stillwatch.cli.app import app
from stillwatch.errors import UsageError
from stillwatch.running.alliance import prepare
from stillwatch.sharing.hub.markings import Tlp
from stillwatch.sharing.stix.extension import Extraction
from stillwatch.sharing.stix.identifiers import agreed, new
from stillwatch.sharing.stix.objects import Extended, Sighting
from stillwatch.sharing.stix.tlp import reference
from stillwatch.sharing.taxii.timestamps import write_us
from tests.sharing.alliance.members import GROUNDS
from tests.sharing.hub.serving import Served, serving
from tests.sharing.hub.trying import OBJECTS, collection, seed
from tests.storage.hub import places

DAY_US = 86_400_000_000


def sighting(ends_in_days: int, about: str) -> dict[str, Any]:
    """Said a month ago: a member saw something too."""
    now_us = time.time_ns() // 1000
    ground = Extraction(
        nexus=("fraud",),
        legal_basis="act",
        legal_basis_date="2026-01-01",
        retention_until=write_us(now_us + ends_in_days * DAY_US),
        contest_url=f"https://provider.example/{about}",
    )
    said = write_us(now_us - 30 * DAY_US)
    one = Sighting(
        id=new("sighting"),
        created=said,
        modified=said,
        created_by_ref=agreed("identity", "alice"),
        object_marking_refs=(reference(Tlp.AMBER),),
        extensions=Extended(ground),
        confidence=50,
        sighting_of_ref=new("campaign"),
        count=100,
    )
    document: dict[str, Any] = msgspec.to_builtins(one)
    return document


def until_one_is_left(hub: Served) -> list[str]:
    """Ask until the hub has deleted the other."""
    while len(ids := [one["id"] for one in hub.get(OBJECTS, "bob").json()["objects"]]) > 1:
        pass
    return ids


def test_who_takes_part_is_not_for_everybody_on_the_machine(tmp_path: Path) -> None:
    """A list of names that others can read stops the start; with mode 600 it does not."""
    (tmp_path / "grounds.toml").write_text(GROUNDS)
    names = tmp_path / "names.txt"
    names.write_text("Contoso\n")
    names.chmod(0o640)
    with pytest.raises(UsageError, match="who takes part"):
        prepare(tmp_path)
    names.chmod(0o600)
    assert prepare(tmp_path)


def test_a_hub_deletes_what_has_ended_while_it_serves(tmp_path: Path) -> None:
    """Of two objects one ended yesterday: gone a second later, digested in the record, counted in log and status."""
    alliance = tmp_path / "alliance"
    alliance.mkdir()
    (alliance / "grounds.toml").write_text(GROUNDS)
    ended, lasting = sighting(-1, "ended"), sighting(30, "lasting")
    sown = seed(collection(profile="extraction"))
    with serving(tmp_path, sown, "--alliance", str(alliance), "--end-every", "1") as hub:
        assert hub.post(OBJECTS, "alice", [ended, lasting]).json()["success_count"] == 2
        assert until_one_is_left(hub) == [lasting["id"]]
        shown = CliRunner().invoke(app(["hub"]), ["hub", "status", "--json", "--store", hub.place])
        told = json.loads(shown.stdout)
        assert (told["objects"], told["ended"]["objects"]) == (1, 1)
        assert told["ended"]["looked_us"] > 0
    record = (alliance / "record.jsonl").read_text()
    stored = json.dumps(ended, separators=(",", ":")).encode()
    assert hashlib.sha256(stored).hexdigest() in record
    assert "deleted what has ended" in (tmp_path / "log").read_text()
    if not places.named(tmp_path).startswith("postgresql"):
        assert b"provider.example/ended" not in b"".join(file.read_bytes() for file in tmp_path.glob("hub.sqlite*"))
