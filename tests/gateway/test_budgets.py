"""Budgets of output tokens while answers stream: counted as they are delivered, cut where nothing is left, settled."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import openai
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.decision.core import LONGEST_ANSWER_SECONDS, Core, Now
from stillwatch.decision.policy import Policy
from stillwatch.decision.verdict import Step, Verdict, Verdicts
from stillwatch.gateway.gate import WHOLE_OUTPUT_TOKENS, Gate
from stillwatch.gateway.guard import Answer, Cut, End, Passage, Request
from stillwatch.gateway.keys import KeyHolder, Keys
from stillwatch.gateway.settling import Settling
from stillwatch.limits.limit import NANOSECONDS, Level, Limit, Measure
from stillwatch.observing.frames import Observed

from .running import gateway, run
from .upstream_server import STREAM_HEAD, Conversation, chunk, upstream

MADE_US = 1_788_000_000_000_000
HOUR = 3_600
STREAM = [(b"Content-Type", b"text/event-stream")]
WORD = b'data: {"choices":[{"index":0,"delta":{"content":"rye "},"finish_reason":null}]}\n\n'
ENDING = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'


def budget(quantity: int, *, is_hard: bool, level: Level = Level.ACCOUNT) -> Limit:
    return Limit(level, Measure.OUTPUT_TOKENS, quantity, HOUR, is_hard=is_hard)


def ring(*accounts: str) -> Verdict:
    return Verdict("V", Step.ALLOW, accounts, ("a reason",), "test", MADE_US, MADE_US + 10**12, "ring")


@dataclass
class Guarded:
    """A gate whose clock stands, and what its observers handed on. Keys are the accounts' names."""

    limits: tuple[Limit, ...]
    verdicts: tuple[Verdict, ...] = ()
    observed: list[Observed] = field(default_factory=list)
    seconds: float = 0.0

    def __post_init__(self) -> None:
        core = Core(Policy(self.limits), Verdicts.of(self.verdicts, MADE_US))
        self.gate = Gate(core, EveryName(), self.now, self.observed.append)

    def now(self) -> Now:
        ns = int((1_000 + self.seconds) * NANOSECONDS)
        return Now(ns, MADE_US + ns // 1_000)

    def ask(self, account: str = "a", **more: object) -> Stream | Answer:
        messages = [{"role": "user", "content": "Who grinds the rye?"}]
        body = json.dumps({"model": "m", "messages": messages, "stream": True, **more}).encode()
        headers = [(b"Authorization", b"Bearer " + account.encode())]
        said = self.gate.on_request(Request(b"POST", b"/v1/chat/completions", headers, body, "192.0.2.1"))
        if isinstance(said, Answer):
            return said
        assert isinstance(said, Passage)
        assert isinstance(said.observer, Settling)
        said.observer.on_head(200, STREAM)
        return Stream(said.observer)

    def used(self, limit: Limit, name: str = "a") -> float:
        """Tokens in the bucket, of those that anybody could know of."""
        bucket = self.gate.core.meters._held[limit, name]
        return (bucket.tat - self.now().ns) * limit.quantity / limit.window_ns


class EveryName(Keys):
    def __init__(self) -> None:
        super().__init__([])

    def holder(self, key: bytes) -> KeyHolder | None:
        return KeyHolder(key.hex(), key.decode())


@dataclass
class Stream:
    """One answer on its way. `delivered` is words that went to the client."""

    observer: Settling
    delivered: int = 0
    is_over: bool = False

    def say(self, words: int) -> None:
        if self.is_over:
            return
        said = self.observer.on_body(WORD * words)
        out = said.last if isinstance(said, Cut) else said
        self.delivered += out.count(b'"rye "')
        if isinstance(said, Cut):
            assert b'"finish_reason":"length"' in out
            assert out.endswith(b"data: [DONE]\n\n")
            self.end(End.CUT)

    def end(self, cause: End) -> None:
        if not self.is_over:
            self.is_over = True
            self.observer.on_end(cause, self.delivered)


def test_a_stream_is_cut_where_a_hard_limit_has_nothing_left_and_the_next_request_waits():
    limit = budget(2_000, is_hard=True)
    guarded = Guarded((limit,))
    stream = guarded.ask()
    for _ in range(100):
        stream.say(50)
    assert stream.delivered == 2_000
    assert guarded.used(limit) == pytest.approx(2_000)
    refused = guarded.ask()
    assert isinstance(refused, Answer)
    assert refused.status == 429


def test_a_limit_that_is_not_hard_lets_the_answer_end_and_is_owed_while_it_streams():
    limit = budget(2_000, is_hard=False)
    guarded = Guarded((limit,))
    stream = guarded.ask()
    stream.say(3_000)
    assert guarded.used(limit) >= 3_000  # before its end: what overran the reservation was taken as it came
    stream.say(10)
    stream.end(End.COMPLETE)
    assert stream.delivered == 3_010
    assert guarded.used(limit) == pytest.approx(3_010)


def test_accounts_of_a_campaign_deliver_no_more_than_its_hard_limit_between_them():
    limit = budget(3_000, is_hard=True, level=Level.CAMPAIGN)
    guarded = Guarded((limit,), (ring("a", "b"),))
    streams = [guarded.ask("a"), guarded.ask("b")]
    other = guarded.ask("honest")
    for _ in range(60):
        for stream in (*streams, other):
            stream.say(50)
    assert sum(stream.delivered for stream in streams) == 3_000
    assert other.delivered == 3_000
    assert not other.is_over


def test_a_client_that_asks_for_more_than_the_whole_limit_gets_what_there_is():
    guarded = Guarded((budget(500, is_hard=True),))
    stream = guarded.ask(max_tokens=100_000)
    stream.say(800)
    assert stream.delivered == 500
    assert isinstance(guarded.ask(max_tokens=10), Answer)


def test_one_event_is_the_most_that_a_hard_limit_is_overrun_by():
    """The event that reaches the limit was there before anybody could know how long it is."""
    guarded = Guarded((budget(1_000, is_hard=True),))
    stream = guarded.ask()
    long = WORD.replace(b"rye ", b"rye " * 600)
    outs = [stream.observer.on_body(long) for _ in range(2)]
    assert outs[0] == long
    assert isinstance(outs[1], Cut)
    assert outs[1].last.startswith(long)


def test_a_request_that_never_went_on_is_given_back_and_nobody_hears_of_it():
    limit = budget(1_000, is_hard=False)
    guarded = Guarded((limit,))
    stream = guarded.ask(max_tokens=900)
    stream.end(End.NOT_SENT)
    assert guarded.used(limit) == pytest.approx(0)
    assert guarded.observed == []


def test_an_answer_that_goes_on_for_longer_than_any_is_kept_open_and_settled_at_its_end():
    limit = budget(100_000, is_hard=False)
    guarded = Guarded((limit, Limit(Level.ACCOUNT, Measure.CONCURRENT, 1)))
    stream = guarded.ask(max_tokens=50_000)
    for _ in range(5):
        stream.say(100)
        guarded.seconds += LONGEST_ANSWER_SECONDS
        assert isinstance(guarded.ask(), Answer)  # it still holds the one slot; and the gate looks for what is lost
    before = guarded.used(limit)
    stream.end(End.COMPLETE)
    assert guarded.used(limit) == pytest.approx(before - 49_500)


def test_an_answer_that_nobody_ends_is_settled_by_the_gate_itself():
    guarded = Guarded((Limit(Level.ACCOUNT, Measure.CONCURRENT, 1),))
    guarded.ask()
    assert isinstance(guarded.ask(), Answer)
    guarded.seconds += LONGEST_ANSWER_SECONDS + 1
    assert isinstance(guarded.ask(), Stream)


ENDS = st.sampled_from([End.COMPLETE, End.CLIENT_LEFT, End.UPSTREAM_FAILED])
STREAMS = st.lists(
    st.tuples(st.sampled_from("ab"), st.none() | st.integers(1, 900), st.lists(st.integers(1, 400), max_size=6), ENDS),
    min_size=1,
    max_size=6,
)


@settings(max_examples=200)
@given(streams=STREAMS, of_account=st.integers(50, 3_000), of_ring=st.integers(50, 3_000), order=st.randoms())
def test_however_answers_end_no_hard_limit_is_overrun_and_what_was_delivered_is_what_was_used(
    streams, of_account, of_ring, order
):
    """A word is an event and a token, so not even the last one overruns."""
    account = budget(of_account, is_hard=True)
    campaign = budget(of_ring, is_hard=True, level=Level.CAMPAIGN)
    guarded = Guarded((account, campaign), (ring("a", "b"),))
    under_way: list[tuple[str, Stream, list[int], End]] = []
    delivered: dict[str, list[Stream]] = {"a": [], "b": []}
    for name, most, pieces, end in streams:
        said = guarded.ask(name, **({} if most is None else {"max_tokens": most}))
        if isinstance(said, Stream):
            delivered[name].append(said)
            under_way.append((name, said, list(pieces), end))
    while under_way:
        one = order.choice(under_way)
        _, stream, pieces, end = one
        if pieces:
            stream.say(pieces.pop())
        else:
            stream.end(end)
            under_way.remove(one)
    words = {name: sum(stream.delivered for stream in held) for name, held in delivered.items()}
    assert max(words.values()) <= of_account
    assert sum(words.values()) <= of_ring
    for name in [name for name, held in delivered.items() if held]:
        assert guarded.used(account, name) == pytest.approx(words[name], abs=0.01)
    if any(delivered.values()):
        assert guarded.used(campaign, "ring") == pytest.approx(sum(words.values()), abs=0.01)


async def talker(conversation: Conversation) -> None:
    """Streams 3,000 words, whatever was asked; or says so many at once as the request allows."""
    asked = json.loads(conversation.body)
    if not asked.get("stream"):
        said = asked.get("max_completion_tokens", 3_000)
        message = {"role": "assistant", "content": "rye " * said}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        usage = {"prompt_tokens": 5, "completion_tokens": said, "total_tokens": said + 5}
        whole = {
            "id": "c",
            "object": "chat.completion",
            "created": 1,
            "model": "m",
            "choices": [choice],
            "usage": usage,
        }
        body = json.dumps(whole).encode()
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        await conversation.say(head % len(body) + body)
        return
    await conversation.say(STREAM_HEAD)
    for _ in range(30):
        await conversation.say(chunk(WORD * 100))
    await conversation.say(chunk(ENDING) + b"0\r\n\r\n")


def test_a_real_client_sees_a_stream_that_ended_well_and_then_an_ordinary_rate_limit():
    async def story() -> None:
        guarded = Guarded((budget(1_500, is_hard=True),))
        async with upstream(talker) as server, gateway(server.port, guarded.gate) as running:
            url = f"http://127.0.0.1:{running.port}/v1"
            async with openai.AsyncOpenAI(api_key="a", base_url=url, max_retries=0) as client:
                asked = {"model": "m", "messages": [{"role": "user", "content": "rye"}]}
                events = [event async for event in await client.chat.completions.create(**asked, stream=True)]
                assert events[-1].choices[0].finish_reason == "length"
                assert sum(event.choices[0].delta.content == "rye " for event in events) == 1_500
                with pytest.raises(openai.RateLimitError) as refused:
                    await client.chat.completions.create(**asked)
                assert int(refused.value.response.headers["retry-after"]) > 60
        assert guarded.observed[0].end == "cut"

    run(story())


def test_an_answer_that_is_not_streamed_is_asked_for_within_the_hard_limit():
    """It cannot be cut while it comes."""

    async def story() -> None:
        limit = budget(WHOLE_OUTPUT_TOKENS + 1_000, is_hard=True)
        guarded = Guarded((limit,))
        async with upstream(talker) as server, gateway(server.port, guarded.gate) as running:
            url = f"http://127.0.0.1:{running.port}/v1"
            async with openai.AsyncOpenAI(api_key="a", base_url=url, max_retries=0) as client:
                asked = {"model": "m", "messages": [{"role": "user", "content": "rye"}]}
                whole = await client.chat.completions.create(**asked)
                assert whole.usage.completion_tokens == WHOLE_OUTPUT_TOKENS
                own = await client.chat.completions.create(**asked, max_completion_tokens=700)
                assert own.usage.completion_tokens == 700
        assert b'max_completion_tokens":700' in server.seen[1].body.replace(b" ", b"")
        assert guarded.used(limit) == pytest.approx(WHOLE_OUTPUT_TOKENS + 700)

    run(story())
