"""A store that is moved to the other database and back is the same to whoever holds on to something of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from stillwatch.errors import UsageError
from stillwatch.sharing.governance.approval import Signer
from stillwatch.storage.hub.moving import move
from stillwatch.storage.hub.opening import open_alliance, open_store, store_place
from tests.storage.hub.private_postgres import shared_postgres
from tests.storage.hub.trying import RITA, add, entry, listed, prepared


def test_dates_cursors_and_signers_stay(tmp_path: Path) -> None:
    """From a file to PostgreSQL to another file: rows, dates, the key of cursors; and numbers go on behind the last."""
    first, third = tmp_path / "first", tmp_path / "third"
    second = store_place(shared_postgres().url())
    store = open_store(first)
    prepared(store)
    add(store, [entry(1), entry(2, ends_us=50), entry(3, held_for="a person has to look")])
    open_alliance(first, store).put_signer("rita", Signer("ana", "legal", bytes(32)))
    before = listed(store)
    for source, target in ((first, second), (second, third)):
        assert move(source, target) == 11
        moved = open_store(target)
        assert (listed(moved), moved.cursor_key()) == (before, store.cursor_key())
        assert moved.member("rita") == RITA
        assert [one.reason for one in moved.held()] == ["a person has to look"]
        assert list(open_alliance(target).signers("rita")) == ["ana"]
    added = open_store(second)
    add(added, [entry(4)], "another")
    assert listed(added)[-1].place > before[-1].place


def test_a_store_is_not_moved_onto_another(tmp_path: Path) -> None:
    """Nor from nowhere."""
    for name in ("one", "other"):
        prepared(open_store(tmp_path / name))
    with pytest.raises(UsageError, match="holds something already"):
        move(tmp_path / "one", tmp_path / "other")
    with pytest.raises(UsageError, match="there is no store"):
        move(tmp_path / "nowhere", tmp_path / "new")
