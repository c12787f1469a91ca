"""Hostile members of an alliance: whom their claims touch, and what they do to true ones. By the member's own code.

One simulated world is dealt to five providers, and to ten. Each hunts its part once. Then alliances are played: honest
members tell of the rings that they judged campaigns, and say that they saw those of others that they find in rings so
judged; one or two others lie. Objects, the hub's standings, inboxes, claims, matches, e-values and the rule for action
are those of the product; only the wire and the key service are left out (tags are drawn, as the service would make
them).

Counted are honest accounts that are acted on, those put first in a review, and accounts of campaigns that are acted on.
`by evidence alone` counts honest accounts as if every honest ring had been judged a campaign by mistake: what the
e-values hold back when the judgement does not.

Accounts of one ring, and alliances of one world, are not independent: a bound over them is one for this world.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from benchmarks.figures import Figure
from benchmarks.scratch import folder
from stillwatch import pipeline
from stillwatch.assembly import Secrets, sketch_into
from stillwatch.campaigns.acting import acting
from stillwatch.campaigns.heard import NOTHING_HEARD, Asked, Conversations, Heard
from stillwatch.campaigns.judgement import Judgement
from stillwatch.campaigns.statements import Found
from stillwatch.ledger.engines import connect
from stillwatch.ledger.ledger import Ledger
from stillwatch.ledger.view import View
from stillwatch.pipeline import Hunt, Judged
from stillwatch.pseudonym import Pseudonymiser, Secret
from stillwatch.sharing.alliance.standings import standings
from stillwatch.sharing.alliance.store import Published
from stillwatch.sharing.governance.canonical import canonical
from stillwatch.sharing.member import saying
from stillwatch.sharing.member.heard import Hearing
from stillwatch.sharing.member.hub_client import StandingTold
from stillwatch.sharing.member.inbox import Inbox
from stillwatch.sharing.member.partners import Partners
from stillwatch.sharing.member.pulling import received
from stillwatch.sharing.rings.signature import NothingInCommon, Signature, signature
from stillwatch.sharing.rings.traffic import Traffic, shares
from stillwatch.sharing.stix.from_findings import Findings, Telling, objects_of
from stillwatch.sharing.stix.from_findings import Found as Reported
from stillwatch.sharing.stix.vocabulary import Confidence, Nexus, Opinion
from stillwatch.sharing.tags.identifier import Kind
from stillwatch.sharing.tags.tag_set import TAG_BYTES, Tag
from stillwatch.sketch.sketcher import Sketcher
from stillwatch.stats.binomial import upper
from stillwatch.tracing.ubiquitous import ubiquitous_values
from stillwatch.world.scenario import load
from stillwatch.world.write import BENIGN, TRAFFIC, TRUTH, write_world

SIZES = (5, 10)
WORLD, SEED = "small", 3
HOSTILE_CHOICES = 4
"""Members that are tried as the hostile one."""
ALPHA = 0.01
FALSE_TAGS = 0.2
TARGET = 0.001
RECORD = 20
"""True claims that a member tells before it defects, each seen by two honest members."""
_NEEDED = 2_000_000_000
_NOW_US = 1_790_000_000_000_000
_HOUR_US = 3_600_000_000
_GROUND = date(2026, 1, 1)
_JUDGED = Judgement("campaign", "by mistake", "judged a campaign by mistake")


class _Recorded:
    """Partners who say nothing: the hunt then keeps what they would be asked."""

    accounts: Mapping[int, Any] = {}
    summary = fingerprint = ""

    def heard(self, asked: Asked) -> list[Heard]:
        return [NOTHING_HEARD] * len(asked.rings)


@dataclass(frozen=True)
class Provider:
    """One provider's hunt, up to where partners are heard."""

    name: str
    made: Judged
    asked: Asked

    def pseudonyms(self, ring: Found) -> np.ndarray:
        return self.made.seen.accounts.account[ring.candidate.accounts]

    def signature(self, place: int) -> Signature | None:
        """Of one of its rings, as its member would tell it."""
        ring, others = self.asked.rings[place], self.asked.others
        rest = ~np.isin(others.account, ring.account)[others.owner]
        try:
            return signature(_traffic(ring), shares(_rows(others, rest).thinned()))
        except NothingInCommon:
            return None


