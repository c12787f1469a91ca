"""Evidence family "lineage": passages that go from one account's texts into another's, and what only looks like it.

Sentences are numbers here, but for one test that sketches real text.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

import ibis
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sketch.exchanges import said, sketched

from stillwatch.sketch.record import LINEAGE_SLOTS, Flag
from stillwatch.tracing.family import Family, Group, Kin
from stillwatch.tracing.lineage import COMMON_UNITS, PAYLOADS_AT_LEAST, Lineage, Sentences, sentences

from .groups import are_surprising, group, in_order, renamed, same
from .small_world import HONEST, auc, scores_by_kind, small_world
from .worlds import known

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

LINEAGE: Family[Sentences] = Lineage()
Text = Sequence[int]


def log(unit: Ints | None = None, says: NDArray[np.uint32] | None = None, units: int = 1000) -> Sentences:
    """A log of `units` accounts, each its own unit, of which some say something; all are in the sample."""
    who = np.empty(0, np.int64) if unit is None else unit
    what = np.empty((0, LINEAGE_SLOTS), np.uint32) if says is None else says
    return sentences(who, what, np.arange(units), units)


SILENCE = log()


def sent(texts: Iterable[tuple[int, Text]], units: int | None = None) -> Group:
    """A group from (unit, sentences of its text); equal sentences in all are one payload."""
    rows = list(texts)
    lineage = np.zeros((len(rows), LINEAGE_SLOTS), np.uint32)
    for row, (_, text) in enumerate(rows):
        lineage[row, : len(text)] = text
    payload = np.unique(lineage, axis=0, return_inverse=True)[1].ravel() + 1
    return group(np.array([unit for unit, _ in rows]), units, lineage=lineage, payload=payload)


def chained(sizes: Sequence[int], rng: np.random.Generator, passed_on: float = 1.0) -> Group:
    """Texts of three sentences, written by one exchange and, of a share, rewritten by another; dealt like cards.

    A rewriting has the text's sentences and two of its own.
    """
    total = sum(sizes) // 2
    unit = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    fresh = iter(range(1, 20 * total + 1))
    texts: list[tuple[int, Text]] = []
    for number in range(total):
        text = [next(fresh) for _ in range(3)]
        quoted = text if rng.random() < passed_on else [next(fresh) for _ in range(3)]
        texts += [(int(unit[2 * number]), text), (int(unit[2 * number + 1]), [*quoted, next(fresh), next(fresh)])]
    return sent(texts)


def own_texts(units: int, each: int, first: int = 10_000) -> list[tuple[int, Text]]:
    """Texts of two sentences that nobody else has."""
    return [
        (u, [first + 2 * (u * each + n), first + 2 * (u * each + n) + 1]) for u in range(units) for n in range(each)
    ]


def scores(one: Group, known: Sentences = SILENCE) -> Floats:
    return LINEAGE.scores(one, known, np.random.default_rng(0))


def test_the_family_looks_at_content() -> None:
    """Its e-values are averaged with those of its kin."""
    assert (LINEAGE.name, LINEAGE.kin) == ("lineage", Kin.CONTENT)


def test_texts_handed_on_between_accounts_are_seen() -> None:
    """All of 600 exchanges write or rewrite; the share that crosses accounts, corrected for it, is 1.

    Four standard errors of a unit's share: its 100 exchanges stay inside with chance 1/6 each.
    """
    found = scores(chained([100] * 6, np.random.default_rng(1)))
    assert found == pytest.approx(np.ones(6), abs=4 * math.sqrt(5 / 36 / 100) * 6 / 5)


def test_texts_of_ones_own_are_nothing() -> None:
    """Nobody quotes anybody."""
    assert (scores(sent(own_texts(5, 20))) == 0).all()


def test_one_question_set_is_no_lineage() -> None:
    """Everybody sends the same whole payloads."""
    assert (scores(sent([(u, [3 * n + 1, 3 * n + 2]) for u in range(5) for n in range(30)])) == 0).all()


def test_who_quotes_himself_hands_nothing_on() -> None:
    """Drafts and their rewritings in one account."""
    drafts = [(u, [1000 * u + n + 1, 1000 * u + n + 501]) for u in range(4) for n in range(20)]
    again = [(u, [*text, 50_000 + 100 * u + n]) for n, (u, text) in enumerate(drafts)]
    assert (scores(sent(drafts + again)) == 0).all()


def test_a_wrapper_is_a_habit() -> None:
    """Two sentences in every text of everybody are the template's."""
    assert (scores(sent([(u, [1, 2, *text]) for u, text in own_texts(5, 20)])) == 0).all()


