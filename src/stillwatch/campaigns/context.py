"""Countries and network operators around a ring: for the reader's orientation, never evidence.

What the log says itself, or what an offline database knew of an address when it was sketched (`networks`). No detector,
rule, hypothesis or order reads these columns; a test holds that (tests/campaigns/test_context.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stillwatch.campaigns.networks import Networks
from stillwatch.exchange.record import UNKNOWN

Ints = NDArray[np.int64]
Parts = Callable[[Sequence[str], Ints | None], Iterator[pa.Table]]

NO_EVIDENCE = "Where somebody's addresses lie is no evidence: it is shown for orientation and moves nothing"
CONTEXT_COLUMNS = ("account", "country", "asn")
_TOLD = 5  # countries and networks that are named


def contexts(parts: Parts, rings: Sequence[Ints], networks: Networks | None = None) -> list[tuple[str, ...]]:
    """For each ring (pseudonyms of its accounts), sentences about where its addresses lie.

    `parts` reads sketches by columns and accounts, as the pipeline does. Empty where no address is known.
    """
    if not rings:
        return []
    owner = {int(account): number for number, ring in enumerate(rings) for account in ring}
    countries: list[dict[str, set[int]]] = [{} for _ in rings]
    operators: list[dict[int, set[int]]] = [{} for _ in rings]
    for part in parts(CONTEXT_COLUMNS, np.unique(np.concatenate(rings))):
        columns = [part.column(name).to_numpy().astype(np.int64) for name in CONTEXT_COLUMNS]
        for account, country, asn in np.unique(np.stack(columns), axis=1).T.tolist():
            number = owner.get(account)
            if number is None:
                continue
            if country:
                countries[number].setdefault(_letters(country), set()).add(account)
            if asn != UNKNOWN:
                operators[number].setdefault(asn, set()).add(account)
    return [
        _sentences(len(ring), seen, run, networks) for ring, seen, run in zip(rings, countries, operators, strict=True)
    ]


def _sentences(
    accounts: int, countries: Mapping[str, set[int]], operators: Mapping[int, set[int]], networks: Networks | None
) -> tuple[str, ...]:
    named = {_named(asn, networks): held for asn, held in operators.items()}
    said = [
        f"Of {accounts} accounts, addresses lie in {_told(countries)}" if countries else "",
        f"Their networks: {_told(named)}" if named else "",
    ]
    known = tuple(one for one in said if one)
    return (*known, NO_EVIDENCE) if known else ()


def _told(held: Mapping[str, set[int]]) -> str:
    """The commonest, with the number of accounts that used each; an account may use several."""
    order = sorted(held, key=lambda name: (-len(held[name]), name))
    said = ", ".join(f"{name} ({len(held[name])})" for name in order[:_TOLD])
    return f"{said} and {len(order) - _TOLD} more" if len(order) > _TOLD else said


def _named(asn: int, networks: Networks | None) -> str:
    name = networks.name(asn) if networks else ""
    return f"AS{asn} {name}".rstrip()


def _letters(country: int) -> str:
    """The two letters that a sketch keeps as one number."""
    return chr(country >> 8) + chr(country & 0xFF)