@dataclass
class Hub:
    """What was published, in order, and what follows from it."""

    published: list[Published] = field(default_factory=list)

    def tell(
        self, member: str, local: str, told: Signature | None = None, tags: Sequence[Tag] = ()
    ) -> Mapping[str, Any]:
        """A campaign with its indicators, at high confidence; its campaign object."""
        found = Reported(local, 5_000, _NOW_US, _NOW_US, 20.0, "campaign", "coding")
        telling = Telling(
            member=member,
            secret=_secret(member),
            nexus=(Nexus.FRAUD,),
            legal_basis="example",
            legal_basis_date=_GROUND,
            contest_url="https://provider.example/contest",
            signature=told.encode() if told else None,
            tags=tags,
        )
        objects = objects_of(Findings("stillwatch.findings/1", ALPHA, (found,)), local, telling, _NOW_US - 2 * _HOUR_US)
        documents: list[dict[str, Any]] = [msgspec.to_builtins(one) for one in objects]
        for document in documents:
            self._post(member, document)
        return next(one for one in documents if one["type"] == "campaign")

    def see(self, member: str, campaign: Mapping[str, Any]) -> None:
        self._post(member, saying.sighting(_received(campaign), member, 900, Confidence.MEDIUM, _NOW_US - _HOUR_US))

    def dispute(self, member: str, campaign: Mapping[str, Any]) -> None:
        word = Opinion.STRONGLY_DISAGREE
        self._post(member, saying.opinion(_received(campaign), member, word, "", _NOW_US - _HOUR_US))

    def hearing(self, member: str) -> Hearing:
        """As a pull would leave it at this member."""
        told = {
            id: StandingTold(one.score, one.contributors, one.disputes, one.is_suspended)
            for id, one in standings(self.published).items()
        }
        with tempfile.TemporaryDirectory() as where, closing(Inbox(Path(where) / "inbox.sqlite")) as inbox:
            with inbox.together():
                for one in self.published:
                    inbox.take(_received(msgspec.json.decode(one.body)))
            inbox.keep_standings(told, _NOW_US)
            return Hearing(inbox, member, _NOW_US)

    def copy(self) -> Hub:
        return Hub(list(self.published))

    def _post(self, member: str, document: Mapping[str, Any]) -> None:
        body = canonical(document)
        added_us = _NOW_US - 2 * _HOUR_US + len(self.published)
        self.published.append(Published(added_us, hashlib.sha256(body).hexdigest(), member, body))


@dataclass
class Count:
    """What became of accounts, over alliances."""

    honest: int = 0
    acted: int = 0
    by_evidence_alone: int = 0
    first: int = 0
    hostile: int = 0
    caught: int = 0
    paid: list[float] = field(default_factory=list)  # e-values of honest rings that were tried

    def figure(self, case: str, alone: int) -> Figure:
        most = upper(self.acted, self.honest)
        found = (
            f"acted on: {self.acted} of {self.honest:,} honest accounts (at most {100 * most:.3f} %), "
            f"{self.by_evidence_alone} by evidence alone; put first: {self.first}; "
            f"campaigns' accounts acted on: {self.caught} of {self.hostile:,}, without an alliance {alone}; "
            f"mean e-value of honest rings {np.mean(self.paid or [1.0]):.2f}"
        )
        share = self.acted / max(self.honest, 1)
        return Figure("poisoning", case, found=found, target=f"<= {100 * TARGET:g} %", is_met=share <= TARGET)


