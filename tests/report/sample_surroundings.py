"""What stands beside campaigns in a review: traffic, accounts, rules, who was let go, and what it rests on."""

from __future__ import annotations

import numpy as np

from stillwatch.campaigns.campaign import (
    AccountFinding,
    Bin,
    Calibration,
    Campaign,
    Cleared,
    DriftCheck,
    RuleHit,
    StratumCalibration,
)
from stillwatch.evidence import Evidence

from .sample_campaign import HOUR_US, START_US

STRATA = ("chat", "app/RAG", "extraction", "eval", "agent", "translation", "batch")

CALIBRATION = Calibration(
    source="Benign reference: 31,400 accounts of February 2026, of which 212 that had been actioned were left out.",
    strata=(
        StratumCalibration("chat", 21_840, 1 / 21_841),
        StratumCalibration("app/RAG", 6_112, 1 / 6_113),
        StratumCalibration("extraction", 1_904, 1 / 1_905),
        StratumCalibration("eval", 388, 1 / 389),
        StratumCalibration("agent", 1_071, 1 / 1_072),
        StratumCalibration("batch", 85, 1 / 86),
    ),
)
DRIFT = (
    DriftCheck(
        "chat", "answer length", 21_840, 19_004, "silent", (231.0, 229.5), "Stratum chat, answer length: 230 and 231"
    ),
    DriftCheck(
        "batch", "repetition", 85, 412, "rings", (0.4, 0.9), "The drift alarm rings for stratum batch: 90 % and 40 %"
    ),
    DriftCheck("eval", "answer length", 6, 40, "not compared", None, "Stratum eval: not compared, 20 are needed"),
)
BLIND_SPOTS = (
    "The logs carry no payment instrument: infrastructure could speak only through addresses and client headers.",
    "Responses were not logged for 18 % of the exchanges: text lineage was not tested there.",
    "The batch stratum has 85 benign accounts: no ring in it can be called a campaign on one family.",
)


def with_rings(total: tuple[Bin, ...], rings: tuple[Campaign, ...]) -> tuple[Bin, ...]:
    sums = {b.start_us: b.exchanges for b in total}
    for ring in rings:
        for b in ring.timeline:
            sums[b.start_us] = sums.get(b.start_us, 0) + b.exchanges
    return tuple(Bin(us, sums[us], 90) for us in sorted(sums))


def traffic(days: int, level: int, seed: int) -> tuple[Bin, ...]:
    """Six-hour bins with nights and week-ends in them."""
    rng = np.random.default_rng(seed)
    bins = []
    for quarter in range(days * 4):
        weekday = (quarter // 4 + 6) % 7  # 2026-03-01 is a Sunday
        rate = level / 4 * (0.45, 1.1, 1.6, 0.85)[quarter % 4] * (0.55 if weekday > 4 else 1.1)
        bins.append(Bin(START_US + quarter * 6 * HOUR_US, int(rng.poisson(rate)), 90))
    return tuple(bins)


def member(ring: Campaign, name: str) -> AccountFinding:
    verdict = "act" if ring.verdict == "campaign" else "watch"
    return AccountFinding(name, ring.stratum, round(ring.log_e * 0.9, 3), verdict, ring.id, ring.evidence[:2])


def clear_account(place: int) -> AccountFinding:
    noise = (
        Evidence(
            "template", 0.4, "Its requests share a frame with 212 unrelated organisations.", {"organisations": 212}
        ),
    )
    return AccountFinding(
        f"customer-{place:05d}", STRATA[place % 7], -0.01 * (place % 90), "clear", None, noise if place % 9 == 0 else ()
    )


def rule_hits(rings: tuple[Campaign, ...]) -> tuple[RuleHit, ...]:
    return (
        RuleHit(
            "asks_for_training_data",
            rings[0].accounts[3],
            212,
            "The system text says that the answers are for fine-tuning another model.",
        ),
        RuleHit(
            "asks_for_training_data",
            rings[-1].accounts[1],
            9,
            "The system text says that the answers are for fine-tuning another model.",
        ),
        RuleHit(
            "competing_student_named",
            rings[0].accounts[5],
            31,
            "A request names the student model and its training run.",
        ),
    )


def cleared_groups() -> tuple[Cleared, ...]:
    return (
        Cleared(
            "one organisation",
            tuple(f"nordhaus-shard-{n:02d}" for n in range(24)),
            1,
            9_310,
            "batch",
            "24 accounts with one frame and divided work, all paid for and verified by one organisation that "
            "declared a translation service. Shards of one honest customer look like this.",
        ),
        Cleared(
            "same questions",
            tuple(f"eval-lab-{n}" for n in range(8)),
            8,
            6_204,
            "eval",
            "Eight organisations ran one public benchmark. They asked the same questions (overlap 0.59); a campaign "
            "divides its questions.",
        ),
        Cleared(
            "common tool",
            tuple(f"dev-{n:03d}" for n in range(212)),
            212,
            5_118,
            "app/RAG",
            "The frame is that of a popular retrieval library: 212 unrelated organisations send it, and it carries "
            "no weight.",
        ),
        Cleared(
            "heavy but alone",
            ("atlas-research",),
            1,
            4_870,
            "extraction",
            "The busiest account of the period. Nothing links it to any other; volume is never a ground by itself.",
        ),
    )
