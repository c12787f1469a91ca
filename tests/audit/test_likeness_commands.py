"""The commands of similarity, from an endpoint to a sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stillwatch.audit.likeness import SIMILAR_IS_NOT_DERIVED
from stillwatch.audit.recording import Recording
from stillwatch.experiments.student import Student

from .conftest import Stillwatch
from .speakers import Speaker
from .suspect import Suspect


def written(name: str, recording: Recording) -> str:
    file = Path(f"{name}.jsonl")
    lines = [{"prompt": prompt, "answer": text} for prompt, given in recording.answers.items() for text in given]
    file.write_text("\n".join(map(json.dumps, lines)))
    return str(file)


def recorded(stillwatch: Stillwatch, suspect: Suspect, folder: str, *more: str) -> tuple[int, str, str]:
    Path("few.jsonl").write_text("\n".join(f'"Say {number}"' for number in range(6)) + '\n"refuse 1"')
    asked = (
        "audit",
        "record",
        folder,
        "--prompts",
        "few.jsonl",
        "--model",
        "x",
        "--rate",
        "1000",
        "--each",
        "3",
        *more,
    )
    with suspect.served() as address:
        return stillwatch(*asked, "--endpoint", address)


def test_two_endpoints_are_recorded_and_compared(stillwatch: Stillwatch, clean: Student, guilty: Student) -> None:
    for folder, student in (("one", clean), ("two", clean), ("three", guilty)):
        code, said, err = recorded(stillwatch, Suspect(student, faults=(429,)), folder)
        assert (code, err) == (0, "")
        assert "18 truncated, 3 refused, 1 waited for" in said
    code, said, _ = stillwatch("audit", "same-model", "one", "three", "--level", "0.05")
    assert code == 0
    assert "they answer differently" in said
    assert SIMILAR_IS_NOT_DERIVED in said
    assert "--unlike" in said
    code, said, _ = stillwatch("audit", "same-model", "one", "two", "--unlike", "three", "--json")
    assert code == 2  # three answers each are too few for halves


def test_what_would_have_been_seen_is_said(stillwatch: Stillwatch) -> None:
    ours, theirs = (written(str(seed), Speaker(1).recorded("", seed, 8, 20, 4)) for seed in (1, 2))
    unlike = written("unlike", Speaker(2).recorded("", 3, 8, 20, 4))
    code, said, _ = stillwatch("audit", "same-model", ours, theirs, "--unlike", unlike, "--json")
    told = json.loads(said)
    assert code == 0
    assert told["answer"] == "no difference is shown"
    assert [one["share"] for one in told["power"]] == [0.05, 0.1, 0.25, 0.5, 1.0]
    assert told["says"] == SIMILAR_IS_NOT_DERIVED


def test_a_recording_goes_on_where_it_was_and_refuses_other_questions(stillwatch: Stillwatch, clean: Student) -> None:
    assert recorded(stillwatch, Suspect(clean, faults=(429,) * 8), "one", "--at-once", "1")[0] == 3
    again = Suspect(clean)
    assert recorded(stillwatch, again, "one")[0] == 0
    assert len(again.asked) == 21
    code, _, err = recorded(stillwatch, Suspect(clean), "one", "--temperature", "0")
    assert code == 2
    assert "asked for otherwise" in err
    assert recorded(stillwatch, Suspect(clean), "cold", "--temperature", "0")[0] == 0
    code, _, err = stillwatch("audit", "same-model", "one", "cold")
    assert code == 2
    assert "with temperature 0.0 and 1.0" in err


def test_a_recording_that_was_altered_is_refused(stillwatch: Stillwatch, clean: Student) -> None:
    assert recorded(stillwatch, Suspect(clean), "one")[0] == 0
    file = Path("one/answers.jsonl")
    file.write_bytes(file.read_bytes().replace(b'"waits":0', b'"waits":1', 1))
    code, _, err = stillwatch("audit", "same-model", "one", "one")
    assert code == 3
    assert "does not follow" in err


def test_families_and_controls_are_told_in_sentences(stillwatch: Stillwatch) -> None:
    profiles = [written(f"f{number}", Speaker(number).recorded("", 10 + number, 6, 40, 8)) for number in (1, 2, 3, 4)]
    suspect = written("suspect", Speaker(2).recorded("", 99, 6, 40, 8))
    code, said, _ = stillwatch("audit", "family", suspect, *profiles)
    assert code == 0
    assert "suspect answers like f2 most. This is a guess." in said
    assert "of 8 halves got another family's name" in said
    assert SIMILAR_IS_NOT_DERIVED in said
    given = [word for profile in profiles[2:] for word in ("--control", profile)]
    code, said, _ = stillwatch("audit", "similar", suspect, "--teacher", profiles[1], *given)
    assert code == 0
    assert "f2: cannot tell; the suspect's place is 1 of 3" in said
    assert "needs 19 controls" in said
    code, _, err = stillwatch("audit", "similar", suspect, "--teacher", profiles[1], *given, *given)
    assert code == 2
    assert "one name" in err


@pytest.mark.parametrize("command", [("same-model", "gone", "gone"), ("family", "gone", "gone")])
def test_what_is_not_there_is_named(stillwatch: Stillwatch, command: tuple[str, ...]) -> None:
    code, _, err = stillwatch("audit", *command)
    assert code == 3
    assert "gone" in err
