"""Most requests take a short way through the gate. It decides as the long one does, and leaves the same behind."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.decision.core import Core, Now
from stillwatch.decision.policy import Policy
from stillwatch.decision.verdict import Step, Verdict, Verdicts
from stillwatch.gateway.answer_head import KnownAnswer
from stillwatch.gateway.gate import Gate
from stillwatch.gateway.guard import Answer, End, Header, Passage, Request
from stillwatch.gateway.keys import KeyHolder, Keys
from stillwatch.limits.limit import NANOSECONDS, Level, Limit, Measure
from stillwatch.observing.frames import Observed

START_US = 1_788_000_000_000_000
ACCOUNTS = ("a", "b")
PATHS = (b"/v1/chat/completions", b"/v1/messages", b"/v1/embeddings")
HEAD = [(b"Content-Type", b"application/json")]
LIMITED = [(b"x-ratelimit-limit-requests", b"9")]
EVENT = b'data: {"choices":[{"index":0,"delta":{"content":"%b"}}]}\n\n'

limits = st.builds(
    lambda level, measure, quantity, is_hard: Limit(
        level, measure, quantity, 60, is_hard=is_hard and measure is Measure.OUTPUT_TOKENS
    ),
    st.sampled_from([Level.KEY, Level.ACCOUNT, Level.ORGANIZATION, Level.NETWORK, Level.CAMPAIGN]),
    st.sampled_from(list(Measure)),
    st.sampled_from([1, 3, 100, 3_000, 10**9]),
    st.booleans(),
)
policies = st.lists(limits, max_size=5, unique_by=lambda limit: (limit.level, limit.measure)).map(
    lambda found: Policy(tuple(found))
)
Given = tuple[str, Step, str | None, int]
verdicts = st.none() | st.tuples(
    st.sampled_from(ACCOUNTS), st.sampled_from(list(Step)), st.none() | st.just("C"), st.integers(1, 90)
)


@dataclass(frozen=True)
class Asks:
    """One request, how its answer comes, how it ends, and after how many seconds the next one comes."""

    account: str
    path: bytes
    body: dict[str, object]
    is_streamed: bool
    is_limited: bool
    usage: int | None
    status: int
    cause: End
    seconds: int


bodies = st.fixed_dictionaries(
    {"model": st.just("m"), "messages": st.just([{"role": "user", "content": "Who grinds the rye?"}])},
    optional={
        "max_tokens": st.integers(0, 5_000),
        "n": st.integers(1, 3),
        "stream": st.booleans(),
        "MAX_TOKENS": st.just(1),
        "vllm_xargs": st.just({}),
    },
)
requests = st.builds(
    Asks,
    st.sampled_from(ACCOUNTS),
    st.sampled_from(PATHS),
    bodies,
    st.booleans(),
    st.booleans(),
    st.none() | st.integers(0, 9_000),
    st.sampled_from([200, 200, 200, 429]),
    st.sampled_from(list(End)),
    st.sampled_from([0, 1, 40, 1_000]),
)


class Way:
    """A gate of its own; `is_short` tells whether it may take the short way."""

    def __init__(self, policy: Policy, *, is_short: bool) -> None:
        holders = [KeyHolder(hashlib.sha256(name.encode()).hexdigest(), name, "org") for name in ACCOUNTS]
        self.seconds = 0
        self.observed: list[Observed] = []
        self.short = self.whole_answers = 0
        self.gate = Gate(Core(policy), Keys(holders), self.now, self.observed.append)
        if not is_short:
            self.gate._plainly = lambda *_: None  # type: ignore[method-assign]  # the long way only

    def now(self) -> Now:
        return Now((1_000 + self.seconds) * NANOSECONDS, START_US + self.seconds * 1_000_000)

    def ask(self, asks: Asks) -> list[object]:
        """All that a client, an upstream and the limits see of one request."""
        fields = [*HEAD, (b"Authorization", b"Bearer " + asks.account.encode())]
        request = Request(b"POST", asks.path, fields, json.dumps(asks.body).encode(), "192.0.2.1")
        said = self.gate.on_request(request)
        if isinstance(said, Answer):
            return [said.status, said.headers, said.body, self.taken()]
        assert isinstance(said, Passage)
        self.short += said.knower is not None
        seen: list[object] = [said.delay_seconds, request.target, request.headers, request.body, self.taken()]
        is_whole = asks.cause is End.COMPLETE and not asks.is_streamed
        if is_whole and (taken := self.whole(said, asks)) is not None:
            self.seconds += asks.seconds
            return [*seen, *taken]
        assert said.observer is not None
        if asks.cause is not End.NOT_SENT:
            kind = b"text/event-stream" if asks.is_streamed else b"application/json"
            headers: list[Header] = [(b"content-type", kind), *LIMITED * asks.is_limited]
            seen += [headers, self.added(said, asks.status, headers)]
            for piece in pieces(asks):
                told = said.observer.on_body(piece)
                seen.append(told if isinstance(told, bytes) else told.last)
        self.seconds += 0 if is_whole else asks.seconds
        said.observer.on_end(asks.cause, 1)
        seen += [self.taken(), self.observed[-1:]]
        self.seconds += asks.seconds if is_whole else 0
        return seen

    def added(self, passage: Passage, status: int, headers: list[Header]) -> tuple[bytes, bool]:
        """Lines that an answer's head gets, and whether its body will change; a head that is known is not read."""
        assert passage.observer is not None
        change = passage.observer.on_head(status, headers)
        return (change.fields, change.rewrites) if change is not None else (b"", False)

    def whole(self, passage: Passage, asks: Asks) -> list[object] | None:
        """The same of an answer that came whole under a head that is known; None where it has to be watched."""
        if passage.knower is None:
            return None
        kind, body = (b"content-type", b"application/json"), b"".join(pieces(asks))
        known = KnownAnswer(asks.status, [kind, *LIMITED * asks.is_limited, (b"content-length", b"3")])
        lines = passage.knower.on_known_answer(known, body)
        if lines is None:
            return None
        self.whole_answers += 1
        return [[kind], (lines, False), *pieces(asks), self.taken(), self.observed[-1:]]

    def taken(self) -> list[object]:
        """What was taken of each limit, and what is open."""
        core = self.gate.core
        ladders = {names: core.meters.ladder(names, 0) for names in core.meters._ladders}
        kept = {n: ([b.tat for b in one.buckets], [len(s._deadlines) for s in one.slots]) for n, one in ladders.items()}
        return [kept, len(core.reservations)]

    def counted(self) -> list[object]:
        counts = self.gate.counts
        return [dict(counts.requests), counts.ended, counts.input_tokens, counts.output_tokens]


