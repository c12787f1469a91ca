"""One look: the register and a review in, the register after it and the review with lasting ids and decisions out.

    recognise   who is who                                               (`continuity`)
    enter       a hypothesis for every ring that has none                (`trials`)
    listen      do honest newcomers still look like the reference?       (`alarm`)
    try         add the evidence of days that were not used before       (`trials`)
    discover    whose evidence is enough, at the stated rate             (`trials`)
    act         what may be done, and why not                            (`action`)

Values in, values out; `store` keeps the register. The same look taken twice changes nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from stillwatch.campaigns.campaign import AccountFinding, Campaign, Review
from stillwatch.errors import UsageError
from stillwatch.standing.action import Action, action
from stillwatch.standing.alarm import listening, ringing
from stillwatch.standing.continuity import canonical_order, matched_with, recognised
from stillwatch.standing.register import Known, Last, Register
from stillwatch.standing.sighting import Beside, Sighting, sightings
from stillwatch.standing.trials import discovered, entered, is_due, tried


@dataclass(frozen=True, slots=True)
class Looked:
    """A look's outcome. `review`: with lasting ids, and *act* only where it is allowed. `campaigns`, `actions`: one for
    each of `review.campaigns`, in its order; the history of a campaign is in `Known.history`.

    `alarms`: strata whose claims are withheld. `changed`: campaigns that were dormant or merged at this look.
    """

    review: Review
    campaigns: tuple[Known, ...]
    actions: tuple[Action, ...]
    alarms: tuple[str, ...]
    changed: tuple[Known, ...]


NOTHING_BESIDE = Beside()


def look(register: Register, review: Review, day: int, beside: Beside = NOTHING_BESIDE) -> tuple[Register, Looked]:
    """Take a look at `review`, whose ledger is complete up to `day` (since 1970, included).

    Raises `UsageError` for a day before the last look's, another alpha than the register's, or `beside` of another
    review.
    """
    _check(register, review, day, beside)
    listed, others = sightings(review, beside)
    found = [*listed, *others]
    order = canonical_order(found)
    rings = [found[place] for place in order]
    digest = _digest(day, rings, beside)
    if register.last is None or register.last.digest != digest:
        register = _taken(register, rings, day, digest, beside)
    id_at = dict(zip(order, _last_ids(register), strict=True))
    campaigns = tuple(register.campaigns[id_at[place]] for place in range(len(listed)))
    actions = tuple(action(register, known, ring) for known, ring in zip(campaigns, listed, strict=True))
    ended = [k for k in register.campaigns.values() if k.status != "active" and k.history[-1].look == register.looks]
    renamed = _renamed(review, actions, beside)
    return register, Looked(renamed, campaigns, actions, tuple(sorted(ringing(register.alarms))), tuple(ended))


def unused_from(register: Register, rings: Sequence[Sighting], day: int) -> list[int | None]:
    """For each ring that was frozen for a look at `day`, the first day that may serve to try it; 0: all may.

    None: try it another time, see `trials.is_due`. Ask before testing, and hand in what those days say as `Trial`. A
    ring that the days which link do not show is not tried.
    """
    near, matched = matched_with(register, rings)
    days: list[int | None] = []
    for place in range(len(rings)):
        number = matched.known_of[place]
        number = matched.part_of.get(place) if number is None else number
        known = None if number is None or place in matched.by_wrapper else near[number]
        days.append(0 if known is None else known.tried_through + 1 if is_due(known, day) else None)
    return days


def _taken(register: Register, rings: Sequence[Sighting], day: int, digest: str, beside: Beside) -> Register:
    register, ids = recognised(register, rings, day)
    register = entered(register, ids)
    seen = dict(zip(ids, rings, strict=True))
    register = replace(register, alarms=listening(register.alarms, beside.newcomers, day))
    rung = ringing(register.alarms)
    sound = {one: ring.trial for one, ring in seen.items() if not ring.strata & rung}
    register = register.with_campaigns([tried(register.campaigns[one], trial) for one, trial in sound.items()])
    register = discovered(register, seen, rung)
    return replace(register, last=Last(digest, ids))


def _last_ids(register: Register) -> tuple[str, ...]:
    return register.last.ids if register.last is not None else ()


def _check(register: Register, review: Review, day: int, beside: Beside) -> None:
    if day < register.day:
        raise UsageError(
            f"this look is at day {day} and the last one was at day {register.day}",
            "Looks are taken in the order of their days; hunt older days without the register",
        )
    if review.alpha != register.alpha:
        raise UsageError(
            f"the register was begun with a false-discovery rate of {register.alpha}, and {review.alpha} was asked for",
            "Keep the rate for the life of a register, or begin another one",
        )
    for name, given in (("skeletons", beside.skeletons), ("trials", beside.trials), ("words", beside.heard)):
        if given and len(given) != len(review.campaigns):
            raise UsageError(f"{len(given)} {name} do not fit {len(review.campaigns)} campaigns", "Give one for each")


def _digest(day: int, rings: Sequence[Sighting], beside: Beside) -> str:
    """What was looked at, whatever the order in which it was found."""
    told = hashlib.blake2b(str(day).encode(), digest_size=16)
    for ring in rings:
        trial = ring.trial
        tried_on = () if trial is None else (trial.log_e, trial.first_day, trial.last_day, *sorted(trial.accounts))
        plain = (ring.verdict, sorted(ring.strata), ring.exchanges, ring.first_us, ring.name, ring.units, ring.log_e)
        told.update(repr((sorted(ring.accounts), sorted(ring.skeleton), plain, tried_on)).encode())
    told.update(beside.newcomers.fingerprint.encode())
    return told.hexdigest()


def _renamed(review: Review, actions: Sequence[Action], beside: Beside) -> Review:
    """The review with lasting ids; accounts are to be acted on exactly where an action says so."""
    campaigns = tuple(
        replace(campaign, id=decided.id, action=_sentence(decided))
        for campaign, decided in zip(review.campaigns, actions, strict=True)
    )
    ring_of: dict[tuple[str | None, str], int] = {}
    for number, campaign in enumerate(review.campaigns):
        for account in campaign.accounts:
            ring_of.setdefault((campaign.id, account), number)
    accounts = tuple(_account(one, ring_of, review.campaigns, actions, beside) for one in review.accounts)
    return replace(review, campaigns=campaigns, accounts=accounts)


def _account(
    finding: AccountFinding,
    ring_of: dict[tuple[str | None, str], int],
    campaigns: Sequence[Campaign],
    actions: Sequence[Action],
    beside: Beside,
) -> AccountFinding:
    number = ring_of.get((finding.campaign, finding.account))
    if number is None:
        return finding
    decided, before = actions[number], campaigns[number].id
    acts = beside.pseudonyms.get(finding.account, finding.account) in decided.accounts
    said = tuple(replace(one, statement=one.statement.replace(before, decided.id)) for one in finding.evidence)
    return replace(finding, campaign=decided.id, verdict="act" if acts else "watch", evidence=said)


def _sentence(decided: Action) -> str:
    reasons = "; ".join(refusal.statement for refusal in decided.refusals)
    if not decided.accounts:
        return f"Have a person review it before any action: {reasons}"
    act = f"Act by policy on {len(decided.accounts)} accounts, in steps that can be undone"
    act += f": evidence passes the level {decided.level:.2g} that the false-discovery rate leaves it"
    return f"{act}; {reasons}" if reasons else act