@dataclass(frozen=True)
class Alliance:
    """Providers of one world; `hostile`: accounts of campaigns."""

    providers: Sequence[Provider]
    hostile: frozenset[int]

    def is_honest(self, provider: Provider, ring: Found) -> bool:
        return float(np.isin(provider.pseudonyms(ring), list(self.hostile)).mean()) < 0.5

    def cases(self) -> Iterator[Figure]:
        """A line for each way to be hostile."""
        size = len(self.providers)
        choices = range(min(HOSTILE_CHOICES, size))
        for name, play in PLAYS.items():
            count, alone = Count(), 0
            for place in choices:
                hostile = [self.providers[place], self.providers[(place + 1) % size]]
                for provider, partners in play(self, hostile):
                    self._counted(count, provider, partners)
                    silent = Count()
                    self._counted(silent, provider, None)
                    alone += silent.caught
            yield count.figure(f"{size} members: {name}", alone)

    def told(self, but: Sequence[Provider] = ()) -> tuple[Hub, list[Mapping[str, Any]]]:
        """What honest members tell and see; the campaigns that they told of."""
        hub, campaigns = Hub(), []
        honest = [one for one in self.providers if one not in but]
        for provider in honest:
            for place, ring in enumerate(provider.made.rings):
                told = provider.signature(place) if ring.judgement.verdict == "campaign" else None
                if told is not None:
                    campaigns.append(hub.tell(provider.name, ring.id, told))
        for provider in honest:
            said = Partners(hub.hearing(provider.name)).heard(provider.asked)
            judged = [
                h for h, one in zip(said, provider.made.rings, strict=True) if one.judgement.verdict == "campaign"
            ]
            seen = {evidence.detail.get("claim") for one in judged for evidence in one.said}
            for campaign in campaigns:
                if campaign["id"] in seen:
                    hub.see(provider.name, campaign)
        return hub, campaigns

    def heard(self, hub: Hub, but: Sequence[Provider]) -> list[tuple[Provider, Partners]]:
        """What each honest member then hears."""
        return [(one, Partners(hub.hearing(one.name))) for one in self.providers if one not in but]

    def _counted(self, count: Count, provider: Provider, partners: Partners | None) -> None:
        rings = list(provider.made.rings)
        if partners is not None:
            rings = [one.hearing(said) for one, said in zip(rings, partners.heard(provider.asked), strict=True)]
        are_honest = [self.is_honest(provider, one) for one in rings]
        accounts, grounds = provider.made.seen.accounts, provider.made.grounds
        honest = ~np.isin(accounts.account, list(self.hostile))
        mistaken = [replace(one, judgement=_JUDGED) if h else one for one, h in zip(rings, are_honest, strict=True)]
        count.honest += int(honest.sum())
        count.hostile += int((~honest).sum())
        for one in acting(rings, grounds, accounts, ALPHA):
            acted = honest[list(one.acts_on)]
            count.acted += int(acted.sum())
            count.caught += int((~acted).sum())
        for one in acting(mistaken, grounds, accounts, ALPHA):
            count.by_evidence_alone += int(honest[list(one.acts_on)].sum())
        first = np.isin(accounts.account, list(partners.accounts if partners else ()))
        for one, is_honest in zip(rings, are_honest, strict=True):
            if is_honest and one.frozen_as is not None:
                count.paid.append(float(np.exp(one.heard.log_e)))
            if one.heard.comes_first:
                first[one.candidate.accounts] = True
        count.first += int((first & honest).sum())


Played = list[tuple[Provider, Partners]]


def _nobody_lies(alliance: Alliance, hostile: Sequence[Provider]) -> Played:
    return alliance.heard(alliance.told()[0], ())


def _popular(alliance: Alliance, hostile: Sequence[Provider], liars: int = 1, hub: Hub | None = None) -> Played:
    """Templates of honest customers of its own, told as a campaign's."""
    one, rest = hostile[0], hostile[1:liars]
    hub = hub or alliance.told(hostile[:liars])[0]
    for place, ring in enumerate(one.made.rings):
        told = one.signature(place) if alliance.is_honest(one, ring) and ring.ring.units > 2 else None
        if told is not None:
            _vouched(hub, one, rest, f"lie-{place}", told)
    return alliance.heard(hub, hostile[:liars])


