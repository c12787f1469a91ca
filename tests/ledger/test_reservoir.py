"""A few exchanges per account, for days, for those who say why."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.errors import LedgerError, SketchMismatch, UsageError
from stillwatch.exchange.record import Exchange, Message, Principal, Request, Response
from stillwatch.ledger.database import Database
from stillwatch.ledger.exemplar import FIRST_TURNS, LAST_TURNS, ReadableExchange, exemplar_json
from stillwatch.ledger.reservoir import Exemplar, Look, Reservoir
from stillwatch.pseudonym import Secret

SECRET = Secret(b"a secret for tests only, 32 bytes")
DAY_US = 86_400_000_000
NOW = 20_000 * DAY_US
ANNA, BEN = 101, 102


@pytest.fixture
def reservoir(tmp_path: Path) -> Reservoir:
    return Reservoir.open(tmp_path / "reservoir.sqlite", SECRET, per_account=3, retention_days=7)


def kept(reservoir: Reservoir, account: int = ANNA, now_us: int = NOW) -> list[int]:
    return [e.exchange_id for e in reservoir.look(account, reader="test", reason="test", now_us=now_us)]


def test_what_was_offered_can_be_read(reservoir: Reservoir) -> None:
    reservoir.offer(ANNA, 1, NOW, b'{"turns": []}')
    assert reservoir.look(ANNA, reader="mia", reason="case 7", now_us=NOW) == [Exemplar(ANNA, 1, NOW, b'{"turns": []}')]
    assert kept(reservoir, BEN) == []


def test_at_most_so_many_are_kept_per_account(reservoir: Reservoir) -> None:
    reservoir.offer_all([Exemplar(account, i, NOW, b"{}") for i in range(1, 51) for account in (ANNA, BEN)])
    assert len(kept(reservoir, ANNA)) == len(kept(reservoir, BEN)) == 3


@settings(deadline=None, max_examples=25)  # each example syncs a database to disk
@given(st.permutations(range(1, 9)), st.integers(1, 7))
def test_the_sample_depends_on_neither_order_nor_batches(
    tmp_path_factory: pytest.TempPathFactory, order: list[int], cut: int
) -> None:
    """Re-runs and parallel processes keep the same exchanges; offering twice is offering once."""
    one, two = (
        Reservoir.open(tmp_path_factory.mktemp("r") / "r.sqlite", SECRET, per_account=3, retention_days=7)
        for _ in range(2)
    )
    offers = [Exemplar(ANNA, i, NOW + i, b"{}") for i in order]
    one.offer_all(sorted(offers, key=lambda e: e.exchange_id))
    two.offer_all(offers[:cut])
    two.offer_all(offers)
    assert kept(one) == kept(two)


def test_the_sample_is_another_one_under_another_secret(tmp_path: Path) -> None:
    """Nobody without the secret can tell which of their exchanges will be kept."""
    samples = set()
    for number in range(4):
        secret = Secret(bytes([number]) * 32)
        reservoir = Reservoir.open(tmp_path / f"{number}.sqlite", secret, per_account=2)
        reservoir.offer_all([Exemplar(ANNA, i, NOW, b"{}") for i in range(1, 200)])
        samples.add(tuple(sorted(kept(reservoir))))
    assert len(samples) == 4


def test_retention_counts_from_the_exchange(reservoir: Reservoir) -> None:
    reservoir.offer(ANNA, 1, NOW - 8 * DAY_US, b"{}")
    reservoir.offer(ANNA, 2, NOW - 6 * DAY_US, b"{}")
    assert kept(reservoir) == [2]
    assert reservoir.purge(NOW) == 1
    assert kept(reservoir, now_us=NOW - 7 * DAY_US) == [2]


def test_retention_stays_with_the_reservoir_until_another_is_given(tmp_path: Path) -> None:
    """Who looks need not know what was chosen when the logs were sketched; nor does a later run."""
    path = tmp_path / "reservoir.sqlite"
    Reservoir.open(path, SECRET, retention_days=30).offer(ANNA, 1, NOW - 20 * DAY_US, b"{}")
    assert kept(Reservoir.open(path, SECRET)) == [1]
    assert Reservoir.open(path, SECRET).purge(NOW) == 0
    Reservoir.open(path, SECRET, retention_days=19)
    assert kept(Reservoir.open(path, SECRET)) == []


def test_a_new_reservoir_keeps_for_fourteen_days(tmp_path: Path) -> None:
    reservoir = Reservoir.open(tmp_path / "reservoir.sqlite", SECRET)
    reservoir.offer_all([Exemplar(ANNA, days, NOW - days * DAY_US, b"{}") for days in (13, 15)])
    assert kept(reservoir) == [13]


def test_purging_removes_the_blob_from_the_file(reservoir: Reservoir, tmp_path: Path) -> None:
    """Deleted means overwritten: the sealed bytes are no longer in the file."""
    path = tmp_path / "reservoir.sqlite"
    reservoir.offer(ANNA, 1, NOW, bytes(500))
    ((sealed,),) = Database(path).rows("SELECT sealed FROM exemplars")
    assert sealed in path.read_bytes()
    assert reservoir.purge(NOW + 8 * DAY_US) == 1
    assert sealed[100:132] not in path.read_bytes()
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_a_smaller_sample_is_enforced_by_the_next_purge(reservoir: Reservoir, tmp_path: Path) -> None:
    reservoir.offer_all([Exemplar(ANNA, i, NOW, b"{}") for i in range(1, 10)])
    smaller = Reservoir.open(tmp_path / "reservoir.sqlite", SECRET, per_account=1, retention_days=7)
    before = kept(reservoir)
    assert smaller.purge(NOW) == 2
    assert set(kept(smaller)) < set(before)


def test_every_look_is_logged(reservoir: Reservoir) -> None:
    """Also a look that finds nothing."""
    reservoir.offer(ANNA, 1, NOW, b"{}")
    reservoir.look(ANNA, reader="mia", reason="case 7", now_us=NOW)
    reservoir.look(BEN, reader="tom", reason="case 8", now_us=NOW + 1)
    assert reservoir.looks() == [Look(NOW, "mia", ANNA, "case 7", 1), Look(NOW + 1, "tom", BEN, "case 8", 0)]


@pytest.mark.parametrize(("reader", "reason"), [("mia", ""), ("mia", "  "), ("", "case 7")])
def test_no_look_without_a_reader_and_a_reason(reservoir: Reservoir, reader: str, reason: str) -> None:
    reservoir.offer(ANNA, 1, NOW, b"{}")
    with pytest.raises(UsageError, match="a reason"):
        reservoir.look(ANNA, reader=reader, reason=reason, now_us=NOW)
    assert reservoir.looks() == []


def test_nothing_is_shown_when_the_look_cannot_be_logged(reservoir: Reservoir, tmp_path: Path) -> None:
    """Fails closed: no log entry, no text."""
    reservoir.offer(ANNA, 1, NOW, b"{}")
    with Database(tmp_path / "reservoir.sqlite").transaction() as db:
        db.execute("CREATE TRIGGER full BEFORE INSERT ON looks BEGIN SELECT RAISE(ABORT, 'no'); END")
    with pytest.raises(sqlite3.IntegrityError):
        reservoir.look(ANNA, reader="mia", reason="case 7", now_us=NOW)


@pytest.mark.parametrize("statement", ["DELETE FROM looks", "UPDATE looks SET reader = 'tom'"])
def test_the_look_log_is_append_only(reservoir: Reservoir, tmp_path: Path, statement: str) -> None:
    reservoir.look(ANNA, reader="mia", reason="case 7", now_us=NOW)
    with (
        pytest.raises(sqlite3.IntegrityError, match="append-only"),
        Database(tmp_path / "reservoir.sqlite").transaction() as db,
    ):
        db.execute(statement)
    assert len(reservoir.looks()) == 1


def test_texts_are_sealed_and_bound_to_their_account(reservoir: Reservoir, tmp_path: Path) -> None:
    path = tmp_path / "reservoir.sqlite"
    reservoir.offer(ANNA, 1, NOW, b"a very private question")
    assert b"private" not in path.read_bytes()
    assert path.stat().st_mode & 0o077 == 0
    with Database(path).transaction() as db:
        db.execute("UPDATE exemplars SET account = ?", (BEN,))
    with pytest.raises(LedgerError, match="does not open"):
        kept(reservoir, BEN)


def test_another_secret_is_refused(reservoir: Reservoir, tmp_path: Path) -> None:
    with pytest.raises(SketchMismatch, match="--secret FILE"):
        Reservoir.open(tmp_path / "reservoir.sqlite", Secret(bytes(32)))


def test_an_exemplar_holds_cut_texts_and_no_identifier() -> None:
    exchange = Exchange(
        ts_us=5,
        principal=Principal("anna", organization="acme", ip="192.0.2.1"),
        path="/v1/chat/completions",
        dialect="openai_chat",
        request=Request("chat", "m", (Message("user", "x" * 9_000 + "\ud800"),)),
        response=Response("y\ud800"),
        headers=(("user-agent", "secret-agent"),),
        id="id-1",
    )
    text = exemplar_json(exchange)
    assert not any(raw in text for raw in (b"anna", b"acme", b"192.0", b"agent", b"id-1"))
    question, answer = msgspec.json.decode(text, type=ReadableExchange).turns
    assert (question.role, len(question.text), question.chars) == ("user", 4_000, 9_001)
    assert (answer.role, answer.text) == ("assistant", "y?")


def test_of_a_long_dialogue_both_ends_are_kept() -> None:
    messages = tuple(Message("user", str(i)) for i in range(500))
    exchange = Exchange(1, Principal("a"), "/", "openai_chat", Request("chat", "m", messages))
    read = msgspec.json.decode(exemplar_json(exchange), type=ReadableExchange)
    assert [t.text for t in read.turns] == [str(i) for i in (*range(FIRST_TURNS), *range(500 - LAST_TURNS, 500))]
    assert read.omitted_turns == 500 - FIRST_TURNS - LAST_TURNS
