"""The closed vocabulary of extraction. Words not listed here are refused, not passed on."""

from __future__ import annotations

import math
from enum import IntEnum, StrEnum

from stillwatch.errors import UsageError


class Nexus(StrEnum):
    """What makes it more than a breach of terms of service. At least one is needed to share anything.

    6 U.S.C. 1501(5)(B) excludes what solely violates terms of service or a licence (docs/stix.md).
    """

    FRAUD = "fraud"
    STOLEN_CREDENTIAL = "stolen-credential"
    PAYMENT_ABUSE = "payment-abuse"
    GEO_EVASION = "geo-evasion"
    AUTOMATION = "automation"


class Behaviour(StrEnum):
    """What of a model is being extracted."""

    REASONING = "cot"
    TOOL_USE = "tool-use"
    PREFERENCE = "preference"
    RUBRIC = "rubric"
    LOGITS = "logits"
    CODING = "coding"
    ITEMS = "item-generation"
    OTHER = "other"


class Confidence(IntEnum):
    """One scale (STIX 2.1, appendix A, none/low/medium/high), one number for each word; others are refused."""

    LOW = 15
    MEDIUM = 50
    HIGH = 85


class VolumeBand(StrEnum):
    """Exchanges of a whole campaign, in decades: an exact number would tell a market share."""

    TO_100 = "up-to-1e2"
    TO_1000 = "1e2-1e3"
    TO_10_000 = "1e3-1e4"
    TO_100_000 = "1e4-1e5"
    TO_1_000_000 = "1e5-1e6"
    MORE = "above-1e6"

    @classmethod
    def of(cls, exchanges: int) -> VolumeBand:
        """The band of a count; 100 is in the first and 101 in the second. Raises `UsageError` below 1."""
        if exchanges < 1:
            raise UsageError("a campaign has at least one exchange")
        decade = math.ceil(round(math.log10(exchanges), 12)) - 2
        return tuple(cls)[min(max(decade, 0), len(cls) - 1)]


class Phase(StrEnum):
    """Phases of the kill chain `llm-extraction`."""

    ACQUIRE_ACCESS = "acquire-access"
    ESTABLISH_ACCOUNTS = "establish-accounts"
    PROBE = "probe"
    ELICIT = "elicit"
    SCALE_OUT = "scale-out"
    EVADE = "evade"
    COLLECT = "collect"
    TRAIN_REPLICA = "train-replica"


class InfrastructureType(StrEnum):
    """STIX 2.1's open vocabulary (10.8) as far as it applies, and three words of ours."""

    HOSTING = "hosting-target-lists"
    ANONYMIZATION = "anonymization"
    FRAUDULENT_ACCOUNTS = "fraudulent-account-network"
    RESELLER = "api-reseller"
    RESIDENTIAL_PROXIES = "residential-proxy-pool"
    UNKNOWN = "unknown"


class Opinion(StrEnum):
    """STIX 2.1, 10.21."""

    STRONGLY_DISAGREE = "strongly-disagree"
    DISAGREE = "disagree"
    NEUTRAL = "neutral"
    AGREE = "agree"
    STRONGLY_AGREE = "strongly-agree"


EXTRACTION_CHAIN = "llm-extraction"
ATLAS_CHAIN = "mitre-atlas"
EXTRACTION_LABEL = "llm-extraction"
"""A label on everything about a campaign: foreign consumers filter by labels."""
