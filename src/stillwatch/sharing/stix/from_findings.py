"""A campaign of a hunt as a bundle: what partners need to look for it, and nothing of whom it concerns.

From `findings.json` (docs/tracing.md) come the days, the objective, the volume's decade and which families spoke.
Accounts, organisations, counts, statistics, statements and our local id stay here; ids are keyed, so that a later
version of the same campaign is one. Whoever it is attributed to is not told: that is for people to say (`ThreatActor`).

A ring that is only watched is refused: it is not a finding yet, and a rumour among rivals is hard to take back.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import msgspec
from msgspec import UNSET

from stillwatch.errors import InputError, UsageError
from stillwatch.pseudonym import Secret
from stillwatch.sharing.hub.markings import Tlp
from stillwatch.sharing.stix.extension import Extraction
from stillwatch.sharing.stix.identifiers import agreed, own
from stillwatch.sharing.stix.objects import (
    Campaign,
    Extended,
    Identity,
    Indicator,
    Phase,
    Relationship,
    Report,
    StixObject,
)
from stillwatch.sharing.stix.patterns import MOST_TAGS, write_tags
from stillwatch.sharing.stix.techniques import attack_pattern
from stillwatch.sharing.stix.tlp import reference
from stillwatch.sharing.stix.vocabulary import (
    EXTRACTION_CHAIN,
    EXTRACTION_LABEL,
    Behaviour,
    Confidence,
    Nexus,
    VolumeBand,
)
from stillwatch.sharing.stix.vocabulary import Phase as ChainPhase
from stillwatch.sharing.tags.epochs import DAY_SECONDS
from stillwatch.sharing.tags.identifier import Kind
from stillwatch.sharing.tags.tag_set import Tag
from stillwatch.sharing.taxii.timestamps import write_us

CAMPAIGN_DAYS = 365
INDICATOR_DAYS = 90
"""How long campaign and indicators are kept: the longest that governance permits is 365 and 180."""
_MEMBER_SINCE = "2026-01-01T00:00:00.000Z"
"""Fixed: a pseudonymous identity is the same object from whoever sends it, and says nothing of when a member joined."""
_SECOND_US = 1_000_000
_DAY_US = DAY_SECONDS * _SECOND_US
_BEHAVIOURS = {
    "chain of thought": Behaviour.REASONING,
    "reasoning traces of completed answers": Behaviour.REASONING,
    "rubric grading": Behaviour.RUBRIC,
    "tasks for an agent with tools": Behaviour.TOOL_USE,
    "logits": Behaviour.LOGITS,
    "coding": Behaviour.CODING,
    "making of training items": Behaviour.ITEMS,
    "rewriting and evolving of prompts": Behaviour.ITEMS,
}
_MEANINGS = {
    "template": "the fixed parts of prompts agree and are rare elsewhere",
    "subjects": "the accounts cannot be told apart by what they ask about",
    "cover": "part of the traffic hides the rest",
    "shape": "settings and lengths of requests agree in rare values",
    "lineage": "passages of texts come back in other texts of other accounts",
    "coverage": "requests spread over subjects as a plan for a data set would",
    "complementarity": "the accounts divide one pool of work and hardly repeat each other",
    "timing": "the accounts take turns, as one queue dealt out",
    "release": "the accounts move to a new model together",
    "infrastructure": "means of payment, keys or addresses are shared",
}
"""What each family of evidence says of a ring, without a number. A family that is not here is not told."""
_SKELETON_MEANS = "Slots of the ring's template under the key of the alliance: exchanges of its accounts agree with it."
_TAGS_MEAN = "Blind tags of identifiers that accounts of the ring were opened or paid with."
_TECHNIQUES = {
    None: ("AML.T0024.002", "AML.T0040"),
    Nexus.FRAUD: ("AML.T0021",),
    Nexus.STOLEN_CREDENTIAL: ("AML.T0012",),
    Nexus.GEO_EVASION: ("AML.T0008",),
}


class Evidence(msgspec.Struct, frozen=True):
    """Of an evidence of findings.json, the family's name and nothing else."""

    family: str


