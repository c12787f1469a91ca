"""Keys on record, a plan frozen, a suspect asked over HTTP, and a report: the commands, from end to end."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from stillwatch.audit.answers import Answers
from stillwatch.experiments.source import Source
from stillwatch.experiments.student import Student

from .conftest import HEX, KEYS, Stillwatch, layers, taught
from .suspect import Suspect

QUESTIONS = 60


def planned(stillwatch: Stillwatch, questions: list[str], *more: str) -> None:
    lines = [json.dumps({"prompt": question, "tokens": [number]}) for number, question in enumerate(questions)]
    Path("prompts.jsonl").write_text("\n".join(lines))
    assert stillwatch("watermark", "commit", *KEYS)[0] == 0
    code, said, err = stillwatch("audit", "plan", "april", "--prompts", "prompts.jsonl", "--suspect", "X", *KEYS, *more)
    assert (code, err) == (0, "")
    assert "Frozen as entry 4" in said


def ask(stillwatch: Stillwatch, suspect: Suspect, *more: str) -> tuple[int, str, str]:
    with suspect.served() as address:
        return stillwatch("audit", "run", "april", "--endpoint", address, "--model", "x", "--rate", "1000", *more)


def tokens_of(whose: str) -> str:
    """What a tokenizer makes of the answers: here words are numbers."""
    file = Path(f"{whose}-tokens.jsonl")
    answers = Answers.read(Path("april") / f"{whose}.jsonl").all
    file.write_text("\n".join(json.dumps([int(word) for word in answer.text.split()]) for answer in answers))
    return str(file)


def reported(stillwatch: Stillwatch, *more: str) -> tuple[int, str, str]:
    given = ("--tokens", tokens_of("suspect"), "--control-tokens", tokens_of("control"))
    return stillwatch("audit", "report", "april", "--master", "marks.key", *given, *more)


def test_a_suspect_is_planned_asked_and_reported(stillwatch: Stillwatch, guilty: Student, clean: Student) -> None:
    questions = [f"Say something after {number}" for number in range(QUESTIONS)]
    planned(stillwatch, [*questions, "refuse 1"])
    code, said, err = ask(stillwatch, Suspect(guilty, faults=(429, 503)))
    assert (code, err) == (0, "")
    assert "60 truncated" in said
    assert "1 refused" in said
    assert "2 waited for" in said
    assert ask(stillwatch, Suspect(clean), "--as", "control")[0] == 0
    code, said, err = reported(stillwatch, "--json")
    assert (code, err) == (0, "")
    told = json.loads(said)
    answers = {key["account"]: key["answer"] for key in told["keys"]}
    assert answers == {"": "found", "acct-2": "found", "acct-1": "not shown"}
    assert max(key["adjusted"] for key in told["keys"] if key["answer"] == "found") < 1e-6
    page = Path("april/audit.html").read_text()
    assert "X was trained on text that carries marks of 2 keys of ours" in page
    assert told["plan"] in page
    assert "<script" not in page


def test_a_clean_suspect_is_told_so(stillwatch: Stillwatch, source: Source, clean: Student) -> None:
    planned(stillwatch, [f"Say {number}" for number in range(QUESTIONS)])
    assert ask(stillwatch, Suspect(taught(source, None, 3)))[0] == 0
    assert ask(stillwatch, Suspect(clean), "--as", "control")[0] == 0
    code, said, _ = reported(stillwatch)
    assert code == 0
    assert said.count("not shown") == 3
    assert "No key of ours was found in X" in Path("april/audit.html").read_text()


def test_what_a_reference_says_too_is_left_out(stillwatch: Stillwatch, guilty: Student, clean: Student) -> None:
    planned(stillwatch, [f"Say {number}" for number in range(QUESTIONS)], "--reference", "its base")
    for role, student in (("suspect", guilty), ("control", clean)):
        assert ask(stillwatch, Suspect(student), "--as", role)[0] == 0
    code, said, _ = reported(stillwatch)
    assert code == 0
    assert "No p-value: cannot tell: the reference has said nothing" in said
    assert ask(stillwatch, Suspect(clean, length=150), "--as", "reference")[0] == 0
    code, said, _ = reported(stillwatch, "--reference-tokens", tokens_of("reference"))
    assert code == 0
    assert said.count("found") == 2


def test_a_run_that_was_killed_while_it_wrote_asks_only_what_is_missing(
    stillwatch: Stillwatch, guilty: Student
) -> None:
    planned(stillwatch, [f"Say {number}" for number in range(20)])
    assert ask(stillwatch, Suspect(guilty))[0] == 0
    file = Path("april/suspect.jsonl")
    whole = file.read_bytes()
    file.write_bytes(b"".join(whole.splitlines(keepends=True)[:7]) + whole.splitlines()[7][:50])
    again = Suspect(guilty)
    assert ask(stillwatch, again)[0] == 0
    assert len(again.asked) == 13
    answers = Answers.read(file).all
    assert sorted(answer.number for answer in answers) == list(range(20))


def test_a_suspect_that_goes_silent_ends_the_run_and_keeps_what_it_said(
    stillwatch: Stillwatch, guilty: Student
) -> None:
    planned(stillwatch, [f"Say {number}" for number in range(3)])
    code, _, err = ask(stillwatch, Suspect(guilty, faults=(429,) * 8), "--at-once", "1")
    assert code == 3
    assert "answers 429, 8 times" in err
    assert ask(stillwatch, Suspect(guilty))[0] == 0


def test_what_is_no_use_to_ask_again_is_said_at_once(stillwatch: Stillwatch, guilty: Student) -> None:
    planned(stillwatch, ["Say 1"])
    code, _, err = ask(stillwatch, Suspect(guilty, faults=(401,)))
    assert code == 3
    assert "answers 401" in err
    code, said, _ = ask(stillwatch, Suspect(guilty, faults=(400,)))
    assert code == 0
    assert "1 rejected" in said


def test_the_key_of_the_endpoint_is_sent_and_nowhere_written(stillwatch: Stillwatch, guilty: Student) -> None:
    planned(stillwatch, ["Say 1"])
    Path("x.key").write_text("sk-for-tests\n")
    suspect = Suspect(guilty)
    assert ask(stillwatch, suspect, "--key-file", "x.key")[0] == 0
    assert suspect.headers[0]["Authorization"] == "Bearer sk-for-tests"
    assert not any(b"sk-for-tests" in file.read_bytes() for file in Path("april").iterdir())


def test_a_plan_whose_keys_were_not_committed_to_is_refused(stillwatch: Stillwatch) -> None:
    Path("prompts.jsonl").write_text('"one"')
    code, _, err = stillwatch("audit", "plan", "april", "--prompts", "prompts.jsonl", "--suspect", "X", *KEYS)
    assert code == 2
    assert "3 of the 3 keys were never committed to" in err
    assert not Path("april").exists()


@pytest.mark.parametrize("file", ["plan.json", "prompts.jsonl", "tokens", "suspect.jsonl"])
def test_what_was_changed_afterwards_is_refused(stillwatch: Stillwatch, guilty: Student, file: str) -> None:
    planned(stillwatch, ["Say 1", "Say 2"])
    assert ask(stillwatch, Suspect(guilty))[0] == 0
    changed = Path("april") / ("prompts.jsonl" if file == "tokens" else file)
    old, new = {
        "plan.json": (b'"level": 1e-6', b'"level": 0.01'),
        "prompts.jsonl": (b"Say 2", b"Say 3"),
        "tokens": (b'"tokens":[1]', b'"tokens":[7]'),
        "suspect.jsonl": (b'"waits":0', b'"waits":9'),
    }[file]
    assert old in changed.read_bytes()
    changed.write_bytes(changed.read_bytes().replace(old, new, 1))
    code, _, err = stillwatch("audit", "report", "april", "--master", "marks.key")
    assert code in (2, 3)
    assert "frozen" in err or "does not follow" in err


def test_another_master_secret_is_refused(stillwatch: Stillwatch, guilty: Student, clean: Student) -> None:
    planned(stillwatch, ["Say 1"])
    ask(stillwatch, Suspect(guilty))
    ask(stillwatch, Suspect(clean), "--as", "control")
    Path("marks.key").write_text("cd" * 32)
    code, _, err = reported(stillwatch)
    assert code == 2
    assert "not the key that was committed to" in err


def test_marked_text_is_detected_and_its_place_told(stillwatch: Stillwatch, source: Source) -> None:
    """A hundred tokens of nobody's, three hundred marked, a hundred of nobody's."""
    rng = np.random.default_rng(5)
    start = np.array([3]), np.array([0])
    clean = source.answers(start, 200, rng)[0]
    marked = source.answers(start, 300, rng, layers("acct-2"), 4.0)[0]
    text = np.concatenate((clean[:100], marked, clean[100:]))
    Path("leaked.jsonl").write_text(json.dumps(text.tolist()))
    code, said, _ = stillwatch("watermark", "detect", "leaked.jsonl", *KEYS, "--json")
    assert code == 0
    keys = {key["account"]: key for key in json.loads(said)["keys"]}
    assert {account: key["answer"] for account, key in keys.items()} == {
        "": "marked",
        "acct-2": "marked",
        "acct-1": "not shown",
    }
    (place,) = keys[""]["places"]
    assert abs(place["first"] - 100) < 30
    assert abs(place["last"] - 400) < 30


def test_a_short_text_cannot_be_told(stillwatch: Stillwatch) -> None:
    Path("short.jsonl").write_text("[1, 2, 3]")
    code, said, _ = stillwatch("watermark", "detect", "short.jsonl", *KEYS)
    assert code == 0
    assert said.count("cannot tell") == 3


@pytest.mark.parametrize(
    ("line", "says"),
    [('["a"]', "line 1 is no list"), ("[-4, 2]", "no tokens"), ('"a text"', "is a text"), ("", "holds no text")],
)
def test_what_is_no_text_of_tokens_is_named(stillwatch: Stillwatch, line: str, says: str) -> None:
    Path("bad.jsonl").write_text(line)
    code, _, err = stillwatch("watermark", "detect", "bad.jsonl", *KEYS)
    assert code in (2, 3)
    assert says in err


def test_keys_are_committed_to_once(stillwatch: Stillwatch) -> None:
    assert "3 keys committed to; 0 were" in stillwatch("watermark", "commit", *KEYS)[1]
    assert "0 keys committed to; 3 were" in stillwatch("watermark", "commit", *KEYS)[1]
    record = Path("journal.jsonl").read_text()
    assert record.count("mark key committed") == 3
    assert HEX not in record
