"""Everything that an object may not say before it leaves its author, and again when it reaches the hub.

The closed schema says which properties there are; this reads what is in them. Each text is read in the strictness of
its kind: identifiers and times have their form from the schema, words of a vocabulary, patterns and links are held to
it by `codes`, everything else is a sentence and gets every rule.

Weakness: an indirect sentence without a name, a number or a "we" may pass (docs/governance.md has the measured share).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from stillwatch.sharing.governance.figures import has_figure
from stillwatch.sharing.governance.language import is_readable
from stillwatch.sharing.governance.personal import forms_in
from stillwatch.sharing.governance.spoken import readings, spoken
from stillwatch.sharing.governance.violation import Violation
from stillwatch.sharing.governance.wording import broken
from stillwatch.sharing.stix.atlas import TECHNIQUES

_REMEMBERED = 16_384
TECHNIQUE_NAMES = frozenset(one.name for one in TECHNIQUES.values())
LONGEST = 500
"""Characters. Chosen: who needs more has something to tell that is no signal."""
TECHNICAL = frozenset((
    "type", "id", "spec_version", "created", "modified", "created_by_ref", "valid_from", "valid_until",
    "first_seen", "last_seen", "first_observed", "last_observed", "revoked", "confidence", "lang", "pattern",
    "pattern_type", "pattern_version", "object_marking_refs", "object_refs", "sighting_of_ref",
    "observed_data_refs", "where_sighted_refs", "source_ref", "target_ref", "relationship_type", "opinion",
    "published", "extension_type", "scheme", "epoch", "tag", "number", "value", "source_name", "external_id", "url",
    "hash", "hashes", "kill_chain_name", "phase_name", "infrastructure_types", "indicator_types",
    "threat_actor_types", "resource_level", "primary_motivation", "country", "region", "retention_until",
    "contest_url", "template_signature", "volume_band", "nexus", "target_behaviour", "legal_basis", "count",
))  # fmt: skip
"""Properties whose form the schema fixes; a sentence in one of them would not pass it."""


def lint(document: Mapping[str, Any], members: Sequence[str] = ()) -> list[Violation]:
    """Every violation in an object. `members`: names of partners, which nobody is to name."""
    sentences = _sentences(_without_public(document), "")
    return [violation for where, text in sentences for violation in _violations(where, text, members)]


def _without_public(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Without the name of a technique, where it is the one that ATLAS publishes."""
    is_technique = document.get("type") == "attack-pattern" and document.get("name") in TECHNIQUE_NAMES
    return {**document, "name": ""} if is_technique else document


def _sentences(value: object, where: str) -> Iterator[tuple[str, str]]:
    """Each text that may hold a sentence, with the path of its property."""
    if isinstance(value, str):
        yield where, value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            if name not in TECHNICAL:
                yield from _sentences(inner, f"{where}.{name}" if where else str(name))
            elif isinstance(inner, (Mapping, list)):
                yield from _sentences(_without_texts(inner), f"{where}.{name}" if where else str(name))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _sentences(inner, f"{where}[{place}]")


def _without_texts(value: object) -> object:
    """Lists and objects inside a technical property: their own technical texts are passed, the rest is read."""
    if isinstance(value, list):
        return [item for item in value if not isinstance(item, str)]
    return value


def _violations(where: str, text: str, members: Sequence[str]) -> Iterator[Violation]:
    for rule, why in _broken(text):
        yield Violation(where, rule, why)
    if _names_one(text, members):
        yield Violation(where, "member", "members are not named to each other")


@lru_cache(maxsize=_REMEMBERED)
def _broken(text: str) -> tuple[tuple[str, str], ...]:
    """Rule and reason of everything wrong in a text. Remembered: most sentences are those of templates."""
    return tuple(sorted(set(_found(text))))


def _found(text: str) -> Iterator[tuple[str, str]]:
    if len(text) > LONGEST:
        yield "length", f"longer than {LONGEST} characters"
        text = text[:LONGEST]
    heard = readings(text)
    if not is_readable(heard[0]):
        yield "language", "it is not English in Latin letters, which is all that this lint can read"
    for form in forms_in(text):
        yield form.name, form.why
    for rule in broken(heard):
        yield rule.name, rule.why
    if has_figure(heard[0]):
        yield "figure", "how much is told in the volume band, in decades, and nowhere else"


def _names_one(text: str, members: Sequence[str]) -> bool:
    heard = spoken(text)
    return any(re.search(rf"(?<!\w){re.escape(spoken(name))}(?!\w)", heard) for name in members if name)
