"""A response is read the same in every form in which logs hold it."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from stillwatch.exchange.dialect import ASSEMBLERS, parse_response
from stillwatch.exchange.recorded_response import UNREADABLE

from .samples import CHAT_RESPONSE, STREAMS, WHOLE, server_sent, wire


def forms(dialect: str) -> dict[str, bytes]:
    """One answer in all forms."""
    stream = STREAMS[dialect]
    text = server_sent(dialect)
    return {
        "whole": wire(WHOLE[dialect]),
        "whole in a string": wire(json.dumps(WHOLE[dialect])),
        "list of events": wire(stream),
        "list of strings": wire([json.dumps(event) for event in stream]),
        "list of framed strings": wire([f"data: {json.dumps(event)}\n\n" for event in stream]),
        "list of event and data": wire([{"event": "x", "data": event} for event in stream]),
        "raw events": text,
        "raw events in a string": wire(text.decode()),
    }


@pytest.mark.parametrize("dialect", sorted(WHOLE))
def test_every_form_gives_the_same_response(dialect: str) -> None:
    """Whole or streamed, quoted or not."""
    found = {form: parse_response(dialect, body, 200) for form, body in forms(dialect).items()}
    expected = found["whole"]
    assert expected.is_complete
    assert [form for form, response in found.items() if response != expected] == []


@pytest.mark.parametrize("body", [b"", b"Bad gateway", b"<html>", b"5", b"null", b"{", b'"', b'"text"', b"\xff\xfe"])
@pytest.mark.parametrize("dialect", sorted(ASSEMBLERS))
def test_what_nobody_can_read_stands_as_unreadable(dialect: str, body: bytes) -> None:
    """It costs neither the exchange nor a crash, and it does not look like an empty answer."""
    assert parse_response(dialect, body, 200) == UNREADABLE


def test_an_error_status_makes_an_unreadable_page_an_error() -> None:
    """A proxy's own page says as much as the status does."""
    found = parse_response("openai_chat", b"<html>Bad gateway</html>", 502)
    assert (found.finish_reason, found.is_complete) == ("error", True)


def test_an_error_status_does_not_overrule_an_answer() -> None:
    """A finish reason stands."""
    assert parse_response("openai_chat", wire(CHAT_RESPONSE), 500).finish_reason == "stop"


@pytest.mark.parametrize("event", [b"keep-alive", b"5", b"null", b"[]", b'{"choices": 5}', b'{"choices": [5, null]}'])
def test_an_event_that_says_nothing_is_passed_over(event: bytes) -> None:
    """Between two good ones."""
    text = server_sent("openai_chat")
    first, _, rest = text.partition(b"\n\n")
    assert parse_response("openai_chat", first + b"\n\ndata: " + event + b"\n\n" + rest, 200) == parse_response(
        "openai_chat", text, 200
    )


def spoiled(value: Any) -> list[Any]:
    """Copies of a document with one value each replaced by one of the wrong type."""
    if isinstance(value, dict):
        return [{**value, k: bad} for k, v in value.items() for bad in (5, "x", [], {}, None, *spoiled(v))]
    if isinstance(value, list):
        return [[*value[:i], bad, *value[i + 1 :]] for i, v in enumerate(value) for bad in (5, None, *spoiled(v))]
    return []


@pytest.mark.parametrize("dialect", sorted(WHOLE))
def test_a_value_of_the_wrong_type_never_costs_the_response(dialect: str) -> None:
    """Each value of the sample, replaced by each wrong type."""
    found = [parse_response(dialect, msgspec.json.encode(body), 200) for body in spoiled(WHOLE[dialect])]
    assert len(found) > 50
    assert UNREADABLE not in found
