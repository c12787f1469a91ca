"""Reviews as a hunt would hand them up: quiet, ordinary, crowded, enormous and hostile. Seeded, the same every time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from stillwatch.campaigns.campaign import (
    AccountFinding,
    Bin,
    Calibration,
    Campaign,
    Cleared,
    Hypothesis,
    Link,
    Review,
    RuleHit,
    StratumCalibration,
)
from stillwatch.evidence import Evidence

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
START_US = 1_772_323_200_000_000  # 2026-03-01 00:00 UTC
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
BLIND_SPOTS = (
    "The logs carry no payment instrument: infrastructure could speak only through addresses and client headers.",
    "Responses were not logged for 18 % of the exchanges: text lineage was not tested there.",
    "The batch stratum has 85 benign accounts: no ring in it can be called a campaign on one family.",
)
FAMILIES = ("template", "complementarity", "lineage", "shape", "infrastructure", "timing")


def empty() -> Review:
    """A hunt over a log without a readable exchange."""
    return Review(
        exchanges=0,
        account_count=0,
        rejected=0,
        alpha=0.01,
        first_us=0,
        last_us=0,
        campaigns=(),
        accounts=(),
        rules=(),
        cleared=(),
        calibration=Calibration("No benign reference was given.", ()),
        blind_spots=("The input was empty: nothing could be looked at.",),
        timeline=(),
    )


def quiet() -> Review:
    """A month of ordinary traffic: nothing found, two heavy groups let go."""
    accounts = tuple(clear_account(place) for place in range(137))
    return Review(
        exchanges=88_412,
        account_count=137,
        rejected=3,
        alpha=0.01,
        first_us=START_US + 4 * HOUR_US,
        last_us=START_US + 31 * DAY_US - HOUR_US,
        campaigns=(),
        accounts=accounts,
        rules=(),
        cleared=cleared_groups()[:2],
        calibration=CALIBRATION,
        blind_spots=BLIND_SPOTS[:1],
        timeline=traffic(31, 2850, 7),
        rejections=("march.jsonl.gz:8812 body is not JSON", "march.jsonl.gz:40021 ts_us is missing"),
    )


def one_campaign() -> Review:
    """Six hours of traffic with one small ring in it."""
    ring = make_campaign("C-51d0", 9, seed=3, log_e=7.4, first_day=0, days=1, objective="Classification labels")
    timeline = tuple(Bin(START_US + n * HOUR_US // 4, 40 + 9 * (n % 5), 12) for n in range(24))
    ring = replace(
        ring,
        exchanges=182,
        first_us=START_US + HOUR_US,
        last_us=START_US + 5 * HOUR_US,
        timeline=tuple(Bin(START_US + n * HOUR_US // 4, 11, 6) for n in range(4, 20)),
    )
    members = tuple(member(ring, name) for name in ring.accounts)
    return replace(
        quiet(),
        exchanges=1_390,
        account_count=146,
        rejected=0,
        rejections=(),
        first_us=START_US,
        last_us=START_US + 6 * HOUR_US - 1,
        campaigns=(ring,),
        accounts=members + quiet().accounts,
        timeline=timeline,
    )


def three_campaigns() -> Review:
    """The ordinary case: two campaigns and one ring to watch among 140 accounts in a month."""
    rings = (
        make_campaign(
            "C-7f3a",
            21,
            seed=11,
            log_e=23.6,
            first_day=5,
            days=19,
            objective="Instruction tuning: evolved instructions with full answers, in a hundred small lots",
        ),
        make_campaign(
            "C-19be",
            13,
            seed=12,
            log_e=10.4,
            first_day=14,
            days=15,
            objective="Reasoning traces: mathematics problems answered step by step",
            stratum="eval",
            action="Verify the payment instrument of all 13 accounts; throttle to 20 exchanges an hour for 7 days.",
        ),
        make_campaign(
            "C-c402",
            7,
            seed=13,
            log_e=2.1,
            first_day=2,
            days=6,
            verdict="watch",
            objective="Preference pairs: two answers to one prompt, rated",
            stratum="batch",
            action="Keep watching for 14 days; no limit.",
        ),
    )
    flagged = tuple(member(ring, name) for ring in rings for name in ring.accounts)
    clear = tuple(clear_account(place) for place in range(96))
    total = traffic(31, 1450, 5)
    extra = {b.start_us: b.exchanges for ring in rings for b in ring.timeline}
    return Review(
        exchanges=sum(b.exchanges for b in total) + sum(ring.exchanges for ring in rings),
        account_count=137,
        rejected=212,
        alpha=0.01,
        first_us=START_US + 4 * HOUR_US,
        last_us=START_US + 31 * DAY_US - HOUR_US,
        campaigns=rings,
        accounts=clear + flagged,
        rules=rule_hits(rings),
        cleared=cleared_groups(),
        calibration=CALIBRATION,
        blind_spots=BLIND_SPOTS,
        timeline=with_rings(total, rings) if extra else total,
        rejections=(
            "march-02.jsonl.gz:118 body is not JSON (truncated after 65,536 bytes)",
            "march-02.jsonl.gz:4410 ts_us is missing",
            "march-09.jsonl.gz:77 account is empty",
        ),
    )


def forty_campaigns() -> Review:
    """A bad quarter: forty rings of 5 to 60 accounts, a third of them to watch."""
    rng = np.random.default_rng(40)
    rings = tuple(
        make_campaign(
            f"C-{place:04x}",
            int(rng.integers(5, 60)),
            seed=100 + place,
            log_e=float(rng.uniform(0.2, 4)) if place % 3 == 2 else float(rng.uniform(6, 60)),
            first_day=int(rng.integers(0, 60)),
            days=int(rng.integers(3, 30)),
            verdict="watch" if place % 3 == 2 else "campaign",
        )
        for place in range(40)
    )
    flagged = tuple(member(ring, name) for ring in rings for name in ring.accounts)
    total = with_rings(traffic(90, 9_000, 9), rings)
    return replace(
        three_campaigns(),
        exchanges=sum(b.exchanges for b in total),
        account_count=len(flagged) + 400,
        campaigns=rings,
        accounts=flagged + tuple(clear_account(place) for place in range(400)),
        rules=rule_hits(rings),
        last_us=START_US + 90 * DAY_US - 1,
        timeline=total,
    )


def hundred_thousand_accounts() -> Review:
    """One vast ring of 25,000 accounts, 80 others, and 75,000 clear accounts over two years of hourly bins."""
    vast = make_campaign("C-vast", 25_000, seed=5, log_e=412.0, first_day=200, days=300)
    rings = (
        vast,
        *(make_campaign(f"C-{n:03d}", 60, seed=500 + n, log_e=8 + n / 9, first_day=n * 8, days=20) for n in range(80)),
    )
    flagged = tuple(member(ring, name) for ring in rings for name in ring.accounts)
    clear = tuple(clear_account(place) for place in range(100_000 - len(flagged)))
    total = tuple(Bin(START_US + hour * HOUR_US, 900 + hour % 24 * 30, 400) for hour in range(730 * 24))
    return replace(
        three_campaigns(),
        exchanges=sum(b.exchanges for b in total),
        account_count=100_000,
        campaigns=rings,
        accounts=flagged + clear,
        rules=rule_hits(rings) * 20,
        cleared=tuple(
            replace(group, accounts=tuple(f"{group.accounts[0]}-{n}" for n in range(3_000)))
            for group in cleared_groups()
        )
        * 40,
        last_us=START_US + 730 * DAY_US - 1,
        timeline=total,
    )


HOSTILE = "</script></style><img src=x onerror=alert(1)>\"'><svg onload=alert(2)>{{7*7}}\u202etxt.exe\x00\ud800"


def hostile() -> Review:
    """Every text of a review is an attack on whoever reads it."""
    evidence = (Evidence(HOSTILE, 3.0, HOSTILE, {HOSTILE: HOSTILE, "n": 3}),)
    ring = Campaign(
        id=HOSTILE,
        accounts=tuple(f"{HOSTILE}{n}" for n in range(30)),
        exchanges=300,
        first_us=START_US,
        last_us=START_US + DAY_US,
        log_e=9.0,
        verdict="campaign",
        stratum=HOSTILE,
        objective=HOSTILE,
        evidence=evidence,
        attribution=(Hypothesis("operator", HOSTILE, 1.0, HOSTILE, (HOSTILE,), (HOSTILE,)),),
        action=HOSTILE,
        links=tuple(Link(n, (n + 1) % 12, 2.0, (HOSTILE,)) for n in range(12)),
        timeline=(Bin(START_US, 300, 30),),
        context=(HOSTILE,),
    )
    return Review(
        exchanges=1_000,
        account_count=31,
        rejected=1,
        alpha=0.01,
        first_us=START_US,
        last_us=START_US + DAY_US,
        campaigns=(ring,),
        accounts=tuple(AccountFinding(name, HOSTILE, 9.0, "act", HOSTILE, evidence) for name in ring.accounts),
        rules=(RuleHit(HOSTILE, HOSTILE, 3, HOSTILE),),
        cleared=(Cleared(HOSTILE, (HOSTILE,) * 20, 1, 20, HOSTILE, HOSTILE),),
        calibration=Calibration(HOSTILE, (StratumCalibration(HOSTILE, 99, 0.01),)),
        blind_spots=(HOSTILE,),
        timeline=(Bin(START_US, 1_000, 31),),
        rejections=(HOSTILE,),
    )


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


def stem(rng: np.random.Generator) -> str:
    return ("acct", "user", "org-dev", "team", "k")[int(rng.integers(5))]


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
