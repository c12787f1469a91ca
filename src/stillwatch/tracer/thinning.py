"""A register that is looked at all day, without a line for each look.

Each look adds a line to the history of every campaign that it sees. Of lines that only say "same" on one day the last
one is kept: a history then grows with days, however many looks a day has. What became of an id is never left out.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from stillwatch.standing.register import Entry, Known, Register


def thinned(register: Register) -> Register:
    """The register with at most one line a day that only says that a campaign was seen again."""
    changed = [thin for known in register.campaigns.values() if (thin := _thinned(known)) is not known]
    return register.with_campaigns(changed) if changed else register


def _thinned(known: Known) -> Known:
    history = known.history
    kept = tuple(one for one, after in pairwise(history) if not _says_no_more(one, after)) + history[-1:]
    return known if len(kept) == len(history) else replace(known, history=kept)


def _says_no_more(one: Entry, after: Entry) -> bool:
    return one.change == after.change == "same" and one.day == after.day and not one.others