def test_a_wrapper_that_wins_a_slot_sometimes_is_one_too() -> None:
    """Of fifty wordings of two sentences each, every one in 2 % of the texts."""
    texts = own_texts(10, 60)
    assert (scores(sent([(u, [2 * (n % 50) + 1, 2 * (n % 50) + 2, *t]) for n, (u, t) in enumerate(texts)])) == 0).all()


@pytest.mark.parametrize(("users", "expected"), [(COMMON_UNITS - 1, 4 / 3), (COMMON_UNITS, 0.0)])
def test_what_three_strangers_say_is_common(users: int, expected: float) -> None:
    """Sayings of two sentences that all four accounts work into texts, and two or three strangers say too.

    All of an account's texts hold one: 1, divided by the 3/4 chance that who has it is another.
    """
    texts = [(u, [2 * n + 1, 2 * n + 2, 9_000 + 50 * u + n]) for u in range(4) for n in range(20)]
    says = np.zeros((40 * users, LINEAGE_SLOTS), np.uint32)
    says[:, 0] = np.tile(np.arange(1, 41), users)
    strangers = np.repeat(np.arange(500, 500 + users), 40)
    assert scores(sent(texts), log(strangers, says)) == pytest.approx(np.full(4, expected))


def test_the_groups_own_accounts_make_nothing_common() -> None:
    """The log holds the group too."""
    one = chained([60] * 6, np.random.default_rng(4))
    own = log(one.unit, one.columns["lineage"].astype(np.uint32))
    assert same(scores(one, own), scores(one))


def test_one_common_phrase_in_long_texts_is_no_passage() -> None:
    """Texts of five sentences each with one in common with another account's: half of a short text would be one."""
    long = [(u, [n + 1, *range(1000 + 500 * u + 4 * n, 1004 + 500 * u + 4 * n)]) for u in (0, 1) for n in range(40)]
    short = [(u, [n + 1, 1000 + 100 * u + n]) for u in (0, 1) for n in range(40)]
    assert (scores(sent(long)) == 0).all()
    assert scores(sent(short)) == pytest.approx([2.0, 2.0])


def test_scores_do_not_depend_on_volume() -> None:
    """Units of 20 and of 500 exchanges, a third of whose texts are handed on: equal means within four standard errors.

    The error is the larger of the two groups' of units, over ten worlds.
    """
    sizes = [20] * 20 + [500] * 10
    found = np.array([scores(chained(sizes, np.random.default_rng(seed), 0.3)) for seed in range(10)])
    light, heavy = found[:, :20].mean(axis=1), found[:, 20:].mean(axis=1)
    assert abs(float((light - heavy).mean())) < 4 * float((light - heavy).std(ddof=1)) / math.sqrt(10)


def honest_score(seed: int, each: int) -> float:
    """A unit of an honest group, in which up to a fifth of the texts are partly another's."""
    rng = np.random.default_rng(seed)
    return float(scores(chained([each] * 8, rng, float(rng.uniform(0, 0.2))))[0])


def test_light_units_of_honest_groups_are_not_surprising_among_heavy_ones() -> None:
    """A hundred groups of 20 texts a unit beside 200 of 100: no more in the top tenth than chance allows."""
    heavy = np.array([honest_score(seed, 100) for seed in range(200)])
    light = np.array([honest_score(seed, 20) for seed in range(1000, 1100)])
    assert not are_surprising(light, heavy)
    assert are_surprising(scores(chained([20] * 100, np.random.default_rng(15), 0.6)), heavy)


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1))
def test_order_and_names_mean_nothing(seed: int) -> None:
    """Rows in any order; units called otherwise carry their scores with them."""
    rng = np.random.default_rng(seed)
    one = chained([20, 12, 30, 8], rng, 0.5)
    names = rng.permutation(4)
    assert same(scores(one), scores(in_order(one, rng.permutation(len(one.unit)))))
    assert same(scores(one), scores(renamed(one, names))[names])


