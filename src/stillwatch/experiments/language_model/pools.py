"""Which answers the experiment needs, of each seed's campaign under its keys and without marks, and where they lie.

A pool is a folder: answers, one a line in the order of the questions, and for each batch what entered the top layers. A
run that was stopped goes on after the last whole batch; each batch has a seed of its own, so it comes out the same.
A seed is a provider of its own: its keys, its draws. All campaigns ask the same questions, so that a mixture holds each
question once, answered with the mark or without. Pools that come first serve the most.
"""

from __future__ import annotations

import hashlib
import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from stillwatch.experiments.harvest import STRENGTH, Keys, Layout, Size
from stillwatch.experiments.language_model.questions import questions
from stillwatch.experiments.language_model.teacher import AT_ONCE, Answer, Speaker, States
from stillwatch.report.atomic_file import write_atomically
from stillwatch.watermark.serving.mark import Mark

Marks = Sequence[Mark | None]
ACCOUNTS = Size().accounts
"""Accounts whose keys are candidates where nothing else is said."""


@dataclass(frozen=True, slots=True)
class Amounts:
    """How large the experiment is. `asked`: questions of a campaign, some 15,000 tokens of answers. `read`: how many of
    these are asked once more without a mark, for the text that suspects read. `said`: how many a suspect is asked.
    `dealt`: over how many accounts a campaign also deals its questions, each account under a key of its own.
    Chosen: for an evening on one core.
    """

    seeds: tuple[int, ...] = (1, 2, 3)
    asked: int = 128
    read: int = 64
    said: int = 64
    dealt: tuple[int, ...] = (5, 50)


class Pool:
    """Answers to a list of questions in one folder."""

    def __init__(self, folder: Path, asked: Sequence[str]) -> None:
        self.folder, self._asked = folder, asked
        self._file = folder / "answers.jsonl"

    def fill(self, speaker: Speaker, marks: Marks) -> Iterator[int]:
        """Ask what is missing, a batch at a time, question k marked with mark k of a circle of them; yields how many
        answers there are now.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        lines = self._lines()
        for start in range(len(lines), len(self._asked), AT_ONCE):
            began = time.process_time()
            seed = zlib.crc32(f"{self.folder.name}/{start}".encode())
            asked = self._asked[start : start + AT_ONCE]
            among = [marks[(start + place) % len(marks)] for place in range(len(asked))]
            found, states = speaker.answers(asked, among, seed)
            np.save(self._states(start), states)
            self._seconds(start).write_text(f"{time.process_time() - began:.0f}\n", "utf-8")
            lines += [msgspec.json.encode(one).decode() + "\n" for one in found]
            write_atomically(self._file, "".join(lines))  # last: a batch is there when its lines are
            yield len(lines)

    def answers(self) -> list[Answer]:
        """All that there are."""
        return [msgspec.json.decode(line, type=Answer) for line in self._lines()]

    def states(self) -> list[States]:
        """Of each answer, (positions, width)."""
        answers = self.answers()
        whole = np.concatenate([np.load(self._states(start)) for start in range(0, len(answers), AT_ONCE)])
        return np.split(whole, np.cumsum([one.positions for one in answers])[:-1])

    def cpu_seconds(self) -> int:
        """What asking took, over all runs."""
        return sum(int(self._seconds(start).read_text("utf-8")) for start in range(0, len(self._lines()), AT_ONCE))

    def _lines(self) -> list[str]:
        return self._file.read_text("utf-8").splitlines(keepends=True) if self._file.exists() else []

    def _states(self, start: int) -> Path:
        return self.folder / f"{start}.npy"

    def _seconds(self, start: int) -> Path:
        return self.folder / f"{start}.seconds"


@dataclass(frozen=True, slots=True)
class Pools:
    """The pools in a folder, and the keys that they are marked under."""

    folder: Path
    tokenizer_file: Path
    amounts: Amounts = Amounts()

    def keys(self, seed: int, accounts: int = ACCOUNTS) -> Keys:
        """Of one provider, so many accounts of the campaign among them; bound to the tokenizer's file as an engine's
        are.
        """
        digest = hashlib.sha256(self.tokenizer_file.read_bytes()).hexdigest()
        return Keys(1_000 + seed, Size(accounts=accounts), tokenizer=digest)

    def needed(self) -> list[tuple[Pool, Marks]]:
        """Every pool, with the marks that its questions take in turn."""
        seeds = self.amounts.seeds
        marked = [(self.marked(seed), self._marks(seed, Layout.CAMPAIGN, 1)) for seed in seeds]
        dealt = [
            (self.dealt(seed, accounts), self._marks(seed, Layout.ACCOUNTS, accounts))
            for seed in seeds
            for accounts in self.amounts.dealt
        ]
        return [marked[0], (self.clean, [None]), (self.read, [None]), *marked[1:], *dealt]

    @property
    def clean(self) -> Pool:
        """What the campaign would have got without marks."""
        return Pool(self.folder / "clean", questions()[: self.amounts.asked])

    @property
    def read(self) -> Pool:
        """Unmarked answers that nobody is trained on."""
        return Pool(self.folder / "read", questions()[: self.amounts.read])

    def marked(self, seed: int) -> Pool:
        """What the campaign of a seed got."""
        return Pool(self.folder / f"marked-{seed}", questions()[: self.amounts.asked])

    def dealt(self, seed: int, accounts: int) -> Pool:
        """What it got through so many accounts, each under a key of its own."""
        return Pool(self.folder / f"dealt-{accounts}-{seed}", questions()[: self.amounts.asked])

    def _marks(self, seed: int, layout: Layout, accounts: int) -> Marks:
        keys = self.keys(seed, accounts)
        return [Mark(keys.fleet, key, STRENGTH) for key in keys.marking(layout)]
