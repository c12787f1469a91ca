"""The query that answers a selection, against the same answer worked out row by row in Python."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stillwatch.sharing.hub.markings import Tlp, Visibility
from stillwatch.sharing.hub.members import Member
from stillwatch.sharing.hub.store import Collection, Entry, Root
from stillwatch.sharing.taxii.cursor import Place
from stillwatch.sharing.taxii.selection import Selection, Versions
from stillwatch.storage.hub.listing import listing
from stillwatch.storage.hub.store import HubStore
from tests.storage.hub import places

TYPES = ("indicator", "malware")
EXPLAINED = {
    "sqlite": ("EXPLAIN QUERY PLAN ", "USING INDEX newest_by_date", "TEMP B-TREE"),
    "postgres": ("EXPLAIN ", "using newest_by_date", "Sort"),
}
"""How a plan is asked for, what it has to say, and what it may not."""
WHERE = Collection(1, "r", "c", "", "t", "", (), "open", True, True, False)


@dataclass(frozen=True)
class Kept:
    """A row as the model has it."""

    level: Tlp
    row: int
    id: str
    type: str
    spec: int
    version_us: int
    date_us: int


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["indicator--1", "indicator--2", "malware--1"]),
        st.sampled_from([20, 21]),
        st.integers(1, 4),
        st.integers(1, 9),
        st.sampled_from([Tlp.CLEAR, Tlp.AMBER, Tlp.RED]),
    ),
    max_size=12,
    unique_by=lambda row: row[:3],
)
VERSIONS = st.just(Versions(every=True)) | st.builds(
    Versions, st.booleans(), st.booleans(), st.just(False), st.lists(st.integers(1, 4), max_size=2).map(tuple)
).filter(lambda versions: versions.first or versions.last or versions.exactly_us)
SELECTIONS = st.builds(
    Selection,
    st.none() | st.lists(st.sampled_from(["indicator--1", "malware--1", "x"]), min_size=1, max_size=2).map(tuple),
    st.none() | st.lists(st.sampled_from([*TYPES, "x"]), min_size=1, max_size=2).map(tuple),
    st.none() | st.sampled_from([(20,), (21,), (20, 21)]),
    VERSIONS,
    st.none() | st.integers(0, 9),
)


def expected(rows: Iterable[Kept], selection: Selection, clearance: Tlp) -> list[Kept]:
    """The rule in words: of what the member may see, the right STIX version, then the right versions, then filters."""
    seen = [row for row in rows if row.level <= clearance]
    of_spec = [row for row in seen if _is_of_spec(row, seen, selection)]
    of_version = [row for row in of_spec if _is_of_version(row, of_spec, selection.versions)]
    found = [
        row
        for row in of_version
        if (selection.ids is None or row.id in selection.ids)
        and (selection.types is None or row.type in selection.types)
        and (selection.added_after_us is None or row.date_us > selection.added_after_us)
    ]
    return sorted(found, key=lambda row: (row.date_us, row.row))


def _is_of_spec(row: Kept, seen: list[Kept], selection: Selection) -> bool:
    if selection.specs is not None:
        return row.spec in selection.specs
    exact = selection.versions.exactly_us if selection.versions.is_exact_only else None
    rivals = [one.spec for one in seen if one.id == row.id and (exact is None or one.version_us in exact)]
    return row.spec >= max(rivals, default=0)


def _is_of_version(row: Kept, of_spec: list[Kept], versions: Versions) -> bool:
    same = [(one.version_us, one.spec) for one in of_spec if one.id == row.id]
    own = (row.version_us, row.spec)
    chosen: list[tuple[bool, Callable[[], bool]]] = [
        (versions.every, lambda: True),
        (versions.last, lambda: own == max(same)),
        (versions.first, lambda: own == min(same)),
        (True, lambda: row.version_us in versions.exactly_us),
    ]
    return any(is_asked and holds() for is_asked, holds in chosen)


@pytest.fixture(scope="module")
def store(database: str, tmp_path_factory: pytest.TempPathFactory) -> HubStore:
    """One store, which each example empties."""
    kept = places.kept(tmp_path_factory.mktemp("hub"))
    kept.put_member(Member("rita"))
    kept.put_root(Root("r", "t", "", 1), None)
    kept.put_collection(WHERE, {})
    return kept


def fill(store: HubStore, rows: list[tuple[str, int, int, int, Tlp]]) -> list[Kept]:
    """Put these rows into the emptied store."""
    store.database.change([("DELETE FROM objects", ()), ("DELETE FROM present", ())])
    for id, spec, version_us, date_us, level in rows:
        entry = Entry(
            id, id.partition("--")[0], spec, str(version_us), version_us, Visibility(level), json.dumps(id).encode()
        )
        store.seed(1, "r", [(entry, date_us)], 10)
    numbered = store.database.rows("SELECT row, id, type, spec, version_us, date_added_us FROM objects ORDER BY row")
    return [Kept(given[4], *row) for row, given in zip(numbered, rows, strict=True)]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ROWS, SELECTIONS, st.sampled_from([Tlp.CLEAR, Tlp.AMBER, Tlp.RED]), st.integers(1, 4))
def test_a_selection_is_answered_as_the_rule_says(
    store: HubStore, rows: list[tuple[str, int, int, int, Tlp]], selection: Selection, clearance: Tlp, limit: int
) -> None:
    """Any rows, filters, clearance; whole, and page by page."""
    kept, member = fill(store, rows), Member("rita", clearance=clearance)
    wanted = [(row.date_us, row.row) for row in expected(kept, selection, clearance)]
    whole, more = store.page(WHERE, member, selection, None, 1000, bodies=False)
    assert ([row.place for row in whole], more) == (wanted, False)
    paged: list[Place] = []
    for _ in itertools.count():
        page, more = store.page(WHERE, member, selection, paged[-1] if paged else None, limit, bodies=True)
        paged += [row.place for row in page]
        if not more:
            break
    assert paged == wanted


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ROWS, SELECTIONS)
def test_after_a_deletion_the_next_newest_is_the_newest(
    store: HubStore, rows: list[tuple[str, int, int, int, Tlp]], selection: Selection
) -> None:
    """What is deleted is what would have been listed, and the default request is right again."""
    kept, ruth = fill(store, rows), Member("ruth", clearance=Tlp.RED)
    gone = expected(kept, selection, Tlp.RED)
    assert store.delete(WHERE, ruth, selection, own_only=False) == len(gone)
    left = [row for row in kept if row not in gone]
    listed, _ = store.page(WHERE, ruth, Selection(), None, 1000, bodies=False)
    assert [row.place.row for row in listed] == [row.row for row in expected(left, Selection(), Tlp.RED)]


def test_the_default_request_walks_one_index(store: HubStore, database: str) -> None:
    """However many objects there are: no sorting, and no look at each row."""
    query = listing(1, Selection(), None, Place(1, 1), 10, "o.row")
    explain, said, sorting = EXPLAINED[database]
    plan = " ".join(str(row[-1]) for row in store.database.rows(explain + query.sql, *query.values))
    assert said in plan
    assert sorting not in plan
