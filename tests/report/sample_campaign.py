"""A campaign as a hunt would hand it up: made up, seeded, the same every time."""

from __future__ import annotations

import numpy as np

from stillwatch.campaigns.campaign import Bin, Campaign, Hypothesis, Link
from stillwatch.evidence import Evidence

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
START_US = 1_772_323_200_000_000  # 2026-03-01 00:00 UTC
FAMILIES = ("template", "complementarity", "lineage", "shape", "infrastructure", "timing")


def make_campaign(
    name: str,
    size: int,
    *,
    seed: int,
    log_e: float,
    first_day: int,
    days: int,
    verdict: str = "campaign",
    stratum: str = "extraction",
    objective: str = "Instruction tuning",
    action: str = "Verify all accounts by e-mail and payment; throttle to 30 exchanges an hour for 7 days.",
) -> Campaign:
    """A ring with two loosely joined cells, a daily rhythm and evidence that adds up to its log_e."""
    rng = np.random.default_rng(seed)
    accounts = tuple(f"{stem(rng)}_{rng.integers(16**6):06x}" for _ in range(size))
    timeline = tuple(
        Bin(
            START_US + (first_day + d) * DAY_US + h * 6 * HOUR_US,
            int(rng.poisson(1 + 1.6 * min(size, 400) * (1 + h % 3))),
            size,
        )
        for d in range(days)
        for h in range(4)
    )
    spoken = FAMILIES[: 3 + seed % 3]
    shares = rng.dirichlet(np.ones(len(spoken)) * 4)
    return Campaign(
        id=name,
        accounts=accounts,
        exchanges=sum(b.exchanges for b in timeline),
        first_us=timeline[0].start_us + HOUR_US,
        last_us=timeline[-1].start_us + 2 * HOUR_US,
        log_e=log_e,
        verdict="watch" if verdict == "watch" else "campaign",
        stratum=stratum,
        objective=objective,
        evidence=(*(evidence_of(f, size, log_e * float(s)) for f, s in zip(spoken, shares, strict=True)), OUTLOOK),
        attribution=explanations(rng),
        context=("Of 41 accounts, addresses lie in DE (30), FR (11)", "Where addresses lie is no evidence"),
        action=action,
        links=links_of(rng, size),
        timeline=timeline,
    )


OUTLOOK = Evidence(
    "release",
    0.0,
    "Traffic doubled in the two days after the model of 6 March was released.",
    {"days_after_release": 2, "ratio": 2.04},
)


def evidence_of(family: str, size: int, log_e: float) -> Evidence:
    return {
        "template": Evidence(
            family,
            log_e,
            f"{size} accounts put their requests into one frame of 214 words that no other organisation in the "
            "benign reference uses.",
            {"skeleton_values": 31, "organisations_sharing": 0, "median_jaccard": 0.71},
        ),
        "complementarity": Evidence(
            family,
            log_e,
            "The accounts divide one pool of work: which account asks what is no better than a draw of lots, and "
            "identical requests are rarer than 1 in 200.",
            {"r2": 0.0012, "z": 0.4, "overlap": 0.004},
        ),
        "lineage": Evidence(
            family,
            log_e,
            "One request in nine carries sentences that the model had given to another account of the ring, hours "
            "before.",
            {"requests_with_foreign_sentences": 0.113, "median_lag_hours": 5.2},
        ),
        "shape": Evidence(
            family,
            log_e,
            "All accounts send the same eleven parameters in one combination, with a client that 3 of 6,112 benign "
            "accounts use.",
            {"client": "python-requests/2.31", "parameters": 11},
        ),
        "infrastructure": Evidence(
            family,
            log_e,
            "Fourteen of the accounts came from four address ranges of one hosting company, at different times.",
            {"ranges": 4, "accounts": 14},
        ),
    }[family]


def explanations(rng: np.random.Generator) -> tuple[Hypothesis, ...]:
    odds = np.sort(rng.dirichlet([6.0, 2.5, 1.5, 0.6, 1.2]))[::-1]
    return (
        Hypothesis(
            "operator",
            "one party behind all accounts",
            float(odds[0]),
            "Two of the accounts pass verification as unrelated organisations.",
            ("one pool, though each pays with a card of its own", "unknown to the benign log"),
        ),
        Hypothesis(
            "relay",
            "a reseller with customers of its own",
            float(odds[1]),
            "Payloads of single accounts show subjects of their own.",
        ),
        Hypothesis("unknown", "", float(odds[2]), "Any of the others gaining evidence."),
        Hypothesis(
            "shared_tool",
            "a public data-generation tool",
            float(odds[3]),
            "The frame is found in no public repository or package.",
            speaks_against=("unknown to the benign log", "interchangeable shares of one pool"),
        ),
        Hypothesis("shared_employer", "", float(odds[4]), "Billing names no common organisation."),
    )


def links_of(rng: np.random.Generator, size: int) -> tuple[Link, ...]:
    """Two cells, dense inside and joined by a few accounts; of a large ring only a sample of pairs."""
    drawn = min(size, 400)
    half = drawn * 3 // 5
    links = []
    for left in range(drawn):
        for right in range(left + 1, drawn):
            inside = (left < half) == (right < half)
            if rng.random() < (min(0.5, 9 / drawn) if inside else 0.8 / drawn):
                families = ("template", FAMILIES[1 + int(rng.integers(5))])
                links.append(Link(left, right, float(rng.gamma(3.0, 1.4)), families))
    return tuple(links)


def stem(rng: np.random.Generator) -> str:
    return ("acct", "user", "org-dev", "team", "k")[int(rng.integers(5))]
