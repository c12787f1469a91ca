"""Exchanges that the sketch's tests build from: short to write, the same every time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stillwatch.exchange.record import Exchange, Message, Parameters, Principal, Request
from stillwatch.pseudonym import Secret
from stillwatch.sketch.record import LINEAGE_SLOTS, PROJECTION_DIMENSIONS, SLOTS_PER_ZONE, ZONES
from stillwatch.sketch.sketcher import Sketcher

SECRET = Secret(bytes(range(32)))
OTHER_SECRET = Secret(bytes(range(1, 33)))
ALLIANCE = Secret(bytes(range(64, 96)))
NOON_US = 1_760_097_600_000_000  # 2025-10-10 12:00 UTC


def said(*turns: str, system: str | None = None, account: str = "acct-1", **fields: Any) -> Exchange:
    """A chat of these user turns, with an assistant's answer between each two."""
    messages = [] if system is None else [Message("system", system)]
    for number, turn in enumerate(turns):
        messages += [Message("assistant", f"Answer {number}.")] if number else []
        messages.append(Message("user", turn))
    return asked(*messages, account=account, **fields)


def asked(*messages: Message, account: str = "acct-1", parameters: Parameters | None = None, **fields: Any) -> Exchange:
    """A chat request of these messages."""
    known: dict[str, Any] = {"ts_us": NOON_US, "principal": Principal(account), "path": "/v1/chat/completions"}
    request = Request("chat", "some-model", messages, parameters or Parameters())
    return Exchange(**{**known, "dialect": "openai_chat", "request": request, **fields})


@dataclass(frozen=True)
class Sketched:
    """Rows of sketches with their packed columns opened."""

    batch: pa.RecordBatch

    def column(self, name: str) -> NDArray[Any]:
        return self.batch.column(name).to_numpy(zero_copy_only=False)

    def row(self, index: int = 0) -> dict[str, Any]:
        row: dict[str, Any] = self.batch.slice(index, 1).to_pylist()[0]
        return row

    def _packed(self, name: str, kind: str, *shape: int) -> NDArray[Any]:
        return np.frombuffer(b"".join(self.batch.column(name).to_pylist()), kind).reshape(len(self.batch), *shape)

    @property
    def zones(self) -> NDArray[Any]:  # (rows, zones, slots)
        return self._packed("zones", "<u4", len(ZONES), SLOTS_PER_ZONE)

    @property
    def alliance(self) -> NDArray[Any]:  # (rows, zones, slots)
        return self._packed("alliance", "u1", len(ZONES), SLOTS_PER_ZONE)

    @property
    def lineage(self) -> NDArray[Any]:  # (rows, slots)
        return self._packed("lineage", "<u4", LINEAGE_SLOTS)

    @property
    def projection(self) -> NDArray[Any]:  # (rows, dimensions)
        return self._packed("projection", "i1", PROJECTION_DIMENSIONS).astype(np.int64)


def sketched(*exchanges: Exchange, secret: Secret = SECRET, alliance: Secret | None = None) -> Sketched:
    """The sketches of these exchanges by a fresh sketcher."""
    return Sketched(Sketcher(secret, alliance).sketch(exchanges))


def words(rng: np.random.Generator, count: int) -> str:
    """`count` made-up words that no list of concepts or stop words holds."""
    letters = np.array(list("bcdfghjklmnpqrstvwxz"))
    return " ".join("".join(word) for word in rng.choice(letters, (count, 6)))