def test_too_few_texts_nobody_else_or_no_text_say_nothing() -> None:
    """NaN, not 0: nothing can be said."""
    few = [(1, [700 + n]) for n in range(PAYLOADS_AT_LEAST - 1)]
    assert np.isnan(scores(sent([*own_texts(1, 20), *few]))).tolist() == [False, True]
    assert np.isnan(scores(sent(own_texts(1, 20)))).all()
    one = sent(own_texts(3, 20))
    assert np.isnan(scores(replace(one, columns={**one.columns, "payload": np.zeros(60, np.int64)}))).all()
    assert np.isnan(scores(group(np.empty(0, np.int64), units=2))).all()


def test_real_text_that_is_rewritten_and_graded_elsewhere_keeps_its_passages() -> None:
    """Three accounts: one answers, one rewrites, one grades, each in a wrapper of its own; sketched as any log is."""
    facts = [
        f"The {thing} of {place} was built in {year}. Most of its {part} fell in the storm of that decade."
        for thing in ("harbour", "mill", "bridge")
        for place in ("Aberlour", "Brindisi", "Castellon", "Dunbar")
        for year, part in ((1804, "arches"), (1911, "timbers"))
    ]
    wrappers = ("{}", "Rewrite this in plain words and keep every number as it is:\n{}",
                "How well is the following written, from one to ten?\n{}")  # fmt: skip
    texts = [(unit, wrapper.format(fact)) for fact in facts for unit, wrapper in enumerate(wrappers)]
    rows = sketched(*(said(text) for _, text in texts))
    lineage = np.frombuffer(b"".join(rows.batch.column("lineage").to_pylist()), "<u4").reshape(-1, LINEAGE_SLOTS)
    one = group(np.array([unit for unit, _ in texts]), lineage=lineage, payload=rows.column("payload"))
    assert (scores(one) > 0.75).all()


def test_the_background_is_what_the_log_says() -> None:
    """Distinct sentences of units, embeddings left out; a whole log is its own sample, whatever its order."""
    rng = np.random.default_rng(7)
    account = np.sort(rng.integers(1, 2**62, 30))
    rows = 200
    who = rng.integers(0, 30, rows)
    lineage = rng.integers(1, 40, (rows, LINEAGE_SLOTS)).astype("<u4")
    packed = pa.array([row.tobytes() for row in lineage], pa.binary())  # as engines give it
    flags = np.where(np.arange(rows) % 5, Flag.HAS_BODY, 2).astype(np.int32)
    table = pa.table({"account": account[who], "exchange_id": np.arange(rows), "flags": flags, "lineage": packed})
    found = known(account, exchanges=np.full(30, 10))
    kept = flags == Flag.HAS_BODY
    expected = sentences(who[kept], lineage[kept], np.arange(30), 30)
    for order in (np.arange(rows), rng.permutation(rows)):
        read = LINEAGE.background(ibis.memtable(table.take(order)), found)
        assert (read.sentence.tolist(), read.unit.tolist()) == (expected.sentence.tolist(), expected.unit.tolist())
        assert (read.share, read.common_at) == (1.0, COMMON_UNITS)


def test_of_a_tenth_of_a_log_one_unit_makes_a_sentence_common() -> None:
    """Three units of all are less than one of the sample; one at least is asked for."""
    assert sentences(np.array([1]), np.ones((1, LINEAGE_SLOTS), np.uint32), np.arange(1000), 100).common_at == 1


def test_the_statement_counts_texts_and_accounts() -> None:
    """And is silent where nothing is handed on."""
    spoken = LINEAGE.statement(chained([50] * 4, np.random.default_rng(9)), SILENCE)
    assert spoken is not None
    assert spoken.log_e == 0.0
    assert spoken.detail["of"] == 200
    assert "4 of 4 accounts or organisations take part" in spoken.statement
    assert LINEAGE.statement(sent(own_texts(5, 20)), SILENCE) is None


@pytest.mark.long
def test_honest_groups_of_a_small_world_hand_hardly_anything_on(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Users of one tool, of benchmarks, of documents: nine units of ten below one text in ten.

    Classes with one assignment are the exception. The world's campaigns hand nothing on either, so nothing is claimed
    of them, but for questions in few frames, of which a third are partly alike.
    """
    base = tmp_path_factory.getbasetemp()
    found = scores_by_kind(small_world(base), LINEAGE, ("E4", *HONEST))
    honest = np.concatenate([found[kind] for kind in HONEST if kind != "university"])
    assert float(np.quantile(honest, 0.9)) < 0.1
    assert auc(found["E4"], honest)[1] > 0.9
