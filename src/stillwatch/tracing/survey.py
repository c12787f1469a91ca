"""The first pass over a ledger: who is there, what does each account repeat, and what is usual.

Account features are Ibis expressions, computed by the engine; skeletons are mined part by part from whole accounts.
The result is small: a row per account and a row per repeated value.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import ibis
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stillwatch.sketch.record import ZONE_SLOTS, Flag
from stillwatch.tracing.commonness import Population, PopulationSample
from stillwatch.tracing.infrastructure import KINDS
from stillwatch.tracing.rules import hits
from stillwatch.tracing.skeleton import Repeated, distinct_conversations, joined, mine
from stillwatch.tracing.strata import TRAITS, stratum, traits

Ints = NDArray[np.int64]

SKELETON_COLUMNS = ("account", "conversation", "zones", "flags")
_EMBEDDING = 2


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


def accounts(table: ibis.Table) -> Accounts:
    """Roll the ledger up by account on the table's engine."""
    flags, intent = table.flags.cast("int64"), table.intent.cast("int64")
    counted = {f"trait_{k}": v for k, v in traits(flags, intent, table.temperature.cast("int64")).items()}
    counted |= {f"rule_{k}": v for k, v in hits(flags, intent, table.choices.cast("int64")).items()}
    counted |= {f"has_{name}": (flags & bit) != 0 for name, bit in _SEEN.items()}
    rolled = table.group_by("account").aggregate(
        organization=table.organization.max(),
        exchanges=table.count(),
        first_us=table.ts_us.min(),
        last_us=table.ts_us.max(),
        output_tokens=ibis.greatest(table.output_tokens, 0).cast("int64").sum(),
        **{name: condition.cast("int64").sum() for name, condition in counted.items()},
    )
    arrow = rolled.order_by("account").to_pyarrow()
    column = {name: arrow.column(name).to_numpy().astype(np.int64) for name in arrow.column_names}
    organization, account = column["organization"], column["account"]
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


def sharing_rates(table: ibis.Table, unit_column: str = "organization") -> dict[str, float]:
    """Of the units with a known identifier, the share that have it in common with another unit, by kind."""
    unit = ibis.ifelse(table[unit_column] != 0, table[unit_column], table.account)
    rates = {}
    for kind in KINDS:
        pairs = table.filter(table[kind] != 0).select(unit=unit, value=table[kind].cast("int64")).distinct()
        users = pairs.mutate(users=ibis._.count().over(ibis.window(group_by="value")))
        counted = users.group_by("unit").aggregate(shares=(users.users > 1).any())
        row = counted.aggregate(known=counted.count(), sharing=counted.shares.cast("int64").sum()).to_pyarrow()
        known, sharing = row.column("known")[0].as_py(), row.column("sharing")[0].as_py()
        rates[kind] = (sharing or 0) / known if known else 0.0
    return rates


def survey(found: Accounts, parts: Iterable[pa.Table]) -> Survey:
    """Mine the skeletons. Each of `parts` holds `SKELETON_COLUMNS` of whole accounts, sorted by account."""
    conversations = np.zeros(len(found), np.int64)
    sample = PopulationSample(len(found))
    mined: list[Repeated] = []
    for part in parts:
        asked = without_embeddings(part)
        if len(asked) == 0:
            continue
        rows = distinct_conversations(
            found.index(asked.column("account").to_numpy()),
            asked.column("conversation").to_numpy(),
            (asked.column("flags").to_numpy() & Flag.ASSISTANT_TURNS) != 0,
            slot_values(asked, "zones", ZONE_SLOTS),
        )
        mined.append(mine(rows))
        sample.add(rows)
        conversations += np.bincount(rows.account, minlength=len(found))
    repeated = joined(mined) if mined else Repeated(*_nothing())
    return Survey(found, repeated, conversations, sample.count())


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
    return rows.filter(pa.array((rows.column("flags").to_numpy() & Flag.OPERATION) != _EMBEDDING))


def slot_values(table: pa.Table | pa.RecordBatch, column: str, slots: int) -> NDArray[np.uint32]:
    """A fixed-size binary column of 32-bit slots as (n, slots) uint32."""
    return fixed_bytes(table, column).view("<u4").reshape(len(table), slots)


def fixed_bytes(table: pa.Table | pa.RecordBatch, column: str) -> NDArray[np.uint8]:
    """A fixed-size binary column as its bytes, (n * width,)."""
    held = table.column(column)
    chunks = [
        np.frombuffer(chunk.buffers()[1], np.uint8)[
            chunk.offset * chunk.type.byte_width : (chunk.offset + len(chunk)) * chunk.type.byte_width
        ]
        for chunk in (held.chunks if isinstance(held, pa.ChunkedArray) else [held])
    ]
    return np.concatenate(chunks) if chunks else np.empty(0, np.uint8)


def _nothing() -> tuple[Ints, NDArray[np.uint64], Ints]:
    return np.empty(0, np.int64), np.empty(0, np.uint64), np.empty(0, np.int64)
