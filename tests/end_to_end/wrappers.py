"""What worlds in several tests have in common: wrappers, strangers with one tool, the secret they are read under."""

from __future__ import annotations

from pathlib import Path
from random import Random

from stillwatch.assembly import Secrets
from stillwatch.pseudonym import Secret

from .worlds import Sender, independent, invented, vocabulary

SECRETS = Secrets(Secret(b"a secret for tests only, 32 bytes"), None, Path("unused"), False)
MAKE_ITEMS = (
    "Generate ten question and answer pairs from the passage below, to be used as training data for a model. Every "
    "question must be answerable from the passage alone, every answer must be complete without it, and no two of them "
    "may ask for the same fact. Return a list of objects with the keys question and answer. Passage:"
)
BRIEFING = (
    "You prepare the morning briefing of our editors, who have a minute and a half for each report. Say in three plain "
    "sentences what happened, who says so, and what is not known yet. No adjectives, no headlines, no advice, and no "
    "names of people who are not in the report. If there is nothing new in it, say so. Report:"
)


def desks(rng: Random, each: int) -> list[Sender]:
    """Six strangers who brief their editors with one tool, each on subjects of his own, of which some are not sent."""
    count = each + max(5, each // 8)
    return [
        independent(f"desk-{i}", invented(rng, BRIEFING, [vocabulary(rng)], count), 1, each, rng)[0] for i in range(6)
    ]
