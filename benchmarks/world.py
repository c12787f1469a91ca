"""A world with planted rings, as sketches: what a hunt must find, and what it must not, at any size.

Nothing here was ever text: slots, projections and ids are drawn as the sketcher's would fall. So the world says
nothing about detection on real prompts (the tests on real clients do); it shows that the hunt's figures hold at 16
million exchanges: every planted ring found, nothing else, in the time and memory stated.

    people     half of the honest accounts: dialogues, and one pet phrase that many others have too
    apps       an organisation's one to three accounts with a skeleton that nobody else has
    tool users strangers that repeat one tool's skeleton, each with subjects of its own; a tool has 5 to 3,000 of them
    rings      20 accounts that repeat one skeleton over interchangeable payloads, beside some cover traffic
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stillwatch.sketch.record import LINEAGE_SLOTS, PROJECTION_DIMENSIONS, SLOTS_PER_ZONE, ZONE_SLOTS, Flag, schema
from stillwatch.sketching.run import COMMIT_ROWS

Ints = NDArray[np.int64]

FIRST_DAY = 20_300
US_PER_DAY = 86_400_000_000
_PHRASES = 500
_PET_PHRASE = 0.35  # of a person's conversations: often enough to count as repeated
_PHRASE_SLOTS = 2  # agreeing slots of a short phrase; a template has three and more
_SUBJECT = 2.5  # spread of accounts' mean projections; one exchange spreads by 8.6, as sums of 70 signs do
_SYSTEM, _HEAD, _TAIL = range(8), range(8, 16), range(16, 24)
_USUAL = Flag.HAS_BODY | Flag.HAS_RESPONSE | Flag.HAS_HEADERS | Flag.HAS_NETWORK


@dataclass(frozen=True)
class Plan:
    """How many of each; a tool's users are those accounts that are left, divided unevenly."""

    honest: int = 30_000
    rings: int = 30
    accounts_per_ring: int = 20
    tools: int = 40
    days: int = 30
    seed: int = 7

    @property
    def people(self) -> int:
        return self.honest // 2

    @property
    def apps(self) -> int:
        return self.honest * 3 // 10

    @property
    def accounts(self) -> int:
        return self.honest + self.rings * self.accounts_per_ring


