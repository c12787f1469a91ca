"""The row: its width, its names, and the refusal to compare what was made under different keys."""

from __future__ import annotations

from functools import reduce
from operator import or_

import pyarrow as pa
import pytest

from stillwatch.errors import SketchMismatch
from stillwatch.sketch.record import COLUMN_NAMES, ROW_BYTES, Flag, Intent, identity, require_comparable, schema
from stillwatch.sketch.sketcher import Sketcher

from .exchanges import ALLIANCE, OTHER_SECRET, SECRET, said, sketched


def test_a_row_takes_384_bytes() -> None:
    """The budget of the design, spent to the last byte; no column may be null or of varying width."""
    assert ROW_BYTES == 384
    assert sum(sketched(said("x")).batch.schema.field(name).type.bit_width // 8 for name in COLUMN_NAMES) == 384
    assert not any(field.nullable for field in schema())


def test_a_thousand_rows_take_384_bytes_each_in_memory() -> None:
    """What Arrow holds is what the row's definition says: no validity bitmaps, no offsets."""
    assert sketched(*[said("Which birds winter here?")] * 1000).batch.nbytes == 384_000


@pytest.mark.parametrize("bits", [Flag, Intent])
def test_no_two_bits_are_the_same(bits: type) -> None:
    """Each fact has its own bit, and all fit the column."""
    values = [value for name, value in vars(bits).items() if not name.startswith("_")]
    assert sum(values) == reduce(or_, values)
    assert max(values) < {Flag: 2**31, Intent: 2**15}[bits]


def test_sketches_carry_the_names_of_their_keys() -> None:
    """Version, deployment and alliance stand in the schema; none of it is secret."""
    held = Sketcher(SECRET, ALLIANCE).schema.metadata
    assert held == {
        b"stillwatch.sketch": b"1",
        b"stillwatch.key": SECRET.id.encode(),
        b"stillwatch.alliance_key": ALLIANCE.id.encode(),
    }


def test_sketches_of_one_secret_are_comparable() -> None:
    """Two sketchers under the same keys agree."""
    require_comparable(Sketcher(SECRET, ALLIANCE).schema, Sketcher(SECRET, ALLIANCE).schema)


@pytest.mark.parametrize(
    ("other", "what"),
    [
        (schema(identity(OTHER_SECRET.id)), f"deployment key: {SECRET.id} and {OTHER_SECRET.id}"),
        (schema(identity(SECRET.id, ALLIANCE.id)), f"alliance key: none and {ALLIANCE.id}"),
        (schema({**identity(SECRET.id), "stillwatch.sketch": "2"}), "sketch version: 1 and 2"),
        (schema(), "sketch version: 1 and none"),
        (pa.schema([("x", pa.int8())]), "sketch version: 1 and none"),
    ],
)
def test_a_mismatch_names_what_differs(other: pa.Schema, what: str) -> None:
    """Key, alliance key or version; each side's public name is shown, and what to do."""
    with pytest.raises(SketchMismatch, match=rf"differ in {what}\. Sketch both logs again"):
        require_comparable(Sketcher(SECRET).schema, other)