def _framed(alliance: Alliance, hostile: Sequence[Provider], liars: int = 1, record: int = 0) -> Played:
    """At each honest member, the templates of just its honest customers."""
    hub = alliance.told(hostile[:liars])[0]
    honest = [one for one in alliance.providers if one not in hostile[:liars]]
    for number in range(record):
        campaign = hub.tell(hostile[0].name, f"true-{number}", _drawn(number))
        for one in honest[:2]:
            hub.see(one.name, campaign)
    for victim in honest:
        for place, ring in enumerate(victim.made.rings):
            told = victim.signature(place) if alliance.is_honest(victim, ring) and ring.ring.units > 2 else None
            if told is not None:
                _vouched(hub, hostile[0], hostile[1:liars], f"frame-{victim.name}-{place}", told)
    return alliance.heard(hub, hostile[:liars])


def _disputed(alliance: Alliance, hostile: Sequence[Provider], liars: int = 1) -> Played:
    """Everything true."""
    hub, campaigns = alliance.told(hostile[:liars])
    for liar in hostile[:liars]:
        for campaign in campaigns:
            hub.dispute(liar.name, campaign)
    return alliance.heard(hub, hostile[:liars])


def _tagged(alliance: Alliance, hostile: Sequence[Provider], liars: int = 1) -> Played:
    """Of the hostile member's tags a fifth are of honest customers of others; honest members tag what they judged."""
    hub = alliance.told(hostile[:liars])[0]
    for one in alliance.providers:
        true = [
            tag for ring in one.made.rings if ring.judgement.verdict == "campaign" for tag in _tags(alliance, one, ring)
        ]
        if one is hostile[0] or one in hostile[:liars]:
            true += _false_tags(alliance, hostile, len(true))
        if true:
            hub.tell(one.name, "tags", tags=true)
    benign = [int(account) for group in alliance.providers[0].asked.honest for account in group.account]
    return [
        (one, Partners(hub.hearing(one.name), _own_tags(alliance, one, benign)))
        for one in alliance.providers
        if one not in hostile[:liars]
    ]


def _own_tags(alliance: Alliance, one: Provider, benign: Sequence[int]) -> dict[int, list[Tag]]:
    """A member evaluates its candidates' accounts, and honest groups of its benign log."""
    candidates = [int(account) for ring in one.made.rings for account in one.pseudonyms(ring)]
    return {account: [_identifier(alliance, account)] for account in (*candidates, *benign)}


def _tags(alliance: Alliance, one: Provider, ring: Found) -> list[Tag]:
    return [_identifier(alliance, int(account)) for account in one.pseudonyms(ring)]


def _false_tags(alliance: Alliance, hostile: Sequence[Provider], true: int) -> list[Tag]:
    """So many that they are a fifth of all, of honest accounts in candidates of others, in an order without meaning."""
    aimed = [
        int(account)
        for one in alliance.providers
        if one not in hostile
        for ring in one.made.rings
        for account in one.pseudonyms(ring)
        if int(account) not in alliance.hostile
    ]
    wanted = round(true * FALSE_TAGS / (1 - FALSE_TAGS))
    return [_identifier(alliance, account) for account in sorted(aimed)[:wanted]]


def _identifier(alliance: Alliance, account: int) -> Tag:
    """An honest account has one of its own; campaigns' accounts share a dozen, drawn by account."""
    name = f"operator-{account % 12}" if account in alliance.hostile else f"own-{account}"
    return Tag(Kind.DEVICE, 1, hashlib.sha256(name.encode()).digest()[:TAG_BYTES])


