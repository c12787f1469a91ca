"""Evidence family "lineage": does a text that one account sent come back inside what another account sends?

Pipelines hand texts on: one account writes, another rewrites, a third grades; examples are recycled over all. So an
exchange quotes another unit's exchange, while hardly any whole payload comes twice. The score of a unit is the share of
its payloads that have a passage in common with a *different* payload of another unit: two sentences of the six that a
sketch keeps, or one where either payload has no more than two. Sentences do not count that are

- habits of the group: a template, or one wording in a stock of up to 200, is form and not content;
- common: three or more unrelated units outside the group say them.

Equal whole payloads are question sets, which others measure.
A unit with a large share of the group's payloads has fewer others to be quoted by: shares are divided by the chance
that a quoting payload, dealt to anybody, is another unit's.

Null: units of an honest group hold passages of each other's no more often than units of other honest groups do.
Assumption: strangers seldom get the same rare sentence into different texts. It fails for classes that paste one
assignment, evaluations of one benchmark under different instructions, and readers of one news feed: they are its null.
Weakness: blind where one account runs all stages of its items, where texts are reworded at each step, where examples
come from so small a stock that they are habits, and for groups that only ask. Of a long text only six sentences are
kept, so of two texts with one sentence in common most are missed.
"""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import numpy as np
from numpy.typing import NDArray

from stillwatch.evidence import Evidence, percent
from stillwatch.sketch.record import LINEAGE_SLOTS
from stillwatch.tracing.bystanders import bystanders, fixed_width, some_accounts
from stillwatch.tracing.family import Group, Kin
from stillwatch.tracing.survey import Accounts, slot_values

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

COMMON_UNITS = 3
"""Units outside the group whose use of a sentence makes it common."""
PAYLOADS_AT_LEAST = 10
"""Of a unit: below, one passage is a tenth of its traffic and a large score by chance."""
HABIT_OF_GROUP = 0.005
HABIT_OF_UNIT = 0.1
"""Shares of different payloads from which a sentence is a habit: one of a stock of 200 wordings, or one text in ten."""
HABIT_PAYLOADS = 4
"""Payloads that are no habit, however few there are in all: a text, its rewriting, its grade and one more."""
HABIT_AT_MOST = 20
"""More payloads are a habit, however many there are in all: at most 57 comparisons a payload."""
PASSAGE = 2
"""Sentences in common, or half of those of the shorter text."""
_WORTH_READING = 0.02  # of a group's payloads hold a passage


@dataclass(frozen=True)
class Sentences:
    """Which of the sampled accounts' units say what, once each, ascending by sentence.

    `unit_of`: of every account, in the numbering of `Accounts`. `share`: of all units that are in the sample.
    """

    sentence: NDArray[np.uint32]
    unit: Ints
    unit_of: Ints
    share: float

    @property
    def common_at(self) -> int:
        """Sampled units whose use makes a sentence common: `COMMON_UNITS` of all, at least one."""
        return max(1, int(np.ceil(COMMON_UNITS * self.share)))

    def outside(self, sentences: NDArray[np.uint32], members: Ints) -> Ints:
        """How many sampled units other than `members` say each of `sentences`."""
        others = self.sentence[~np.isin(self.unit, members)]
        return np.searchsorted(others, sentences, side="right") - np.searchsorted(others, sentences, side="left")


@dataclass(frozen=True)
class _Said:
    """What a group says: its texts, which are distinct pairs of unit and payload, and which sentence is in which text.

    Payloads and sentences are dense numbers.
    """

    owner: Ints  # (texts,) the unit
    payload: Ints  # (texts,)
    values: NDArray[np.uint32]  # (sentences,)
    sentence: Ints  # (held,) ascending, each with a text once
    text: Ints  # (held,)


class Lineage:
    """The family. Its background is `Sentences`."""

    name = "lineage"
    kin = Kin.CONTENT
    columns = ("lineage", "payload")
    null = "units of an honest group hold passages of each other's texts no more often"
    assumption = "strangers seldom get the same rare sentence into different texts"
    weakness = (
        "classes with one assignment, evaluations of one benchmark and readers of one news feed share passages, "
        "honestly; blind where one account runs all steps, or texts are reworded at each"
    )

    def background(self, table: ibis.Table, found: Accounts) -> Sentences:
        """What a bounded sample of accounts says, see `bystanders`."""
        rows = bystanders(table, found, "exchange_id").select("account", "lineage")
        read = fixed_width(rows.to_pyarrow())
        unit = found.unit[found.index(read.column("account").to_numpy())]
        sampled = len(np.unique(found.unit[some_accounts(found)]))
        return sentences(unit, slot_values(read, "lineage", LINEAGE_SLOTS), found.unit, sampled)

    def scores(self, group: Group, background: Sentences, rng: np.random.Generator) -> Floats:
        """(units,) Share of payloads with a passage of another unit's; NaN below `PAYLOADS_AT_LEAST`."""
        said = _said(group)
        sizes = np.bincount(said.owner, minlength=group.units)
        holding = np.bincount(said.owner[_holds_passage(said, group, background)], minlength=group.units)
        elsewhere = 1.0 - sizes / max(int(sizes.sum()), 1)
        measured = (sizes >= PAYLOADS_AT_LEAST) & (elsewhere > 0)
        share = holding / np.maximum(sizes, 1) / np.where(measured, elsewhere, 1.0)
        return np.where(measured, share, np.nan)

    def statement(self, group: Group, background: Sentences) -> Evidence | None:
        """How many payloads hold passages, and between how many units they go."""
        said = _said(group)
        holds = _holds_passage(said, group, background)
        units, payloads = len(np.unique(said.owner[holds])), int(holds.sum())
        if units < 2 or payloads < _WORTH_READING * len(holds):
            return None
        text = (
            f"{payloads:,} of {len(holds):,} different texts ({percent(payloads / len(holds))}) have a passage in "
            f"common with a different text of another account, in words that hardly anybody else says; {units} of "
            f"{len(np.unique(said.owner))} accounts or organisations take part"
        )
        return Evidence(self.name, 0.0, text, {"payloads": payloads, "of": len(holds), "units": units})


