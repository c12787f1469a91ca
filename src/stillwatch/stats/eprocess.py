"""Evidence that grows day by day and may be looked at every day.

Each window (a day) brings a subject an e-value whose expectation, *given the days before*, is at most 1 under the
null. Part of the wealth is bet on it: wealth *= 1 - f + f * e. The wealth is then a test supermartingale, and

    P(wealth ever reaches 1/alpha) <= alpha        (Ville), however often and whenever one looks.

The fraction f must not look ahead. Instead of choosing one, the wealth is split over `FRACTIONS`, which bet side by
side (a mixture is a bet). What is kept is, for each fraction, the wealth and its peak: 80 bytes and four numbers a
subject. Days merge exactly and in any order, as long as no day is counted twice.

**The condition is the whole point.** It fails for plain conformal p-values when days share one reference, and when
honest subjects have lasting habits: who looked odd on Monday will on Tuesday, and the product compounds it. Then use
`conditional` tables for the first, and for the second `log_spread`, which needs no condition, or rank the subject's
final wealth among the benign ones' (`conformal.ranks`).

Sources: Ville (1939); Shafer, Shen, Vereshchagin & Vovk (2011), "Test martingales, Bayes factors and p-values",
Stat. Sci. 26(1); Dawid, de Rooij, Shafer, Shen, Vereshchagin & Vovk (2011), "Insuring against loss of evidence in
game-theoretic probability", Stat. Probab. Lett. 81(1) (adjusters).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stillwatch.errors import SketchMismatch, StillwatchError, UsageError
from stillwatch.stats.betting import MIXTURE, log_bet

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FRACTIONS = (1 / 64, 1 / 16, 1 / 4, 1 / 2, 1.0)
"""From a bet that hardly costs anything to all of it, at most a factor of 4 apart: chosen, not tuned. The mixture never
holds less than 1/5 of the best fraction's wealth."""


class DayCountedTwice(StillwatchError):
    """Two states of one subject overlap in time: merging them would bet twice on the same day."""


@dataclass(frozen=True, eq=False)
class Wealth:
    """Wealth of many subjects, one row each, sorted by subject. Immutable; `merge` makes a new one."""

    fractions: tuple[float, ...]  # (g,)
    subject: Ints  # (n,), ascending and distinct
    log_wealth: Floats  # (n, g): of each fraction by itself
    log_peak: Floats  # (n, g): its largest so far; at least 0, as every bet starts with 1
    first_day: Ints  # (n,)
    last_day: Ints  # (n,)

    def __len__(self) -> int:
        return len(self.subject)

    @property
    def log_value(self) -> Floats:
        """Log of the wealth now, (n,). An e-value at any stopping time; compare with log(1/alpha)."""
        return _log_mean(self.log_wealth)

    @property
    def log_supremum(self) -> Floats:
        """Log of a wealth that the mixture has certainly held at some time, (n,); never falls.

        The best fraction's peak over the number of fractions: a lower bound of the largest wealth, so Ville holds
        for it, and unlike the mixture's own peak it does not depend on how days were merged. Not an e-value.
        """
        return np.asarray(self.log_peak.max(axis=1, initial=0.0) - math.log(len(self.fractions)), np.float64)

    def crossed(self, alpha: float) -> NDArray[np.bool_]:
        """Whether a subject's wealth has been 1/alpha, (n,): wrong for a null subject with chance at most alpha."""
        if not 0.0 < alpha <= 1.0:
            raise UsageError(f"alpha = {alpha} is no level", "Give one above 0 and at most 1")
        return np.asarray(self.log_supremum >= -math.log(alpha))

    def log_adjusted(self, kappa: float = MIXTURE) -> Floats:
        """Log of an e-value that never falls, (n,): the adjusted supremum. See `log_adjusted`."""
        return log_adjusted(self.log_supremum, kappa)

    def merge(self, other: Wealth) -> Wealth:
        """The state after the days of both, whichever came first.

        Commutative; associative where all three merges exist, up to rounding. A subject's days in one operand must all
        lie before its days in the other, else `DayCountedTwice`; other fractions: `SketchMismatch`.
        """
        if self.fractions != other.fractions:
            raise SketchMismatch("two states bet by different fractions", "Start both with the same ones")
        subject = np.union1d(self.subject, other.subject)
        one, two = self._spread_over(subject), other._spread_over(subject)
        one_first = one.first_day < two.first_day
        early, late = one._where(one_first, two), two._where(one_first, one)
        if np.any(early.last_day >= late.first_day):
            raise DayCountedTwice("a subject's days overlap in two states", "Merge states of separate days")
        return Wealth(
            self.fractions,
            subject,
            early.log_wealth + late.log_wealth,
            np.maximum(early.log_peak, early.log_wealth + late.log_peak),
            np.minimum(one.first_day, two.first_day),
            np.where(late.last_day == _NEVER, early.last_day, late.last_day),
        )

    def columns(self) -> dict[str, NDArray[np.float64] | NDArray[np.int64]]:
        """The state as named arrays, to be stored by whoever owns storage; `of_columns` is the way back."""
        return {
            "fractions": np.array(self.fractions),
            "subject": self.subject,
            "log_wealth": self.log_wealth,
            "log_peak": self.log_peak,
            "first_day": self.first_day,
            "last_day": self.last_day,
        }

    def _spread_over(self, subject: Ints) -> Wealth:
        """The same state with a row for each of `subject`, a superset; new rows have not bet on any day."""
        state = _untouched(subject, self.fractions)
        at = np.searchsorted(subject, self.subject)
        state.log_wealth[at], state.log_peak[at] = self.log_wealth, self.log_peak
        state.first_day[at], state.last_day[at] = self.first_day, self.last_day
        return state

    def _where(self, keep: NDArray[np.bool_], other: Wealth) -> Wealth:
        rows = keep[:, None]
        return Wealth(
            self.fractions,
            self.subject,
            np.where(rows, self.log_wealth, other.log_wealth),
            np.where(rows, self.log_peak, other.log_peak),
            np.where(keep, self.first_day, other.first_day),
            np.where(keep, self.last_day, other.last_day),
        )


