"""Marks in vLLM: both adapters, driven as its model runners drive them, against the reference."""

from __future__ import annotations

import importlib
import importlib.metadata
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from stillwatch.errors import UsageError
from stillwatch.pseudonym import Secret
from stillwatch.watermark.serving.engine import VARIABLE, Engine
from stillwatch.watermark.serving.mark import Mark, marked
from stillwatch.watermark.serving.reference import tails
from stillwatch.watermark.serving.served import ServedStore
from stillwatch.watermark.ticket import FIELD, Ticket, Tickets
from tests.watermark.serving.vectors import digest, read
from tests.watermark.serving.vllm_stand_in import FIRST, SECOND, vllm_at_hand

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'stillwatch[watermark]'")

OURS = "stillwatch.watermark.serving.vllm_"
VOCABULARY = 301
LONGEST = 64
FAR = 4_000_000_000


@pytest.fixture(autouse=True)
def _vllm() -> Iterator[None]:
    with vllm_at_hand():
        yield


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of marks that the environment names, window 2: requests without a ticket are marked by 0.5."""
    for name in ("master", "tickets"):
        Secret.create(tmp_path / f"{name}.key")
    write(tmp_path, window=2)
    monkeypatch.setenv(VARIABLE, str(tmp_path / "marks.toml"))
    return tmp_path


def write(place: Path, window: int = 2, strength: float = 0.5, kind: str = "red-green") -> None:
    (place / "marks.toml").write_text(
        f'master = "master.key"\ntickets = "tickets.key"\ntokenizer = "{"0" * 64}"\nleast_nats = 0.25\n'
        f'[scheme]\nkind = "{kind}"\nwindow = {window}\n[unnamed]\nstrength = {strength}\n'
    )


def sealed(place: Path, account: str, strength: float = 2.0) -> dict[str, Any]:
    tickets = Tickets(Secret.load(place / "tickets.key"))
    return {FIELD: tickets.seal(Ticket(account=account, strength=strength, expires=FAR))}


def asked(extra: dict[str, Any] | None, temperature: float = 1.0) -> Any:
    """The sampling parameters of a request."""
    return SimpleNamespace(extra_args=extra, temperature=temperature)


def config(named: tuple[str, ...] | None = None, is_async: bool = False) -> Any:
    return SimpleNamespace(
        model_config=SimpleNamespace(logits_processors=named),
        scheduler_config=SimpleNamespace(async_scheduling=is_async),
    )


def expected(place: Path, scores: np.ndarray, texts: list[list[int]], requests: list[Any]) -> bytes:
    """What the reference makes of these rows."""
    engine = Engine.load(place / "marks.toml")
    marks: list[Mark | None] = [engine.mark(request.extra_args, request.temperature) for request in requests]
    return marked(scores, tails(texts), marks).tobytes()


def scores_of(rng: np.random.Generator, rows: int) -> np.ndarray:
    return rng.normal(0, 2, (rows, VOCABULARY)).astype(np.float32)


class Slots:
    """A batch of Model Runner V2: slots that are taken and given back, rows in any order, drafted tokens."""

    def __init__(self, slots: int) -> None:
        second = importlib.import_module(SECOND)
        self.history = torch.zeros((slots, LONGEST), dtype=torch.int32)
        held = SimpleNamespace(gpu=self.history)
        self.state = second.LogitsProcRequestState("cpu", slots, VOCABULARY, held, None, None, None)
        self.processor = importlib.import_module("stillwatch.watermark.serving.vllm_entry").Marks(config(), self.state)
        self.texts: dict[int, list[int]] = {}
        self.requests: dict[int, Any] = {}

    def add(self, slot: int, prompt: list[int], request: Any) -> bool:
        self.texts[slot], self.requests[slot] = list(prompt), request
        self._commit(slot)
        taken: bool = self.processor.add_request(slot, request)
        self.processor.apply_staged_writes()
        return taken

    def append(self, slot: int, tokens: list[int]) -> None:
        self.texts[slot] += tokens
        self._commit(slot)

    def _commit(self, slot: int) -> None:
        text = self.texts[slot]
        self.history[slot] = -7  # what is not committed must not be read
        self.history[slot, : len(text)] = torch.tensor(text, dtype=torch.int32)

    def step(self, place: Path, scores: np.ndarray, drafts: dict[int, list[int]]) -> None:
        """One forward pass over the slots of `drafts`, in that order; asserts that rows are the reference's."""
        rows = [(slot, at) for slot, drafted in drafts.items() for at in range(len(drafted) + 1)]
        texts = [self.texts[slot] + drafts[slot][:at] for slot, at in rows]
        context = importlib.import_module(SECOND).LogitsContext(
            expanded_idx_mapping=torch.tensor([slot for slot, _ in rows], dtype=torch.int32),
            idx_mapping=torch.tensor(list(drafts), dtype=torch.int32),
            idx_mapping_np=np.array(list(drafts), np.int32),
            expanded_local_pos=torch.tensor([at for _, at in rows], dtype=torch.int32),
            input_ids=torch.tensor([text[-1] for text in texts], dtype=torch.int32),
            pos=torch.tensor([len(text) - 1 for text in texts]),
            seq_lens_upper_bound_np=np.array([len(self.texts[slot]) + len(drafts[slot]) for slot in drafts]),
        )
        found = self.processor.apply(torch.from_numpy(scores.copy()), context)
        want = expected(place, scores, texts, [self.requests[slot] for slot, _ in rows])
        assert found.numpy().tobytes() == want