def sentences(unit: Ints, lineage: NDArray[np.uint32], unit_of: Ints, sampled: int) -> Sentences:
    """The background from rows: `unit` (n,), `lineage` (n, 6), 0 = empty slot; `sampled` units are among the rows."""
    value, owner = lineage.ravel(), np.repeat(unit, lineage.shape[1])
    pairs = np.unique(np.stack([value[value != 0].astype(np.int64), owner[value != 0]]), axis=1)
    share = sampled / max(len(np.unique(unit_of)), 1)
    return Sentences(pairs[0].astype(np.uint32), pairs[1], unit_of, min(share, 1.0))


def _said(group: Group) -> _Said:
    """What the group says. A payload without sentences is a text that holds none; no payload is no text."""
    known = np.flatnonzero(group.column("payload") != 0)
    lineage = group.columns["lineage"][known].astype(np.uint32)
    _, payload = np.unique(group.column("payload")[known], return_inverse=True)
    texts, text = np.unique(_pairs_of(group.unit[known], payload.ravel()), return_inverse=True)
    row, slot = np.nonzero(lineage)
    values, sentence = np.unique(lineage[row, slot], return_inverse=True)
    held = np.unique(_pairs_of(sentence.ravel().astype(np.int64), text.ravel()[row]))
    owner, of = _apart(texts, payload.ravel())
    return _Said(owner, of, values, *_apart(held, text.ravel()[row]))


def _pairs_of(left: Ints, right: Ints) -> Ints:
    """One number for each pair; ascends as the pairs do."""
    return left * (int(right.max(initial=0)) + 1) + right


def _apart(pairs: Ints, right: Ints) -> tuple[Ints, Ints]:
    """The two sides of numbers that `_pairs_of` made with `right`."""
    base = int(right.max(initial=0)) + 1
    return pairs // base, pairs % base


def _holds_passage(said: _Said, group: Group, background: Sentences) -> Bools:
    """(texts,) whether it has a passage in common with another unit's different payload."""
    payloads = _payloads_with(said)
    own = ~_is_habit(said, payloads)[said.sentence]
    rare = own & ~_is_common(said, group, background)[said.sentence] & (payloads[said.sentence] > 1)
    sizes = np.bincount(said.text[own], minlength=len(said.owner))
    left, right, shared = _pairs(said.sentence[rare], said.text[rare], said)
    is_passage = (shared >= PASSAGE) | (np.minimum(sizes[left], sizes[right]) <= shared * PASSAGE)
    return np.isin(np.arange(len(said.owner)), np.concatenate([left[is_passage], right[is_passage]]))


def _pairs(sentence: Ints, text: Ints, said: _Said) -> tuple[Ints, Ints, Ints]:
    """Pairs of texts of different units with different payloads, and how many of these sentences both hold.

    `sentence` and, for each, `text` ascend. Few payloads hold a sentence (`HABIT_AT_MOST`), so that pairs stay few.
    """
    found = [np.empty(0, np.int64)]
    for apart in range(1, int(np.bincount(sentence).max(initial=0))):
        same = np.flatnonzero(sentence[apart:] == sentence[:-apart])
        left, right = text[same], text[same + apart]
        differ = (said.owner[left] != said.owner[right]) & (said.payload[left] != said.payload[right])
        found.append(left[differ] * len(said.owner) + right[differ])
    pairs, shared = np.unique(np.concatenate(found), return_counts=True)
    texts = max(len(said.owner), 1)
    return pairs // texts, pairs % texts, np.asarray(shared, np.int64)


def _payloads_with(said: _Said) -> Ints:
    """(sentences,) how many different payloads hold it."""
    holders = np.unique(_pairs_of(said.sentence, said.payload[said.text]))
    return np.bincount(_apart(holders, said.payload[said.text])[0], minlength=len(said.values))


def _is_habit(said: _Said, payloads: Ints) -> Bools:
    """(sentences,) whether many payloads of the group, or of one of its units, hold it."""
    all_of = int(said.payload.max(initial=-1)) + 1
    habit = payloads > np.clip(HABIT_OF_GROUP * all_of, HABIT_PAYLOADS, HABIT_AT_MOST)
    owner = said.owner[said.text]
    by_unit, of_unit = np.unique(_pairs_of(said.sentence, owner), return_counts=True)
    sentence, unit = _apart(by_unit, owner)
    sizes = np.bincount(said.owner, minlength=1)[unit]
    habit[sentence[of_unit > np.maximum(HABIT_PAYLOADS, HABIT_OF_UNIT * sizes)]] = True
    return np.asarray(habit, np.bool_)


def _is_common(said: _Said, group: Group, background: Sentences) -> Bools:
    """(sentences,) whether enough units outside the group say it."""
    members = np.unique(background.unit_of[group.account])
    return np.asarray(background.outside(said.values, members) >= background.common_at)
