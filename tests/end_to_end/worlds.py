"""Worlds with known truth, in exchange log v1: runs of clients dealt out over accounts, interleaved over days.

A run is a list of conversations; a conversation is a list of requests. Runs come from the corpus of real clients, a
folder that may lie beside the repository, or from `invented` text, which every checkout has. The log says who sent
what and never who is an attacker: that is in `World.rings` and `World.honest`.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

Request = Mapping[str, Any]
"""`path`, `headers` and `body` of one exchange."""
Conversation = Sequence[Request]

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
ATTACKS = (
    "attack_distilabel_cot",
    "attack_distilabel_evol",
    "attack_distilabel_selfinstruct",
    "attack_distilabel_ultrafeedback",
    "attack_syntheticdatakit",
)
TOOLS = ("benign_instructor_classify", "benign_llamaindex_rag", "benign_promptfoo_eval")
CHAT = "benign_llmlib_chat"

EXCHANGES_AN_ACCOUNT = 25  # the reports' campaigns: about 26 exchanges per account and day
DAYS = 6
START_US = 1_772_323_200_000_000  # 2026-03-01 00:00 UTC
DAY_US = 86_400_000_000


def seeded(seed: int) -> Random:
    """Chance that is the same every time."""
    return Random(seed)  # noqa: S311 - worlds are made again, not kept secret


@dataclass(frozen=True)
class Sender:
    """An account with what it sends; its organisation, address and card are its own unless they are given."""

    account: str
    sends: tuple[Conversation, ...]
    organization: str = ""
    card: str = ""

    def rows(self, rng: Random) -> Iterator[dict[str, Any]]:
        """Its exchanges, conversations in any order and at any time of the world's days."""
        requests = [request for one in rng.sample(self.sends, len(self.sends)) for request in one]
        times = sorted(rng.randrange(DAYS * DAY_US) for _ in requests)
        own = {"organization": self.organization or f"org-{self.account}"}
        own |= {"ip": f"2001:db8::{rng.getrandbits(60):x}", "payment": self.card or f"card-{rng.getrandbits(60):x}"}
        for number, (after_us, request) in enumerate(zip(times, requests, strict=True)):
            yield {
                "id": f"{self.account}/{number}",
                "ts_us": START_US + after_us,
                "account": self.account,
                **own,
                **request,
            }


@dataclass(frozen=True)
class World:
    """Who sends what. `rings`: the attack runs' accounts by run; `honest`: all others by what they are."""

    senders: tuple[Sender, ...] = ()
    rings: Mapping[str, frozenset[str]] = field(default_factory=dict)
    honest: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def with_ring(self, name: str, senders: Sequence[Sender]) -> World:
        """This world and a run of an attack."""
        rings = {**self.rings, name: frozenset(s.account for s in senders)}
        return replace(self, senders=(*self.senders, *senders), rings=rings)

    def with_honest(self, name: str, senders: Sequence[Sender]) -> World:
        """This world and some honest accounts."""
        honest = {**self.honest, name: frozenset(s.account for s in senders)}
        return replace(self, senders=(*self.senders, *senders), honest=honest)

    def rows(self, seed: int) -> list[dict[str, Any]]:
        """All exchanges by time."""
        rng = seeded(seed)
        return sorted((row for sender in self.senders for row in sender.rows(rng)), key=lambda row: row["ts_us"])

    def write(self, path: Path, seed: int) -> Path:
        """The world as a log at `path`."""
        return write_log(path, self.rows(seed))