@pytest.mark.parametrize("window", [1, 2])
def test_rows_of_model_runner_v2_are_the_references(place: Path, window: int) -> None:
    """Requests come and go, slots are taken again, rows change places, and some requests draft tokens."""
    write(place, window)
    rng, batch = np.random.default_rng(window), Slots(8)
    for step in range(60):
        if step % 4 == 0:
            slot = int(rng.integers(8))
            extra = [None, sealed(place, f"acct-{step}"), sealed(place, "", 1.0), {FIELD: "forged"}][step // 4 % 4]
            prompt = rng.integers(0, VOCABULARY, rng.integers(1, 6)).tolist()
            assert batch.add(slot, prompt, asked(extra, [0.0, 0.7, 1.0][step % 3]))
        order = rng.permutation(list(batch.texts)).tolist()
        drafts = {slot: rng.integers(0, VOCABULARY, rng.integers(0, 4)).tolist() for slot in order}
        batch.step(place, scores_of(rng, sum(map(len, drafts.values())) + len(drafts)), drafts)
        for slot in order:
            if len(batch.texts[slot]) < LONGEST - 5:
                batch.append(slot, [*drafts[slot][: rng.integers(4)], int(rng.integers(VOCABULARY))])


def test_a_row_whose_draft_is_a_placeholder_is_left_alone(place: Path) -> None:
    """vLLM writes -1 where a draft is not one; such a row is thrown away, and must not stop the others."""
    batch = Slots(2)
    batch.add(0, [5, 6], asked(sealed(place, "a")))
    scores = scores_of(np.random.default_rng(1), 3)
    batch.step(place, scores, {0: [-1, 9]})


def test_a_slot_forgets_who_had_it(place: Path) -> None:
    write(place, strength=0.0)
    batch = Slots(1)
    assert batch.add(0, [5, 6], asked(sealed(place, "a")))
    assert not batch.add(0, [5, 6], asked(None))
    scores = scores_of(np.random.default_rng(1), 1)
    batch.step(place, scores, {0: []})


def test_rows_of_the_first_model_runner_are_the_references(place: Path) -> None:
    """The batch as vLLM keeps it: who comes takes the row of who left; else the last row moves there; two may swap."""
    first = importlib.import_module(FIRST)
    rng = np.random.default_rng(7)
    processor = importlib.import_module("stillwatch.watermark.serving.vllm_entry").Marks(config(), "cpu", False)
    rows: list[tuple[Any, list[int], list[int]]] = []
    for step in range(80):
        removed, added, moved = [], [], []
        if rows and step % 5 == 3:
            removed.append(int(rng.integers(len(rows))))
        if len(rows) < 7 and step % 2 == 0:
            extra = [None, sealed(place, f"acct-{step}"), {FIELD: 7}, {"other": 1}][step // 2 % 4]
            prompt = rng.integers(0, VOCABULARY, rng.integers(1, 5)).tolist()
            new = asked(extra, [0.0, 0.7][step % 3 == 0]), prompt, list[int]()
            index = removed[0] if removed else len(rows)
            rows[index : index + 1] = [new]
            added.append((index, *new))
        elif removed:
            last = rows.pop()
            if removed[0] < len(rows):
                rows[removed[0]] = last
                moved.append((len(rows), removed[0], first.MoveDirectionality.UNIDIRECTIONAL))
        if len(rows) > 2 and step % 7 == 6 and not removed:
            rows[0], rows[1] = rows[1], rows[0]
            moved.append((0, 1, first.MoveDirectionality.SWAP))
        update = first.BatchUpdate(len(rows), removed, added, moved) if removed or added or moved else None
        processor.update_state(update)
        scores = scores_of(rng, len(rows))
        found = processor.apply(torch.from_numpy(scores.copy())).numpy().tobytes()
        assert found == expected(
            place, scores, [prompt + answer for _, prompt, answer in rows], [r for r, _, _ in rows]
        )
        for _, _, answer in rows:
            answer.append(int(rng.integers(VOCABULARY)))
    assert not processor.is_argmax_invariant()


def test_an_answer_whose_prompt_is_not_told_is_marked_once_it_has_a_context(place: Path) -> None:
    first, answer = importlib.import_module(FIRST), [4]
    processor = importlib.import_module("stillwatch.watermark.serving.vllm_v1").MarksV1(config(), "cpu", False)
    request = asked(sealed(place, "a"))
    processor.update_state(first.BatchUpdate(1, [], [(0, request, None, answer)], []))
    scores = scores_of(np.random.default_rng(3), 1)
    assert (processor.apply(torch.from_numpy(scores.copy())).numpy() == scores).all()
    answer.append(9)
    assert processor.apply(torch.from_numpy(scores.copy())).numpy().tobytes() == expected(
        place, scores, [[4, 9]], [request]
    )


def test_the_vectors_come_out_of_model_runner_v2(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys are set as the vectors say; everything else is the adapter's."""
    for case in read():
        mark, known = case.mark(), [row for row, given in enumerate(case.rows) if given.tail[-case.scheme.window] >= 0]
        batch = Slots(len(case.rows))
        for slot, row in enumerate(case.rows):
            batch.add(slot, [token for token in row.tail if token >= 0] or [0], asked(None))
        batch.processor._marks = [mark] * len(case.rows)
        rows = [row for row in known if case.rows[row].tail[1] >= 0]
        given = case.logits()[rows]
        context = importlib.import_module(SECOND).LogitsContext(
            expanded_idx_mapping=torch.tensor(rows), idx_mapping=torch.tensor(rows), idx_mapping_np=np.array(rows),
            expanded_local_pos=torch.zeros(len(rows), dtype=torch.int64),
            input_ids=torch.tensor([batch.texts[row][-1] for row in rows]),
            pos=torch.tensor([len(batch.texts[row]) - 1 for row in rows]),
            seq_lens_upper_bound_np=np.array([2] * len(rows)),
        )  # fmt: skip
        found = batch.processor.apply(torch.from_numpy(given), context).numpy()
        assert [digest(row) for row in found] == [case.rows[row].raised_sha256 for row in rows]


@pytest.mark.parametrize("extra", [None, {}, {FIELD: "forged"}, {FIELD: 3}, {FIELD: ["A"]}, {"strength": 9.0}])
def test_what_a_client_sends_has_no_effect(place: Path, extra: dict[str, Any] | None) -> None:
    """Nobody's ticket: the fleet's key with the strength of the file."""
    mark = Engine.load(place / "marks.toml").mark(extra)
    assert mark is not None
    assert (mark.account, mark.strength, mark.fleet.epoch) == (None, 0.5, 0)


def test_without_a_file_of_marks_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    """vLLM loads what is installed, whether it is wanted or not."""
    monkeypatch.delenv(VARIABLE, raising=False)
    batch = Slots(1)
    assert not batch.add(0, [5, 6], asked({FIELD: "any"}))
    first = importlib.import_module("stillwatch.watermark.serving.vllm_entry").Marks(
        config(is_async=True), "cpu", False
    )
    first.update_state(importlib.import_module(FIRST).BatchUpdate(1, [], [(0, asked(None), [1], [])], []))
    scores = torch.ones((1, VOCABULARY))
    assert first.apply(scores) is scores


def test_one_class_serves_both_runners(place: Path) -> None:
    entry = importlib.import_module("stillwatch.watermark.serving.vllm_entry")
    first = importlib.import_module(FIRST).LogitsProcessor
    second = importlib.import_module(SECOND).LogitsProcessor
    assert issubclass(entry.Marks, second)  # vLLM checks this of what an entry point names
    assert isinstance(entry.Marks(config(), "cpu", False), first)
    assert isinstance(Slots(1).processor, second)
    entry.Marks.validate_params(asked(None))


def test_an_older_vllm_has_the_first_runner_only(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be loaded would keep vLLM from starting, so nothing of the second is asked for."""
    for name in [name for name in sys.modules if name.startswith(OURS)]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, SECOND, None)
    made = importlib.import_module("stillwatch.watermark.serving.vllm_entry").Marks(config(), "cpu", False)
    made.update_state(importlib.import_module(FIRST).BatchUpdate(1, [], [(0, asked(None), [1, 2], [])], []))
    assert made.apply(torch.zeros((1, VOCABULARY))).any()
    for name in [name for name in sys.modules if name.startswith(OURS)]:
        del sys.modules[name]


def test_the_entry_point_names_that_class() -> None:
    found = importlib.metadata.entry_points(group="vllm.logits_processors")
    if not [point for point in found if point.name == "stillwatch"]:
        pytest.skip("the entry point is not registered yet: install Stillwatch again")
    assert [point.load().__name__ for point in found if point.name == "stillwatch"] == ["Marks"]


def test_nothing_is_marked_twice_and_nothing_is_left_out(place: Path) -> None:
    entry = importlib.import_module("stillwatch.watermark.serving.vllm_entry")
    named = ("stillwatch.watermark.serving.vllm_v1:MarksV1",)
    with pytest.raises(UsageError, match="twice"):
        entry.Marks(config(("other.package:Thing", *named)), Slots(1).state)
    with pytest.raises(UsageError, match="--no-async-scheduling"):
        entry.Marks(config(is_async=True), "cpu", False)
    idle = entry.Marks(config(named, is_async=True), "cpu", False)
    idle.update_state(importlib.import_module(FIRST).BatchUpdate(1, [], [(0, asked(None), [1, 2], [])], []))
    scores = torch.zeros((1, VOCABULARY))
    assert not idle.apply(scores).any()


def test_a_scheme_that_draws_is_refused(place: Path) -> None:
    write(place, kind="gumbel")
    with pytest.raises(UsageError, match="red-green"):
        Slots(1)


def kept(place: Path, account: str) -> tuple[list[list[int]], list[tuple[int, int]]]:
    """What an auditor finds: prompts, and contexts of two tokens as pairs."""
    store = ServedStore.open(place / "served.sqlite", Secret.load(place / "served.key"))
    found = store.of(account, time.time_ns() // 1_000)
    return [prompt.tolist() for prompt in found.prompts], [divmod(int(one), 1 << 32) for one in found.contexts]


@pytest.fixture
def keeping(place: Path) -> Path:
    """The same file, which says that what is served is kept."""
    Secret.create(place / "served.key")
    text = (place / "marks.toml").read_text()
    (place / "marks.toml").write_text(f'{text}[served]\nfile = "served.sqlite"\nsecret = "served.key"\n')
    return place


def test_model_runner_v2_keeps_what_an_audit_will_need(keeping: Path) -> None:
    """Of the account with a key of its own; not of who is marked under the fleet's alone."""
    batch = Slots(2)
    batch.add(0, [5, 6, 7], asked(sealed(keeping, "a")))
    batch.add(1, [8, 9], asked(None))
    rng = np.random.default_rng(1)
    batch.step(keeping, scores_of(rng, 3), {0: [3], 1: []})
    batch.append(0, [3])
    batch.step(keeping, scores_of(rng, 2), {1: [], 0: []})
    batch.processor._engine.served.close()
    assert kept(keeping, "a") == ([[5, 6, 7]], [(6, 7), (7, 3)])
    assert kept(keeping, "") == ([], [])


def test_the_first_model_runner_keeps_what_an_audit_will_need(keeping: Path) -> None:
    first, answer = importlib.import_module(FIRST), list[int]()
    processor = importlib.import_module("stillwatch.watermark.serving.vllm_v1").MarksV1(config(), "cpu", False)
    processor.update_state(first.BatchUpdate(1, [], [(0, asked(sealed(keeping, "a")), [5, 6, 7], answer)], []))
    for token in (3, 4):
        processor.apply(torch.zeros((1, VOCABULARY)))
        answer.append(token)
    processor._engine.served.close()
    assert kept(keeping, "a") == ([[5, 6, 7]], [(6, 7), (7, 3)])
