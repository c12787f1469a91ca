"""The campaign's pool of work: item after item, each made once, handed out to whichever account asks next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from stillwatch.world.chance import Chance
from stillwatch.world.hostile.objectives import OBJECTIVES, Objective
from stillwatch.world.hostile.paraphrase import Paraphraser
from stillwatch.world.hostile.plan import Plan
from stillwatch.world.hostile.wrapper import Wrapper
from stillwatch.world.stage import Stage
from stillwatch.world.text.answers import answer
from stillwatch.world.text.lexicon import Subject
from stillwatch.world.wire.effort import PARAMETER


@dataclass(frozen=True, slots=True)
class Work:
    """One item ready to be sent, in its wrapper, and what will be answered."""

    number: int
    system: str
    text: str
    parameters: Mapping[str, Any]
    answer: str
    finish: str
    subject: Subject
    wrapper: Wrapper
    body: Mapping[str, Any] | None = None
    path: str = ""
    headers: tuple[tuple[str, str], ...] = ()

    def asked_on(self, text: str, answered: str) -> Work:
        """A question about the same item."""
        return replace(self, text=text, answer=answered, body=None, headers=(), finish="stop")


class Captured(Protocol):
    """A request of a real client."""

    @property
    def path(self) -> str: ...
    @property
    def body(self) -> Mapping[str, Any]: ...
    @property
    def headers(self) -> tuple[tuple[str, str], ...]: ...


_NEEDED = ("logprobs", "top_logprobs", "tools")


def _needed(name: str, value: object) -> bool:
    """Whether the harvest is none without this parameter; the others may be anybody's."""
    return name in _NEEDED or (name, value) in (("max_tokens", 1), (PARAMETER, ""))


class Pool:
    """Deals items out in order; who takes them, and how often accounts are replaced, does not disturb it."""

    def __init__(self, stage: Stage, plan: Plan, captured: Sequence[Captured] = (), first: int = 0) -> None:
        """`captured`: bodies of a real client that are the items, each dealt out once. `first`: the next item."""
        self._stage, self._plan = stage, plan
        self._captured = stage.chance("captured", plan.name).shuffled(captured)
        self._objective: Objective = OBJECTIVES[plan.objective]
        self._paraphraser = Paraphraser() if plan.knobs.paraphrase else None
        own, jitters = self._objective.parameters, plan.knobs.jitter
        self._parameters = {k: v for k, v in own.items() if _needed(k, v)} if jitters else {PARAMETER: "", **own}
        self._next = first

    @property
    def dealt(self) -> int:
        """How many items have been dealt out."""
        return self._next

    @property
    def is_empty(self) -> bool:
        """Whether every captured item has been dealt out; made-up ones never run out."""
        return bool(self._captured) and self._next >= len(self._captured)

    def take(self) -> Work:
        """The next item. Not to be called on an empty pool."""
        work = self.look()
        self._next += 1
        return work

    def look(self) -> Work:
        """The next item, which stays next: for a request that will be refused. Its wording may differ when taken."""
        number = self._next
        objective, chance = self._objective, self._stage.chance("pool", self._plan.name, number)
        subject = objective.subject(chance)
        payload = objective.payload(subject, chance)
        wrapper = self._wrapper(subject, chance)
        told = answer(subject, max(1, int(chance.lognormal(objective.tokens, 0.45))), chance)
        captured = self._captured[number] if self._captured else None
        short = objective.parameters.get("max_tokens") == 1
        return Work(
            number,
            wrapper.system,
            wrapper.around(payload),
            {**self._parameters, **objective.per_item(chance)},
            told.split(" ")[0] if short else told,
            "length" if short else "stop",
            subject,
            wrapper,
            captured.body if captured else None,
            captured.path if captured else "",
            captured.headers if captured and not self._plan.knobs.random_clients else (),
        )

    def _wrapper(self, subject: Subject, chance: Chance) -> Wrapper:
        objective, knobs = self._objective, self._plan.knobs
        if self._paraphraser is not None:
            if objective.stands_alone and chance.happens(knobs.bare_share):
                return Wrapper("", "{payload}")
            return self._paraphraser.wrapper(objective.intent, subject, chance)
        if knobs.variants == 1:
            return objective.wrapper.worded(None)
        variant = chance.below(knobs.variants)
        return objective.wrapper.worded(self._stage.chance("variant", self._plan.name, variant))
