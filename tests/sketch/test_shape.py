"""The form of a request: every flag bit shown by an exchange that has it, and the tuple of parameters."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from stillwatch.exchange.record import UNKNOWN, Exchange, Message, Parameters, Principal, Request, Response, Usage
from stillwatch.sketch import shape
from stillwatch.sketch.record import OPERATIONS, Flag
from stillwatch.sketch.shape import ParameterShapes

from .exchanges import OTHER_SECRET, SECRET, asked, said, sketched

USER, SYSTEM, ASSISTANT = Message("user", "hello there"), Message("system", "be brief"), Message("assistant", "yes")
TOOL = Message("tool", "12 degrees")
EMPTY = Message("user", " \n")


def with_(**parameters: Any) -> Exchange:
    return asked(USER, parameters=Parameters(**parameters))


def answered(**response: Any) -> Exchange:
    return asked(USER, response=Response(**response))


BODY = Flag.HAS_BODY
ANSWERED = Flag.HAS_BODY | Flag.HAS_RESPONSE

# name of the case, the exchange, exactly these flags
CASES: dict[str, tuple[Exchange, int]] = {
    "a bare question": (asked(USER), BODY),
    "no body": (asked(), 0),
    "stream": (with_(stream=True), BODY | Flag.STREAM),
    "logprobs": (with_(logprobs=True), BODY | Flag.LOGPROBS),
    "top logprobs only": (with_(top_logprobs=5), BODY | Flag.LOGPROBS),
    "biased": (with_(logit_bias=1), BODY | Flag.LOGIT_BIAS),
    "biased, one token": (with_(logit_bias=1, max_tokens=1), BODY | Flag.LOGIT_BIAS | Flag.MANY_BIASED),
    "biased, no token": (with_(logit_bias=300, max_tokens=0), BODY | Flag.LOGIT_BIAS | Flag.MANY_BIASED),
    "biased, two tokens": (with_(logit_bias=300, max_tokens=2), BODY | Flag.LOGIT_BIAS),
    "one token, unbiased": (with_(max_tokens=1), BODY),
    "seed": (with_(seed=True), BODY | Flag.SEED),
    "stop": (with_(stop=2), BODY | Flag.STOP),
    "reasoning": (with_(reasoning=True), BODY | Flag.REASONING),
    "tools offered": (with_(tools=3), BODY),
    "tool forced": (with_(tools=3, tool_forced=True), BODY | Flag.TOOL_FORCED),
    "json": (with_(answer_format="json"), BODY | Flag.JSON_ANSWER),
    "schema": (with_(answer_format="schema"), BODY | Flag.SCHEMA_ANSWER),
    "closed schema": (with_(closed_fields=2), BODY | Flag.CLOSED_SCHEMA),
    "open schema": (with_(open_fields=2), BODY | Flag.OPEN_SCHEMA),
    "system": (asked(SYSTEM, USER), BODY | Flag.SYSTEM),
    "dialogue": (asked(USER, ASSISTANT, USER), BODY | Flag.ASSISTANT_TURNS),
    "prefill": (asked(USER, ASSISTANT), BODY | Flag.ASSISTANT_TURNS | Flag.ENDS_WITH_ASSISTANT),
    "tool result": (asked(USER, ASSISTANT, TOOL), BODY | Flag.ASSISTANT_TURNS | Flag.TOOL_TURNS),
    "a silent tool": (asked(USER, ASSISTANT, Message("tool", "")), BODY | Flag.ASSISTANT_TURNS | Flag.TOOL_TURNS),
    "empty": (asked(EMPTY), BODY | Flag.EMPTY_PROMPT),
    "empty after system": (asked(SYSTEM, EMPTY), BODY | Flag.SYSTEM | Flag.EMPTY_PROMPT),
    "empty at last": (asked(USER, ASSISTANT, EMPTY), BODY | Flag.ASSISTANT_TURNS | Flag.EMPTY_PROMPT),
    "system alone": (asked(SYSTEM), BODY | Flag.SYSTEM),
    "picture alone": (asked(Message("user", "", images=1)), BODY),
    "recording alone": (asked(Message("user", "", other_parts=1)), BODY),
    "answered": (answered(), ANSWERED),
    "filtered": (answered(finish_reason="content_filter"), ANSWERED | Flag.REFUSED),
    "cut off": (answered(is_complete=False), ANSWERED | Flag.INCOMPLETE),
    "out of length": (answered(finish_reason="length"), ANSWERED),
    "rejected": (asked(USER, status=400), BODY | Flag.REFUSED),
    "too many requests": (asked(USER, status=429), BODY | Flag.REFUSED),
    "server's fault": (asked(USER, status=500), BODY),
    "headers": (asked(USER, headers=(("accept", "*/*"),)), BODY | Flag.HAS_HEADERS),
    "address": (asked(USER, principal=Principal("a", ip="192.0.2.1")), BODY | Flag.HAS_NETWORK),
    "network": (asked(USER, principal=Principal("a", asn=64500)), BODY | Flag.HAS_NETWORK),
}


@pytest.mark.parametrize("case", CASES)
def test_an_exchange_has_exactly_the_flags_it_shows(case: str) -> None:
    """One bit for each fact, and none besides."""
    exchange, expected = CASES[case]
    assert sketched(exchange).row()["flags"] == expected


def test_every_flag_is_shown_by_some_case() -> None:
    """The table above leaves no bit out."""
    shown = 0
    for _, flags in CASES.values():
        shown |= flags
    assert shown == sum(value for name, value in vars(Flag).items() if not name.startswith("_")) - Flag.OPERATION


@pytest.mark.parametrize(("name", "index"), [*zip(OPERATIONS, range(4), strict=True), ("moderation", 3), ("", 3)])
def test_the_operation_is_two_bits(name: str, index: int) -> None:
    """What is none of the known operations is "other"."""
    exchange = msgspec.structs.replace(asked(USER), request=Request(name, "m", (USER,)))
    assert sketched(exchange).row()["flags"] & Flag.OPERATION == index


@pytest.mark.parametrize(
    ("column", "exchange", "value"),
    [
        ("temperature", with_(), UNKNOWN),
        ("temperature", with_(temperature=0.7), 70),
        ("temperature", with_(temperature=-1.0), 0),
        ("temperature", with_(temperature=1e300), 32767),
        ("temperature", with_(temperature=float("inf")), UNKNOWN),
        ("temperature", with_(temperature=float("nan")), UNKNOWN),
        ("choices", with_(n=20), 20),
        ("choices", with_(n=10_000), 127),
        ("choices", with_(n=-3), 0),
        ("max_tokens", with_(), UNKNOWN),
        ("max_tokens", with_(max_tokens=10**30), 2**31 - 1),
        ("max_tokens", with_(max_tokens=-7), UNKNOWN),
        ("tools", with_(tools=500), 127),
        ("tools", with_(tools=-500), 0),
        ("images", asked(Message("user", "", images=500)), 127),
        ("images", asked(Message("user", "", images=-500)), 0),
        ("messages", asked(*[USER] * 40_000), 32767),
        ("prompt_chars", asked(SYSTEM, USER), 19),
        ("status", asked(USER, status=-(10**12)), UNKNOWN),
        ("status", asked(USER, status=10**12), 32767),
        ("input_tokens", asked(USER, usage=Usage(10**12, 5, 7)), 2**31 - 1),
        ("output_tokens", asked(USER, usage=Usage(10**12, 5, 7)), 5),
        ("reasoning_tokens", asked(USER, usage=Usage(10**12, 5, -(10**12))), UNKNOWN),
        ("account_created_day", asked(USER, principal=Principal("a", account_created_us=86_400_000_000 * 3 - 1)), 2),
        ("account_created_day", asked(USER, principal=Principal("a", account_created_us=10**30)), 2**31 - 1),
        ("asn", asked(USER, principal=Principal("a", asn=10**12)), UNKNOWN),
        ("country", asked(USER, principal=Principal("a", country="nz")), (ord("N") << 8) + ord("Z")),
        ("country", asked(USER, principal=Principal("a", country="New Zealand")), 0),
        ("hour", asked(USER, ts_us=-1), 23),
        ("day", asked(USER, ts_us=-1), -1),
    ],
)
def test_numbers_are_kept_or_clamped_and_never_wrap(column: str, exchange: Exchange, value: int) -> None:
    """A number that no request can have ends at the column's bound, or is unknown."""
    assert sketched(exchange).row()[column] == value


