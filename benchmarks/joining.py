"""`python -m benchmarks.joining WORLD...`: who joins a campaign by its wrapper, in worlds whose truth is known?

Each world (as `stillwatch world` writes it) is cut in time. The part before is looked at, every listed campaign is
taken to have a verdict, also those that evidence would not support, and the part after is watched for members. Honest
accounts that join are counted among all that sent anything after the cut, with exact bounds; accounts of campaigns
among those that were not known before and sent three exchanges or more.
"""

from __future__ import annotations

import gzip
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stillwatch.ledger.ledger import Ledger
from stillwatch.pseudonym import Pseudonymiser, Secret
from stillwatch.sketching.run import sketch_logs
from stillwatch.standing.register import Register
from stillwatch.stats import binomial
from stillwatch.tracer.looking import Asked, Looks, Sources
from stillwatch.tracer.members import Joining, Members
from stillwatch.tracer.run import wall_clock_us
from stillwatch.tracer.seen import Seen
from stillwatch.tracer.wrapper import CONVERSATIONS_AT_LEAST

SECRET = Secret(b"for benchmarks only, of 32 bytes")
CUT = 0.6
"""Of a world's days: enough before it for rings to show, and enough after it for newcomers."""


@dataclass
class Tally:
    """Counts over worlds. `exposed`, `joined`: honest accounts; `newcomers`, `found`: those of campaigns, by level."""

    exposed: int = 0
    joined: int = 0
    watched: int = 0
    newcomers: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)

    def lines(self) -> Iterator[str]:
        """As text."""
        bound = binomial.upper(self.joined, self.exposed) if self.exposed else 1.0
        yield f"{self.watched} campaigns watched"
        yield f"honest: {self.joined} of {self.exposed:,} joined; at most {bound:.3%} at 95 %"
        for level in sorted(self.newcomers):
            yield f"{level}: {self.found[level]} of {self.newcomers[level]} newcomers joined"


def tallied(worlds: Sequence[Path]) -> Tally:
    """All worlds together."""
    tally = Tally()
    for world in worlds:
        with tempfile.TemporaryDirectory() as folder:
            _add(tally, world, Path(folder))
    return tally


def _add(tally: Tally, world: Path, folder: Path) -> None:
    truth = json.loads((world / "truth.json").read_text())
    cut_us = int(truth["first_us"] + CUT * (truth["last_us"] - truth["first_us"]))
    before, after, sent = _cut(world / "exchanges.jsonl.gz", cut_us, folder)
    seen = _look(before, world / "benign.jsonl.gz", folder)
    ledger = Ledger.open(folder / "ledger")
    members = Members(ledger)
    members.adopt(seen.wrappers, seen.segments, seen.last_us)
    sketch_logs([after], folder / "ledger", SECRET)
    pseudonym = Pseudonymiser(SECRET, "account")
    listed = {campaign.id: [pseudonym(name) for name in campaign.accounts] for campaign in seen.campaigns}
    known = {account for ring in listed.values() for account in ring}
    joins = members.joining(listed.keys(), listed)
    tally.watched += sum(len(wrapper.keys) > 0 for wrapper in seen.wrappers)
    _count(tally, truth, {pseudonym(name): count for name, count in sent.items()}, known, joins, pseudonym)


def _count(
    tally: Tally,
    truth: dict[str, Any],
    sent: dict[int, int],
    known: set[int],
    joins: Sequence[Joining],
    pseudonym: Pseudonymiser,
) -> None:
    level = {pseudonym(name): c["level"] for c in truth["campaigns"] for name in c["accounts"]}
    honest = {pseudonym(name): kind for kind, of in truth["classes"].items() for name in of["accounts"]}
    tally.exposed += sum(account in honest and account not in known for account in sent)
    for account, count in sent.items():
        if account in level and account not in known and count >= CONVERSATIONS_AT_LEAST:
            tally.newcomers[level[account]] += 1
    for one in joins:
        if one.account in honest:
            tally.joined += 1
            print(f"honest ({honest[one.account]}): {one.reason}", file=sys.stderr)
        else:
            tally.found[level.get(one.account, "?")] += 1


def _cut(log: Path, cut_us: int, folder: Path) -> tuple[Path, Path, Counter[str]]:
    """The log in two, and how many exchanges each account sent after the cut."""
    before, after, sent = folder / "before.jsonl", folder / "after.jsonl", Counter[str]()
    with gzip.open(log, "rt") as rows, before.open("w") as first, after.open("w") as second:
        for row in rows:
            said = json.loads(row)
            is_after = said["ts_us"] >= cut_us
            (second if is_after else first).write(row)
            if is_after:
                sent[said["account"]] += 1
    return before, after, sent


def _look(log: Path, benign: Path, folder: Path) -> Seen:
    sketch_logs([log], folder / "ledger", SECRET)
    sketch_logs([benign], folder / "benign", SECRET)
    sources = Sources(folder / "ledger", folder / "scratch", SECRET, benign=folder / "benign")
    return Looks(sources).take(Asked(wall_clock_us(), Register(sources.alpha), frozenset()))


if __name__ == "__main__":
    for said in tallied([Path(name) for name in sys.argv[1:]]).lines():
        print(said)
