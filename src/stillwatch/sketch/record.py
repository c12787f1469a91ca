"""The sketch of one exchange as an Arrow row: fixed width, no text, no raw identifier.

Unknown values are sentinels instead of nulls, so that a column is one flat buffer for numpy and SQL alike:
0 for a pseudonym or hash that is not known, -1 for a number that is not known. `Pseudonymiser` and the
sketcher never produce 0 for something that is known.

In memory a row takes `ROW_BYTES` (<= 384); on disk, sorted and zstd-compressed, at most 300.
"""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from stillwatch.errors import SketchMismatch

SKETCH_VERSION = 1
ZONES = ("system", "user_head", "user_tail", "last_tail")
SLOTS_PER_ZONE = 8
ZONE_SLOTS = len(ZONES) * SLOTS_PER_ZONE
LINEAGE_SLOTS = 6
PROJECTION_DIMENSIONS = 64
OPERATIONS = ("chat", "completion", "embedding", "other")

# name, type. The order is the row's order on disk; widths add up to ROW_BYTES.
_COLUMNS: tuple[tuple[str, pa.DataType], ...] = (
    # when
    ("ts_us", pa.int64()),  # UTC microseconds since 1970
    ("day", pa.int32()),  # ts_us // 86_400_000_000
    ("hour", pa.int8()),  # hour of day, UTC
    # who, as pseudonyms under the deployment's secret
    ("exchange_id", pa.int64()),  # of the log's id, or of the row itself where the log has none
    ("account", pa.int64()),
    ("organization", pa.int64()),
    ("ip", pa.int64()),
    ("payment", pa.int64()),
    ("api_key", pa.int32()),
    ("network", pa.int32()),  # the address's /24 or /48
    ("asn", pa.int32()),
    ("country", pa.int16()),  # 256 * first letter + second letter; 0 unknown
    ("account_created_day", pa.int32()),
    ("declared_use", pa.int16()),  # pseudonym folded to 15 bits; 0 none declared
    # with what
    ("client", pa.int32()),  # header names and order, without values that vary
    ("model", pa.int32()),
    ("parameters", pa.int32()),  # the tuple of parameter names and values
    ("flags", pa.int32()),  # bits of `Flag`
    ("intent", pa.int16()),  # bits of `Intent`
    ("status", pa.int16()),
    # shape of the dialogue
    ("messages", pa.int16()),
    ("tools", pa.int8()),  # saturates at 127
    ("images", pa.int8()),
    ("prompt_chars", pa.int32()),
    ("temperature", pa.int16()),  # hundredths; -1 not given
    ("choices", pa.int8()),  # n, saturates at 127
    ("max_tokens", pa.int32()),
    # about what
    ("conversation", pa.int64()),  # system text and first user turn, whole
    ("payload", pa.int64()),  # last turn that is not the assistant's, whole
    ("zones", pa.binary(4 * ZONE_SLOTS)),  # uint32 little-endian, ZONES x SLOTS_PER_ZONE; 0 = empty slot
    ("alliance", pa.binary(ZONE_SLOTS)),  # uint8 per slot under the alliance's secret; all 0 without one
    ("lineage", pa.binary(4 * LINEAGE_SLOTS)),  # uint32 little-endian sentence hashes of the payload
    ("projection", pa.binary(PROJECTION_DIMENSIONS)),  # int8
    # how much
    ("input_tokens", pa.int32()),
    ("output_tokens", pa.int32()),
    ("reasoning_tokens", pa.int32()),
)

COLUMN_NAMES = tuple(name for name, _ in _COLUMNS)
ROW_BYTES = sum(t.bit_width // 8 for _, t in _COLUMNS)


class Flag:
    """Bits of the `flags` column: shape facts that need one bit each."""

    OPERATION = 0b11  # index into OPERATIONS
    STREAM = 1 << 2
    LOGPROBS = 1 << 3
    LOGIT_BIAS = 1 << 4
    SEED = 1 << 5
    STOP = 1 << 6
    REASONING = 1 << 7
    TOOL_FORCED = 1 << 8
    TOOL_TURNS = 1 << 9  # the dialogue holds tool results
    ASSISTANT_TURNS = 1 << 10  # the dialogue holds earlier assistant turns
    ENDS_WITH_ASSISTANT = 1 << 11  # prefill
    SYSTEM = 1 << 12
    JSON_ANSWER = 1 << 13
    SCHEMA_ANSWER = 1 << 14
    CLOSED_SCHEMA = 1 << 15  # the forced schema has closed leaves (enum, number, boolean)
    OPEN_SCHEMA = 1 << 16  # the forced schema has free-string leaves
    EMPTY_PROMPT = 1 << 17  # no text in any turn, or an empty last user turn
    HAS_BODY = 1 << 18
    HAS_RESPONSE = 1 << 19
    HAS_HEADERS = 1 << 20
    HAS_NETWORK = 1 << 21
    REFUSED = 1 << 22  # the answer was a content filter stop or a 4xx
    INCOMPLETE = 1 << 23  # the stream ended early
    MANY_BIASED = 1 << 24  # logit_bias with one or more tokens AND at most one output token


class Intent:
    """Bits of the `intent` column: coarse, lexical, in several languages. Never grounds by themselves."""

    GRADING = 1 << 0  # rate, score or compare a text that the prompt contains
    REWRITING = 1 << 1  # rewrite or complicate a given prompt or answer
    COMPLETED_REASONING = 1 << 2  # reconstruct the reasoning behind an answer that is already given
    STEP_BY_STEP = 1 << 3  # asks for reasoning; honest clients do so every day
    LOGIT_SWEEP = 1 << 4
    GENERATE_ITEMS = 1 << 5  # make questions, instructions, dialogues or examples in number
    TRANSLATION = 1 << 6
    CONTEXT_ANSWER = 1 << 7  # answer from the context that is given
    CODING = 1 << 8
    EXTRACTION = 1 << 9  # classify, label, extract entities
    SUMMARY = 1 << 10


def schema(metadata: Mapping[str, str] | None = None) -> pa.Schema:
    """The Arrow schema of sketches; `metadata` carries version, key ids and parameters."""
    fields = [pa.field(name, type_, nullable=False) for name, type_ in _COLUMNS]
    return pa.schema(fields, metadata=dict(metadata or {}))


def identity(key_id: str, alliance_key_id: str = "") -> dict[str, str]:
    """The schema metadata of sketches made under these keys. Equal metadata means comparable sketches."""
    return {
        "stillwatch.sketch": str(SKETCH_VERSION),
        "stillwatch.key": key_id,
        "stillwatch.alliance_key": alliance_key_id,
    }


def require_comparable(left: pa.Schema, right: pa.Schema) -> None:
    """Raise `SketchMismatch` unless both sides were sketched alike; says which of version or key differs."""
    a, b = left.metadata or {}, right.metadata or {}
    for field, name, option in (
        (b"stillwatch.sketch", "sketch version", ""),
        (b"stillwatch.key", "deployment key", "--secret"),
        (b"stillwatch.alliance_key", "alliance key", "--alliance-secret"),
    ):
        if a.get(field) != b.get(field):
            given = f", or name the one that both were made under with {option}" if option else ""
            raise SketchMismatch(
                f"these sketches differ in {name}: {_shown(a.get(field))} and {_shown(b.get(field))}",
                f"Sketch both logs again under one secret{given}",
            )


def _shown(value: bytes | None) -> str:
    return value.decode() if value else "none"
