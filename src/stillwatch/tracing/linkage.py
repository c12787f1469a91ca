"""Pairs of units of a whole ledger that one hand seems to move, found and weighed by Splink.

The family `identity` weighs the units of a group that was found by its template. Here the whole ledger is searched, for
rings that share nothing but cards and machines: once a night, since it takes seconds and the answer changes slowly.
Both use the weights of `match_weight`; on units with one value of each kind they agree to rounding (a test holds that).

A unit is represented by its most used value of each kind, which is how Splink sees records. Known weakness: a common
card among ten others of a unit is not seen here.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import duckdb
import ibis
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from splink import DuckDBAPI, Linker, SettingsCreator, block_on
from splink.internals.exceptions import EMTrainingException

from stillwatch.tracing.match_weight import COMPARISONS, KINDS, LINKING, MIXED, Comparison, Kind
from stillwatch.tracing.survey import Accounts
from stillwatch.tracing.term_frequency import IN_THE_LOG, TermFrequencies, is_known, mixed_accounts

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

BLOCKS = (("payment",), ("api_key",), ("address",), ("network", "client"), ("network", "created"))
"""Pairs are looked at that agree on one of these sets of kinds."""
HOLDERS_AT_MOST = 1_000
"""Units that hold a value which pairs are looked for by: 499,500 pairs. What more of them hold is left out."""
LEAST_BITS = 8.0
"""Of a pair that is returned. A card that 50 units hold passes alone, with 8.2 bits if all else differs; an address, a
program and a day of opening together are 8.6, and 7.6 where cards and keys are known to differ."""


@dataclass(frozen=True)
class Linked:
    """Pairs of dense unit numbers, left < right, and the bits that tie them; the strongest first."""

    left: Ints
    right: Ints
    bits: Floats


def linked(table: ibis.Table, found: Accounts, frequencies: TermFrequencies, least_bits: float = LEAST_BITS) -> Linked:
    """The pairs of units of a ledger that are tied by `least_bits` or more."""
    return pairs(records(table, found), frequencies, least_bits)


def records(table: ibis.Table, found: Accounts) -> pa.Table:
    """One row a unit: `unit_id`, and by name of each kind the value it uses most, null where it shows none."""
    units = pa.table({"unit_id": np.unique(found.unit)})
    unit_of = ibis.memtable(pa.table({"account": found.account, "unit_id": found.unit}))
    for kind in IN_THE_LOG:
        units = units.join(_main_values(table, kind, unit_of), "unit_id")
    marked = found.unit[found.index(mixed_accounts(table).to_pyarrow().column("account").to_numpy())]
    is_marked = np.isin(units.column("unit_id").to_numpy(), marked)
    mixed = pa.array(np.ones(len(units), np.int64), mask=~is_marked)
    return units.append_column(MIXED.name, mixed).sort_by("unit_id")


def _main_values(table: ibis.Table, kind: Kind, unit_of: ibis.Table) -> pa.Table:
    """(unit_id, value) of the value that most exchanges of a unit show; the smallest of several."""
    shown = table.filter(is_known(table, kind)).select("account", value=table[kind.column].cast("int64"))
    by_account = shown.group_by("account", "value").aggregate(times=shown.count())
    by_unit = by_account.join(unit_of, "account").group_by("unit_id", "value")
    used = by_unit.aggregate(times=ibis._.times.sum())
    place = ibis.row_number().over(group_by="unit_id", order_by=[ibis.desc("times"), "value"])
    first = used.mutate(place=place).filter(ibis._.place == 0)
    return first.select("unit_id", **{kind.name: "value"}).to_pyarrow()


def pairs(rows: pa.Table, frequencies: TermFrequencies, least_bits: float) -> Linked:
    """Splink's weights of all pairs of `records` that agree on one of `BLOCKS`."""
    linker = _linker(rows, frequencies)
    found = linker.inference.predict(threshold_match_weight=least_bits)
    weighed: pa.Table = found.as_duckdbpyrelation().to_arrow_table()
    one, other = (weighed.column(f"unit_id_{side}").to_numpy() for side in "lr")
    left, right, bits = np.minimum(one, other), np.maximum(one, other), weighed.column("match_weight").to_numpy()
    order = np.lexsort((right, left, -bits))
    return Linked(left[order], right[order], bits[order])


