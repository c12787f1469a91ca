"""Past exchanges as the gateway would have observed them: the same fields, under the same names, in the same ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import msgspec

from stillwatch.demo.cast import Actor
from stillwatch.demo.identities import Credentials, Loopback
from stillwatch.ledger.ledger import Ledger
from stillwatch.ledger.names import NameTable
from stillwatch.observing.frames import Observed
from stillwatch.observing.observer import Observer
from stillwatch.pseudonym import Secret
from stillwatch.sketch.record import identity
from stillwatch.sketching.edge import Edge, EdgeRecipe
from stillwatch.world.sent import Sent
from stillwatch.world.wire.rows import row_of

_CREDENTIALS = frozenset({"authorization", "x-api-key", "x-goog-api-key"})
"""What the gate leaves out of what it hands on."""
_encode = msgspec.json.Encoder().encode

Tell = Callable[[float], None]
"""Told the share that is done."""


def write_ledger(path: Path, actors: Iterable[Actor], until_us: int, seed: int, secret: Secret, tell: Tell) -> int:
    """A new ledger at `path` of what these actors sent before `until_us`; returns how many exchanges it has."""
    cast = list(actors)
    accounts = [account for actor in cast for account in actor.accounts]
    places, credentials = Loopback(accounts), Credentials(secret)
    digests = {account.account: credentials.holder(account).sha256 for account in accounts}
    ledger = Ledger.create(path, identity(secret.id, ""))
    names = NameTable.open(path, secret)
    with ledger.writer() as writer:
        observer = Observer(ledger, writer, names, Edge(EdgeRecipe(secret, None, 0)))
        for number, actor in enumerate(cast):
            for sent in _before(actor.stream, until_us):
                observer.take(observed(sent, seed, digests[sent.account.account], places[sent.address]))
            tell((number + 1) / len(cast))
        observer.flush()
    ledger.compact()
    return ledger.counts().exchanges


def _before(stream: Iterator[Sent], until_us: int) -> Iterator[Sent]:
    for sent in stream:
        if sent.ts_us >= until_us:
            return
        yield sent


def observed(sent: Sent, seed: int, key_digest: str, address: str) -> Observed:
    """One exchange as a worker hands it on."""
    row = row_of(sent, seed)
    used = row.get("usage", {})
    return Observed(
        sent.ts_us,
        row["id"],
        sent.account.account,
        row["path"],
        row["method"],
        row["status"],
        bytes(row["body"]),
        _encode(row["response"]) if "response" in row else b"",
        tuple([(name, value) for name, value in row["headers"] if name not in _CREDENTIALS]),
        sent.account.organization,
        key_digest,
        address,
        sent.account.payment,
        used.get("input_tokens", 0),
        used.get("output_tokens", 0),
    )
