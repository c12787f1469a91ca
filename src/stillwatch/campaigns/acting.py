"""Who of a review may be acted on: the false-discovery rule over all rings that evidence was asked about.

Partners' word is part of the evidence of a ring it fits. Nobody is acted on for it alone, and where it tips the scale
the ring **leans** on it: it would not pass without, and does not once the claim is gone.

With a bound b on what partners' claims bear, the rate is at most b times the stated one even if all of them lie and
hit honest rings alone: e-BH keeps its rate in proportion to the mean of the e-values of the honest, which is then at
most b (Wang & Ramdas 2022, "False discovery rate control with e-values").
"""

from __future__ import annotations

from collections.abc import Sequence

from stillwatch.campaigns.claims import Grounds
from stillwatch.campaigns.judgement import KNOWN_BEFORE_EVIDENCE
from stillwatch.campaigns.statements import Found
from stillwatch.stats.multiple import discoveries
from stillwatch.tracing.survey import Accounts


def acting(rings: Sequence[Found], grounds: Grounds, accounts: Accounts, alpha: float) -> list[Found]:
    """The rings, with action on those that may be acted on."""
    passed = _passed(rings, [one.log_e for one in rings], grounds, alpha)
    alone = _passed(rings, [one.claim.combined for one in rings], grounds, alpha)
    return [
        one.acted_on(accounts, leans=number not in alone) if number in passed else one
        for number, one in enumerate(rings)
    ]


def is_asked(found: Found) -> bool:
    """Common tools and pairs are known without evidence, and are no hypotheses."""
    return found.judgement.reason not in KNOWN_BEFORE_EVIDENCE


def _passed(found: Sequence[Found], log_e: Sequence[float], grounds: Grounds, alpha: float) -> set[int]:
    """Campaigns whose e-value passes e-BH among all candidates that evidence was asked about.

    The others are for people to review; those that only linking days show are nobody's to act on, and take part in the
    rate.
    """
    asked = [number for number, one in enumerate(found) if is_asked(one)]
    all_log_e = [log_e[number] for number in asked] + [claim.combined for claim in grounds.others.values()]
    passed = [asked[place] for place in discoveries(all_log_e, alpha) if place < len(asked)]
    return {n for n in passed if found[n].judgement.verdict == "campaign" and found[n].claim.combined > 0.0}