class World:
    """Accounts with their habits; `tables` draws their exchanges. Arrays have one row per account."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        rng = np.random.default_rng(plan.seed)
        count = plan.accounts
        self.account = _distinct(count, rng)
        self.skeleton = self._skeletons(rng)
        self.is_person = np.arange(count) < plan.people
        self.weight = self._weights(rng)
        self.subject = self._subjects(rng)
        self.cover = np.where(self.in_ring, rng.uniform(0.0, 0.3, count), 0.05)  # exchanges without the skeleton
        self.phrase = rng.integers(0, _PHRASES, count)
        self.organization = self._organizations(rng)
        self.ip = _distinct(count, rng) >> 1
        self.ip[::10] = self.ip[
            rng.integers(0, max(1, count // 100), len(self.ip[::10]))
        ]  # one in ten shares an office
        self.templates = _templates(int(self.skeleton.max()) + 1, rng)
        self.phrases = rng.integers(1, 1 << 32, (_PHRASES, _PHRASE_SLOTS), np.uint32)

    # -- who there is ------------------------------------------------------------------------------------------

    def _skeletons(self, rng: np.random.Generator) -> Ints:
        """The number of each account's skeleton, 0 for none: people, apps, tools' users, rings, in this order."""
        plan = self.plan
        owners = np.repeat(np.arange(plan.apps), rng.integers(1, 4, plan.apps))[: plan.apps]
        users = plan.honest - plan.people - plan.apps
        popularity = 1.0 / np.arange(1, plan.tools + 1)
        sizes = 5 + rng.multinomial(users - 5 * plan.tools, popularity / popularity.sum())
        rings = np.repeat(np.arange(plan.rings), plan.accounts_per_ring)
        first_tool = 1 + plan.apps
        return np.concatenate(
            [
                np.zeros(plan.people, np.int64),
                1 + owners,
                first_tool + np.repeat(np.arange(plan.tools), sizes),
                first_tool + plan.tools + rings,
            ]
        )

    @cached_property
    def in_ring(self) -> NDArray[np.bool_]:
        return np.arange(self.plan.accounts) >= self.plan.honest

    @cached_property
    def rings(self) -> list[frozenset[int]]:
        """The planted rings as sets of account pseudonyms: what a hunt has to find."""
        return self._by_skeleton(range(1 + self.plan.apps + self.plan.tools, int(self.skeleton.max()) + 1))

    @cached_property
    def tools(self) -> list[frozenset[int]]:
        """The users of each tool: what a hunt has to look at and let go."""
        return self._by_skeleton(range(1 + self.plan.apps, 1 + self.plan.apps + self.plan.tools))

    def _by_skeleton(self, numbers: range) -> list[frozenset[int]]:
        return [frozenset(self.account[self.skeleton == number].tolist()) for number in numbers]

    def _weights(self, rng: np.random.Generator) -> NDArray[np.float64]:
        """How much each account sends: uneven, and twenty honest ones a hundred times as much as others."""
        weight = rng.lognormal(0.0, 0.8, self.plan.accounts)
        weight[rng.choice(self.plan.honest, min(20, self.plan.honest // 100), replace=False)] *= 100
        weight[self.in_ring] = np.exp(0.5 * 0.8**2)  # the mean of the others
        return np.asarray(weight / weight.sum(), np.float64)

    def _subjects(self, rng: np.random.Generator) -> NDArray[np.int8]:
        """Each account's mean projection; the accounts of a ring draw from one pool and have none of their own."""
        subject = rng.normal(0.0, _SUBJECT, (self.plan.accounts, PROJECTION_DIMENSIONS))
        subject[self.in_ring] = 0.0
        return np.rint(subject).astype(np.int8)

    def _organizations(self, rng: np.random.Generator) -> Ints:
        """Apps' accounts belong to their owner; three in ten of the others name an organisation, its only account."""
        organization = np.where(rng.random(self.plan.accounts) < 0.3, _distinct(self.plan.accounts, rng), 0)
        is_app = (self.skeleton > 0) & (self.skeleton <= self.plan.apps)
        owners = _distinct(self.plan.apps + 1, rng)
        organization[is_app] = owners[self.skeleton[is_app]]
        return organization

    # -- what they send ----------------------------------------------------------------------------------------

    def tables(self, exchanges: int, key: dict[str, str]) -> Iterator[pa.Table]:
        """`exchanges` sketches under the identity `key` in the order of time, in commits as sketching makes them."""
        rng = np.random.default_rng(self.plan.seed + exchanges)
        ends = np.cumsum(self.weight)
        span = self.plan.days * US_PER_DAY
        for start in range(0, exchanges, COMMIT_ROWS):
            rows = min(COMMIT_ROWS, exchanges - start)
            first, last = (int(span * (at / exchanges)) for at in (start, start + rows))
            ts_us = FIRST_DAY * US_PER_DAY + np.sort(rng.integers(first, max(last, first + 1), rows))
            who = np.minimum(np.searchsorted(ends, rng.random(rows)), len(ends) - 1)
            yield self._table(ts_us, who, key, rng)

    def drawn(self, exchanges: int, day_us: int, key: dict[str, str]) -> pa.Table:
        """So many sketches of one day, which begins at `day_us`."""
        rng = np.random.default_rng([self.plan.seed, exchanges])
        who = rng.choice(len(self.weight), exchanges, p=self.weight)
        return self._table(day_us + np.sort(rng.integers(0, US_PER_DAY, exchanges)), who, key, rng)

    def _table(self, ts_us: Ints, who: Ints, key: dict[str, str], rng: np.random.Generator) -> pa.Table:
        rows = len(who)
        conversation, continues = self._conversations(who, rng)
        columns: dict[str, NDArray[np.generic]] = {
            "ts_us": ts_us,
            "day": ts_us // US_PER_DAY,
            "hour": ts_us // 3_600_000_000 % 24,
            "exchange_id": rng.integers(1, 1 << 62, rows),
            "account": self.account[who],
            "organization": self.organization[who],
            "ip": self.ip[who],
            "network": self.ip[who] >> 32,
            "payment": self.account[who] ^ 1,
            "client": who % 23 + 1,
            "model": who % 7 + 1,
            "parameters": who % 997 + 1,
            "flags": np.where(continues, _USUAL | Flag.ASSISTANT_TURNS, _USUAL),
            "status": np.full(rows, 200),
            "messages": np.where(continues, 5, 2),
            "prompt_chars": rng.integers(200, 4_000, rows),
            "temperature": who % 3 * 50 - 50 + 49 * (who % 3 == 0),
            "choices": np.ones(rows),
            "max_tokens": np.full(rows, -1),
            "conversation": conversation,
            "payload": rng.integers(1, 1 << 62, rows),
            "zones": self._zones(who, continues, rng),
            "lineage": rng.integers(1, 1 << 32, (rows, LINEAGE_SLOTS), np.uint32),
            "projection": self._projections(who, rng),
            "input_tokens": rng.integers(50, 1_000, rows),
            "output_tokens": rng.integers(5, 800, rows),
            "reasoning_tokens": np.full(rows, -1),
        }
        fields = schema(key)
        return pa.Table.from_arrays([_arrow(columns.get(f.name), f.type, rows) for f in fields], schema=fields)

    def _conversations(self, who: Ints, rng: np.random.Generator) -> tuple[Ints, NDArray[np.bool_]]:
        """Conversation hashes, and which rows continue one: a person writes about three turns, others one."""
        fresh = rng.integers(1, 1 << 62, len(who))
        _, first, place = np.unique(who, return_index=True, return_inverse=True)
        continues = self.is_person[who] & (rng.random(len(who)) < 0.66)
        continues[first] = False
        conversation = np.where(continues, fresh[first][place.ravel()], fresh)
        return conversation, continues

    def _zones(self, who: Ints, continues: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.uint32]:
        """Random values, and over them the template or the pet phrase; no system text but a template's."""
        zones = np.frombuffer(rng.bytes(4 * ZONE_SLOTS * len(who)), np.uint32).reshape(-1, ZONE_SLOTS) | 1
        zones[:, _SYSTEM] = 0
        zones[~continues, 3 * SLOTS_PER_ZONE :] = 0  # the last turn is the first
        says_it = self.is_person[who] & (rng.random(len(who)) < _PET_PHRASE)
        zones[np.flatnonzero(says_it)[:, None], list(_HEAD[:_PHRASE_SLOTS])] = self.phrases[self.phrase[who[says_it]]]
        carried = np.where(rng.random(len(who)) < self.cover[who], 0, self.skeleton[who])
        template = self.templates[carried]
        return np.where(template != 0, template, zones)

    def _projections(self, who: Ints, rng: np.random.Generator) -> NDArray[np.int8]:
        shape = (len(who), PROJECTION_DIMENSIONS)
        noise = rng.integers(-10, 11, shape, np.int8) + rng.integers(-10, 11, shape, np.int8)
        return np.asarray(noise + self.subject[who], np.int8)