PLAYS: Mapping[str, Any] = {
    "nobody lies": _nobody_lies,
    "a fifth of one member's tags are false": _tagged,
    "and of another's, the same": lambda one, hostile: _tagged(one, hostile, 2),
    "one tells honest customers' templates": _popular,
    "and another says it saw them": lambda one, hostile: _popular(one, hostile, 2),
    "one disputes everything true": _disputed,
    "two dispute everything true": lambda one, hostile: _disputed(one, hostile, 2),
    "one frames rivals' honest customers": _framed,
    "and another says it saw them too": lambda one, hostile: _framed(one, hostile, 2),
    "one with a good record frames them": lambda one, hostile: _framed(one, hostile, 1, RECORD),
    "and another vouches for it": lambda one, hostile: _framed(one, hostile, 2, RECORD),
}


def run(scratch: Path) -> Iterator[Figure]:
    """A line for each size of an alliance and each way to be hostile."""
    with folder(scratch, _NEEDED) as work:
        write_world(load(WORLD), work / "world", seed=SEED, scale=1.0, tell=lambda *at: None)
        yield from played(work / "world", work)


def played(world: Path, work: Path) -> Iterator[Figure]:
    """The same of a world that is there; logs and ledgers go to `work`."""
    truth = json.loads((world / TRUTH).read_text())
    secrets = Secrets(_secret("deployment"), _secret("alliance"), work, False)
    named = Pseudonymiser(secrets.deployment, "account")
    hostile = frozenset(named(name) for campaign in truth["campaigns"] for name in campaign["accounts"])
    hunt = Hunt(
        split_key=secrets.deployment.derive("stillwatch/day-split", 16),
        ignored=ubiquitous_values(Sketcher(secrets.deployment)),
        partners=_Recorded(),
    )
    known = pipeline.learned(_view(world / BENIGN, work / "benign", secrets), hunt)
    for size in SIZES:
        logs = _dealt(world / TRAFFIC, [work / f"of-{size}" / f"member-{n:02}.jsonl" for n in range(size)])
        providers = [_hunted(log, log.with_suffix(".ledger"), secrets, known, hunt) for log in logs]
        yield from Alliance(providers, hostile).cases()


def _dealt(log: Path, logs: Sequence[Path]) -> Sequence[Path]:
    """Each account, whole, to one of the logs."""
    logs[0].parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as closed_at_the_end:
        parts = [closed_at_the_end.enter_context(one.open("w")) for one in logs]
        for line in closed_at_the_end.enter_context(gzip.open(log, "rt")):
            account = json.loads(line)["account"].encode()
            parts[hashlib.sha256(account).digest()[0] % len(parts)].write(line)
    return logs


def _hunted(log: Path, ledger: Path, secrets: Secrets, known: Any, hunt: Hunt) -> Provider:
    view = _view(log, ledger, secrets)
    made = pipeline.judged(view, known, hunt)
    return Provider(log.name.split(".")[0], made, pipeline.asked(made, view))


def _view(log: Path, ledger: Path, secrets: Secrets) -> View:
    sketch_into([log], ledger, secrets, None, None, lambda share, exchanges, rejected: None)
    return View(Ledger.open(ledger), connect("duckdb://"))


def _vouched(hub: Hub, liar: Provider, others: Sequence[Provider], local: str, told: Signature) -> None:
    campaign = hub.tell(liar.name, local, told)
    for one in others:
        hub.see(one.name, campaign)


def _drawn(number: int) -> Signature:
    """A template that no log holds."""
    values = np.random.default_rng(number).integers(1, 256, 32)
    return Signature(np.stack([np.arange(32), values], axis=1).astype(np.uint8))


def _traffic(group: Conversations) -> Traffic:
    return Traffic(group.account[group.owner], group.slots)


def _rows(group: Conversations, kept: np.ndarray) -> Traffic:
    return Traffic(group.account[group.owner[kept]], group.slots[kept])


def _received(document: Mapping[str, Any]) -> Any:
    found = received(canonical(document))
    assert found is not None, document["type"]
    return found


def _secret(name: str) -> Secret:
    return Secret(hashlib.sha256(name.encode()).digest())
