"""Looks read an inbox anew: what was withdrawn since the last one moves nothing in the next, of the same ledger too."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from end_to_end.worlds import seeded, write_log

from stillwatch.ledger.ledger import Ledger
from stillwatch.pseudonym import Pseudonymiser, Secret
from stillwatch.sharing.rings.signature import Signature, signature
from stillwatch.sharing.rings.traffic import Traffic, shares
from stillwatch.sketching.run import sketch_logs
from stillwatch.standing.register import Register
from stillwatch.tracer.looking import Asked, Looks, Sources
from tests.cli.test_partners import SHARE
from tests.sharing.member.told import NOW_US, Told

from .place import ALPHA, RING, SECRET, SEED, a_world

# Ibis 12 calls a DuckDB method that DuckDB 2 has renamed; remove this once Ibis calls the new one.
pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

ALLIANCE = Secret(bytes(range(100, 132)))
A, B = "member-02", "member-03"


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    """A ledger under the alliance's secret, and a member's folder; no benign ledger, so nothing is weighed."""
    log = write_log(tmp_path / "log.jsonl", a_world(seeded(SEED)).rows(SEED))
    sketch_logs([log], tmp_path / "ledger", SECRET, alliance=ALLIANCE, workers=1)
    (tmp_path / "share.toml").write_text(SHARE)
    ledger, scratch = tmp_path / "ledger", tmp_path / "scratch"
    return Sources(ledger, scratch, SECRET, ALLIANCE.id, alpha=ALPHA, membership=tmp_path / "share.toml")


def template_of_the_ring(sources: Sources) -> Signature:
    rows = Ledger.open(sources.ledger).table().select("account", "conversation", "alliance").to_pyarrow()
    sent, pseudonym = Traffic.of_sketches(rows), Pseudonymiser(SECRET, "account")
    inside = np.isin(sent.account, [pseudonym(name) for name in RING])
    outside = Traffic(sent.account[~inside], sent.slots[~inside])
    return signature(Traffic(sent.account[inside], sent.slots[inside]), shares(outside))


@pytest.mark.long
def test_a_withdrawal_between_two_looks_at_one_ledger_is_seen(sources: Sources, tmp_path: Path) -> None:
    told = Told()
    told.see(B, told.tell(A, "it", template_of_the_ring(sources)))
    told.pulled(tmp_path / "inbox.sqlite")
    looks, register = Looks(sources), Register(ALPHA)

    def said() -> list[str]:
        nonlocal register
        seen = looks.take(Asked(NOW_US, register, frozenset()))
        register = seen.register
        return [sentence for one in seen.campaigns for sentence in one.evidence if "told of this template" in sentence]

    (before,) = said()
    told.withdraw(A, told.last)
    told.pulled(tmp_path / "inbox.sqlite")
    (after,) = said()
    assert "as evidence it weighs 5.0-fold at most" in before
    assert "it moves nothing, because it was withdrawn by its author" in after
