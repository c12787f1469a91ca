"""A campaign's accounts are marked under one key: from the gateway's ticket over the engine to detection."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from stillwatch.audit.candidates import candidates
from stillwatch.audit.detection import detected
from stillwatch.gateway.marking import Marking, Marks
from stillwatch.pseudonym import Secret
from stillwatch.watermark.keys import MasterKeys
from stillwatch.watermark.scheme import Scheme
from stillwatch.watermark.serving.engine import Engine
from stillwatch.watermark.serving.reference import Sampler
from stillwatch.watermark.ticket import FIELD, Tickets, campaign_name

WORDS = 300
EACH = 60
ACCOUNTS = tuple(f"acct-{number}" for number in range(12))
SEALED = Secret(b"a secret of gateway and engine..")


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    for name in ("master", "tickets"):
        Secret.create(tmp_path / f"{name}.key")
    (tmp_path / "marks.toml").write_text(f'master = "master.key"\ntickets = "tickets.key"\ntokenizer = "{"0" * 64}"\n')
    return Engine.load(tmp_path / "marks.toml")


def answer(engine: Engine, ticket: str, seed: int) -> np.ndarray:
    """Sixty tokens of a model that knows nothing, marked as a ticket says."""
    rng, text, sampler = np.random.default_rng(seed), [7], Sampler([engine.mark({FIELD: ticket})], seed=seed)
    for _ in range(EACH):
        text += sampler.next(rng.normal(0, 1, (1, WORDS)).astype(np.float32), [text])
    return np.array(text[1:])


def leaked(engine: Engine, tmp_path: Path, marks: Marks) -> dict[str, float]:
    """Adjusted p of each key tried in one answer to each of the accounts, all of one campaign."""
    marking = Marking(Tickets(Secret.load(tmp_path / "tickets.key")), marks, "pseudonym-{}".format)
    now = int(time.time())
    texts = [answer(engine, marking.ticket(name, 2.5, now, "C-7"), seed) for seed, name in enumerate(ACCOUNTS)]
    master = MasterKeys(Secret.load(tmp_path / "master.key"))
    names = ["", campaign_name("C-7"), campaign_name("C-8"), *(f"pseudonym-{name}" for name in ACCOUNTS)]
    tried = candidates([master.key(Scheme(), "0" * 64, account=name) for name in names], layered=True)
    return {one.key.account: one.adjusted or 1.0 for one in detected(texts, list(tried.values()))}


def test_a_campaigns_key_is_found_where_no_accounts_would_be(engine: Engine, tmp_path: Path) -> None:
    """Twelve accounts with thirty cells of their own each: under keys of their own none is named; under one, it is."""
    pooled = leaked(engine, tmp_path, Marks(accounts=True, campaigns=True))
    assert pooled[campaign_name("C-7")] < 1e-12
    assert pooled[""] < 1e-12
    assert min(p for name, p in pooled.items() if name not in ("", campaign_name("C-7"))) > 1e-3
    split = leaked(engine, tmp_path, Marks(accounts=True))
    assert split[""] < 1e-12
    assert min(p for name, p in split.items() if name) > 1e-6


def test_who_is_in_no_campaign_is_marked_as_before() -> None:
    marking, opened = Marking(Tickets(SEALED), Marks(accounts=True, campaigns=True), "p-{}".format), Tickets(SEALED)
    assert opened.open(marking.ticket("a", 1.0, 0), 1).account == "p-a"
    assert opened.open(marking.ticket("a", 1.0, 0, "C-7"), 1).account == "campaign:C-7"
    assert marking.ticket("a", 1.0, 0, "C-7") == marking.ticket("b", 1.0, 0, "C-7")


def test_campaigns_have_no_keys_unless_it_is_said() -> None:
    marking, opened = Marking(Tickets(SEALED), Marks()), Tickets(SEALED)
    assert opened.open(marking.ticket("a", 1.0, 0, "C-7"), 1).account == ""
    only = Marking(Tickets(SEALED), Marks(campaigns=True))
    assert opened.open(only.ticket("a", 1.0, 0, "C-7"), 1).account == "campaign:C-7"
    assert opened.open(only.ticket("a", 1.0, 0), 1).account == ""


def test_a_campaigns_name_of_any_length_fits_a_ticket_and_is_nobody_elses() -> None:
    marking, opened = Marking(Tickets(SEALED), Marks(campaigns=True)), Tickets(SEALED)
    names = {
        opened.open(marking.ticket("a", 1.0, 0, name), 1).account for name in ("C" * 190, "C" * 5_000, "é" * 5_000)
    }
    assert len(names) == 3
    assert max(len(name.encode()) for name in names) <= 200
