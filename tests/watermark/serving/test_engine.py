"""What an engine believes, and files that are wrong."""

from __future__ import annotations

import logging
import time
from pathlib import Path

import numpy as np
import pytest

from stillwatch.errors import SecretError, StillwatchError, UsageError
from stillwatch.gateway.marking import Marking, Marks
from stillwatch.pseudonym import Secret
from stillwatch.watermark.cells import cells_of
from stillwatch.watermark.detect import owned, scored
from stillwatch.watermark.keys import MasterKeys
from stillwatch.watermark.layers import Layers
from stillwatch.watermark.scheme import Kind, Scheme
from stillwatch.watermark.serving.engine import VARIABLE, Engine
from stillwatch.watermark.serving.in_llama_cpp import LlamaMarks
from stillwatch.watermark.serving.mark import Mark
from stillwatch.watermark.serving.reference import Sampler
from stillwatch.watermark.ticket import FIELD, Ticket, Tickets
from tests.watermark.serving.vectors import digest, read

GOOD = f'master = "master.key"\ntickets = "tickets.key"\ntokenizer = "{"0" * 64}"\n'


@pytest.fixture
def place(tmp_path: Path) -> Path:
    for name in ("master", "tickets"):
        Secret.create(tmp_path / f"{name}.key")
    return tmp_path


def engine(place: Path, text: str = GOOD) -> Engine:
    (place / "marks.toml").write_text(text)
    return Engine.load(place / "marks.toml")


def test_a_ticket_says_whose_key_and_how_strong(place: Path) -> None:
    tickets = Tickets(Secret.load(place / "tickets.key"))
    sealed = tickets.seal(Ticket(tenant="t", account="a", epoch=2, strength=1.5, expires=4_000_000_000))
    mark = engine(place, f"{GOOD}least_nats = 0.5\n[scheme]\nwindow = 2\n").mark({FIELD: sealed, "more": 1}, 0.7)
    keys = MasterKeys(Secret.load(place / "master.key"))
    fleet = keys.key(Scheme(window=2), "0" * 64, tenant="t", epoch=2)
    own = keys.key(Scheme(window=2), "0" * 64, tenant="t", account="a", epoch=2)
    assert mark == Mark(fleet, own, 1.5, 0.5, 0.7)


def test_what_the_gateway_seals_the_engine_marks_and_the_detector_finds(place: Path) -> None:
    """The whole way: the policy's word on an account becomes a mark that is found under this account's keys alone."""
    made = engine(place)
    marking = Marking(Tickets(Secret.load(place / "tickets.key")), Marks(accounts=True), "pseudonym-{}".format)
    mark = made.mark({FIELD: marking.ticket("acct-1", 2.5, int(time.time()))})
    assert mark is not None
    text, rng, sampler = [7], np.random.default_rng(1), Sampler([mark], seed=2)
    for _ in range(400):
        text += sampler.next(rng.normal(0, 1, (1, 300)).astype(np.float32), [text])
    cells, master = cells_of([np.array(text)], 1), MasterKeys(Secret.load(place / "master.key"))
    fleet = master.key(Scheme(), "0" * 64)
    p = {}
    for name in ("acct-1", "acct-2"):
        own = master.key(Scheme(), "0" * 64, account=f"pseudonym-{name}")
        p[name] = scored(owned(cells, fleet, own), Layers(fleet, own)).p or 1.0
    assert p["acct-1"] < 1e-9
    assert p["acct-2"] > 1e-3


def test_an_old_or_forged_ticket_is_counted_and_not_shown(place: Path, caplog: pytest.LogCaptureFixture) -> None:
    made = engine(place)
    sealed = Tickets(Secret.load(place / "tickets.key")).seal(Ticket(account="a", strength=1.5, expires=1))
    with caplog.at_level(logging.WARNING):
        assert made.mark({FIELD: sealed}) is None
        assert made.mark({FIELD: "mine"}) is None
    assert made.refused == 2
    assert "expired" in caplog.text
    assert sealed not in caplog.text
    assert "mine" not in caplog.text


def test_the_ticket_of_many_requests_is_one_mark(place: Path) -> None:
    made, tickets = engine(place), Tickets(Secret.load(place / "tickets.key"))
    seals = [tickets.seal(Ticket(account="a", strength=1.0, expires=4_000_000_000 + end)) for end in range(3)]
    assert len({id(made.mark({FIELD: sealed})) for sealed in seals}) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "master"),
        (GOOD + "colour = 1\n", "colour"),
        (GOOD.replace("0" * 64, "my tokenizer"), "tokenizer"),
        (GOOD + "least_nats = -1.0\n", "least_nats"),
        (GOOD + "[scheme]\nwindow = 3\n", "window"),
        (GOOD + "[unnamed]\nstrength = 50.0\n", "strength"),
        (GOOD.replace("master.key", "tickets.key"), "one secret"),
        (GOOD.replace("master.key", "gone.key"), "no secret key file"),
        ("master = ", "marks.toml"),
    ],
)
def test_a_file_that_is_wrong_says_what_is_wrong(place: Path, text: str, said: str) -> None:
    with pytest.raises(StillwatchError, match=said):
        engine(place, text)


@pytest.mark.parametrize("typed", ["0" * 64, "0123456789abcdef" * 4, b"correct horse battery staple, twice over".hex()])
def test_a_master_secret_that_can_be_guessed_marks_nothing(place: Path, typed: str) -> None:
    (place / "master.key").write_text(typed)
    with pytest.raises(SecretError, match="can be guessed"):
        engine(place)


def test_a_file_that_is_named_has_to_be_there(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert Engine.of_environment() is None
    monkeypatch.setenv(VARIABLE, str(place / "none.toml"))
    with pytest.raises(UsageError, match="cannot be read"):
        Engine.of_environment()


def test_llama_cpp_gets_the_vectors() -> None:
    """Called as llama-cpp-python calls it: the tokens so far as C ints, and the logits as a field of records."""
    record = np.dtype([("id", np.intc), ("logit", np.single), ("p", np.single)], align=True)
    for case in read():
        processor = LlamaMarks(case.mark())
        for row, given in enumerate(case.rows):
            held = np.recarray(shape=(case.vocabulary,), dtype=record)
            held.logit[:] = case.logits()[row]
            before = np.array([token for token in given.tail if token >= 0], np.intc)
            held.logit[:] = processor(before, held.logit)
            assert digest(np.ascontiguousarray(held.logit)) == given.raised_sha256


def test_llama_cpp_without_a_mark_is_left_alone_and_cannot_draw() -> None:
    scores = np.zeros(10, np.float32)
    assert not LlamaMarks(None)(np.array([1], np.intc), scores).any()
    keys = MasterKeys(Secret(b"a secret for tests only, 32 bytes"))
    with pytest.raises(UsageError, match="red-green"):
        LlamaMarks(Mark(keys.key(Scheme(kind=Kind.GUMBEL), "tok"), None, 1.0))