_NEVER = np.iinfo(np.int64).max  # the day of a subject that has not been seen: after every other


def _untouched(subject: Ints, fractions: tuple[float, ...]) -> Wealth:
    shape = (len(subject), len(fractions))
    never = np.full(len(subject), _NEVER)
    return Wealth(fractions, subject, np.zeros(shape), np.zeros(shape), never, never.copy())


def of_day(day: int, subject: Ints, log_e: Floats, fractions: Sequence[float] = FRACTIONS) -> Wealth:
    """The state after one day: `subject` (n,), each once and in any order, and the log of its e-value that day (n,).

    A subject without traffic that day is left out: it bets nothing. Raises `UsageError` for a subject that comes twice
    (average its e-values first: they share a day), for an e-value that is infinite or no number, for fractions outside
    0 .. 1. An e-value of 0 (log -inf) is a lost bet.
    """
    if not fractions or not all(0.0 < one <= 1.0 for one in fractions):
        raise UsageError(f"fractions {tuple(fractions)} cannot be bet", "Give some above 0 and at most 1")
    if len(log_e) != len(subject) or np.isnan(log_e).any() or np.isposinf(log_e).any():
        raise UsageError("a subject has no evidence that is a finite number", "Leave it out, or give log e = 0")
    order = np.argsort(subject, kind="stable")
    ordered = np.asarray(subject, np.int64)[order]
    if np.any(ordered[1:] == ordered[:-1]):
        raise UsageError("a subject comes twice in one day", "Average its e-values first")
    share = np.array(fractions)
    with np.errstate(divide="ignore"):  # all was bet and lost: wealth 0
        gain = np.logaddexp(np.log1p(-share), np.log(share) + log_e[order][:, None])
    days = np.full(len(ordered), day, np.int64)
    return Wealth(tuple(fractions), ordered, gain, np.maximum(gain, 0.0), days, days.copy())


def of_columns(columns: Mapping[str, NDArray[np.float64] | NDArray[np.int64]]) -> Wealth:
    """The state that `Wealth.columns` gave. Raises `SketchMismatch` where the arrays do not fit together."""
    try:
        state = Wealth(
            tuple(float(one) for one in columns["fractions"]),
            np.asarray(columns["subject"], np.int64),
            np.asarray(columns["log_wealth"], np.float64),
            np.asarray(columns["log_peak"], np.float64),
            np.asarray(columns["first_day"], np.int64),
            np.asarray(columns["last_day"], np.int64),
        )
    except KeyError as missing:
        raise SketchMismatch(f"a state of e-processes lacks {missing}", "It was written by something else") from None
    n, shape = len(state.subject), (len(state.subject), len(state.fractions))
    fits = state.log_wealth.shape == state.log_peak.shape == shape
    fits &= state.first_day.shape == state.last_day.shape == (n,)
    if not fits or np.any(state.subject[1:] <= state.subject[:-1]):
        raise SketchMismatch("a state of e-processes does not fit together", "It is damaged, or of another version")
    return state


def log_adjusted(log_supremum: Floats, kappa: float = MIXTURE) -> Floats:
    """Log of an e-value made from the log of a running maximum of an e-process; any shape.

    A running maximum M is no e-value: its mean can be infinite. A(M) is one, at every time and even in the end, for
    A increasing on 1 .. infinity with integral of A(x) / x^2 at most 1. With x = 1/p these are the bets of `betting`:
    kappa * M^(1 - kappa), or for `MIXTURE` (M - 1 - log M) / log^2 M. A maximum below 1 is raised to 1, at which every
    wealth starts. Cost: evidence 100 becomes 4.5, and 10,000 becomes 118.

    It also holds across filtrations: each process may have been fair only to who sees that subject alone.
    Source: Dawid et al. (2011), above; Choe & Ramdas (2024), "Combining evidence across filtrations", arXiv 2402.09698.
    """
    return log_bet(np.maximum(log_supremum, 0.0), kappa)


def log_spread(log_e: Floats, horizon: int) -> Floats:
    """Log of evidence over days that depend on each other in any way; `log_e` (..., days), result (...).

    sum of e / horizon over the days: each e-value need only be valid by itself. The sum never falls and its mean never
    exceeds 1, so P(ever 1/alpha) <= alpha without any condition on the past. It adds where a product would multiply:
    30 days of e = 100 give 100. `horizon` is fixed beforehand; more days than it raise `UsageError`.
    """
    days = log_e.shape[-1]
    if horizon < 1 or days > horizon:
        raise UsageError(f"{days} days do not fit a horizon of {horizon}", "Fix a horizon that covers all days")
    if days == 0:
        return np.full(log_e.shape[:-1], -np.inf)
    return np.asarray(np.logaddexp.reduce(log_e, axis=-1) - math.log(horizon), np.float64)


def _log_mean(logs: Floats) -> Floats:
    return np.asarray(np.logaddexp.reduce(logs, axis=1) - math.log(logs.shape[1]), np.float64)
