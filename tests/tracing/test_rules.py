"""The decidable rules: which request forms hit, and one definition for numpy and SQL alike."""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping
from typing import Any

import ibis
import numpy as np
import pyarrow as pa
import pytest

from stillwatch.exchange.record import Exchange, Message, Parameters, Principal, Request
from stillwatch.pseudonym import Secret
from stillwatch.sketch.record import Flag, Intent
from stillwatch.sketch.sketcher import Sketcher
from stillwatch.tracing.rules import MANY_CHOICES, RULES, hits
from stillwatch.tracing.strata import traits

SKETCHER = Sketcher(Secret(bytes(range(32))))


def hit_by(text: str, operation: str = "chat", **parameters: Any) -> set[str]:
    """The rules that one exchange hits."""
    request = Request(operation, "m", (Message("user", text),), Parameters(**parameters))
    row = SKETCHER.sketch([Exchange(0, Principal("a"), "/", "", request)])
    columns = [row.column(name).to_numpy().astype(np.int64) for name in ("flags", "intent", "choices")]
    return {name for name, hit in hits(*columns).items() if hit[0]}


@pytest.mark.parametrize(
    ("expected", "text", "form"),
    [
        (set(), "Which birds winter here?", {}),
        ({"logit_bias_sweep"}, "a", {"logit_bias": 1, "max_tokens": 1}),
        (set(), "a", {"logit_bias": 1, "max_tokens": 100}),
        (set(), "a", {"max_tokens": 1}),
        ({"many_choices"}, "a", {"n": MANY_CHOICES}),
        ({"many_choices"}, "a", {"n": 10_000}),
        (set(), "a", {"n": MANY_CHOICES - 1}),
        ({"empty_message_probe"}, " \n", {}),
        ({"empty_message_probe"}, "", {"operation": "completion"}),
        (set(), "", {"operation": "embedding"}),
        ({"completed_reasoning_elicitation"}, "Reconstruct the reasoning behind the given answer.", {}),
        (set(), "Explain the reasoning behind the given answer.", {}),
    ],
)
def test_a_form_hits_exactly_these_rules(expected: set[str], text: str, form: Mapping[str, Any]) -> None:
    """A fact about one exchange; an embedding of nothing is no probe."""
    assert hit_by(text, **form) == expected


def test_every_rule_has_a_sentence_with_one_place_for_the_count() -> None:
    """What is hit can be said, and only what can be said is hit."""
    none = np.zeros(1, np.int64)
    assert [rule.name for rule in RULES] == list(hits(none, none, none))
    assert [[field for _, field, _, _ in string.Formatter().parse(r.sentence) if field is not None] for r in RULES] == [
        [""]
    ] * len(RULES)
    assert all(rule.at_least >= 1 for rule in RULES)


def random_columns(rows: int) -> dict[str, np.ndarray]:
    """Every bit of flags and intents at random, and numbers around the thresholds."""
    rng = np.random.default_rng(101)
    return {
        "flags": rng.integers(0, Flag.MANY_BIASED * 2, rows).astype(np.int32),
        "intent": (rng.integers(0, Intent.EXTRACTION * 2, rows) & rng.integers(0, 1024, rows)).astype(np.int16),
        "choices": rng.integers(0, 40, rows).astype(np.int8),
        "temperature": rng.choice([-1, 0, 70], rows).astype(np.int16),
    }


@pytest.mark.parametrize(
    ("define", "columns"), [(hits, ("flags", "intent", "choices")), (traits, ("flags", "intent", "temperature"))]
)
def test_numpy_and_sql_agree_on_every_row(define: Callable[..., dict[str, Any]], columns: tuple[str, ...]) -> None:
    """One definition, two engines: 5,000 random rows, compared cell by cell, and each condition both met and not."""
    held = random_columns(5000)
    in_numpy = define(*[held[name].astype(np.int64) for name in columns])
    table = ibis.memtable(pa.table({"row": np.arange(5000), **held}))
    expressions = define(*[table[name].cast("int64") for name in columns])
    in_sql = ibis.duckdb.connect().to_pyarrow(table.select("row", **expressions).order_by("row"))
    assert set(in_sql.column_names) == {"row", *in_numpy}
    for name, values in in_numpy.items():
        assert np.array_equal(in_sql.column(name).to_numpy(), values), name
        assert 0 < values.sum() < 5000, name