def _templates(count: int, rng: np.random.Generator) -> NDArray[np.uint32]:
    """(count, ZONE_SLOTS) slot values, 0 where the payload decides; template 0 is none.

    One or two zones each: the whole system text, or five slots of a turn's head or tail.
    """
    values = rng.integers(1, 1 << 32, (count, ZONE_SLOTS), np.uint32)
    kept = np.zeros((count, ZONE_SLOTS), bool)
    for number in range(1, count):
        for zone in rng.choice(3, rng.integers(1, 3), replace=False):
            slots = (_SYSTEM, _HEAD, _TAIL)[zone]
            kept[number, list(slots) if zone == 0 else rng.choice(slots, 5, replace=False)] = True
    return np.where(kept, values, np.uint32(0))


def _distinct(count: int, rng: np.random.Generator) -> Ints:
    """Pseudonyms: random, never 0, all different."""
    found = np.unique(rng.integers(1, 1 << 62, count + 64))
    return rng.permutation(found)[:count]


def _arrow(values: NDArray[np.generic] | None, type_: pa.DataType, rows: int) -> pa.Array:
    if isinstance(type_, pa.FixedSizeBinaryType):
        data = np.zeros((rows, type_.byte_width), np.uint8) if values is None else np.ascontiguousarray(values)
        return pa.Array.from_buffers(type_, rows, [None, pa.py_buffer(data)])
    filled = np.zeros(rows, np.int64) if values is None else values
    return pa.array(filled.astype(type_.to_pandas_dtype()), type_)
