"""The hunt on one page: a ledger of sketches in, a review out.

    survey      who is there, what does each account repeat, what is usual        (pass 1)
    reference   how do honest accounts score, stratum by stratum
    candidates  which accounts of different principals share a rare skeleton
    gather      what did they send with it                                         (pass 2)
    split       users of one tool apart from a campaign that uses it
    measure     interchangeable or not, overlapping or not, shared infrastructure
    judge       campaign, watch, or let go, with the reason
    claim       what rings linked on some days do on the others, beside honest groups linked in the same way
    hear        which of them partners told of, and what their word bears
    listen      are single accounts that nobody suspects still like those of the benign log? else nothing is acted on
    decide      which evidence is strong enough to act on, at the stated false-discovery rate
    explain     what every evidence family says of what is listed
    place       which known operators it is like, and where its addresses lie: no verdict rests on that
    look        with a register of earlier looks: lasting ids, and evidence that counts once

Nothing here reads text or raw identifiers; names come back at the end, from the ledger's sealed table.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stillwatch.campaigns.acting import acting, is_asked
from stillwatch.campaigns.campaign import Review
from stillwatch.campaigns.claims import Grounds, claims, matches, others
from stillwatch.campaigns.context import contexts
from stillwatch.campaigns.families import ALL_FAMILIES, SUBJECTS, VARIANTS
from stillwatch.campaigns.gather import GATHERED_COLUMNS, Carried, gather
from stillwatch.campaigns.habits import profiles_of
from stillwatch.campaigns.half import Half, HeldOut
from stillwatch.campaigns.heard import NO_CONVERSATIONS, Asked, Conversations, Partners, conversations, joined
from stillwatch.campaigns.judgement import judge
from stillwatch.campaigns.known import NOTHING_KNOWN, Benign, commonness
from stillwatch.campaigns.measure import ring
from stillwatch.campaigns.memory import Memory
from stillwatch.campaigns.networks import Networks
from stillwatch.campaigns.newcomers import Unsuspected, account_reference, unsuspected
from stillwatch.campaigns.profiles import Profile
from stillwatch.campaigns.profiles import matches as matching
from stillwatch.campaigns.reach import blind_spots, calibration, traffic
from stillwatch.campaigns.reference import of_benign_log, of_the_others
from stillwatch.campaigns.sayings import sayings
from stillwatch.campaigns.split import split
from stillwatch.campaigns.statements import (
    Found,
    account_findings,
    campaign,
    cleared,
    heavy_but_alone,
    one_organisation,
    rule_hits,
)
from stillwatch.campaigns.tested import Frozen, Measured, Tested, frozen, measured
from stillwatch.ledger.ranges import read_parts
from stillwatch.standing.alarm import NO_ALARMS, Alarms, listening, ringing
from stillwatch.standing.beside import known_again, with_trials
from stillwatch.standing.drift_checks import drift_checks
from stillwatch.standing.look import Looked, look
from stillwatch.standing.register import Register
from stillwatch.stats.sample_split import Split, TooFewDays
from stillwatch.stats.sample_split import split as split_days
from stillwatch.tracing import template
from stillwatch.tracing.calibration import BENIGN_TOO_SHORT, TOO_FEW_DAYS
from stillwatch.tracing.candidates import Searches
from stillwatch.tracing.candidates import candidates as find_candidates
from stillwatch.tracing.commonness import Population, common_skeletons
from stillwatch.tracing.skeleton import Keys, Repeated
from stillwatch.tracing.survey import (
    SKELETON_COLUMNS,
    Accounts,
    Survey,
    Surveyor,
    account_strata,
    accounts,
    fixed_rows,
    sharing_rates,
    survey,
    templated_share,
)
from stillwatch.tracing.template import Candidate

Progress = Callable[[str, float], None]
"""Called with the name of the step and how much of it is done, 0 .. 1."""
SEED = 20_260_223
"""Of permutations and samples: the same ledger gives the same review."""
_COMPARED_ACCOUNTS, _OTHER_ACCOUNTS = 500, 2_000
"""Accounts of a ring, and of the log, that are compared with partners' templates: those with the least pseudonyms, so
drawn at random, and the same at every look. Chosen: what 1 in 100 accounts send shows among 2,000."""


class Sketches(Protocol):
    """What the hunt needs of a ledger."""

    def days(self) -> list[int]: ...

    def of_days(self, days: Collection[int]) -> Sketches: ...

    def table(self) -> ibis.Table: ...

    def segment_paths(self) -> list[Path]: ...


@dataclass(frozen=True)
class Hunt:
    """What to hunt with. `ignored`: skeleton values of phrases that everybody uses (see `tracing.ubiquitous`).

    `families`: the evidence families that speak; leaving one out shows what it is worth. `split_key`: decides which
    days link and which test, so that nobody else can know them. `partners`: what an alliance told, where one is asked.
    """

    alpha: float = 0.01
    families: frozenset[str] = ALL_FAMILIES
    split_key: bytes = b""
    ignored: Keys = field(default_factory=lambda: np.empty(0, np.uint64))
    names: Mapping[int, str] = field(default_factory=dict)
    rejected: int = 0
    rejections: Sequence[str] = ()
    damage: Sequence[str] = ()
    identity: Mapping[str, str] = field(default_factory=dict)
    profiles: Sequence[Profile] = ()
    networks: Networks | None = None
    partners: Partners | None = None


def learned(benign: Sketches, hunt: Hunt, progress: Progress = lambda step, done: None) -> Benign:
    """Learn from a benign ledger once, for several hunts."""
    seen, linking = _surveyed(benign, hunt, "reading the benign log", progress)
    skeleton = template.skeletons(seen.repeated, seen.conversations, seen.population, hunt.ignored)
    common = common_skeletons(skeleton, seen.accounts.unit)
    tested = _tested(_measured(benign, linking, hunt, "calibrating", progress), benign, seen.population, hunt)
    reference = of_benign_log(tested.of_strangers()) if tested else BENIGN_TOO_SHORT
    repetition = templated_share(seen)
    strata = account_strata(seen.accounts, repetition)
    people = account_reference(seen.accounts, repetition, strata, hunt.split_key)
    sent = tested.sent_by_strangers() if tested else ()
    return Benign(common, seen.subjects, seen.accounts.unit, reference, people, sent)


def review(
    ledger: Sketches, benign: Sketches | Benign | None, hunt: Hunt, progress: Progress = lambda step, done: None
) -> Review:
    """Hunt through `ledger`, calibrated on the accounts of `benign` where it is given."""
    return _hunted(ledger, benign, hunt, progress).review


@dataclass(frozen=True)
class _Hunted:
    """A review, its listed rings in its order, what their claims rest on, how common values are, and whom the drift
    alarm may hear.
    """

    review: Review
    listed: Sequence[Found]
    grounds: Grounds
    usual: Population
    newcomers: Unsuspected


def look_again(
    ledger: Sketches,
    benign: Sketches | Benign | None,
    hunt: Hunt,
    register: Register,
    progress: Progress = lambda step, done: None,
    memory: Memory | None = None,
) -> tuple[Register, Looked]:
    """Hunt as `review` does, as the next look of `register`: lasting ids, and evidence that counts once.

    `memory`: of earlier looks at this ledger, and then of this one.
    Raises `UsageError` where the ledger ends before the last look, or `hunt.alpha` is not the register's.
    """
    hunted = _hunted(ledger, benign, hunt, progress, register.alarms, memory)
    day = max(ledger.days(), default=register.day)
    beside = replace(known_again(hunted.listed, hunt.names), newcomers=hunted.newcomers)
    if benign is not None:

        def retest(rings: Sequence[Frozen], first: int) -> Tested | None:
            return _retested(hunted.grounds.tested, rings, first, ledger, hunted.usual, hunt, progress)

        beside = with_trials(beside, hunted.listed, hunted.grounds, register, day, retest, hunt.families)
    return look(register, hunted.review, day, beside)


def _hunted(
    ledger: Sketches,
    benign: Sketches | Benign | None,
    hunt: Hunt,
    progress: Progress,
    alarms: Alarms = NO_ALARMS,
    memory: Memory | None = None,
) -> _Hunted:
    made = judged(ledger, benign, hunt, progress, memory)
    seen, grounds, known = made.seen, made.grounds, made.known
    rings = list(made.rings)
    if hunt.partners is not None and rings:
        rings = [
            one.hearing(said)
            for one, said in zip(rings, hunt.partners.heard(asked(made, ledger, progress)), strict=True)
        ]
    repetition = templated_share(seen)
    strata = account_strata(seen.accounts, repetition)
    suspects = _suspected(rings, len(seen.accounts))
    newcomers = unsuspected(seen.accounts, repetition, strata, suspects, known.people, hunt.split_key)
    alarms = listening(alarms, newcomers, max(ledger.days(), default=0))
    found = acting(rings, grounds, seen.accounts, hunt.alpha)
    found = [_unless_drifted(f, grounds, ringing(alarms)) for f in found]
    found = _explained(found, ledger, seen.accounts, hunt, progress, memory)
    listed = sorted(
        (f for f in found if f.is_listed), key=lambda f: (f.judgement.verdict, -f.log_e, -f.ring.exchanges, f.id)
    )
    listed = _placed(listed, ledger, seen.accounts, hunt, progress)
    told = _review(found, listed, seen, made.skeleton, strata, grounds, hunt, ledger.table())
    return _Hunted(replace(told, drift=drift_checks(alarms, newcomers)), listed, grounds, seen.population, newcomers)


@dataclass(frozen=True)
class Judged:
    """What a hunt knows of a log before partners are heard: its rings, judged, with what may be claimed of them."""

    seen: Survey
    skeleton: Repeated
    rings: Sequence[Found]
    grounds: Grounds
    known: Benign


def judged(
    ledger: Sketches,
    benign: Sketches | Benign | None,
    hunt: Hunt,
    progress: Progress = lambda step, done: None,
    memory: Memory | None = None,
) -> Judged:
    """The first part of a hunt: survey, candidates, split, measure, judge, claim."""
    rng = np.random.default_rng(SEED)
    read = "reading accounts"
    seen, linking = _surveyed(ledger, hunt, read, progress) if memory is None else (memory.survey(), None)
    skeleton = template.skeletons(seen.repeated, seen.conversations, seen.population, hunt.ignored)
    candidates = _candidates(seen, skeleton, hunt)
    seen = seen.without_sample()
    carried = _gather(ledger, candidates, seen.accounts, progress)
    rates = sharing_rates(ledger.table(), seen.accounts) if candidates else {}
    known = benign if isinstance(benign, Benign) else learned(benign, hunt, progress) if benign else NOTHING_KNOWN
    rings = []
    parts = [part for pair in zip(candidates, carried, strict=True) for part in split(*pair, seen.accounts, rng)]
    for number, (candidate, rows) in enumerate(parts):
        progress("measuring", number / len(parts))
        common = commonness(candidate, seen, known)
        heard = ring(candidate, rows, seen.accounts, skeleton, common, rates, rng).heard(hunt.families)
        rings.append(Found(candidate, rows, heard, judge(heard), _named_after(candidate, seen.accounts)))

    def measure() -> Measured | None:
        half = linking if memory is None else _linking(ledger, hunt, read, progress)
        return _measured(ledger, half, hunt, "testing", progress)

    made = measure() if memory is None else memory.measured(measure)
    tested = _tested(made, ledger, seen.population, hunt)
    rings, grounds = _claimed(rings, tested, seen.accounts, known if benign is not None else None, hunt)
    return Judged(seen, skeleton, rings, grounds, known)


def _suspected(rings: Sequence[Found], accounts: int) -> NDArray[np.bool_]:
    """Which accounts are in rings that are shown or watched."""
    suspected = np.zeros(accounts, np.bool_)
    for one in rings:
        suspected[one.candidate.accounts] |= one.is_listed
    return suspected


def _unless_drifted(found: Found, grounds: Grounds, rung: frozenset[str]) -> Found:
    """Not to be acted on while an alarm rings for its stratum, or for those of the groups that it stands beside.

    After the false-discovery rule, so that an alarm can only remove: what it leaves passed among all.
    """
    drifted = rung & ({found.ring.stratum} | grounds.reference.strata(found.ring.stratum))
    return found.stopped(drifted) if drifted and found.acts_on else found


def _explained(
    found: list[Found], ledger: Sketches, people: Accounts, hunt: Hunt, progress: Progress, memory: Memory | None
) -> list[Found]:
    """The listed ones with what every family says of them; with a memory see there."""
    listed = [number for number, one in enumerate(found) if one.is_listed]
    wanted = listed if memory is None else [n for n in listed if memory.is_to_be_explained(found[n].frozen_as)]
    read = _parts(ledger, "explaining", progress)
    rng = np.random.default_rng(SEED)
    made = sayings([found[n].candidate for n in wanted], people, ledger.table(), read, hunt.families, rng)
    said = dict(zip(wanted, made, strict=True))
    if memory is not None:
        memory.said |= {found[n].frozen_as: evidence for n, evidence in said.items()}
        said = {n: memory.said.get(found[n].frozen_as, ()) for n in listed}
    return [one.saying(said[number]) if number in said else one for number, one in enumerate(found)]


def _placed(listed: list[Found], ledger: Sketches, people: Accounts, hunt: Hunt, progress: Progress) -> list[Found]:
    """The listed ones with what they leave behind, which known operators are like them, and where addresses lie."""
    read = _parts(ledger, "placing", progress)
    where = contexts(read, [people.account[one.candidate.accounts] for one in listed], hunt.networks)
    left: list[Profile | None] = [None] * len(listed)
    if hunt.identity:
        left = profiles_of(listed, people, read, hunt.identity, np.random.default_rng(SEED))
    like = [matching(profile, hunt.profiles) if profile else () for profile in left]
    return [one.placed(*what) for one, what in zip(listed, zip(left, like, where, strict=True), strict=True)]


def _named_after(candidate: Candidate, found: Accounts) -> Keys:
    """The words that link a ring, or its accounts where only what they ask about does."""
    return candidate.keys if len(candidate.keys) else found.account[candidate.accounts].astype(np.uint64)


def _measured(ledger: Sketches, linking: Half | None, hunt: Hunt, step: str, progress: Progress) -> Measured | None:
    """Rings linked on some days and measured on the others; None where there are too few days."""
    if linking is None:
        return None
    rng = np.random.default_rng(SEED)
    rings = frozen(linking, _candidates(linking.seen, linking.skeleton, hunt), rng)
    testing = _testing(ledger, _dealt(ledger, hunt).testing, step, progress)
    return measured(rings, testing, rng, with_sent=hunt.partners is not None)


def _tested(made: Measured | None, ledger: Sketches, usual: Population, hunt: Hunt) -> Tested | None:
    """The same, scored beside how usual their words are on all days."""
    if made is None:
        return None
    return Tested(made.rings, made.scored(usual, hunt.ignored), _dealt(ledger, hunt).testing, made.sent)


def _retested(
    before: Tested | None,
    rings: Sequence[Frozen],
    first: int,
    ledger: Sketches,
    usual: Population,
    hunt: Hunt,
    progress: Progress,
) -> Tested | None:
    """The rings on testing days from `first` on alone."""
    days = before.days[before.days >= first] if before is not None else np.empty(0, np.int64)
    if not len(days):
        return None
    made = measured(rings, _testing(ledger, days, "trying", progress), np.random.default_rng(SEED))
    return Tested(rings, made.scored(usual, hunt.ignored), days)


def _claimed(
    rings: list[Found], tested: Tested | None, found: Accounts, known: Benign | None, hunt: Hunt
) -> tuple[list[Found], Grounds]:
    """The rings with what may be claimed of them, and what that rests on."""
    if tested is None:
        return rings, Grounds(TOO_FEW_DAYS)
    reference = known.reference if known else of_the_others(tested.of_strangers())
    matched = matches([found.account[one.candidate.accounts] for one in rings], tested.rings)
    left = others(matched, tested.rings, (known or NOTHING_KNOWN).common)
    made = claims([*matched, *left], tested.rings, tested.scored, reference, hunt.families)
    claimed = [one.claiming(*what) for one, what in zip(rings, zip(made, matched, strict=False), strict=True)]
    return claimed, Grounds(reference, tested, dict(zip(left, made[len(rings) :], strict=True)))


def _candidates(seen: Survey, skeleton: Repeated, hunt: Hunt) -> list[Candidate]:
    searches = Searches(variants=VARIANTS in hunt.families, subjects=SUBJECTS in hunt.families)
    return find_candidates(seen, skeleton, hunt.ignored, searches)


def _surveyed(ledger: Sketches, hunt: Hunt, step: str, progress: Progress) -> tuple[Survey, Half | None]:
    """All days, and the linking days in the same pass; None where there are too few days to test on others."""
    whole = Surveyor(accounts(ledger.table()))
    links = _links(ledger, hunt)
    half = Surveyor(accounts(links.table())) if links else None
    days = pa.array(links.days() if links else [], pa.int32())
    for part in _read(ledger, (*SKELETON_COLUMNS, "day"), step, progress, in_order=False):
        whole.add(part)
        if half is not None:
            half.add(part.filter(pc.is_in(part.column("day"), days)))
    return whole.survey(), _half(half.survey(), links, hunt, step, progress) if half and links else None


def _linking(ledger: Sketches, hunt: Hunt, step: str, progress: Progress) -> Half | None:
    """The linking days alone; None where there are too few days to test on others."""
    links = _links(ledger, hunt)
    if links is None:
        return None
    seen = survey(accounts(links.table()), _read(links, SKELETON_COLUMNS, step, progress, in_order=False))
    return _half(seen, links, hunt, step, progress)


def _links(ledger: Sketches, hunt: Hunt) -> Sketches | None:
    try:
        return ledger.of_days(_dealt(ledger, hunt).linking.tolist())
    except TooFewDays:
        return None


def _dealt(ledger: Sketches, hunt: Hunt) -> Split:
    return split_days(np.array(ledger.days(), np.int64), hunt.split_key)


def _half(seen: Survey, ledger: Sketches, hunt: Hunt, step: str, progress: Progress) -> Half:
    skeleton = template.skeletons(seen.repeated, seen.conversations, seen.population, hunt.ignored)
    return Half(seen, skeleton, _parts(ledger, step, progress))


def _testing(ledger: Sketches, days: NDArray[np.int64], step: str, progress: Progress) -> HeldOut:
    some = ledger.of_days(days.tolist())
    return HeldOut(accounts(some.table()), _parts(some, step, progress), some.table())


def _gather(ledger: Sketches, candidates: list[Candidate], found: Accounts, progress: Progress) -> list[Carried]:
    if not candidates:
        return []
    wanted = np.sort(found.account[np.concatenate([c.accounts for c in candidates])])
    return gather(candidates, found, _read(ledger, GATHERED_COLUMNS, "gathering", progress, wanted))


def asked(made: Judged, ledger: Sketches, progress: Progress = lambda step, done: None) -> Asked:
    """What partners' claims are compared with. The hunt must have had `partners`, or honest groups are missing."""
    found, tested = made.seen.accounts, made.grounds.tested
    some = [np.sort(found.account[one.candidate.accounts])[:_COMPARED_ACCOUNTS] for one in made.rings]
    others = np.sort(found.account)[:_OTHER_ACCOUNTS]
    sent = _sent(ledger, found, np.unique(np.concatenate([*some, others])), progress)
    return Asked(
        rings=[sent.of(accounts) for accounts in some],
        tried_as=[one.frozen_as for one in made.rings],
        tried=tested.sent if tested else (),
        honest=made.known.sent,
        others=sent.of(others),
    )


