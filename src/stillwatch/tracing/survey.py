"""The first pass over a ledger: who is there, what does each account repeat, and what is usual.

Account features are Ibis expressions, computed by the engine; skeletons are mined part by part from whole accounts.
The result is small: a row per account and a row per repeated value.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import ibis
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stillwatch.ledger import rollup
from stillwatch.sketch.record import Flag
from stillwatch.tracing.commonness import Population, PopulationSample
from stillwatch.tracing.infrastructure import KINDS, sharing_units
from stillwatch.tracing.rules import hits
from stillwatch.tracing.skeleton import Conversations, Repeated, distinct_conversations, joined, mine
from stillwatch.tracing.strata import TRAITS, asks, stratum, traits
from stillwatch.tracing.subjects import NO_SUBJECTS, SubjectCount, Subjects
from stillwatch.tracing.variants import Sample, Sampled

Ints = NDArray[np.int64]

REPEATED_COLUMNS = ("account", "conversation", "zones", "flags", "payload")
"""What the skeletons of known accounts are mined from; a survey reads the subjects of all besides."""
SKELETON_COLUMNS = (*REPEATED_COLUMNS, "projection")


@dataclass(frozen=True)
class Accounts:
    """One row per account, ascending by pseudonym; every column has shape (accounts,)."""

    account: Ints
    unit: Ints  # dense number of the organisation, or of the account where the log names none
    organization: Ints
    exchanges: Ints
    first_us: Ints
    last_us: Ints
    output_tokens: Ints
    traits: dict[str, Ints]
    rules: dict[str, Ints]
    seen: dict[str, int]  # how many exchanges had a body, a response, headers, a network address; in all

    def index(self, account: Ints) -> Ints:
        """The dense index of each pseudonym, which must be known."""
        return np.searchsorted(self.account, account)

    def __len__(self) -> int:
        return len(self.account)


@dataclass(frozen=True)
class Survey:
    """What the first pass found. `conversations`: distinct ones counted per account, at most the miner's bound."""

    accounts: Accounts
    repeated: Repeated
    conversations: Ints
    population: Population
    sample: Sampled  # some of each account, see `variants`
    subjects: Subjects = NO_SUBJECTS

    def without_sample(self) -> Survey:
        """When the candidates are known, for whoever needs its 60 MB."""
        return replace(self, sample=Sample(0).all())


def accounts(table: ibis.Table) -> Accounts:
    """Roll the ledger up by account on the table's engine."""
    return accounts_of(rolled_up(table))


def rolled_up(table: ibis.Table) -> pa.Table:
    """One row per account of `table`, ascending, with what `accounts_of` reads; `rollup.together` adds several up."""
    flags, intent = table.flags.cast("int64"), table.intent.cast("int64")
    counted = {f"trait_{k}": v for k, v in traits(flags, intent, table.temperature.cast("int64")).items()}
    counted |= {f"rule_{k}": v for k, v in hits(flags, intent, table.choices.cast("int64")).items()}
    counted |= {f"has_{name}": (flags & bit) != 0 for name, bit in _SEEN.items()}
    days = rollup.daily(table, sums=("exchanges", "output_tokens"), distinct=(), counted=counted)
    return rollup.merged(days).drop("organization_min", "days").order_by("account").to_pyarrow()


def accounts_of(rolled: pa.Table) -> Accounts:
    """The accounts of a rollup."""
    column = {name: rolled.column(name).to_numpy().astype(np.int64) for name in rolled.column_names}
    organization, account = column["organization_max"], column["account"]
    is_named = organization != 0
    # Two kinds of pseudonyms, one numbering: an organisation's number never equals an account's.
    _, unit = np.unique(np.stack([is_named, np.where(is_named, organization, account)]), axis=1, return_inverse=True)
    return Accounts(
        account=account,
        unit=unit.astype(np.int64).ravel(),
        organization=organization,
        exchanges=column["exchanges"],
        first_us=column["first_us"],
        last_us=column["last_us"],
        output_tokens=column["output_tokens"],
        traits={name: column[f"trait_{name}"] for name in TRAITS},
        rules={name.removeprefix("rule_"): column[name] for name in column if name.startswith("rule_")},
        seen={name: int(column[f"has_{name}"].sum()) for name in _SEEN},
    )


_SEEN = {"body": Flag.HAS_BODY, "response": Flag.HAS_RESPONSE, "headers": Flag.HAS_HEADERS, "network": Flag.HAS_NETWORK}


def sharing_rates(table: ibis.Table, found: Accounts) -> dict[str, float]:
    """Of the units with a known identifier, the share that have it in common with another unit, by kind."""
    return {kind: _sharing_rate(table, kind, found) for kind in KINDS}


def _sharing_rate(table: ibis.Table, kind: str, found: Accounts) -> float:
    sets = rollup.members(table, (_SET_OF[kind],)).select("account", "value").to_pyarrow()
    unit = found.unit[found.index(sets.column("account").to_numpy())]
    known, sharing = sharing_units(unit, sets.column("value").to_numpy())
    return sharing / known if known else 0.0


_SET_OF = {column: name for name, column in rollup.DISTINCT.items()}


