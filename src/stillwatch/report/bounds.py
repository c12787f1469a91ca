"""How much of a review one page shows, so that it opens quickly on any machine. findings.json has everything.

What is left out is always counted on the page. The numbers are chosen for readers: nobody reads a 500th row. Where the
texts of a review are long enough to break the page's size even so, all bounds are halved until they do not.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

MOST_BYTES = 3_000_000  # chosen: a report goes by e-mail and opens on a phone


@dataclass(frozen=True, slots=True)
class Bounds:
    """The most of each thing on one page; a ring's `nodes` and `members` are for all rings together."""

    cards: int = 60
    listed: int = 400
    nodes: int = 1_600
    members: int = 10_000
    evidence: int = 24  # per campaign
    accounts: int = 500
    rules: int = 300
    cleared: int = 150
    cleared_names: int = 40  # per group, after the first few

    def halved(self) -> Bounds:
        return Bounds(**{bound.name: max(1, getattr(self, bound.name) // 2) for bound in fields(self)})

    @property
    def are_smallest(self) -> bool:
        return self == self.halved()