def _sent(ledger: Sketches, found: Accounts, wanted: NDArray[np.int64], progress: Progress) -> Conversations:
    """What these accounts (pseudonyms) send, as partners' templates are compared with it."""
    parts = []
    for part in filter(len, _read(ledger, ("account", "conversation", "alliance"), "hearing", progress, wanted)):
        account, conversation = (part.column(name).to_numpy() for name in ("account", "conversation"))
        slots = fixed_rows(part, "alliance", np.arange(len(part)))
        parts.append(conversations(account, found.unit[found.index(account)], conversation, slots))
    return joined(parts) if parts else NO_CONVERSATIONS


def _review(
    found: Sequence[Found],
    listed: Sequence[Found],
    seen: Survey,
    skeleton: Repeated,
    strata: Sequence[str],
    grounds: Grounds,
    hunt: Hunt,
    table: ibis.Table,
) -> Review:
    people, names = seen.accounts, hunt.names
    span = (int(people.first_us.min()), int(people.last_us.max())) if len(people) else (0, 0)
    in_ring = np.zeros(len(people), bool)
    for one in found:
        in_ring[one.candidate.accounts] = True
    rules = rule_hits(people, names)
    let_go = [cleared(f, people, names) for f in found if not f.is_listed]
    let_go += one_organisation(skeleton, people, in_ring, strata, names)
    let_go += heavy_but_alone(people, in_ring, strata, names)
    return Review(
        exchanges=int(people.exchanges.sum()),
        account_count=len(people),
        rejected=hunt.rejected,
        alpha=hunt.alpha,
        first_us=span[0],
        last_us=span[1],
        campaigns=tuple(campaign(f, people, skeleton, names, span) for f in listed),
        accounts=tuple(account_findings(found, people, rules, strata, names, hunt.partners)),
        rules=tuple(rules),
        cleared=tuple(let_go),
        calibration=calibration(grounds.reference),
        blind_spots=(*blind_spots(people), *hunt.damage),
        timeline=traffic(table, *span) if len(people) else (),
        rejections=tuple(hunt.rejections),
        tested=sum(map(is_asked, found)) + len(grounds.others),
        partners=hunt.partners.summary if hunt.partners else "",
    )


def _parts(
    ledger: Sketches, step: str, progress: Progress
) -> Callable[[Sequence[str], NDArray[np.int64] | None], Iterator[pa.Table]]:
    return lambda columns, only: _read(ledger, columns, step, progress, only)


def _read(
    ledger: Sketches,
    columns: Sequence[str],
    step: str,
    progress: Progress,
    only: NDArray[np.int64] | None = None,
    *,
    in_order: bool = True,
) -> Iterator[pa.Table]:
    for done, part in read_parts(ledger.segment_paths(), columns, only, in_order=in_order):
        progress(step, done)
        yield part
    progress(step, 1.0)