class Found(msgspec.Struct, frozen=True):
    """Of a campaign of findings.json, what is used here."""

    id: str
    exchanges: int
    first_us: int
    last_us: int
    log_e: float
    verdict: str
    objective: str
    evidence: tuple[Evidence, ...] = ()


class Findings(msgspec.Struct, frozen=True):
    """Of findings.json, the level and its campaigns."""

    schema: str
    alpha: float
    campaigns: tuple[Found, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """What people decide when they tell of a campaign. `member` is the pseudonym in the alliance."""

    member: str
    secret: Secret
    nexus: tuple[Nexus, ...]
    legal_basis: str
    legal_basis_date: date
    contest_url: str
    tlp: Tlp = Tlp.AMBER
    signature: str | None = None
    tags: Sequence[Tag] = ()


def read_findings(raw: bytes) -> Findings:
    """Raises `InputError` for what is no findings.json of this release."""
    try:
        found = msgspec.json.decode(raw, type=Findings)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InputError(f"these are no findings of a hunt: {error}") from None
    if found.schema != "stillwatch.findings/1":
        raise InputError(f"findings of the schema {found.schema!r}", "This release reads stillwatch.findings/1")
    return found


def objects_of(found: Findings, campaign_id: str, telling: Telling, now_us: int) -> list[StixObject]:
    """The campaign, its techniques and indicators, how they hang together, and a report of all of it.

    `now_us`: microseconds since 1970. Raises `UsageError` for a campaign that is not there or only watched.
    """
    campaign = next((one for one in found.campaigns if one.id == campaign_id), None)
    if campaign is None:
        raise UsageError(f"the findings have no campaign {campaign_id}")
    if campaign.verdict != "campaign":
        raise UsageError(f"{campaign_id} is only watched", "Share it when a hunt calls it a campaign")
    return _Teller(found, campaign, telling, now_us).everything()


class _Teller:
    """One campaign being told at one time."""

    def __init__(self, found: Findings, campaign: Found, telling: Telling, now_us: int) -> None:
        self._campaign, self._telling = campaign, telling
        self._now_us = now_us - now_us % _SECOND_US
        self._now = write_us(self._now_us)
        self._author = agreed("identity", telling.member)
        self._confidence = Confidence.HIGH if campaign.log_e >= -math.log(found.alpha) else Confidence.MEDIUM

    def everything(self) -> list[StixObject]:
        told = self._told()
        techniques = [attack_pattern(id) for id in self._techniques()]
        indicators = self._indicators(told.name)
        related = [self._relation("uses", told.id, one.id) for one in techniques]
        related += [self._relation("indicates", one.id, told.id) for one in indicators]
        inside: list[StixObject] = [told, *techniques, *indicators, *related]
        return [self._identity(), *inside, self._report(told.name, inside)]

    def _told(self) -> Campaign:
        campaign = self._campaign
        id = own("campaign", self._telling.secret, campaign.id)
        return Campaign(
            **self._claim(id, CAMPAIGN_DAYS),
            name=f"Extraction campaign {_letters(id)}",
            description=_described(evidence.family for evidence in campaign.evidence),
            objective=campaign.objective[:1].upper() + campaign.objective[1:],
            first_seen=_day(campaign.first_us),
            last_seen=_day(campaign.last_us),
        )

    def _indicators(self, name: str) -> list[Indicator]:
        signature, chunks = self._telling.signature, _chunks(self._telling.tags)
        skeletons = [self._indicator(f"Template of {name}", signature, _SKELETON_MEANS)] if signature else []
        tags = [self._indicator(f"Identifiers of {name}", write_tags(chunk), _TAGS_MEAN) for chunk in chunks]
        return skeletons + tags

    def _indicator(self, name: str, pattern: str, means: str) -> Indicator:
        id = own("indicator", self._telling.secret, f"{self._campaign.id}/{pattern}")
        is_skeleton = means is _SKELETON_MEANS
        return Indicator(
            **self._claim(id, INDICATOR_DAYS),
            name=name,
            description=means,
            indicator_types=("malicious-activity",),
            pattern=pattern,
            pattern_type="stillwatch-skeleton" if is_skeleton else "stix",
            pattern_version="1" if is_skeleton else "2.1",
            valid_from=self._now,
            valid_until=self._after(INDICATOR_DAYS),
            kill_chain_phases=(Phase(EXTRACTION_CHAIN, ChainPhase.COLLECT),),
        )

    def _report(self, name: str, inside: Sequence[StixObject]) -> Report:
        return Report(
            **self._said("report", self._campaign.id),
            labels=(EXTRACTION_LABEL,),
            confidence=self._confidence,
            name=name,
            report_types=("campaign",),
            published=self._now,
            object_refs=tuple(one.id for one in inside),
        )

    def _relation(self, word: Literal["uses", "indicates"], source: str, target: str) -> Relationship:
        said = self._said("relationship", f"{self._campaign.id}/{word}/{source}/{target}")
        return Relationship(**said, relationship_type=word, source_ref=source, target_ref=target)

    def _identity(self) -> Identity:
        return Identity(
            id=self._author,
            created=_MEMBER_SINCE,
            modified=_MEMBER_SINCE,
            object_marking_refs=(reference(Tlp.GREEN),),
            name=self._telling.member,
            identity_class="organization",
        )

    def _claim(self, id: str, days: int) -> dict[str, Any]:
        return {**self._common(id, days), "confidence": self._confidence, "labels": (EXTRACTION_LABEL,)}

    def _said(self, kind: str, local: str) -> dict[str, Any]:
        return self._common(own(kind, self._telling.secret, local), CAMPAIGN_DAYS)

    def _common(self, id: str, days: int) -> dict[str, Any]:
        return {
            "id": id,
            "created": self._now,
            "modified": self._now,
            "created_by_ref": self._author,
            "object_marking_refs": (reference(self._telling.tlp),),
            "extensions": Extended(self._extraction(id, days)),
        }

    def _extraction(self, id: str, days: int) -> Extraction:
        """What describes the campaign stands on the campaign; ground, end and contest stand on everything."""
        telling = self._telling
        described = id.startswith("campaign--")
        return Extraction(
            nexus=telling.nexus,
            legal_basis=telling.legal_basis,
            legal_basis_date=telling.legal_basis_date.isoformat(),
            retention_until=self._after(days),
            contest_url=telling.contest_url,
            target_behaviour=(_BEHAVIOURS.get(self._campaign.objective, Behaviour.OTHER),) if described else UNSET,
            volume_band=VolumeBand.of(self._campaign.exchanges) if described else UNSET,
            template_signature=telling.signature if described and telling.signature else UNSET,
        )

    def _techniques(self) -> list[str]:
        named = [None, *self._telling.nexus]
        return sorted({technique for one in named for technique in _TECHNIQUES.get(one, ())})

    def _after(self, days: int) -> str:
        return write_us(self._now_us + days * _DAY_US)


def _described(families: Iterable[str]) -> str:
    known = [_MEANINGS[family] for family in dict.fromkeys(families) if family in _MEANINGS]
    return "; ".join(known)[:1].upper() + "; ".join(known)[1:] + "." if known else "Evidence is not told."


def _letters(id: str) -> str:
    """Six letters of an id: a name to speak of that says nothing and holds no digit."""
    number = int(id.rpartition("--")[2][:8], 16)
    return "".join(chr(ord("A") + number // 26**place % 26) for place in range(6))


def _day(us: int) -> str:
    """The day's beginning: hours would let somebody match logs."""
    return write_us(us - us % _DAY_US)


def _chunks(tags: Sequence[Tag]) -> Iterable[list[Tag]]:
    """Tags of one kind and epoch, at most a pattern full each."""
    groups: dict[tuple[int, Kind], list[Tag]] = defaultdict(list)
    for tag in tags:
        groups[tag.epoch, tag.kind].append(tag)
    for group in groups.values():
        ordered = sorted(group, key=lambda tag: tag.value)
        yield from (ordered[start : start + MOST_TAGS] for start in range(0, len(ordered), MOST_TAGS))
