"""Exchanges to sketches: the edge of the content-free world.

A `Sketcher` turns a batch of exchanges into rows of `record.schema`. The rows are a function of the exchange and the
secrets alone: the same in any process, batch, machine and version (a golden vector holds it to that). Text is cut
into zones and split in Python; everything after that is column arithmetic over the whole batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np
import pyarrow as pa
import xxhash
from numpy.typing import NDArray

from stillwatch.exchange.record import UNKNOWN, Exchange
from stillwatch.pseudonym import Secret
from stillwatch.sketch import record
from stillwatch.sketch.client import ClientFamily, fold31
from stillwatch.sketch.columns import to_arrow
from stillwatch.sketch.elicitation import elicits_completed_reasoning
from stillwatch.sketch.intent import CANDIDATE, intents
from stillwatch.sketch.keyed_hash import U64, KeyedHash, to_int63
from stillwatch.sketch.lexicon import Lexicon
from stillwatch.sketch.lineage import sentence_hashes
from stillwatch.sketch.minhash import KeyedMinHash, shingles
from stillwatch.sketch.numbers import INT32_MAX, INT64_MAX, clipped
from stillwatch.sketch.principals import US_PER_DAY, US_PER_HOUR, Principals
from stillwatch.sketch.ragged import Ragged
from stillwatch.sketch.record import Flag, Intent
from stillwatch.sketch.shape import ParameterShapes, dialogue_flags, exchange_flags
from stillwatch.sketch.zones import Turns, turns, zones

BATCH = 1024
"""Exchanges worked on at once: large enough to hide numpy's overhead, small enough for the cache."""

_UINT64_MAX = 2**64 - 1
_ELICITATION_CHARS = 2048
_SHAPE = ("parameters", "flags", "temperature", "choices", "max_tokens", "tools")  # the order of `ParameterShape`


