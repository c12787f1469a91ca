"""The folder of one audit: the frozen plan, its questions, and what suspect and control answered.

    plan.json         the plan, as it was digested into the journal
    prompts.jsonl     the questions, in their order, with their tokens where they were given
    filter.json       the contexts that count, in a supervised audit
    suspect.jsonl     the suspect's answers
    control.jsonl     those of a model that never saw marked text
    audit.json/html   what came out

Everything but the answers is digested in the plan, and is checked against it whenever it is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from stillwatch.audit.answers import Answers
from stillwatch.audit.protocol import Protocol, digest_of_contexts, digest_of_prompts
from stillwatch.errors import InputError, UsageError
from stillwatch.pseudonym import Secret
from stillwatch.watermark.contexts import Words
from stillwatch.watermark.keys import MarkKey, MasterKeys


class Prompt(msgspec.Struct, frozen=True):
    """One question. `tokens`: in the teacher's tokenizer, where they were given."""

    prompt: str
    tokens: list[int] | None = None

    @property
    def whole(self) -> str:
        """What the plan digests: the tokens too, since they say which cells are taken out."""
        return msgspec.json.encode(self).decode()


def read_prompts(file: Path) -> list[Prompt]:
    """Questions, one a line: a string, or an object with `prompt` and `tokens`. Raises `InputError` naming the line."""
    found = []
    for number, line in enumerate(file.read_bytes().splitlines(), 1):
        if not line.strip():
            continue
        try:
            said = msgspec.json.decode(line, type=str | Prompt)
        except msgspec.MsgspecError:
            raise InputError(f"{file}, line {number} is no question", 'Give lines like "What is ...?"') from None
        found.append(Prompt(said) if isinstance(said, str) else said)
    if not found:
        raise InputError(f"{file} holds no question", "Give one a line")
    return found


@dataclass(frozen=True, slots=True)
class Dossier:
    """A folder whose plan and questions are the ones that were frozen."""

    folder: Path
    plan: Protocol
    prompts: tuple[Prompt, ...]
    among: Words | None

    @classmethod
    def make(cls, folder: Path, plan: Protocol, prompts: Sequence[Prompt], among: Words | None) -> Dossier:
        """Write a new one into a folder that is `free`."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "prompts.jsonl").write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in prompts))
        if among is not None:
            (folder / "filter.json").write_bytes(msgspec.json.encode(among.tolist()))
        (folder / "plan.json").write_bytes(msgspec.json.format(msgspec.json.encode(plan), indent=1) + b"\n")
        return cls(folder, plan, tuple(prompts), among)

    @staticmethod
    def free(folder: Path) -> None:
        """Raises `UsageError` where a folder holds an audit."""
        if (folder / "plan.json").exists():
            raise UsageError(f"{folder} holds an audit already", "Name another folder: a plan is frozen once")

    @classmethod
    def open(cls, folder: Path) -> Dossier:
        """Read one. Raises `InputError` where something is not what was frozen."""
        try:
            plan = msgspec.json.decode((folder / "plan.json").read_bytes(), type=Protocol)
        except FileNotFoundError:
            raise UsageError(f"{folder} holds no plan", "Make one with `stillwatch audit plan`") from None
        except msgspec.MsgspecError as error:
            raise InputError(f"{folder / 'plan.json'} is no plan: {error}") from None
        prompts = read_prompts(folder / "prompts.jsonl")
        if digest_of_prompts(one.whole for one in prompts) != plan.prompts_digest:
            raise InputError(f"{folder / 'prompts.jsonl'} is not what was frozen", "Go back to the file as it was")
        return cls(folder, plan, tuple(prompts), _filter(folder, plan))

    def answers(self, whose: str) -> Answers:
        """The suspect's or the control's. Raises `InputError` where one answers another question."""
        found = Answers.read(self.folder / f"{whose}.jsonl")
        for answer in found.all:
            is_known = 0 <= answer.number < len(self.prompts)
            if not is_known or digest_of_prompts([self.prompts[answer.number].prompt]) != answer.prompt_digest:
                raise InputError(f"{found.file} holds an answer to no question of this audit", "Is it another's?")
        return found

    def keys(self, master: Secret) -> list[MarkKey]:
        """The plan's keys, derived again. Raises `UsageError` where one is not what was committed to."""
        made = MasterKeys(master)
        found = []
        for one in self.plan.keys:
            key = made.key(one.scheme, one.tokenizer, tenant=one.tenant, account=one.account, epoch=one.epoch)
            if key.commitment() != one:
                raise UsageError(f"{key!r} is not the key that was committed to", "Give the master secret of that time")
            found.append(key)
        return found

    def wrong_keys(self, master: Secret) -> list[MarkKey]:
        """The panel: keys that no account has, fixed by the plan."""
        made, first = MasterKeys(master), self.plan.keys[0]
        return [
            made.key(first.scheme, first.tokenizer, tenant=f"wrong key {number} of {self.plan.digest}")
            for number in range(self.plan.wrong_keys)
        ]


def _filter(folder: Path, plan: Protocol) -> Words | None:
    if not plan.filter_digest:
        return None
    try:
        among = np.array(msgspec.json.decode((folder / "filter.json").read_bytes(), type=list[int]), np.uint64)
    except (FileNotFoundError, msgspec.MsgspecError):
        raise InputError(f"{folder / 'filter.json'} is missing or damaged", "Go back to the file as it was") from None
    if digest_of_contexts(among) != plan.filter_digest:
        raise InputError(f"{folder / 'filter.json'} is not what was frozen", "Go back to the file as it was")
    return among
