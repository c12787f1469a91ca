"""What an audit says, and when it says nothing: the gates that every test passes, whatever it looks at.

A test is a function of a candidate key. It runs on the suspect under the keys of the plan, on the suspect under wrong
keys, of which as many must be found as chance finds, and on a clean control under the plan's keys, where nothing may be
found. Only then is there a p-value, and it is one among all candidates.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from stillwatch.audit.candidates import Candidate
from stillwatch.audit.chernoff import Mass
from stillwatch.audit.protocol import Protocol
from stillwatch.stats.binomial import chance_of_so_many
from stillwatch.watermark.detect import Score, family
from stillwatch.watermark.keys import Commitment, MarkKey

PANEL_LEVEL = 0.01
_BROKEN = 1e-4
"""A panel or a control that would come by chance less often than this says that something is wrong. Chosen."""

Test = Callable[[Candidate], Score | Mass]


@dataclass(frozen=True, slots=True)
class Found:
    """One candidate key: its score, its p-value among all candidates (Holm), and the natural logarithm of its e-value
    where cells were bet on in the order in which they came.
    """

    commitment: Commitment
    score: Score | Mass
    adjusted: float
    log_e: float | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """Why no p-value is printed."""

    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Calibration:
    """The panel of wrong keys on the same cells, and the clean control under the right ones.

    `crossed`: wrong keys at 1 % or below; `least`: their smallest p; `control`: the smallest of the clean control's.
    """

    wrong_keys: int
    crossed: int
    least: float
    control: float


@dataclass(frozen=True, slots=True)
class Finding:
    """What an audit says: of each candidate, with how the test behaved where there was nothing to find.

    `avoided`: where the plan looks for keys that the suspect avoids, the same of that side, a family of its own.
    """

    protocol: str
    cells: int
    keys: tuple[Found, ...]
    calibration: Calibration
    avoided: tuple[Found, ...] = ()


def p_of(score: Score | Mass) -> float:
    """The p-value; 1 where there were too few cells to judge."""
    return 1.0 if score.p is None else score.p


def with_gates(
    protocol: Protocol,
    cells: int,
    suspect: Test,
    control: Test,
    keys: Mapping[str, Candidate],
    wrong: Sequence[MarkKey],
    panel: Test | None = None,
) -> Finding | Refused:
    """The finding of a test of so many cells, or why there is none. `panel`: the test under wrong keys, where it is
    another one than the suspect's.
    """
    if reasons := _missing(protocol, keys, wrong):
        return Refused(reasons)
    calibration = _calibration(protocol, panel or suspect, control, keys, wrong)
    if reasons := _broken(calibration, len(protocol.keys)):
        return Refused(reasons)
    scores = [suspect(keys[commitment.digest]) for commitment in protocol.keys]
    adjusted = family([p_of(score) for score in scores])
    found = tuple(Found(*each) for each in zip(protocol.keys, scores, adjusted, strict=True))
    return Finding(protocol.digest, cells, found, calibration)


def _missing(protocol: Protocol, keys: Mapping[str, Candidate], wrong: Sequence[MarkKey]) -> tuple[str, ...]:
    reasons = []
    if len(wrong) < protocol.wrong_keys:
        reasons.append(f"a panel of {len(wrong)} wrong keys is no check: {protocol.wrong_keys} were planned")
    if unknown := [one.digest for one in protocol.keys if one.digest not in keys]:
        reasons.append(f"{len(unknown)} of the {len(protocol.keys)} keys that were committed to are not given")
    elif strangers := [one for one in keys.values() if one.key.commitment() not in protocol.keys]:
        reasons.append(f"{strangers[0].key!r} is none of the keys that were committed to")
    return tuple(reasons)


def _calibration(
    protocol: Protocol, under_wrong: Test, control: Test, keys: Mapping[str, Candidate], wrong: Sequence[MarkKey]
) -> Calibration:
    panel = [p_of(under_wrong(Candidate(key))) for key in wrong]
    crossed = sum(p <= PANEL_LEVEL for p in panel)
    clean = min(family([p_of(control(keys[one.digest])) for one in protocol.keys]))
    return Calibration(len(panel), crossed, min(panel), clean)


def _broken(seen: Calibration, candidates: int) -> tuple[str, ...]:
    reasons = []
    if chance_of_so_many(seen.crossed, seen.wrong_keys, PANEL_LEVEL) < _BROKEN:
        reasons.append(f"the test is out of order: {seen.crossed} of {seen.wrong_keys} wrong keys are found at 1 %")
    if seen.least * seen.wrong_keys < _BROKEN:
        reasons.append(f"the test is out of order: a wrong key is found with p {seen.least:.1e}")
    if seen.control < _BROKEN:
        reasons.append(f"a model that saw no mark is found with p {seen.control:.1e} under {candidates} keys")
    return tuple(reasons)