class Surveyor:
    """Surveys parts of whole accounts, each with `SKELETON_COLUMNS`; parts without rows add nothing."""

    def __init__(self, found: Accounts) -> None:
        """`found`: all accounts of the parts."""
        self._found = found
        self._conversations = np.zeros(len(found), np.int64)
        self._population = PopulationSample(len(found))
        self._sample = Sample(len(found))
        self._subjects = SubjectCount(found.account)
        self._mined: list[Repeated] = []

    def add(self, part: pa.Table) -> None:
        rows, places = _conversations(self._found, part)
        self._mined.append(mine(rows))
        self._population.add(rows)
        self._sample.add(rows, part.column("payload").to_numpy()[places])
        self._subjects.add(rows.account, fixed_rows(part, "projection", places).view(np.int8))
        self._conversations += np.bincount(rows.account, minlength=len(self._found))

    def survey(self) -> Survey:
        population, sample, subjects = self._population.count(), self._sample.all(), self._subjects.all()
        return Survey(self._found, _all_of(self._mined), self._conversations, population, sample, subjects)


def survey(found: Accounts, parts: Iterable[pa.Table]) -> Survey:
    """Mine the skeletons. Each of `parts` holds `SKELETON_COLUMNS` of whole accounts."""
    surveyor = Surveyor(found)
    for part in parts:
        surveyor.add(part)
    return surveyor.survey()


def repeats(found: Accounts, parts: Iterable[pa.Table]) -> tuple[Repeated, Ints]:
    """What accounts repeat, and how many conversations of each were looked at; `parts` hold `REPEATED_COLUMNS`."""
    conversations = np.zeros(len(found), np.int64)
    mined: list[Repeated] = []
    for part in parts:
        rows, _ = _conversations(found, part)
        mined.append(mine(rows))
        conversations += np.bincount(rows.account, minlength=len(found))
    return _all_of(mined), conversations


def _all_of(mined: list[Repeated]) -> Repeated:
    return joined(mined) if mined else Repeated(*_nothing())


def _conversations(found: Accounts, part: pa.Table) -> tuple[Conversations, Ints]:
    """The conversations of a part's accounts, and their places in it."""
    flags = part.column("flags").to_numpy()
    asked = np.flatnonzero(asks(flags))
    account = found.index(part.column("account").to_numpy()[asked])
    payload = part.column("payload").to_numpy()[asked]
    chosen = distinct_conversations(
        account, part.column("conversation").to_numpy()[asked], (flags[asked] & Flag.ASSISTANT_TURNS) != 0, payload
    )
    return Conversations(account[chosen], fixed_rows(part, "zones", asked[chosen]).view("<u4")), asked[chosen]


def account_strata(found: Accounts, templated: NDArray[np.float64]) -> list[str]:
    """The stratum of each account. `templated`: share of its conversations with its most frequent value."""
    names = []
    shares = {name: found.traits[name] / np.maximum(found.exchanges, 1) for name in TRAITS}
    for index in range(len(found)):
        of = {name: float(values[index]) for name, values in shares.items()}
        names.append(stratum(of | {"skeleton": float(templated[index])}))
    return names


def templated_share(seen: Survey) -> NDArray[np.float64]:
    """How much of each account's conversations its most repeated value fills."""
    most = np.zeros(len(seen.accounts), np.int64)
    np.maximum.at(most, seen.repeated.account, seen.repeated.support)
    return np.asarray(most / np.maximum(seen.conversations, 1), np.float64)


def without_embeddings(rows: pa.Table) -> pa.Table:
    """Exchanges that ask a model to answer; texts that are only indexed harvest nothing."""
    return rows.filter(pa.array(asks(rows.column("flags").to_numpy())))


def slot_values(table: pa.Table | pa.RecordBatch, column: str, slots: int) -> NDArray[np.uint32]:
    """A fixed-size binary column of 32-bit slots as (n, slots) uint32."""
    return fixed_bytes(table, column).view("<u4").reshape(len(table), slots)


def fixed_rows(table: pa.Table, column: str, places: Ints) -> NDArray[np.uint8]:
    """Some rows of a fixed-size binary column, (len(places), width), in the order of `places`."""
    chunks = table.column(column).chunks
    width = table.schema.field(column).type.byte_width
    taken = np.empty((len(places), width // 8), np.uint64)  # widths are whole words, and words are copied faster
    ends = np.cumsum([len(chunk) for chunk in chunks])
    chunk_of = np.searchsorted(ends, places, side="right").astype(np.min_scalar_type(len(chunks)))
    order = np.argsort(chunk_of, kind="stable")
    cuts = np.searchsorted(chunk_of[order], np.arange(len(chunks) + 1))
    for number, chunk in enumerate(chunks):
        mine = order[cuts[number] : cuts[number + 1]]
        rows = _flat(chunk).view(np.uint64).reshape(len(chunk), width // 8)
        taken[mine] = rows.take(places[mine] - (ends[number] - len(chunk)), axis=0)
    return taken.view(np.uint8)


def fixed_bytes(table: pa.Table | pa.RecordBatch, column: str) -> NDArray[np.uint8]:
    """A fixed-size binary column as its bytes, (n * width,)."""
    held = table.column(column)
    chunks = [_flat(chunk) for chunk in (held.chunks if isinstance(held, pa.ChunkedArray) else [held])]
    return np.concatenate(chunks) if chunks else np.empty(0, np.uint8)


def _flat(chunk: pa.FixedSizeBinaryArray) -> NDArray[np.uint8]:
    """The bytes of an array, without a copy."""
    width = chunk.type.byte_width
    held = np.frombuffer(chunk.buffers()[1], np.uint8)
    return held[chunk.offset * width : (chunk.offset + len(chunk)) * width]


def _nothing() -> tuple[Ints, NDArray[np.uint64], Ints]:
    return np.empty(0, np.int64), np.empty(0, np.uint64), np.empty(0, np.int64)
