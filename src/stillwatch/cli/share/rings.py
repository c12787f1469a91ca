"""Rings and their templates for `stillwatch share`: what reads a hunt's ledger, so that other commands need not."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import msgspec

from stillwatch.errors import InputError, UsageError
from stillwatch.ledger.ledger import Ledger
from stillwatch.pseudonym import Secret
from stillwatch.sharing.member.own_rings import OwnFindings, OwnRing, OwnTraffic
from stillwatch.sharing.rings.signature import NothingInCommon
from stillwatch.sharing.rings.traffic import Traffic


def own_traffic(ledger: Path, secret: Secret) -> OwnTraffic:
    """The conversations of a ledger that was sketched under the alliance's secret too."""
    table = Ledger.open(ledger).table().select("account", "conversation", "alliance")
    return OwnTraffic(Traffic.of_sketches(table.to_pyarrow()), secret)


def own_rings(findings: Path) -> list[OwnRing]:
    """The campaigns of findings.json, the watched ones too. Raises `InputError`."""
    try:
        return msgspec.json.decode(findings.read_bytes(), type=OwnFindings).campaigns
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InputError(f"{findings} holds no findings of a hunt: {error}") from None


def signature_hex(findings: Path, campaign: str, ledger: Path, secret: Secret) -> str:
    """The template's signature of a campaign, empty where its conversations have none in common."""
    ring = next((one for one in own_rings(findings) if one.id == campaign), None)
    if ring is None:
        raise UsageError(f"the findings have no campaign {campaign}")
    with suppress(NothingInCommon):
        return own_traffic(ledger, secret).signature_of(ring).encode()
    return ""
