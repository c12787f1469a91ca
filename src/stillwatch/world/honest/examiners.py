"""Who examines models: published evaluations, judges of one's own product, optimisers of prompts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from stillwatch.world.chance import Chance
from stillwatch.world.desk import Desk, program_desk
from stillwatch.world.honest.kind import HonestClass, Streams
from stillwatch.world.honest.program import Made, busy, sends
from stillwatch.world.honest.templates import templates
from stillwatch.world.rhythm import OFFICE, pauses, sessions
from stillwatch.world.sent import Ask, Sent
from stillwatch.world.stage import HOUR_US, Stage
from stillwatch.world.text.answers import answer
from stillwatch.world.text.lexicon import own_subject, whole_domain
from stillwatch.world.text.prompts import own_prompt
from stillwatch.world.text.questions import question

_SETS, _SET_SIZE = 3, 60  # chosen: published evaluations in use, and their questions
_RUNS_A_DAY = 0.12  # chosen: an organisation evaluates about once in eight days, and on the day of a release
_RELEASE_RUN_SHARE = 0.7  # chosen
_ROUND_US = 20_000_000  # chosen: what an optimiser needs between two rounds
_JUDGE_PER_DAY, _OPTIMISER_RUNS_A_DAY = 28.0, 0.3  # chosen


def published_set(stage: Stage, number: int) -> list[str]:
    """The prompts of a published evaluation: the same for everybody who runs it."""
    chance = stage.public("evaluation", number)
    shipped = templates("evaluations")
    template = shipped[number % len(shipped)]
    prompts = []
    for _ in range(_SET_SIZE):
        subject = whole_domain(chance)
        options = "\n".join(f"({letter}) {subject.term(chance)}" for letter in "ABCD")
        prompts.append(template.format(d=subject.domain, q=question(subject, chance), options=options))
    return prompts


def _evaluation(stage: Stage, count: int) -> Streams:
    sets = [published_set(stage, number) for number in range(_SETS)]
    for number in range(count):
        chance = stage.chance("evaluation", number)
        desk = program_desk(chance, stage)
        prompt = dict(desk.setup.parameters) | {"temperature": 0}
        eager = replace(desk.setup, moves_us=stage.release_us, parameters=prompt)
        yield _runs(stage, chance, Desk(desk.account, eager), chance.zipf(sets))


def _runs(stage: Stage, chance: Chance, desk: Desk, prompts: list[str]) -> Iterator[Sent]:
    begins = max(stage.first_us, desk.account.account_created_us)
    starts = list(sessions(chance, begins, stage.last_us, _RUNS_A_DAY, OFFICE, desk.account.zone, 0.3))
    if begins <= stage.release_us < stage.last_us and chance.happens(_RELEASE_RUN_SHARE):
        starts.append(stage.release_us + chance.below(20 * HOUR_US))
    about = own_subject(chance)
    for start in sorted(starts):
        for moment, prompt in zip(pauses(chance, start, len(prompts), 2.0, 0.7), prompts, strict=True):
            yield desk.send(moment, Ask((("user", prompt),)), answer(about, 12, chance))


def _judge(stage: Stage, count: int) -> Streams:
    for number in range(count):
        chance = stage.chance("judge", number)
        yield _rater(stage, chance, program_desk(chance, stage))


def _rater(stage: Stage, chance: Chance, desk: Desk) -> Iterator[Sent]:
    subject = own_subject(chance)
    template = chance.zipf(templates("judges")) if chance.happens(0.6) else "{q}\n---\n{r}"
    system = own_prompt(subject, "judge", chance) if chance.happens(0.7) else ""

    def make() -> Made:
        asked, told = question(subject, chance), answer(subject, int(chance.lognormal(80.0, 0.5)), chance)
        ask = Ask((("user", template.format(q=asked, r=told)),), system, {"temperature": 0})
        return ask, f'{{"score": {chance.between(1, 10)}, "reason": "{answer(subject, 20, chance)}"}}'

    return sends(desk, busy(stage, chance, desk, _JUDGE_PER_DAY), make)


def _optimisers(stage: Stage, count: int) -> Streams:
    for number in range(count):
        chance = stage.chance("prompt_optimiser", number)
        yield _optimiser(stage, chance, program_desk(chance, stage))


def _optimiser(stage: Stage, chance: Chance, desk: Desk) -> Iterator[Sent]:
    """Runs that ask a small training set again and again under changing instructions and examples."""
    subject = own_subject(chance)
    train = [question(subject, chance) for _ in range(chance.between(12, 30))]
    solved = {asked: answer(subject, 40, chance) for asked in train}
    begins = max(stage.first_us, desk.account.account_created_us)
    for start in sessions(chance, begins, stage.last_us, _OPTIMISER_RUNS_A_DAY, OFFICE, desk.account.zone, 0.4):
        moment = start
        for _ in range(chance.between(2, 5)):
            shown = "\n---\n".join(f"Question: {q}\nReasoning: {solved[q]}" for q in chance.sample(train, 2))
            system = f"{own_prompt(subject, 'chat', chance)}\nLet's think step by step in order to produce the answer."
            for ts_us in pauses(chance, moment, len(train), 3.0):
                moment, asked = ts_us + _ROUND_US, chance.pick(train)
                ask = Ask((("user", f"{shown}\n---\nQuestion: {asked}"),), system, {"temperature": 1})
                yield desk.send(ts_us, ask, answer(subject, 90, chance))


EVALUATION = HonestClass(
    "evaluation",
    True,
    "Independent organisations that run published question sets, also on a release day.",
    _evaluation,
)
JUDGE = HonestClass("judge", True, "Programs that grade the answers of their owner's product by a rubric.", _judge)
PROMPT_OPTIMISER = HonestClass(
    "prompt_optimiser", True, "Optimisers that ask a small training set again and again, step by step.", _optimisers
)
