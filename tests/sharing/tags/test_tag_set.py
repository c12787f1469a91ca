"""A set is downloaded whole, read strictly and compared at home."""

from __future__ import annotations

import secrets
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.errors import InputError, UsageError
from stillwatch.sharing.tags.epochs import DAY_SECONDS
from stillwatch.sharing.tags.identifier import Kind
from stillwatch.sharing.tags.tag_set import SHORT_TAG_BYTES, Match, PublishedTag, Tag, TagSet

NOW_S = 1_800_000_000
LATER_S = NOW_S + 60 * DAY_SECONDS


def tags(count: int, kind: Kind = Kind.EMAIL) -> list[Tag]:
    return [Tag(kind, 3, secrets.token_bytes(16)) for _ in range(count)]


def published(some: list[Tag], confidence: int = 50, until_s: int = LATER_S) -> list[PublishedTag]:
    return [PublishedTag(tag, confidence, until_s) for tag in some]


def test_only_own_tags_that_stand_in_the_set_match() -> None:
    """Three of a thousand, found by their places; of the other 997 nothing is said."""
    theirs = tags(1_000)
    own = [*tags(40), theirs[5], *tags(40), theirs[999], theirs[5]]
    found = TagSet.of(3, published(theirs)).matches(own, NOW_S)
    assert sorted(found, key=lambda match: match.own) == [Match(place, Kind.EMAIL, 50) for place in (40, 81, 82)]


def test_the_most_confident_contribution_stays() -> None:
    """Several members published one tag; the set holds it once, and does not say how many they were."""
    (one,) = tags(1)
    found = TagSet.of(3, [*published([one], 15), *published([one], 85), *published([one], 50)])
    assert len(found) == 1
    assert found.matches([one], NOW_S) == [Match(0, Kind.EMAIL, 85)]


def test_a_void_tag_matches_nothing() -> None:
    """From its last day on."""
    (one,) = tags(1)
    found = TagSet.of(3, published([one], until_s=LATER_S))
    assert found.matches([one], LATER_S - DAY_SECONDS)
    assert found.matches([one], LATER_S) == []


def test_a_tag_of_another_kind_is_another_tag() -> None:
    """Equal bytes by chance or by forgery do not make an address a card."""
    (one,) = tags(1)
    found = TagSet.of(3, published([one]))
    assert found.matches([Tag(Kind.PAYMENT, 3, one.value)], NOW_S) == []


def test_tags_of_another_epoch_are_refused() -> None:
    """Under different keys nothing ever matches, which must not be read as innocence."""
    found = TagSet.of(3, published(tags(1)))
    with pytest.raises(UsageError, match="another epoch"):
        found.matches([Tag(Kind.EMAIL, 2, bytes(16))], NOW_S)
    with pytest.raises(UsageError, match="epoch 3 in a set of epoch 4"):
        TagSet.of(4, published(tags(1)))


@pytest.mark.parametrize("width", [16, SHORT_TAG_BYTES])
@given(values=st.lists(st.binary(min_size=16, max_size=16), max_size=40, unique_by=lambda value: value[:8]))
def test_encode_then_decode_is_the_set(width: int, values: list[bytes]) -> None:
    """At both widths, with zeros at either end of a tag, and for no tag at all."""
    some = [Tag(Kind.DEVICE, 3, value) for value in values]
    encoded = TagSet.of(3, published(some), width).encode()
    assert len(encoded) <= 80 + len(some) * (width + 6)
    again = TagSet.decode(encoded)
    assert again.encode() == encoded
    assert sorted(match.own for match in again.matches(some, NOW_S)) == list(range(len(some)))


def test_ten_thousand_tags_are_220_kilobytes() -> None:
    """22 bytes a tag, as the page says."""
    assert len(TagSet.of(3, published(tags(10_000))).encode()) < 220_100


def test_what_is_no_set_is_refused() -> None:
    """Cut off, prolonged, of a width or kind that is none, of a size that nothing has, and noise."""
    encoded = TagSet.of(3, published(tags(4))).encode()
    head, _, body = encoded.partition(b"}\n")
    unknown = bytearray(encoded)
    unknown[len(head) + 2 + 4 * 16] = 200
    bad = [
        encoded[:-1],
        encoded + b"\0",
        bytes(unknown),
        encoded.replace(b'"width":16', b'"width":12'),
        encoded.replace(b'"count":4', b'"count":99999999999'),
        encoded.replace(b'"count":4', b'"count":-4'),
        encoded[1:],
        head,
        b"",
        struct.pack("<Q", 7) + body,
    ]
    for one in bad:
        with pytest.raises(InputError):
            TagSet.decode(one)
