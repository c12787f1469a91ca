"""What is kept of marked answers: sealed, of marked accounts only, for as long as was said."""

from __future__ import annotations

import sqlite3
import stat
from pathlib import Path

import numpy as np
import pytest

from stillwatch.errors import LedgerError, SketchMismatch
from stillwatch.pseudonym import Secret
from stillwatch.watermark.keys import MasterKeys
from stillwatch.watermark.scheme import Scheme
from stillwatch.watermark.serving.in_llama_cpp import LlamaMarks
from stillwatch.watermark.serving.mark import Mark
from stillwatch.watermark.serving.served import MOST_PROMPTS, ServedLog, ServedStore

SECRET = Secret(b"a secret for tests only, 32 bytes")
KEYS = MasterKeys(Secret(b"another secret, of 32 bytes or so"))
DAY_US = 86_400_000_000
NOW_US = 1_788_000_000_000_000


def mark(account: str, window: int = 1) -> Mark:
    scheme = Scheme(window=window)
    own = KEYS.key(scheme, "tok", account=account) if account else None
    return Mark(KEYS.key(scheme, "tok"), own, 2.0)


@pytest.fixture
def store(tmp_path: Path) -> ServedStore:
    return ServedStore.open(tmp_path / "served.sqlite", SECRET, days=30)


class Clock:
    def __init__(self) -> None:
        self.us = NOW_US

    def __call__(self) -> int:
        return self.us


def test_a_marked_answer_leaves_its_prompt_and_the_contexts_it_was_marked_in(store: ServedStore) -> None:
    log = ServedLog(store, Clock())
    marks, text = LlamaMarks(mark("4f2a"), log), [3, 1, 4]
    for token in (9, 2, 9):
        marks(np.array(text, np.intc), np.zeros(12, np.float32))
        text.append(token)
    log.close()
    found = store.of("4f2a", NOW_US)
    assert [prompt.tolist() for prompt in found.prompts] == [[3, 1, 4]]
    assert found.contexts.tolist() == [2, 4, 9]
    assert log.lost == 0


def test_a_context_of_two_tokens_is_both_of_them(store: ServedStore) -> None:
    log = ServedLog(store, Clock())
    log.saw([mark("4f2a", 2), mark("4f2a", 2)], np.array([[7, 5], [-1, 5]]))
    log.close()
    assert store.of("4f2a", NOW_US).contexts.tolist() == [(7 << 32) | 5]


def test_of_everybody_else_nothing_is_kept(store: ServedStore) -> None:
    """Neither of answers without a mark, nor of those under the fleet's key alone."""
    log = ServedLog(store, Clock())
    for one in (None, mark("")):
        log.asked(one, [1, 2])
        log.saw([one], np.array([[1, 2]]))
    log.close()
    assert store.accounts(NOW_US) == []


def test_the_file_shows_nothing_without_its_secret(store: ServedStore, tmp_path: Path) -> None:
    prompt = np.arange(1_000_000, 1_000_064)
    store.add("4f2a", prompt.astype(np.uint64), [prompt], NOW_US)
    file = tmp_path / "served.sqlite"
    held = file.read_bytes()
    assert prompt.astype("<u4").tobytes()[:16] not in held
    assert prompt.astype("<u8").tobytes()[:32] not in held
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with pytest.raises(SketchMismatch):
        ServedStore.open(file, Secret(b"somebody else's secret, 32 bytes"))


def test_what_was_moved_to_another_account_does_not_open(store: ServedStore, tmp_path: Path) -> None:
    store.add("4f2a", np.array([1], np.uint64), [], NOW_US)
    with sqlite3.connect(tmp_path / "served.sqlite") as db:
        db.execute("UPDATE served SET account = '9c11'")
    with pytest.raises(LedgerError, match="does not open"):
        store.of("9c11", NOW_US)


def test_what_is_past_its_retention_is_not_shown_and_a_purge_deletes_it(store: ServedStore, tmp_path: Path) -> None:
    store.add("4f2a", np.array([1], np.uint64), [np.array([1])], NOW_US)
    store.add("4f2a", np.array([2], np.uint64), [np.array([2])], NOW_US + 20 * DAY_US)
    later = NOW_US + 30 * DAY_US + 1
    assert store.of("4f2a", later).contexts.tolist() == [2]
    assert [prompt.tolist() for prompt in store.of("4f2a", later).prompts] == [[2]]
    assert store.purge(later) == 2
    assert store.of("4f2a", NOW_US).contexts.tolist() == [2]
    assert store.purge(later) == 0
    again = ServedStore.open(tmp_path / "served.sqlite", SECRET)
    assert again.days == 30


def test_the_log_purges_as_it_writes(store: ServedStore) -> None:
    clock = Clock()
    log = ServedLog(store, clock)
    log.asked(mark("4f2a"), [1])
    log.flush()
    clock.us += 31 * DAY_US
    log.close()
    clock.us -= 31 * DAY_US
    assert store.of("4f2a", NOW_US).prompts == []


def test_of_an_account_the_newest_prompts_stay(store: ServedStore) -> None:
    store.add("4f2a", np.empty(0, np.uint64), [np.array([n]) for n in range(MOST_PROMPTS + 5)], NOW_US)
    found = store.of("4f2a", NOW_US).prompts
    assert len(found) == MOST_PROMPTS
    assert found[0].tolist() == [5]


def test_a_store_that_is_gone_costs_what_it_would_have_kept_and_no_answer(store: ServedStore, tmp_path: Path) -> None:
    log = ServedLog(store, Clock())
    (tmp_path / "served.sqlite").rename(tmp_path / "gone")
    log.asked(mark("4f2a"), [1])
    log.flush()
    assert log.lost == 1
    log.close()


def test_a_store_to_read_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match=r"there is no .*gone\.sqlite"):
        ServedStore.open(tmp_path / "gone.sqlite", SECRET)


@pytest.mark.parametrize("held", [b"", b"\x00\xff" * 2_000])
def test_another_file_in_its_place_is_named(tmp_path: Path, held: bytes) -> None:
    file = tmp_path / "notes.sqlite"
    file.write_bytes(held)
    with pytest.raises(LedgerError, match=r"notes\.sqlite does not hold what was served"):
        ServedStore.open(file, SECRET)


def test_a_folder_in_its_place_is_named(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="does not hold what was served"):
        ServedStore.open(tmp_path, SECRET)
