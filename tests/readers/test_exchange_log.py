"""A row of an exchange log becomes an exchange, or a reason that names the field."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stillwatch.errors import MalformedRow
from stillwatch.exchange.record import UNKNOWN, Exchange, Message, Parameters, Principal, Request, Response, Usage
from stillwatch.exchange.recorded_response import UNREADABLE
from stillwatch.readers.exchange_log import read_row
from stillwatch.readers.header_pairs import MAX_HEADERS

from .lines import CHAT_BODY, CHAT_RESPONSE, HEADERS, TS_US, exchange_row, line


def read(**changes: Any) -> Exchange:
    """The exchange of the full row with these changes."""
    (exchange,) = read_row(line(exchange_row(**changes)))
    return exchange


def test_every_field_of_the_contract_is_read() -> None:
    """The whole record of a row that gives everything."""
    assert read() == Exchange(
        ts_us=TS_US,
        principal=Principal(
            account="acme",
            organization="Acme Ltd",
            api_key="key-7",
            ip="192.0.2.7",
            asn=64500,
            country="NL",
            payment="card-3",
            account_created_us=TS_US - 86_400_000_000,
            declared_use="support",
        ),
        path="/v1/chat/completions",
        dialect="openai_chat",
        request=Request(
            operation="chat",
            model="gpt-4o-mini",
            messages=(Message("user", "Where does the river rise?"),),
            parameters=Parameters(names="temperature", temperature=0.3),
        ),
        response=Response(text="In the hills.", choices=1, finish_reason="stop", usage=Usage(12, 4, 1)),
        usage=Usage(13, 5, 1),
        headers=tuple((name, value) for name, value in HEADERS),
        method="POST",
        status=200,
        id="x-1",
    )


def test_three_fields_are_enough() -> None:
    """The rest is unknown."""
    row = {"ts_us": TS_US, "account": "acme", "path": "/v1/chat/completions"}
    (found,) = read_row(line(row))
    assert (found.principal, found.response, found.usage) == (Principal("acme"), None, Usage())
    assert (found.headers, found.method, found.status, found.id) == ((), "POST", UNKNOWN, None)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"ts_us": None}, "ts_us is missing"),
        ({"ts_us": "2025-10-09"}, "ts_us is not a whole number"),
        ({"ts_us": TS_US + 0.5}, "ts_us is not a whole number"),
        ({"ts_us": True}, "ts_us is not a whole number"),
        ({"ts_us": TS_US // 1000}, "ts_us is not microseconds between the years 2000 and 2100"),
        ({"ts_us": TS_US * 1000}, "ts_us is not microseconds between the years 2000 and 2100"),
        ({"account": None}, "account is missing"),
        ({"account": ""}, "account is empty"),
        ({"account": ["acme"]}, "account is not a string"),
        ({"account": 1.5}, "account is not a string"),
        ({"path": None}, "path is missing"),
        ({"path": 7}, "path is not a string"),
        ({"body": 7}, "body is not a JSON object"),
        ({"body": []}, "body is not a JSON object"),
        ({"body": "no json"}, "body is not whole JSON"),
        ({"body": {"model": "m"}}, "body has no list of messages"),
        ({"body": '{"model": "m"}'}, "body has no list of messages"),
        ({"body": '"{}"'}, "body is not a JSON object"),
    ],
)
def test_a_required_field_that_is_wrong_is_named(changes: dict[str, Any], reason: str) -> None:
    """Which one, and what about it; never its value."""
    with pytest.raises(MalformedRow) as caught:
        read(**changes)
    assert caught.value.problem.startswith(reason)


@pytest.mark.parametrize("row", [b"", b"no json", b'{"ts_us": 1', b"[]", b"5", b"null", b"{}" * 2, b'{"a": "\xff\xff"'])
def test_a_line_that_is_no_object_is_named_as_such(row: bytes) -> None:
    """The reason begins with the line."""
    with pytest.raises(MalformedRow, match=r"^line is not"):
        read_row(row)


@pytest.mark.parametrize("account", [12345, 0])
def test_a_number_may_name_an_account(account: int) -> None:
    """As its decimal digits."""
    assert read(account=account).principal.account == str(account)


def test_a_whole_float_may_be_a_time() -> None:
    """Some tools write all numbers as floats."""
    assert read(ts_us=float(TS_US)).ts_us == TS_US


OPTIONAL = sorted(exchange_row().keys() - {"ts_us", "account", "path", "body"})


@pytest.mark.parametrize("field", OPTIONAL)
@pytest.mark.parametrize("value", [[7], {"a": 7}, True, "x" * 3, -5, 2.5])
def test_an_optional_field_of_any_type_does_not_cost_the_row(field: str, value: object) -> None:
    """The required fields still give the exchange."""
    assert read(**{field: value}).principal.account == "acme"


@pytest.mark.parametrize(
    ("field", "value", "found"),
    [
        ("status", "200", lambda e: e.status == UNKNOWN),
        ("status", 7, lambda e: e.status == UNKNOWN),
        ("asn", "AS64500", lambda e: e.principal.asn == UNKNOWN),
        ("account_created_us", 0, lambda e: e.principal.account_created_us == UNKNOWN),
        ("organization", 17, lambda e: e.principal.organization == "17"),
        ("organization", "", lambda e: e.principal.organization is None),
        ("headers", {"Host": "x"}, lambda e: e.headers == ()),
        ("usage", "none", lambda e: e.usage == Usage(12, 4, 1)),
        ("usage", {"input_tokens": "x", "output_tokens": 9}, lambda e: e.usage == Usage(12, 9, 1)),
    ],
)
def test_an_optional_value_that_is_wrong_is_unknown(field: str, value: object, found: Any) -> None:
    """It is not guessed at."""
    assert found(read(**{field: value}))


NOTHING = [b"null", b"{}", b"{ }", b'""', b'"{}"', b'" null "']


@pytest.mark.parametrize("body", NOTHING)
def test_a_body_that_was_not_kept_leaves_the_rest_of_the_exchange(body: bytes) -> None:
    """Missing, null, {} or nothing as a string: one and the same, and all that the row has besides is read."""
    kept, absent = read(), read(body=None)
    assert absent.request == Request("chat", "", ())
    assert (absent.usage, absent.response, absent.headers) == (kept.usage, kept.response, kept.headers)
    held = line(exchange_row(body="hole")).replace(b'"hole"', body)
    assert read_row(held) == [absent]


@pytest.mark.parametrize(
    ("path", "dialect", "operation", "model"),
    [
        ("/v1/chat/completions", "openai_chat", "chat", ""),
        ("/v1/completions?x=1", "openai_completions", "completion", ""),
        ("/v1/responses", "openai_responses", "chat", ""),
        ("/v1/embeddings", "openai_embeddings", "embedding", ""),
        ("/v1/messages", "anthropic_messages", "chat", ""),
        ("/openai/deployments/gpt-4o/chat/completions", "openai_chat", "chat", "gpt-4o"),
        ("/v1beta/models/gemini-2.5-flash:generateContent", "gemini", "chat", "gemini-2.5-flash"),
        ("/v1beta/models/e-1:batchEmbedContents?key=k", "gemini", "embedding", "e-1"),
    ],
)
def test_without_a_body_the_path_says_what_was_asked(path: str, dialect: str, operation: str, model: str) -> None:
    """And which model, where it names one."""
    found = read(body=None, path=path)
    assert (found.dialect, found.request) == (dialect, Request(operation, model, ()))


@pytest.mark.parametrize("body", [None, {}, ""])
def test_a_row_of_no_known_path_and_no_body_is_malformed(body: object) -> None:
    """Nothing says that it was a call of a model."""
    with pytest.raises(MalformedRow, match=r"^body is missing"):
        read(body=body, path="/v1/models")


def test_more_headers_than_a_server_admits_are_cut() -> None:
    """The rest tells nothing that these do not."""
    assert len(read(headers=[["a", "b"]] * 1000).headers) == MAX_HEADERS


def test_body_and_response_may_be_strings_of_json() -> None:
    """As most databases hold them."""
    assert read(body=json.dumps(CHAT_BODY), response=json.dumps(CHAT_RESPONSE)) == read()


def test_a_response_may_be_the_raw_stream() -> None:
    """As a proxy records it."""
    chunk = {"choices": [{"index": 0, "delta": {"content": "In the hills."}, "finish_reason": "stop"}]}
    found = read(response=f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n\n").response
    assert found == Response(text="In the hills.", choices=1, finish_reason="stop")


def test_a_response_that_nobody_can_read_does_not_cost_the_row() -> None:
    """It stands as unreadable."""
    assert read(response="<html>").response == UNREADABLE


def test_a_body_that_hides_behind_half_an_emoji_is_read() -> None:
    """On the line's own level too."""
    row = line(exchange_row()).replace(b"rise?", rb"rise? \ud83d")
    (found,) = read_row(row)
    assert found.request.messages[0].text == "Where does the river rise? \ufffd"
