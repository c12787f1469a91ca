"""The closed loop: an operator who hunts himself with the public pipeline, and turns a knob where he finds himself.

Every two days he
    looks      hunts his campaign so far in his laboratory; accounts that are named there he gives up
    is closed  and those that the defender's hunt shows by then are closed: people act on what they are shown
    rehearses  tries what he could change, the cheapest first, on the rest of the days, until nobody would be named
    goes on    with what he chose, with fresh accounts in the place of those that are lost

The first two days he goes as his tool does. A budget bounds what an exchange may cost him and how often he rehearses.
Weakness: he turns knobs that the simulator has, one at a time, and never turns one back; a better operator pays less.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from stillwatch.evaluation.adaptive.bench import Bench
from stillwatch.evaluation.adaptive.laboratory import laboratory, stage_of_days
from stillwatch.evaluation.adaptive.round import Round
from stillwatch.evaluation.detector import NotRun
from stillwatch.evaluation.metrics.case import DAY_US
from stillwatch.evaluation.world import World
from stillwatch.pseudonym import Secret
from stillwatch.world.hostile.adaptive import Operator
from stillwatch.world.hostile.means import START, Means
from stillwatch.world.sent import Sent
from stillwatch.world.simulate import Part
from stillwatch.world.stage import Stage
from stillwatch.world.truth import Count
from stillwatch.world.write import write_log

ROUND_DAYS = 2
BUDGET = 30.0
"""What an exchange may cost him, in multiples of what it costs at the start."""
_OBJECTIVE = "coding"
_SEED = 63
_FEWEST_ROUNDS = 2


@dataclass(frozen=True, slots=True)
class Effort:
    """What he puts into it: the size of his laboratory, a share of the scenario `small`, and rehearsals a round."""

    laboratory: float = 0.2  # chosen: 270 honest accounts, so that a rehearsal takes seconds
    rehearsals: int = 12


@dataclass(frozen=True)
class _Choice:
    """What he goes on with, what he turned for it, and how often he tried."""

    means: Means
    turned: tuple[str, ...] = ()
    rehearsals: int = 0


FULL_EFFORT = Effort()


def adapt(
    world: World,
    secret: Secret,
    folder: Path,
    progress: Callable[[float], None] = lambda done: None,
    effort: Effort = FULL_EFFORT,
) -> list[Round]:
    """The rounds of a campaign inside a world's traffic, whose ledgers were sketched under `secret`.

    `folder`: where to work; nothing stays there. Raises `NotRun` for a world of less than four days.
    """
    days = world.ledger.days()
    stage = stage_of_days(days[0] * DAY_US, days[-1] - days[0] + 1)
    if stage.days < _FEWEST_ROUNDS * ROUND_DAYS:
        raise NotRun(f"it needs {_FEWEST_ROUNDS * ROUND_DAYS} days and the world has {stage.days}")
    with tempfile.TemporaryDirectory(prefix=".adaptive.", dir=folder) as hidden:
        work = Path(hidden)
        benign = world.benign.path if world.benign else None
        defence = Bench.of(world.ledger.path, benign, secret, work / "defence")
        return _Loop(stage, laboratory(stage, work, effort.laboratory), defence, work, effort.rehearsals).run(progress)


@dataclass(frozen=True)
class _Loop:
    stage: Stage
    lab: Bench
    defence: Bench
    work: Path
    rehearsals: int

    def run(self, progress: Callable[[float], None]) -> list[Round]:
        operator, choice = Operator("the operator's", _OBJECTIVE), _Choice(START)
        lost: frozenset[str] = frozenset()
        rounds: list[Round] = []
        was_closed, last = False, self.stage.days - ROUND_DAYS
        for day in range(0, last + 1, ROUND_DAYS):
            if rounds:
                choice = self._chosen(operator, day, lost, was_closed)
            operator = operator.prepared(self.stage, day, choice.means, lost)
            sent, operator = operator.sent(self.stage, day, ROUND_DAYS)
            got = self._sent(sent, day)
            fleet = frozenset(operator.accounts(self.stage))
            named, closed = (bench.named(self._ends(day + ROUND_DAYS)) & fleet for bench in (self.lab, self.defence))
            lost, was_closed = named | closed, bool(closed)
            rounds.append(_round(rounds, day, choice, operator, got, named, closed))
            progress((day + ROUND_DAYS) / (last + ROUND_DAYS))
        return rounds

    def _sent(self, sent: Sequence[Sent], day: int) -> Count:
        """What a leg sends goes into both ledgers; counted."""
        if not sent:
            return Count()
        log, got = self._written(sent, "leg", day)
        for bench in (self.lab, self.defence):
            bench.add(log)
        return got

    def _chosen(self, operator: Operator, day: int, lost: frozenset[str], was_closed: bool) -> _Choice:
        """The cheapest way on that his own hunt does not see, one knob after the other.

        Where the defender has closed accounts, something has to change whatever the laboratory says.
        """
        share = self._rehearsed(operator, day, operator.means, lost)
        choice = _Choice(operator.means, (), 1)
        while (share or (was_closed and not choice.turned)) and choice.rehearsals < self.rehearsals:
            share, better = self._one_more(operator, choice, day, lost)
            if better is choice:
                break
            choice = better
        return choice

    def _one_more(self, operator: Operator, choice: _Choice, day: int, lost: frozenset[str]) -> tuple[float, _Choice]:
        """The first option that nobody is named with; else the one with which the fewest are. None left: the same."""
        best, tried = (2.0, choice), choice.rehearsals
        most = BUDGET * START.price(self.stage.days)
        for name, means in Operator(operator.name, operator.objective, choice.means).options(self.stage.days, most):
            if tried >= self.rehearsals:
                break
            tried += 1
            share = self._rehearsed(operator, day, means, lost)
            best = min(best, (share, _Choice(means, (*choice.turned, name))), key=lambda one: one[0])
            if not share:
                break
        share, found = best
        return share, choice if found is choice else _Choice(found.means, found.turned, tried)

    def _rehearsed(self, operator: Operator, day: int, means: Means, lost: frozenset[str]) -> float:
        """The share of his accounts that his own hunt would name at the end, if he went on like this."""
        trial = operator.prepared(self.stage, day, means, lost)
        sent, _ = trial.sent(self.stage, day, self.stage.days - day)
        if not sent:
            return 0.0
        log, _ = self._written(sent, "rehearsal", day)
        fleet = frozenset(trial.accounts(self.stage))
        return len(self.lab.named_with(log, self._ends(self.stage.days)) & fleet) / len(fleet)

    def _written(self, sent: Sequence[Sent], kind: str, day: int) -> tuple[Path, Count]:
        log = self.work / f"{kind}-{day}.jsonl.gz"
        part = Part("operator", True, 1, iter([iter(sent)]))
        return log, write_log([part], _SEED, log).by_label["operator"]

    def _ends(self, days: int) -> int:
        """The last of so many days, as ledgers count them."""
        return self.stage.first_us // DAY_US + days - 1


def _round(
    before: Sequence[Round],
    day: int,
    choice: _Choice,
    operator: Operator,
    got: Count,
    named: frozenset[str],
    closed: frozenset[str],
) -> Round:
    requests = got.exchanges + (before[-1].requests if before else 0)
    kept = got.harvested + (before[-1].kept if before else 0)
    so_far = day + ROUND_DAYS
    undefended = START.accounts / (START.wanted * so_far)
    return Round(
        day=so_far,
        turned=choice.turned,
        rehearsals=choice.rehearsals,
        accounts=len(operator.fleet),
        named=len(named),
        closed=len(closed),
        opened=operator.opened,
        requests=requests,
        kept=kept,
        requests_times=requests / kept if kept else None,
        accounts_times=operator.opened / kept / undefended if kept else None,
        price_times=choice.means.price(so_far) / START.price(so_far),
    )
