"""A page is of one moment: what a member may not see does not slip in while the page is made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stillwatch.sharing.hub.markings import Tlp, Visibility
from stillwatch.sharing.hub.store import Entry
from stillwatch.sharing.taxii.selection import Selection
from tests.storage.hub import places
from tests.storage.hub.trying import add, entry, listed, prepared


def test_the_first_hidden_object_does_not_slip_into_a_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Posted after it was worked out that a member may see all there is, and before the page is read."""
    store, other = places.kept(tmp_path), places.kept(tmp_path)
    prepared(store)
    add(store, [entry(1)])
    secret = Entry("indicator--2", "indicator", 21, "1", 1, Visibility(Tlp.RED, contributor="somebody"), b"{}")
    looked_up = store.database.rows

    def rows(query: str, *values: Any) -> list[Any]:
        if "FROM objects" in query:
            monkeypatch.undo()
            add(other, [secret], "s2")
        return looked_up(query, *values)

    monkeypatch.setattr(store.database, "rows", rows)
    assert [row.id for row in listed(store, Selection())] == ["indicator--1"]
    assert other.counts()["objects"] == 2
