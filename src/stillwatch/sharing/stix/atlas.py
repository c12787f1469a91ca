"""Techniques of MITRE ATLAS that extraction uses: ids, names and tactics as atlas-data 5.6.0 (May 2026) has them.

A technique with a dot is a part of the one before the dot and has its tactics. Rule packs are in use that number model
extraction T0025, which is exfiltration by other means; an id that is not listed here is refused.
"""

from __future__ import annotations

from dataclasses import dataclass

from stillwatch.errors import UsageError

VERSION = "5.6.0"


@dataclass(frozen=True, slots=True)
class Technique:
    """`tactics`: the phases of the kill chain `mitre-atlas`."""

    id: str
    name: str
    tactics: tuple[str, ...]

    @property
    def url(self) -> str:
        return f"https://atlas.mitre.org/techniques/{self.id}"


_LISTED = (
    Technique("AML.T0005", "Create Proxy AI Model", ("ai-attack-staging",)),
    Technique("AML.T0005.001", "Train Proxy via Replication", ("ai-attack-staging",)),
    Technique("AML.T0008", "Acquire Infrastructure", ("resource-development",)),
    Technique("AML.T0012", "Valid Accounts", ("initial-access", "privilege-escalation")),
    Technique("AML.T0021", "Establish Accounts", ("resource-development",)),
    Technique("AML.T0024", "Exfiltration via AI Inference API", ("exfiltration",)),
    Technique("AML.T0024.000", "Infer Training Data Membership", ("exfiltration",)),
    Technique("AML.T0024.001", "Invert AI Model", ("exfiltration",)),
    Technique("AML.T0024.002", "Extract AI Model", ("exfiltration",)),
    Technique("AML.T0034", "Cost Harvesting", ("impact",)),
    Technique("AML.T0040", "AI Model Inference API Access", ("ai-model-access",)),
    Technique("AML.T0048.004", "AI Intellectual Property Theft", ("impact",)),
    Technique("AML.T0054", "LLM Jailbreak", ("privilege-escalation", "defense-evasion")),
    Technique("AML.T0063", "Discover AI Model Outputs", ("discovery",)),
)
TECHNIQUES = {technique.id: technique for technique in _LISTED}


def technique(id: str) -> Technique:
    """The technique of this id. Raises `UsageError` for one that is not of extraction, or none at all."""
    try:
        return TECHNIQUES[id]
    except KeyError:
        raise UsageError(f"{id!r} is no technique of extraction", f"See the ids of MITRE ATLAS {VERSION}") from None
