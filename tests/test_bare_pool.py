"""A pool of bare questions, dealt out to strangers who hold people's sessions: a whole hunt with known truth.

No wrapper, no card, no address links its accounts, and they chat as others do. Only that they have no interests of
their own is left, and whether honest customers are like that a benign log has to say.
"""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from end_to_end.worlds import (
    Conversation,
    Sender,
    World,
    prose,
    request_of,
    seeded,
    vocabulary,
    write_log,
)
from end_to_end.wrappers import SECRETS, desks

from stillwatch.assembly import read_logs
from stillwatch.campaigns.campaign import Review
from stillwatch.ledger.engines import connect
from stillwatch.ledger.ledger import Ledger
from stillwatch.ledger.names import NameTable
from stillwatch.ledger.view import View
from stillwatch.pipeline import Hunt, review

# Ibis 12 calls a DuckDB method that DuckDB 2 has renamed; remove this once Ibis calls the new one.
pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

Subject = list[str]

SEED = 1
SUBJECTS = 40  # there are
INTERESTS = 5  # a person has
POOLED = 30  # the operator asks about
ACCOUNTS, EACH = 20, 30


def session(rng: Random, subject: Subject) -> Conversation:
    """One to three turns about a subject, as people hold them."""
    messages: list[dict[str, str]] = []
    sent = []
    for _ in range(rng.randint(1, 3)):
        messages = [*messages, {"role": "user", "content": prose(rng, subject, rng.randint(8, 40))}]
        sent.append(request_of({"model": "m-1", "messages": messages}))
        messages = [*messages, {"role": "assistant", "content": prose(rng, subject, 30)}]
    return sent


def asking(name: str, about: list[Subject], each: int, rng: Random) -> Sender:
    return Sender(name, tuple(session(rng, rng.choice(about)) for _ in range(each)))


def persons(name: str, count: int, subjects: list[Subject], rng: Random) -> list[Sender]:
    """Strangers with interests of their own."""
    return [asking(f"{name}-{i:03}", rng.sample(subjects, INTERESTS), 20, rng) for i in range(count)]


def worlds() -> tuple[World, World]:
    """The hunted one, and a benign one of other people."""
    rng = seeded(SEED)
    subjects = [vocabulary(rng, 25) for _ in range(SUBJECTS)]
    pooled = rng.sample(subjects, POOLED)
    hunted = (
        World()
        .with_honest("people", persons("person", 110, subjects, rng))
        .with_honest("desks", desks(rng, 25))
        .with_ring("pool", [asking(f"pool-{i:02}", pooled, EACH, rng) for i in range(ACCOUNTS)])
    )
    return hunted, World().with_honest("people", persons("honest", 120, subjects, rng))


def ledger(folder: Path, world: World) -> View:
    log = write_log(folder / "log.jsonl", world.rows(SEED))
    read = read_logs([log], folder / "ledger", "sketches", SECRETS, 1, lambda kind, share, exchanges, bad: None)
    return View(Ledger.open(read.ledger), connect())


@pytest.fixture(scope="module")
def reviews(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Review]:
    """Of the hunted log, without a benign log and with one."""
    hunted, benign = (ledger(tmp_path_factory.mktemp("world"), world) for world in worlds())
    hunt = Hunt(names=dict(NameTable.open(hunted.ledger.path, SECRETS.deployment).names("account")))
    return {"plain": review(hunted, None, hunt), "known": review(hunted, benign, hunt)}


@pytest.mark.parametrize(("which", "verdict"), [("plain", "watch"), ("known", "campaign")])
def test_a_bare_pool_is_watched_and_with_a_benign_log_a_campaign(
    reviews: dict[str, Review], which: str, verdict: str
) -> None:
    """One entry, with three in four of its accounts or more."""
    (found,) = reviews[which].campaigns
    assert found.verdict == verdict
    assert len(worlds()[0].rings["pool"] & set(found.accounts)) >= 0.75 * ACCOUNTS


@pytest.mark.parametrize("which", ["plain", "known"])
def test_nobody_honest_is_in_it_or_acted_on(reviews: dict[str, Review], which: str) -> None:
    named = {account for one in reviews[which].campaigns for account in one.accounts}
    acted_on = {one.account for one in reviews[which].accounts if one.verdict == "act"}
    honest = frozenset().union(*worlds()[0].honest.values())
    assert not (named | acted_on) & honest


def test_what_a_person_reads_says_why(reviews: dict[str, Review]) -> None:
    """In numbers: how many do it, and how many honest organisations were seen not to."""
    (found,) = reviews["known"].campaigns
    said = " ".join(one.statement for one in found.evidence)
    assert f"{len(found.accounts)} organisations share no wording" in said
    assert "0 of 120 organisations of the benign reference" in said


def test_the_pool_keeps_its_name_when_a_benign_log_comes(reviews: dict[str, Review]) -> None:
    assert reviews["plain"].campaigns[0].id == reviews["known"].campaigns[0].id
