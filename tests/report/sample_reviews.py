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

from .sample_campaign import DAY_US, HOUR_US, START_US, make_campaign
from .sample_surroundings import (
    BLIND_SPOTS,
    CALIBRATION,
    DRIFT,
    clear_account,
    cleared_groups,
    member,
    rule_hits,
    traffic,
    with_rings,
)


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
        drift=DRIFT,
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