class Sketcher:
    """Sketches under a deployment's secret and, where there is an alliance, its secret too."""

    def __init__(self, secret: Secret, alliance: Secret | None = None) -> None:
        self.schema = record.schema(record.identity(secret.id, alliance.id if alliance else ""))
        self._principals = Principals(secret)
        self._client = ClientFamily(secret)
        self._parameters = ParameterShapes(secret)
        self._model_key = secret.derive("stillwatch/model", 32)
        self._models: dict[str, int] = {}
        self._whole = KeyedHash(secret.derive("stillwatch/whole-text", 16))
        self._zones = KeyedMinHash(secret, "zones", record.SLOTS_PER_ZONE)
        self._alliance = KeyedMinHash(alliance, "zones", record.SLOTS_PER_ZONE) if alliance else None
        self._lineage = KeyedMinHash(secret, "lineage", record.LINEAGE_SLOTS)
        self._lexicon = Lexicon(secret.derive("stillwatch/projection", 16))

    def sketch(self, exchanges: Sequence[Exchange]) -> pa.RecordBatch:
        """One row per exchange, in the order given. Never raises for any `Exchange`."""
        parts = [self._batch(exchanges[i : i + BATCH]) for i in range(0, len(exchanges), BATCH)]
        if len(parts) == 1:
            return parts[0]
        return pa.Table.from_batches(parts, self.schema).combine_chunks().to_batches()[0] if parts else self._none()

    def _none(self) -> pa.RecordBatch:
        return pa.RecordBatch.from_pylist([], schema=self.schema)

    def _batch(self, exchanges: Sequence[Exchange]) -> pa.RecordBatch:
        # 1. Python: what needs the text itself.
        self._lexicon.shed()
        said = [turns(exchange.request) for exchange in exchanges]
        cut = zones(said, self._lexicon)
        self._lexicon.settle()
        # 2. Columns: what needs only numbers.
        columns: dict[str, NDArray[np.generic]] = {}
        columns |= self._plain_columns(exchanges, said)
        columns |= self._principals.columns([exchange.principal for exchange in exchanges])
        columns |= self._text_columns(exchanges, said)
        columns |= self._zone_columns(cut.zones)
        columns["projection"] = self._projection(cut.payload)
        concepts = self._concepts(cut.payload) | self._concepts(cut.system)
        columns["intent"] = self._intents(said, concepts, columns["flags"])
        arrays = [to_arrow(columns[f.name], f.type) for f in self.schema]
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)

    def _plain_columns(self, exchanges: Sequence[Exchange], said: list[Turns]) -> dict[str, NDArray[np.generic]]:
        requests = [exchange.request for exchange in exchanges]
        usages = [exchange.usage for exchange in exchanges]
        messages = [request.messages for request in requests]
        shapes = [self._parameters(request.parameters) for request in requests]
        ts_us = clipped([exchange.ts_us for exchange in exchanges], -INT64_MAX, INT64_MAX)
        columns: dict[str, NDArray[np.generic]] = dict(
            zip(_SHAPE, np.array(shapes, np.int64).reshape(-1, len(_SHAPE)).T, strict=True)
        )
        columns["flags"] = columns["flags"] | np.array(
            [dialogue_flags(e.request, turn.last) | exchange_flags(e) for e, turn in zip(exchanges, said, strict=True)],
            np.int64,
        )
        return columns | {
            "ts_us": ts_us,
            "day": ts_us // US_PER_DAY,
            "hour": ts_us // US_PER_HOUR % 24,
            "client": np.array([self._client(exchange.headers) for exchange in exchanges], np.int64),
            "model": np.array([self._model(request.model) for request in requests], np.int64),
            "status": clipped([exchange.status for exchange in exchanges], UNKNOWN, 32767),
            "messages": clipped(map(len, messages), 0, 32767),
            "images": clipped([sum([m.images for m in said]) for said in messages], 0, 127),
            "prompt_chars": clipped([sum([len(m.text) for m in said]) for said in messages], 0, INT32_MAX),
            "input_tokens": clipped([usage.input_tokens for usage in usages], UNKNOWN, INT32_MAX),
            "output_tokens": clipped([usage.output_tokens for usage in usages], UNKNOWN, INT32_MAX),
            "reasoning_tokens": clipped([usage.reasoning_tokens for usage in usages], UNKNOWN, INT32_MAX),
        }

    def _model(self, name: str) -> int:
        known = self._models.get(name)
        if known is None:
            if len(self._models) > 10_000:
                self._models.clear()
            known = self._models[name] = fold31(self._model_key, name) if name else 0
        return known

    def _text_columns(self, exchanges: Sequence[Exchange], said: list[Turns]) -> dict[str, NDArray[np.generic]]:
        system = np.array([_hash(turn.system) for turn in said], np.uint64)
        first = np.array([_hash(turn.first) for turn in said], np.uint64)
        last = np.array([_hash(turn.last) for turn in said], np.uint64)
        payload = to_int63(self._whole(last))
        payload[[not turn.last for turn in said]] = 0
        sentences = [sentence_hashes(turn.last) for turn in said]
        owner = np.repeat(np.arange(len(said)), [len(s) for s in sentences])
        flat = np.fromiter(chain.from_iterable(sentences), np.uint64, len(owner))
        lineage = self._lineage.slots(flat, owner, len(said))
        return {
            "conversation": to_int63(self._whole(system, first)),
            "payload": payload,
            "lineage": _as_uint32(lineage),
            "exchange_id": self._ids(exchanges, system, first, last),
        }

    def _ids(self, exchanges: Sequence[Exchange], system: U64, first: U64, last: U64) -> NDArray[np.int64]:
        """The log's own id where it has one, else everything that makes the row what it is."""
        named = np.array([_hash(e.id or "") for e in exchanges], np.uint64)
        given = np.array([bool(e.id) for e in exchanges])
        account = np.array([_hash(e.principal.account) for e in exchanges], np.uint64)
        when = np.array([e.ts_us & _UINT64_MAX for e in exchanges], np.uint64)
        length = np.array([len(e.request.messages) for e in exchanges], np.uint64)
        unnamed = self._whole(account, when, system, first, last, length)
        return to_int63(np.where(given, self._whole(account, named), unnamed))

    def _zone_columns(self, sequences: Ragged) -> dict[str, NDArray[np.generic]]:
        rows = len(sequences.lengths) // len(record.ZONES)
        items, owner = shingles(self._lexicon.hashes[sequences.ids], sequences.lengths)
        values = self._zones.slots(items, owner, len(sequences.lengths))
        columns: dict[str, NDArray[np.generic]] = {"zones": _as_uint32(values).reshape(rows, -1)}
        if self._alliance:
            shared = self._alliance.slots(items, owner, len(sequences.lengths))
            columns["alliance"] = _as_uint8(shared).reshape(rows, -1)
        else:
            columns["alliance"] = np.zeros((rows, record.ZONE_SLOTS), np.uint8)
        return columns

    def _projection(self, payloads: Ragged) -> NDArray[np.int8]:
        """(rows, 64) sums of the tokens' secret signs: exact integers, so a constant wrapper is a constant offset."""
        # At most 128 tokens: eight sums of ones fit into one word, byte beside byte.
        plus = payloads.reduce(np.add, self._lexicon.is_plus.view(np.uint64)).view(np.uint8)
        signed = payloads.reduce(np.add, self._lexicon.is_signed)
        sums = 2 * plus.astype(np.int16) - signed[:, np.newaxis]
        return np.asarray(np.clip(sums, -127, 127), np.int8)

    def _concepts(self, words: Ragged) -> NDArray[np.uint32]:
        return words.reduce(np.bitwise_or, self._lexicon.concepts)

    def _intents(
        self, said: list[Turns], concepts: NDArray[np.uint32], flags: NDArray[np.generic]
    ) -> NDArray[np.int16]:
        bits = intents(concepts)
        bits[(flags.astype(np.int64) & Flag.MANY_BIASED) != 0] |= np.int16(Intent.LOGIT_SWEEP)
        for row in np.flatnonzero((concepts & CANDIDATE) == CANDIDATE):
            if elicits_completed_reasoning(_ends(said[row])):
                bits[row] |= np.int16(Intent.COMPLETED_REASONING)
        return bits


def _hash(text: str) -> int:
    return xxhash.xxh3_64_intdigest(text.encode("utf-8", "surrogatepass"))


def _ends(said: Turns) -> str:
    text = f"{said.system[:_ELICITATION_CHARS]}\n{said.last[:_ELICITATION_CHARS]}"
    return text if len(said.last) <= _ELICITATION_CHARS else f"{text}\n{said.last[-_ELICITATION_CHARS:]}"


def _as_uint32(values: U64) -> NDArray[np.uint32]:
    """The upper halves; a value that is not 0 stays not 0."""
    upper = (values >> np.uint64(32)).astype(np.uint32)
    return np.where((upper == 0) & (values != 0), np.uint32(1), upper)


def _as_uint8(values: U64) -> NDArray[np.uint8]:
    upper = (values >> np.uint64(56)).astype(np.uint8)
    return np.where((upper == 0) & (values != 0), np.uint8(1), upper)


__all__ = ["BATCH", "US_PER_DAY", "US_PER_HOUR", "Sketcher"]
