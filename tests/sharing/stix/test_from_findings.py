"""What is told of a campaign, and what never is."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import pytest

from stillwatch.errors import InputError, UsageError
from stillwatch.pseudonym import Secret
from stillwatch.sharing.governance.lint import lint
from stillwatch.sharing.stix import bundle
from stillwatch.sharing.stix.from_findings import objects_of, read_findings
from stillwatch.sharing.stix.objects import Campaign, Indicator, Relationship
from stillwatch.sharing.stix.patterns import PatternUnknown, read, write_domain, write_system, write_tags
from stillwatch.sharing.stix.vocabulary import Confidence, Nexus, VolumeBand
from stillwatch.sharing.tags.identifier import Kind
from stillwatch.sharing.tags.tag_set import Tag
from tests.sharing.stix.told import FINDINGS, NOW_US, TAGS, TELLING, told


def the_campaign(**changes: Any) -> Campaign:
    """The first campaign of the findings, told with these changes to what the hunt said."""
    changed = {**FINDINGS, "campaigns": [{**FINDINGS["campaigns"][0], **changes}]}
    objects = objects_of(read_findings(json.dumps(changed).encode()), "C-8be1fa97", TELLING, NOW_US)
    return next(one for one in objects if isinstance(one, Campaign))


def test_nothing_of_whom_it_concerns_is_told() -> None:
    """No account, no local id, no count, no statistic, no statement, no attributed name: not one of these strings."""
    text = bundle.write(told()).decode()
    never = ["acct-", "C-8be1fa97", "51733", "18733", "734211", "Acme", "40", "37", "9.2", "operator"]
    shown = json.loads(text)["objects"]
    sentences = " ".join(str(one.get(name, "")) for one in shown for name in ("name", "description", "objective"))
    assert [word for word in never[:6] if word in text] == []
    assert [word for word in never if word in sentences] == []


def test_volume_is_told_as_a_decade_and_time_as_days() -> None:
    """51,733 exchanges are `1e4-1e5`; hours, by which logs could be matched, are cut off."""
    found = the_campaign()
    assert found.extensions.extraction.volume_band is VolumeBand.TO_100_000
    assert (found.first_seen, found.last_seen) == ("2026-03-01T00:00:00.000000Z", "2026-03-06T00:00:00.000000Z")


@pytest.mark.parametrize(("log_e", "confidence"), [(math.log(100), Confidence.HIGH), (4.6, Confidence.MEDIUM)])
def test_confidence_is_high_where_the_evidence_reaches_the_level(log_e: float, confidence: Confidence) -> None:
    """e-value 1/alpha and more is high, less is medium; low is for people to say."""
    assert the_campaign(log_e=log_e).confidence is confidence


def test_a_ring_that_is_only_watched_is_not_told() -> None:
    """Nor one that is not there."""
    with pytest.raises(UsageError, match="only watched"):
        told("C-watched")
    with pytest.raises(UsageError, match="no campaign"):
        told("C-other")


def test_a_later_version_is_the_same_object() -> None:
    """Ids follow from the secret and our local id, and from nothing that a partner could try."""
    first, later = told(), told(now_us=NOW_US + 3_600_000_000)
    assert [one.id for one in first] == [one.id for one in later]
    other = told(telling=replace(TELLING, secret=Secret(b"another secret for tests, 32 byte")))
    shared = {one.id for one in first} & {one.id for one in other}
    assert {id.partition("--")[0] for id in shared} == {"identity", "attack-pattern"}


def test_techniques_are_those_of_the_nexus() -> None:
    """Fraudulent accounts add AML.T0021, stolen credentials AML.T0012; extraction is always there."""
    text = bundle.write(told(telling=replace(TELLING, nexus=(Nexus.STOLEN_CREDENTIAL,)))).decode()
    assert {id for id in ("AML.T0024.002", "AML.T0040", "AML.T0012", "AML.T0021") if f'"{id}"' in text} == {
        "AML.T0024.002",
        "AML.T0040",
        "AML.T0012",
    }


def test_everything_hangs_together() -> None:
    """The campaign uses each technique, each indicator indicates it, and the report names all of it."""
    objects = told()
    ids = {one.id for one in objects}
    relations = [one for one in objects if isinstance(one, Relationship)]
    assert {ref for one in relations for ref in (one.source_ref, one.target_ref)} <= ids
    assert sorted(one.relationship_type for one in relations) == ["indicates"] * 2 + ["uses"] * 3


def test_what_is_told_passes_the_lint() -> None:
    """Nothing that the governance forbids is in an object that a hunt makes."""
    assert [violation for one in told() for violation in lint(json.loads(bundle.write_object(one)))] == []


def test_many_tags_fill_several_indicators() -> None:
    """A thousand a pattern; kinds apart; all of them come back."""
    tags = [Tag(Kind.EMAIL, 3, number.to_bytes(16, "big")) for number in range(2_500)] + [Tag(Kind.ASN, 3, bytes(16))]
    objects = told(telling=replace(TELLING, tags=tags, signature=None))
    patterns = [one.pattern for one in objects if isinstance(one, Indicator)]
    found = [read(pattern) for pattern in patterns]
    assert sorted(len(one) for one in found if isinstance(one, tuple)) == [1, 500, 1000, 1000]
    assert {tag for one in found if isinstance(one, tuple) for tag in one} == set(tags)


def test_patterns_are_read_as_they_are_written() -> None:
    """And every other pattern is refused, however close."""
    assert read(write_tags(TAGS)) == tuple(TAGS)
    assert read(write_domain("relay.example")).value == "relay.example"  # type: ignore[union-attr]  # a domain was written
    assert read(write_system(64500)).number == 64500  # type: ignore[union-attr]  # a system was written
    for pattern in [
        write_tags(TAGS) + " OR [domain-name:value = 'a.example']",
        "[identifier-tag:epoch = 3 AND identifier-tag:ident_type = 'shoe' AND identifier-tag:tag IN ('"
        + "0a" * 16
        + "')]",
        "[ipv4-addr:value = '198.51.100.7']",
        "[domain-name:value = 'a' OR domain-name:value = 'b.example']",
        "",
    ]:
        with pytest.raises(PatternUnknown):
            read(pattern)


@pytest.mark.parametrize("tags", [[], [*TAGS, Tag(Kind.PHONE, 3, bytes(16))], [*TAGS, Tag(Kind.EMAIL, 4, bytes(16))]])
def test_a_pattern_is_of_one_epoch_and_kind(tags: list[Tag]) -> None:
    """Mixed ones could not be read back."""
    with pytest.raises(UsageError):
        write_tags(tags)


def test_a_domain_cannot_end_the_pattern() -> None:
    """What is put into a pattern is in its one spelling or refused."""
    with pytest.raises(UsageError):
        write_domain("a.example'] OR [domain-name:value = 'b.example")


@pytest.mark.parametrize(
    ("exchanges", "band"),
    [
        (1, "up-to-1e2"),
        (100, "up-to-1e2"),
        (101, "1e2-1e3"),
        (1_000, "1e2-1e3"),
        (1_001, "1e3-1e4"),
        (1_000_000, "1e5-1e6"),
        (16_000_000, "above-1e6"),
    ],
)
def test_the_bands_of_volume(exchanges: int, band: str) -> None:
    """Each decade's end belongs to it."""
    assert VolumeBand.of(exchanges) == band


@pytest.mark.parametrize("raw", [b"", b"{}", b'{"schema": "other/1", "alpha": 0.1, "campaigns": []}'])
def test_what_are_no_findings_is_refused(raw: bytes) -> None:
    """By what is wrong with them."""
    with pytest.raises(InputError):
        read_findings(raw)