def fitted(rows: pa.Table, frequencies: TermFrequencies) -> Mapping[str, tuple[float, ...]]:
    """What EM makes of each kind's m: one estimate for each of `BLOCKS` that has pairs and leaves the kind open.

    To be looked at, not to be used as it is: docs/decisions/0008-splink.md.
    """
    found: dict[str, list[float]] = {}
    for block in BLOCKS:
        linker = _linker(rows, frequencies)
        # No two units agree on this block, or an estimate ran below 1e-300: nothing can be learnt from it.
        with _quiet(), contextlib.suppress(EMTrainingException, ValueError):
            linker.training.estimate_parameters_using_expectation_maximisation(block_on(*block))
            for name, m in _trained(linker, block).items():
                found.setdefault(name, []).append(m)
    return {name: tuple(estimates) for name, estimates in found.items()}


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Splink warns of each kind on which no pair of a block agrees, which most logs have."""
    log = logging.getLogger("splink")
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(before)


def _trained(linker: Linker, block: tuple[str, ...]) -> dict[str, float]:
    """The m of each kind that `block` left open and EM moved: it leaves alone what no pair shows."""
    model = linker.misc.save_model_to_json()["comparisons"]
    m = {
        level["label_for_charts"]: float(level["m_probability"])
        for comparison in model
        for level in comparison["comparison_levels"]
        if "m_probability" in level
    }
    decided = {kind for c in COMPARISONS for kind in c.levels if {level.name for level in c.levels} & set(block)}
    return {
        kind.name: m[kind.name] for kind in IN_THE_LOG if kind not in decided and m.get(kind.name, kind.m) != kind.m
    }


def _linker(rows: pa.Table, frequencies: TermFrequencies) -> Linker:
    """Splink over the rows, in an engine of its own, with our weights and our term frequencies."""
    kept = _without_crowds(rows, frequencies)
    engine = DuckDBAPI(duckdb.connect())
    linker = Linker(engine.register(kept), _settings(), log_level=None)
    for kind in KINDS:
        lookup = engine.register(_term_frequencies(kept, kind, frequencies))
        linker.table_management.register_term_frequency_lookup(lookup, kind.name)
    return linker


def _without_crowds(rows: pa.Table, frequencies: TermFrequencies) -> pa.Table:
    """The rows without identifiers that are worth nothing, or whose holders are too many to be compared in pairs."""
    for kind in LINKING:
        values = rows.column(kind.name)
        frequency = frequencies[kind.name]
        holders = frequency.of(values.fill_null(0).to_numpy())
        is_crowd = (kind.agreement(holders, frequency.scale(kind)) <= 0.0) | (holders > HOLDERS_AT_MOST)
        kept = pa.array(values.fill_null(0).to_numpy(), mask=is_crowd | values.is_null().to_numpy())
        rows = rows.set_column(rows.column_names.index(kind.name), kind.name, kept)
    return rows


def _term_frequencies(rows: pa.Table, kind: Kind, frequencies: TermFrequencies) -> pa.Table:
    """Splink's look-up: each value of a kind and its u, which stands for its term frequency."""
    values = rows.column(kind.name).drop_null().unique().to_numpy()
    frequency = frequencies[kind.name]
    return pa.table({kind.name: values, f"tf_{kind.name}": kind.u(frequency.of(values), frequency.scale(kind))})


def _settings() -> SettingsCreator:
    """Our model in Splink's words. Even prior odds: the match weight is then that of the evidence alone."""
    return SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="unit_id",
        probability_two_random_records_match=0.5,
        comparisons=[_comparison(comparison) for comparison in COMPARISONS],
        blocking_rules_to_generate_predictions=[block_on(*block) for block in BLOCKS],
        retain_matching_columns=False,
    )


def _comparison(comparison: Comparison) -> dict[str, Any]:
    unknown = " AND ".join(f"({k.name}_l IS NULL OR {k.name}_r IS NULL)" for k in comparison.levels)
    agreeing = [
        {
            "sql_condition": f"{kind.name}_l = {kind.name}_r",
            "label_for_charts": kind.name,
            "m_probability": kind.m,
            "u_probability": kind.least_u,
            "tf_adjustment_column": kind.name,
            "tf_adjustment_weight": 1.0,
        }
        for kind in comparison.levels
    ]
    m, u = 1.0 - sum(kind.m for kind in comparison.levels), 1.0 - sum(kind.least_u for kind in comparison.levels)
    none = {"sql_condition": "ELSE", "label_for_charts": "none", "m_probability": m, "u_probability": u}
    null = {"sql_condition": unknown, "label_for_charts": "unknown", "is_null_level": True}
    return {"output_column_name": f"{comparison.name}_compared", "comparison_levels": [null, *agreeing, none]}
