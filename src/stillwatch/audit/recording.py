"""What a model answered to some prompts, several times each: what tests of similarity compare.

A recording is a folder that `stillwatch audit record` made, or a file of somebody else's with one JSON object a line:

    {"prompt": "What is rye?", "answer": "A grass that is grown for its grain."}

Answers are text that a model gave and are kept as it gave them: what it declined to answer is part of how it answers,
and counts as an empty text. A question that the endpoint would not take says nothing of the model and is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from stillwatch.audit.answers import Answers, Outcome
from stillwatch.audit.protocol import digest_of_prompts
from stillwatch.errors import InputError, UsageError

MOST_LINE_BYTES = 4 * 1024 * 1024
"""Of a foreign file. Chosen: longer than any answer."""
_HEAD, _ANSWERS = "recording.json", "answers.jsonl"


class Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What was asked, and how. Two recordings are compared only where all but `name` and `model` is alike.

    `name` may begin with a family, as `llama-3/8b`. Answer n is to prompt n modulo their number.
    """

    name: str
    model: str
    prompts: tuple[str, ...]
    each: int
    most_tokens: int
    temperature: float

    @property
    def questions(self) -> list[str]:
        """Every prompt, as often as it is asked; a run that is broken off has asked all of them as often."""
        return list(self.prompts) * self.each


class _Line(msgspec.Struct):
    prompt: str
    answer: str


@dataclass(frozen=True, slots=True)
class Recording:
    """A model's answers by prompt. `head`: how they were asked for, None where nobody knows.

    `counts`: how the questions were met, where that is known.
    """

    name: str
    answers: Mapping[str, tuple[str, ...]]
    head: Head | None = None
    counts: Mapping[str, int] | None = None

    @property
    def family(self) -> str:
        """What is before the first slash of its name: models of one family are not told apart."""
        return self.name.partition("/")[0]

    @classmethod
    def read(cls, place: Path) -> Recording:
        """The recording in a folder or a file. Raises `InputError` naming what is wrong in it."""
        return _of_folder(place) if place.is_dir() else _of_file(place)


def start(folder: Path, head: Head) -> Head:
    """Begin a recording, or go on with the one that is there. Raises `UsageError` where that one asked otherwise."""
    file = folder / _HEAD
    if file.exists():
        if _head(file) != head:
            raise UsageError(f"{folder} holds a recording that was asked for otherwise", "Name another folder")
        return head
    folder.mkdir(parents=True, exist_ok=True)
    file.write_bytes(msgspec.json.format(msgspec.json.encode(head), indent=1) + b"\n")
    return head


def answers_of(folder: Path) -> Answers:
    """The answers of a recording so far."""
    return Answers.read(folder / _ANSWERS)


def in_common(recordings: Sequence[Recording], least: int) -> list[str]:
    """Prompts that all of them answered at least so often, in the first one's order.

    Raises `UsageError` where there are none, or where they were asked for with another length or temperature.
    """
    heads = [one.head for one in recordings if one.head is not None]
    for field in ("most_tokens", "temperature"):
        if len(said := {getattr(head, field) for head in heads}) > 1:
            raise UsageError(
                f"the recordings were asked for with {field.replace('_', ' ')} {' and '.join(map(str, sorted(said)))}",
                "Record them alike: answers would differ for that alone",
            )
    first, *others = recordings
    shared = [
        prompt
        for prompt, given in first.answers.items()
        if len(given) >= least and all(len(one.answers.get(prompt, ())) >= least for one in others)
    ]
    if not shared:
        raise UsageError(
            f"there is no prompt that each of {', '.join(one.name for one in recordings)} answered {least} times",
            "Record the same prompts of all of them, several answers each",
        )
    return shared


def _of_folder(folder: Path) -> Recording:
    head = _head(folder / _HEAD)
    said = answers_of(folder)
    found: dict[str, list[str]] = {prompt: [] for prompt in head.prompts}
    counts: dict[str, int] = {}
    for answer in said.all:
        prompt = head.prompts[answer.number % len(head.prompts)]
        if digest_of_prompts([prompt]) != answer.prompt_digest:
            raise InputError(f"{said.file} holds an answer to no prompt of this recording", "Is it another's?")
        counts[answer.outcome.value] = counts.get(answer.outcome.value, 0) + 1
        if answer.outcome is not Outcome.REJECTED:
            found[prompt].append("" if answer.outcome is Outcome.REFUSED else answer.text)
    return Recording(head.name, {prompt: tuple(given) for prompt, given in found.items()}, head, counts)


def _head(file: Path) -> Head:
    try:
        return msgspec.json.decode(file.read_bytes(), type=Head)
    except FileNotFoundError:
        raise UsageError(f"{file.parent} holds no recording", "Make one with `stillwatch audit record`") from None
    except msgspec.MsgspecError as error:
        raise InputError(f"{file} is no recording: {error}") from None


def _of_file(file: Path) -> Recording:
    found: dict[str, list[str]] = {}
    with file.open("rb") as lines:
        for number, line in enumerate(iter(lambda: lines.readline(MOST_LINE_BYTES + 1), b""), 1):
            if not line.strip():
                continue
            try:
                said = msgspec.json.decode(line, type=_Line)
            except msgspec.MsgspecError:
                raise InputError(
                    f"{file}, line {number} is no answer to a prompt", 'Give lines like {"prompt": "...", "answer": ""}'
                ) from None
            found.setdefault(said.prompt, []).append(said.answer)
    if not found:
        raise InputError(f"{file} holds no answer", "Give one a line")
    return Recording(file.stem, {prompt: tuple(given) for prompt, given in found.items()})
