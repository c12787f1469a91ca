"""The small part of STIX patterning that is written and read here, and one pattern type of our own.

    [identifier-tag:epoch = 3 AND identifier-tag:ident_type = 'email' AND identifier-tag:tag IN ('0a...', '7f...')]
    [domain-name:value = 'relay.example']
    [autonomous-system:number = 64500]

One indicator carries up to 1,000 tags, 36 bytes each, so a set of tags needs no object for each of them. A skeleton
under the alliance's key has the type `stillwatch-skeleton`: its pattern is the signature itself (docs/stix.md).
Everything else is refused: a pattern that a member cannot check is not evidence to it.

Source: STIX 2.1, section 9.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from stillwatch.errors import StillwatchError, UsageError
from stillwatch.sharing.tags.identifier import Kind
from stillwatch.sharing.tags.tag_set import SHORT_TAG_BYTES, TAG_BYTES, Tag

MOST_TAGS = 1_000
_HEX = f"[0-9a-f]{{{2 * TAG_BYTES}}}|[0-9a-f]{{{2 * SHORT_TAG_BYTES}}}"
_TAGS = re.compile(
    r"\[identifier-tag:epoch = ([0-9]{1,9}) AND identifier-tag:ident_type = '([a-z0-9-]+)' AND "
    rf"identifier-tag:tag IN \(('(?:{_HEX})'(?:, '(?:{_HEX})'){{0,{MOST_TAGS - 1}}})\)\]"
)
_DOMAIN = re.compile(r"\[domain-name:value = '((?:[a-z0-9-]{1,63}\.)+[a-z0-9-]{2,63})'\]")
_SYSTEM = re.compile(r"\[autonomous-system:number = ([0-9]{1,10})\]")


class PatternUnknown(StillwatchError):
    """A pattern is outside of the part of the language that is read here; it is not acted on."""


@dataclass(frozen=True, slots=True)
class Domain:
    """A domain of infrastructure."""

    value: str


@dataclass(frozen=True, slots=True)
class System:
    """An autonomous system of infrastructure."""

    number: int


Looked = tuple[Tag, ...] | Domain | System


def write_tags(tags: Sequence[Tag]) -> str:
    """The pattern of tags of one epoch and kind. Raises `UsageError` for none, too many or mixed ones."""
    if not 0 < len(tags) <= MOST_TAGS or len({(tag.epoch, tag.kind, len(tag.value)) for tag in tags}) > 1:
        raise UsageError(f"a pattern holds 1 to {MOST_TAGS} tags of one epoch and kind")
    values = ", ".join(f"'{value.hex()}'" for value in sorted({tag.value for tag in tags}))
    return (
        f"[identifier-tag:epoch = {tags[0].epoch} AND identifier-tag:ident_type = '{tags[0].kind}' AND "
        f"identifier-tag:tag IN ({values})]"
    )


def write_domain(domain: str) -> str:
    """Raises `UsageError` for what is no domain in its one spelling."""
    return _checked(f"[domain-name:value = '{domain}']", _DOMAIN)


def write_system(number: int) -> str:
    return _checked(f"[autonomous-system:number = {number}]", _SYSTEM)


def read(pattern: str) -> Looked:
    """What a pattern of type `stix` looks for. Raises `PatternUnknown`."""
    if found := _TAGS.fullmatch(pattern):
        epoch, kind, values = found.groups()
        if kind not in set(Kind):
            raise PatternUnknown("a pattern of tags names a kind that this release does not know")
        return tuple(Tag(Kind(kind), int(epoch), bytes.fromhex(value)) for value in re.findall("[0-9a-f]{16,}", values))
    if found := _DOMAIN.fullmatch(pattern):
        return Domain(found[1])
    if found := _SYSTEM.fullmatch(pattern):
        return System(int(found[1]))
    raise PatternUnknown("a pattern is outside of what is read here", "See docs/stix.md for what is")


def _checked(pattern: str, form: re.Pattern[str]) -> str:
    if not form.fullmatch(pattern):
        raise UsageError("what is looked for is not in its one spelling", "See docs/tags.md")
    return pattern
