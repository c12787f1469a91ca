"""Which representation a request asks for, and which one it brings (1.6.8, 3.1).

One type is spoken, `application/taxii+json`, in one version, 2.1. The version may be left out. An `Accept` that names a
wildcard is satisfied, as 3.1 allows; one that names no type we speak, or none at all, is answered with 406.
"""

from __future__ import annotations

from stillwatch.sharing.taxii.faults import TaxiiFault

TAXII = "application/taxii+json"
TAXII_21 = "application/taxii+json;version=2.1"
STIX_BY_SPEC = {20: "application/stix+json;version=2.0", 21: "application/stix+json;version=2.1"}
_WILDCARDS = {"*/*", "application/*"}
_LONGEST_HEADER = 4096
"""Bytes of an `Accept`; longest seen of a browser are some 200, and what is longer is not worth parsing."""


def check_accept(header: str | None) -> None:
    """Raise a fault (406) unless the client takes TAXII 2.1."""
    if header is None or len(header) > _LONGEST_HEADER or not any(map(_is_acceptable, header.split(","))):
        raise TaxiiFault(406, f"Accept must name {TAXII_21}")


def check_content_type(header: str | None, coding: str | None) -> None:
    """Raise a fault (415) unless the body claims to be TAXII 2.1, not compressed.

    A compressed body could be a thousand times as long as it says. RFC 9110, 12.5.3: the answer says what is taken.
    """
    kind, parameters = _parsed(header or "")
    if kind != TAXII or parameters.get("version", "2.1") != "2.1":
        raise TaxiiFault(415, f"Content-Type must be {TAXII_21}")
    if (coding or "identity").strip().lower() != "identity":
        raise TaxiiFault(415, "The body must not be compressed", {"Accept-Encoding": "identity"})


def _is_acceptable(media_range: str) -> bool:
    kind, parameters = _parsed(media_range)
    if _is_refused(parameters.pop("q", "1")):
        return False
    if kind in _WILDCARDS:
        return True
    return kind == TAXII and parameters.get("version", "2.1") == "2.1"


def _is_refused(quality: str) -> bool:
    """RFC 9110, 12.4.2: a quality of 0 means that the client does not want it."""
    try:
        return float(quality) <= 0
    except ValueError:
        return True


def _parsed(media_type: str) -> tuple[str, dict[str, str]]:
    kind, *rest = media_type.split(";")
    named = (parameter.partition("=") for parameter in rest if parameter.strip())
    return kind.strip().lower(), {name.strip().lower(): value.strip().strip('"') for name, _, value in named}