def write_log(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    """Rows as a log, one a line; gzipped if the name says so."""
    text = "".join(json.dumps(row) + "\n" for row in rows).encode()
    path.write_bytes(gzip.compress(text, mtime=0) if path.suffix == ".gz" else text)
    return path


# -- who sends a run -------------------------------------------------------------------------------------------


def dealt_out(name: str, run: Sequence[Conversation], rng: Random) -> list[Sender]:
    """An operator's way: the run dealt out at random over accounts that have nothing in common."""
    cards = rng.sample(run, len(run))
    count = -(-len(run) // EXCHANGES_AN_ACCOUNT)
    return [Sender(f"{name}-{i:02}", tuple(cards[i::count])) for i in range(count)]


def on_cards(senders: Sequence[Sender], each: int) -> list[Sender]:
    """The same accounts, of which `each` pay with one card."""
    return [replace(sender, card=f"card-{sender.account[:4]}-{i // each}") for i, sender in enumerate(senders)]


def users_of_tools(tools: int, rng: Random) -> list[Sender]:
    """Of each tool four strangers, each with subjects of his own."""
    senders = []
    for tool in range(tools):
        briefing = prose(rng, vocabulary(rng), 30)
        for user in range(4):
            run = invented(rng, briefing, [vocabulary(rng)], 14)
            senders += independent(f"tool-{tool:02}-user-{user}", run, 1, 14, rng)
    return senders


def one_organisation(name: str, run: Sequence[Conversation], accounts: int, rng: Random) -> list[Sender]:
    """A customer's way: one organisation whose accounts share the run."""
    cards = rng.sample(run, len(run))
    return [Sender(f"{name}-{i:02}", tuple(cards[i::accounts]), f"org-{name}") for i in range(accounts)]


def independent(name: str, run: Sequence[Conversation], organisations: int, each: int, rng: Random) -> list[Sender]:
    """Users of one tool: every organisation has its own sample of the run."""
    return [Sender(f"{name}-{i:02}", tuple(rng.sample(run, each))) for i in range(organisations)]


def people(name: str, chats: Sequence[Conversation], each: int, rng: Random) -> list[Sender]:
    """Ordinary people with `each` chats of their own, as many as the chats suffice for."""
    cards = rng.sample(chats, len(chats))
    return [Sender(f"{name}-{i:02}", tuple(cards[i * each : (i + 1) * each])) for i in range(len(cards) // each)]


def covered(senders: Sequence[Sender], chats: Sequence[Conversation], share: float, rng: Random) -> list[Sender]:
    """The same accounts with people's chats among what they send, until `share` of their exchanges are chats."""
    return [replace(s, sends=(*s.sends, *_cover(len(s.sends), chats, share, rng))) for s in senders]


def _cover(own: int, chats: Sequence[Conversation], share: float, rng: Random) -> list[Conversation]:
    wanted = round(own * share / (1 - share))
    chosen: list[Conversation] = []
    for chat in rng.sample(chats, len(chats)):
        if sum(map(len, chosen)) >= wanted:
            break
        chosen.append(chat)
    return chosen


# -- runs of real clients --------------------------------------------------------------------------------------


def corpus_run(name: str) -> list[Conversation]:
    """One run of the corpus; every exchange is a conversation of its own but those that continue a chat."""
    with gzip.open(CORPUS / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        requests = [{key: row[key] for key in ("path", "headers", "body")} for row in map(json.loads, lines)]
    return _by_first_turn(requests) if name == CHAT else [[request] for request in requests]


def _by_first_turn(requests: Sequence[Request]) -> list[Conversation]:
    chats: dict[str, list[Request]] = {}
    for request in requests:
        chats.setdefault(json.dumps(request["body"]["messages"][0]), []).append(request)
    return list(chats.values())


# -- runs that we make up --------------------------------------------------------------------------------------

_SYLLABLES = ("ba", "ce", "di", "fo", "gu", "ha", "ji", "ke", "lo", "mu", "na", "pe", "qui", "ro", "su", "ta", "ve")
_ENGLISH = ("the", "of", "and", "to", "in", "is", "that", "for", "with", "as", "on", "by", "at", "from", "which")


def vocabulary(rng: Random, words: int = 60) -> list[str]:
    """Words of one subject, all made up."""
    return ["".join(rng.choices(_SYLLABLES, k=rng.randint(2, 4))) for _ in range(words)]


def prose(rng: Random, subject: Sequence[str], words: int) -> str:
    """Text about a subject, with the little words of English in between."""
    return " ".join(rng.choice(_ENGLISH if rng.random() < 0.35 else subject) for _ in range(words))


def invented(rng: Random, wrapper: str, subjects: Sequence[Sequence[str]], count: int) -> list[Conversation]:
    """Requests that put `wrapper` before prose, each about one of the subjects."""
    return [
        [chat_request(f"{wrapper}\n\n{prose(rng, rng.choice(subjects), rng.randint(25, 60))}")] for _ in range(count)
    ]


def jobs(name: str, count: int, each: int, rng: Random) -> list[Sender]:
    """Honest programmers: everybody has a wrapper and a subject of his own."""
    return [Sender(f"{name}-{i:03}", tuple(_job(rng, each))) for i in range(count)]


def _job(rng: Random, count: int) -> list[Conversation]:
    subject = vocabulary(rng)
    return invented(rng, prose(rng, vocabulary(rng), 20), [subject], count)


def invented_chats(rng: Random, count: int) -> list[Conversation]:
    """Chats of one to three turns, each about a subject of its own."""
    return [_chat(rng, vocabulary(rng), rng.randint(1, 3)) for _ in range(count)]


def _chat(rng: Random, subject: Sequence[str], turns: int) -> list[Request]:
    messages: list[dict[str, str]] = []
    sent = []
    for _ in range(turns):
        messages = [*messages, {"role": "user", "content": prose(rng, subject, rng.randint(8, 40))}]
        sent.append(request_of({"model": "m-1", "messages": messages}))
        messages = [*messages, {"role": "assistant", "content": prose(rng, subject, 30)}]
    return sent


def chat_request(user: str, **parameters: object) -> Request:
    """One question without a past."""
    return request_of({"model": "m-1", "messages": [{"role": "user", "content": user}], **parameters})


def request_of(body: Mapping[str, Any]) -> Request:
    """A chat completion as a plain client sends it."""
    headers = [["Host", "api"], ["Content-Type", "application/json"], ["User-Agent", "client/1"]]
    return {"path": "/v1/chat/completions", "headers": headers, "body": body}