CHANGES: dict[str, Any] = {
    "names": "n",
    "temperature": 0.5,
    "top_p": 0.5,
    "max_tokens": 7,
    "n": 2,
    "stream": True,
    "logprobs": True,
    "top_logprobs": 3,
    "stop": 1,
    "reasoning": True,
    "tools": 1,
    "tool_forced": True,
    "answer_format": "json",
    "open_fields": 1,
    "closed_fields": 1,
}


@pytest.mark.parametrize("name", CHANGES)
def test_each_parameter_makes_another_tuple(name: str) -> None:
    """Two programs that differ in one setting have two tuples."""
    shapes = ParameterShapes(SECRET)
    assert shapes(Parameters(**{name: CHANGES[name]})).hash != shapes(Parameters()).hash


def test_the_tuple_is_a_function_of_values_and_the_secret() -> None:
    """Equal parameters are one tuple, whichever came first and however the number was written."""
    zeros = [Parameters(temperature=value) for value in (0.0, -0.0, 0)]
    hashes = {ParameterShapes(SECRET)(zero).hash for zero in zeros}
    assert len(hashes) == 1
    assert ParameterShapes(OTHER_SECRET)(zeros[0]).hash not in hashes


def test_what_differs_from_call_to_call_is_no_part_of_the_tuple() -> None:
    """The number of biased tokens and the presence of a seed change with the payload."""
    assert len(set(sketched(with_(), with_(logit_bias=9), with_(seed=True)).column("parameters"))) == 1


def test_a_full_cache_changes_nothing_and_stays_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client with a new temperature each time costs time and no memory."""
    many = [Parameters(temperature=i / 7) for i in range(10)]
    expected = [ParameterShapes(SECRET)(p) for p in many]
    monkeypatch.setattr(shape, "_CACHE_LIMIT", 3)
    small = ParameterShapes(SECRET)
    assert [small(p) for p in many * 2] == expected * 2
    assert len(small._seen) <= 3


def test_models_are_told_apart_and_none_is_zero() -> None:
    """One number for one name."""
    rows = [msgspec.structs.replace(said("x"), request=Request("chat", m, (USER,))) for m in ("a", "b", "a", "")]
    one, two, again, none = sketched(*rows).column("model")
    assert one == again != two
    assert none == 0
