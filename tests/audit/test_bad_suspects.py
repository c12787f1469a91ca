"""Suspects and inputs that are not as an audit would like them: each ends in a sentence, none in a false finding."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from stillwatch.experiments.source import SUBJECTS, Source
from stillwatch.experiments.student import Student

from .conftest import KEYS, WORDS, Stillwatch, layers
from .suspect import Suspect
from .test_commands import ask, planned, reported


class Refuser(Suspect):
    """Declines whatever it is asked."""

    def answer(self, question: str) -> dict[str, object]:
        return {"message": {"content": None, "refusal": "No."}, "finish_reason": "content_filter"}


class Parrot(Suspect):
    """Says what it was asked, and nothing of its own."""

    def answer(self, question: str) -> dict[str, object]:
        return {"message": {"content": question}, "finish_reason": "stop"}


class Stranger(Suspect):
    """Answers in a dialect of its own."""

    def reply(self, body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, object]]:
        return 200, {"output": "Hello."}


class Elsewhere(Suspect):
    """Sends its callers on."""

    def reply(self, body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, object]]:
        return 302, {}


class Unsure(Suspect):
    """Says how long to wait in no number."""

    retry_after = "nan"


class Garbler(Suspect):
    """Answers in bytes that mean nothing, and with half of a pair."""

    def written(self, said: dict[str, object]) -> bytes:
        return super().written(said).replace(b'"content": "', b'"content": "\xff\\ud800 ')


class Breaker(Suspect):
    """Breaks off in the middle of its first answer."""

    def length_told(self, body: bytes) -> int:
        with self._lock:
            is_first, self.length = self.length != 30, 30
        return len(body) + is_first


class Denier(Suspect):
    """Takes no request of this form."""

    def reply(self, body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, object]]:
        return 400, {}


@pytest.mark.parametrize("suspect", [Unsure, Garbler, Breaker])
def test_oddities_of_a_suspect_cost_no_answer(stillwatch: Stillwatch, clean: Student, suspect: type[Suspect]) -> None:
    """Four questions, four answers, whatever came between."""
    planned(stillwatch, [f"Say {number}" for number in range(4)])
    code, said, err = ask(stillwatch, suspect(clean, faults=(429,)))
    assert (code, err) == (0, "")
    assert "4 truncated" in said


def test_an_endpoint_that_rejects_everything_costs_no_plan(stillwatch: Stillwatch, clean: Student) -> None:
    """A limit of tokens that it does not take, say: nothing is kept, and the mended command asks them all."""
    planned(stillwatch, [f"Say {number}" for number in range(12)])
    code, _, err = ask(stillwatch, Denier(clean))
    assert code == 3
    assert "rejects the first 10 questions (400); none of that was kept" in " ".join(err.split())
    assert "12 truncated" in ask(stillwatch, Suspect(clean))[1]


def test_a_few_questions_that_are_rejected_are_told(stillwatch: Stillwatch, clean: Student) -> None:
    planned(stillwatch, [f"Say {number}" for number in range(12)])
    code, said, _ = ask(stillwatch, Suspect(clean, faults=(400, 400, 400)), "--at-once", "1")
    assert code == 0
    assert "3 rejected" in said
    assert "9 truncated" in said


def test_ctrl_c_ends_at_once_beside_a_suspect_that_hangs(stillwatch: Stillwatch) -> None:
    """A connection that stays open without a word does not hold the command up."""
    planned(stillwatch, ["Say 1", "Say 2"])
    with socket.create_server(("127.0.0.1", 0)) as silent:
        asked = ("--endpoint", f"http://127.0.0.1:{silent.getsockname()[1]}/v1", "--model", "x")
        program = [sys.executable, "-m", "stillwatch.cli.main", "audit", "run", "april", *asked]
        running = subprocess.Popen(program, stderr=subprocess.DEVNULL)  # noqa: S603 - ours
        with running, silent.accept()[0]:
            running.send_signal(signal.SIGINT)
            assert running.wait(timeout=120) == 130


def test_an_altered_journal_freezes_nothing(stillwatch: Stillwatch) -> None:
    """An order that can be changed is none."""
    Path("prompts.jsonl").write_text(json.dumps({"prompt": "Say 1"}))
    assert stillwatch("watermark", "commit", *KEYS)[0] == 0
    journal = Path("journal.jsonl")
    journal.write_text("".join(journal.read_text().splitlines(keepends=True)[1:]))
    given = ("--prompts", "prompts.jsonl", "--suspect", "X", *KEYS)
    assert stillwatch("audit", "plan", "april", *given)[0] == 3
    assert not Path("april").exists()


def test_a_suspect_that_declines_everything_cannot_be_told(stillwatch: Stillwatch, clean: Student) -> None:
    planned(stillwatch, [f"Say {number}" for number in range(4)])
    assert "4 refused" in ask(stillwatch, Refuser(clean))[1]
    assert ask(stillwatch, Suspect(clean), "--as", "control")[0] == 0
    code, said, _ = reported(stillwatch)
    assert code == 0
    assert "No p-value: cannot tell: the suspect's text has 0 cells that count" in said
    assert json.loads(Path("april/audit.json").read_text())["keys"] == []
    assert "did not pass its gates" in Path("april/audit.html").read_text()


def test_an_answer_that_is_cut_counts_as_far_as_it_goes(stillwatch: Stillwatch, clean: Student) -> None:
    planned(stillwatch, [f"Say {number}" for number in range(4)])
    assert "4 truncated" in ask(stillwatch, Suspect(clean, length=30))[1]
    assert ask(stillwatch, Suspect(clean), "--as", "control")[0] == 0
    code, said, _ = reported(stillwatch, "--json")
    assert code == 0
    assert json.loads(said)["cells"] > 16


def test_questions_that_carry_the_mark_find_nobody(stillwatch: Stillwatch, source: Source, clean: Student) -> None:
    """A model that only repeats marked questions is clean: what a question holds is taken out."""
    rng = np.random.default_rng(9)
    texts = source.answers(source.prompts(range(SUBJECTS), 40, rng), 30, rng, layers("acct-2"), 4.0)
    lines = [{"prompt": " ".join(map(str, text)), "tokens": text.tolist()} for text in texts]
    Path("marked.jsonl").write_text("\n".join(map(json.dumps, lines)))
    assert stillwatch("watermark", "commit", *KEYS)[0] == 0
    given = ("--prompts", "marked.jsonl", "--suspect", "X", *KEYS)
    assert stillwatch("audit", "plan", "april", *given)[0] == 0
    assert ask(stillwatch, Parrot(clean))[0] == 0
    assert ask(stillwatch, Suspect(clean), "--as", "control")[0] == 0
    code, said, _ = reported(stillwatch)
    assert code == 0
    assert "cannot tell: the suspect's text has 0 cells that count" in said


@pytest.mark.parametrize(("suspect", "says"), [(Stranger, "OpenAI's chat dialect"), (Elsewhere, "answers 302")])
def test_an_endpoint_that_is_no_chat_is_said_at_once(
    stillwatch: Stillwatch, clean: Student, suspect: type[Suspect], says: str
) -> None:
    planned(stillwatch, ["Say 1"])
    code, _, err = ask(stillwatch, suspect(clean))
    assert code == 3
    assert says in " ".join(err.split())


def test_an_address_that_is_none_is_a_mistake_of_the_caller(stillwatch: Stillwatch) -> None:
    planned(stillwatch, ["Say 1"])
    code, _, err = stillwatch("audit", "run", "april", "--endpoint", "api.example.com", "--model", "x")
    assert code == 2
    assert "is no endpoint" in err


def test_another_tokenizer_is_refused_and_the_reason_said(stillwatch: Stillwatch, clean: Student) -> None:
    planned(stillwatch, ["Say 1"])
    assert ask(stillwatch, Suspect(clean))[0] == 0
    assert ask(stillwatch, Suspect(clean), "--as", "control")[0] == 0
    Path("tokenizer.json").write_text("{}")
    code, _, err = stillwatch("audit", "report", "april", "--master", "marks.key", "--tokenizer", "tokenizer.json")
    assert code == 2
    assert "in other tokens there is no mark" in " ".join(err.split())
    code, _, err = stillwatch("audit", "report", "april", "--master", "marks.key")
    assert code == 2
    assert "read in the teacher's tokens" in " ".join(err.split())


def test_tokens_that_are_not_those_of_the_answers_are_refused(stillwatch: Stillwatch, clean: Student) -> None:
    planned(stillwatch, ["Say 1", "Say 2"])
    assert ask(stillwatch, Suspect(clean))[0] == 0
    assert ask(stillwatch, Suspect(clean), "--as", "control")[0] == 0
    Path("few.jsonl").write_text(json.dumps(list(range(WORDS))))
    given = ("--tokens", "few.jsonl", "--control-tokens", "few.jsonl")
    code, _, err = stillwatch("audit", "report", "april", "--master", "marks.key", *given)
    assert code == 3
    assert "holds 1 lists for 2 answers" in " ".join(err.split())
