"""Codes that say more than their vocabulary: a word is enough to tell a price (`price-40-usd` as a label).

The closed schema fixes the form of codes; this holds those whose form leaves room to the words that exist: labels,
types, phases, references, patterns and addresses. A pattern that nobody here reads, an address of a machine written as
a domain and a query in a link are refused too, since each can carry an identifier.

Weakness: a pseudonym and the path of a link are free words, and are read for members' names and forms only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from stillwatch.sharing.stix import patterns
from stillwatch.sharing.stix.atlas import TECHNIQUES
from stillwatch.sharing.stix.vocabulary import ATLAS_CHAIN, EXTRACTION_CHAIN, EXTRACTION_LABEL, Behaviour, Nexus, Phase

_TACTICS = {tactic for one in TECHNIQUES.values() for tactic in one.tactics}
_PHASES: dict[str, set[str]] = {EXTRACTION_CHAIN: set(map(str, Phase)), ATLAS_CHAIN: _TACTICS}
_WORDS: dict[str, frozenset[str]] = {
    "labels": frozenset({EXTRACTION_LABEL, *Behaviour, *Nexus, *Phase}),
    "report_types": frozenset((
        "attack-pattern", "campaign", "identity", "indicator", "intrusion-set", "malware", "observed-data",
        "threat-actor", "threat-report", "tool", "vulnerability",
    )),
    "threat_actor_types": frozenset((
        "activist", "competitor", "crime-syndicate", "criminal", "hacker", "insider-accidental",
        "insider-disgruntled", "nation-state", "sensationalist", "spy", "terrorist", "unknown",
    )),
}  # fmt: skip
"""STIX 2.1, 10.23 and 10.26; labels are ours."""
_SIGNATURE = re.compile(r"([0-9a-f]{4}){8,64}")
_LINK = re.compile(r"https://[a-z0-9.-]*[a-z][a-z0-9.-]*(?::\d{1,5})?(?:/[A-Za-z0-9._~/-]*)?")
_NUMERIC = re.compile(r"(?:\d{1,3}\.){3}\d{1,3}|.*\.[0-9-]+")
_REFERENCES = {
    "mitre-atlas": (re.compile(r"AML\.(?:TA|[TM])\d{4}(?:\.\d{3})?"), "https://atlas.mitre.org/"),
    "mitre-attack": (re.compile(r"(?:TA|[TMGSC])\d{4}(?:\.\d{3})?"), "https://attack.mitre.org/"),
    "cve": (re.compile(r"CVE-\d{4}-\d{4,7}"), "https://www.cve.org/"),
}
"""Public catalogues; a reference to anything else names somebody's own records."""


def unknown_codes(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Path and reason of each code that is not of its vocabulary."""
    for where, value in _told(document, ""):
        name = where.rpartition(".")[2]
        if name in _CHECKS and (why := _CHECKS[name](value, document)):
            yield where, why


def _told(value: object, where: str) -> Iterator[tuple[str, Any]]:
    """Every property, the inner ones too, with its path; lists go as a whole."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield (path := f"{where}.{name}" if where else str(name)), inner
            yield from _told(inner, path)


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _words(name: str) -> Callable[[Any, Mapping[str, Any]], str | None]:
    def unknown(value: Any, document: Mapping[str, Any]) -> str | None:
        return None if set(map(str, _listed(value))) <= _WORDS[name] else "a word that is not of the vocabulary"

    return unknown


def _pattern(value: Any, document: Mapping[str, Any]) -> str | None:
    if document.get("pattern_type") == "stillwatch-skeleton":
        return None if _SIGNATURE.fullmatch(str(value)) else "a skeleton is its signature and nothing else"
    try:
        looked = patterns.read(str(value))
    except patterns.PatternUnknown:
        return "a pattern of tags, of one domain or of one autonomous system is all that is shared"
    return _domain(looked.value, document) if isinstance(looked, patterns.Domain) else None


def _domain(value: Any, document: Mapping[str, Any]) -> str | None:
    if document.get("type") not in ("domain-name", "indicator"):
        return None
    return "the address of a machine is not shared in clear" if _NUMERIC.fullmatch(str(value)) else None


def _link(value: Any, document: Mapping[str, Any]) -> str | None:
    return None if _LINK.fullmatch(str(value)) else "a link has no query, no fragment and no user"


def _phases(value: Any, document: Mapping[str, Any]) -> str | None:
    known = all(_is_phase(one) for one in _listed(value))
    return None if known else "a phase that is not of its kill chain"


def _references(value: Any, document: Mapping[str, Any]) -> str | None:
    return None if all(map(_is_public, _listed(value))) else "a reference to something else than a public catalogue"


def _is_phase(phase: Any) -> bool:
    if not isinstance(phase, Mapping):
        return False
    return phase.get("phase_name") in _PHASES.get(str(phase.get("kill_chain_name")), ())


def _is_public(reference: Any) -> bool:
    if not isinstance(reference, Mapping):
        return False
    known = _REFERENCES.get(str(reference.get("source_name")))
    if known is None:
        return False
    form, address = known
    id, url = str(reference.get("external_id", "")), str(reference.get("url", address))
    return bool(form.fullmatch(id)) and url.startswith(address) and bool(_LINK.fullmatch(url))


_CHECKS: dict[str, Callable[[Any, Mapping[str, Any]], str | None]] = {
    **{name: _words(name) for name in _WORDS},
    "pattern": _pattern,
    "value": _domain,
    "contest_url": _link,
    "kill_chain_phases": _phases,
    "external_references": _references,
}