def table(now_us: int, account: str, step: Step, campaign: str | None, seconds: int) -> Verdicts:
    """One verdict that lasts so long."""
    ends_us = now_us + seconds * 1_000_000
    return Verdicts.of([Verdict("V", step, (account,), ("why",), "test", now_us, ends_us, campaign)], now_us)


def pieces(asks: Asks) -> list[bytes]:
    usage = {} if asks.usage is None else {"usage": {"prompt_tokens": 7, "completion_tokens": asks.usage}}
    if not asks.is_streamed:
        body = json.dumps({"choices": [{"index": 0, "message": {"content": "The miller."}}], **usage}).encode()
        return [body[:20], body[20:]]
    return [EVENT % b"The ", EVENT % b"miller.", b"data: %b\n\n" % json.dumps({"choices": [], **usage}).encode()]


@settings(max_examples=150, deadline=None)
@given(policies, policies, st.lists(st.tuples(requests, verdicts, st.booleans()), min_size=1, max_size=8))
def test_both_ways_decide_alike(policy: Policy, other: Policy, steps: list[tuple[Asks, Given | None, bool]]) -> None:
    """Whatever the limits, and with verdicts given and policies adopted between requests."""
    short, long = Way(policy, is_short=True), Way(policy, is_short=False)
    for asks, verdict, adopts in steps:
        for way in (short, long):
            if verdict is not None:
                account, step, campaign, lasts = verdict
                made_us = way.now().us
                given_ = Verdict(
                    "V", step, (account,), ("why",), "test", made_us, made_us + lasts * 1_000_000, campaign
                )
                way.gate.core.verdicts = Verdicts.of([given_], made_us)
            if adopts:
                way.gate.adopt(policy=other)
        assert short.ask(asks) == long.ask(asks)
    assert short.counted() == long.counted()
    assert long.short == 0


def test_a_plain_request_takes_the_short_way() -> None:
    """Else the test above would compare the long way with itself."""
    way = Way(Policy((Limit(Level.ACCOUNT, Measure.REQUESTS, 60),)), is_short=True)
    way.ask(Asks("a", PATHS[0], {"model": "m"}, False, False, 3, 200, End.COMPLETE, 0))
    assert (way.short, way.whole_answers) == (1, 1)
