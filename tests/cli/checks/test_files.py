"""Files of a deployment: each fault is found, named and given its remedy."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from gateway.test_supervisor import certificate

from stillwatch.cli.checks import files
from stillwatch.decision.journal import Journal
from stillwatch.gateway.configuration import Listen
from stillwatch.ledger.ledger import Ledger
from stillwatch.pseudonym import Secret
from stillwatch.sketch.record import identity

from .said import all_said, states

KEY = json.dumps({"sha256": "ab" * 32, "account": "a"}) + "\n"


def made(file: Path, text: str, mode: int = 0o600) -> Path:
    file.write_text(text)
    file.chmod(mode)
    return file


def test_a_policy_is_read(tmp_path: Path) -> None:
    limit = '[[limit]]\nlevel = "account"\nmeasure = "requests"\nquantity = 5\n'
    assert states(files.policy(made(tmp_path / "p.toml", limit, 0o644))) == ["ok"]
    assert states(files.policy(None)) == states(files.policy(made(tmp_path / "e.toml", ""))) == ["warning"]
    wrong = files.policy(made(tmp_path / "w.toml", limit.replace("requests", "wishes")))
    assert states(wrong) == ["fault"]
    assert "w.toml" in all_said(wrong)
    assert states(files.policy(tmp_path / "none.toml")) == ["fault"]


def test_a_policy_that_others_may_change_is_a_fault(tmp_path: Path) -> None:
    limit = '[[limit]]\nlevel = "account"\nmeasure = "requests"\nquantity = 5\n'
    found = files.policy(made(tmp_path / "p.toml", limit, 0o666))
    assert states(found) == ["ok", "fault"]
    assert f"chmod go-w {tmp_path}/p.toml" in all_said(found)


@pytest.mark.parametrize(("mode", "expected"), [(0o600, ["ok"]), (0o640, ["ok", "warning"]), (0o602, ["ok", "fault"])])
def test_keys_are_counted_and_closed_to_others(tmp_path: Path, mode: int, expected: list[str]) -> None:
    found = files.keys(made(tmp_path / "k.jsonl", KEY * 3, mode))
    assert states(found) == expected
    assert "3 keys" in all_said(found)


def test_keys_that_are_none_are_found_by_their_line(tmp_path: Path) -> None:
    found = files.keys(made(tmp_path / "k.jsonl", KEY + "sk-secret\n"))
    assert states(found) == ["fault"]
    assert "line 2" in all_said(found)
    assert "sk-secret" not in all_said(found)
    assert states(files.keys(made(tmp_path / "e.jsonl", ""))) == ["warning"]
    assert states(files.keys(None)) == ["ok"]


def test_a_secret_is_told_by_its_public_id_only(tmp_path: Path) -> None:
    assert states(files.secret(tmp_path / "key")) == ["warning"]
    secret = Secret.create(tmp_path / "key")
    found = files.secret(tmp_path / "key")
    assert states(found) == ["ok"]
    assert secret.id in all_said(found)
    assert (tmp_path / "key").read_text().strip() not in all_said(found)
    (tmp_path / "key").chmod(0o644)
    assert "chmod 600" in all_said(files.secret(tmp_path / "key"))


def test_a_journal_is_followed_from_entry_to_entry(tmp_path: Path) -> None:
    file = tmp_path / "journal.jsonl"
    assert states(files.journal(file)) == ["ok"]
    for n in range(2):
        Journal(file).append("verdict lifted", {"verdict": f"V-{n}"}, n)
    assert "2 entries" in all_said(files.journal(file))
    file.write_bytes(file.read_bytes().replace(b"V-0", b"V-9"))
    found = files.journal(file)
    assert states(found) == ["fault"]
    assert "entry 1 is not what was written" in all_said(found)


def test_a_ledger_is_opened_under_the_secret_that_is_configured(tmp_path: Path) -> None:
    secret, other = Secret.create(tmp_path / "key"), Secret.create(tmp_path / "other")
    place = tmp_path / "ledger"
    assert states(files.ledger(place, tmp_path / "key", None)) == ["ok"]
    Ledger.create(place, identity(secret.id))
    assert states(files.ledger(place, tmp_path / "key", None)) == ["ok"]
    assert secret.id != other.id
    assert states(files.ledger(place, tmp_path / "other", None)) == ["fault"]
    (place / "manifest.sqlite").unlink()
    assert "manifest" in all_said(files.ledger(place, tmp_path / "key", None))


def test_a_certificate_is_told_before_it_ends(tmp_path: Path) -> None:
    chain, key = certificate(tmp_path)
    Path(key).chmod(0o600)
    listen = Listen(certificate=chain, key=key)
    now = datetime.now(UTC)
    assert states(files.certificate(listen, now - timedelta(days=30))) == ["ok"]
    assert states(files.certificate(listen, now)) == ["warning"]
    assert states(files.certificate(listen, now + timedelta(days=3))) == ["fault"]
    assert states(files.certificate(Listen(certificate=key, key=chain), now)) == ["fault"]
    assert files.certificate(Listen(), now) == []


def test_a_certificates_key_is_closed_to_others(tmp_path: Path) -> None:
    chain, key = certificate(tmp_path)
    Path(key).chmod(0o644)
    found = files.certificate(Listen(certificate=chain, key=key), datetime.now(UTC) - timedelta(days=30))
    assert states(found) == ["ok", "warning"]
    assert f"chmod 600 {key}" in all_said(found)


def test_an_alliances_secret_is_there_and_closed_to_others(tmp_path: Path) -> None:
    assert files.alliance(None) == []
    assert states(files.alliance(tmp_path / "alliance.key")) == ["fault"]
    secret = Secret.create(tmp_path / "alliance.key")
    assert secret.id in all_said(files.alliance(tmp_path / "alliance.key"))
    (tmp_path / "alliance.key").chmod(0o604)
    assert "chmod 600" in all_said(files.alliance(tmp_path / "alliance.key"))


def test_the_benign_ledger_is_another_one_made_under_the_same_secret(tmp_path: Path) -> None:
    key, traced, place = tmp_path / "key", tmp_path / "ledger", tmp_path / "benign"
    secret = Secret.create(key)
    assert states(files.benign(None, traced, key, None)) == ["ok"]
    assert states(files.benign(place, traced, key, None)) == ["fault"]
    Ledger.create(place, identity(secret.id))
    found = files.benign(place, traced, key, None)
    assert states(found) == ["warning"]
    assert "holds nothing" in all_said(found)
    assert "would count as a common tool" in all_said(files.benign(place, place, key, None))
    other = tmp_path / "other"
    Secret.create(other)
    assert states(files.benign(place, traced, other, None)) == ["fault"]
