"""A body of a shape that was read before asks for what it asks for when it is read again: never more, never else."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stillwatch.gateway.dialects import anthropic_messages, openai_chat
from stillwatch.gateway.dialects.asked import ARGUMENTS, Asked
from stillwatch.gateway.dialects.bad_request import BadRequest
from stillwatch.gateway.dialects.members import members
from stillwatch.gateway.dialects.shapes import MOST_SHAPES, Shapes

READ = {"chat": openai_chat.read, "messages": anthropic_messages.read}
PATHS = {"chat": ["/v1/chat/completions"], "messages": ["/v1/messages", "/v1/messages/count_tokens"]}
TEXTS = ["Who?", "\u00fc\u4e2d", "a\\u0041\\n", "]", "}", '"messages":[', "x" * 2_100, "data:base64,"]
values = st.recursive(
    st.sampled_from([*TEXTS, 0, -1.5, 1e400, None, True]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["messages", "n", "role"]), inner),
    max_leaves=6,
)
PARAMETERS = [
    ("model", "m"), ("stream", True), ("stream", "true"), ("n", 2), ("max_tokens", 9), ("MAX_TOKENS", 9),
    ("stop", ["]", '"messages":[1]']), ("tools", [{"name": "t"}]), ("logprobs", True), ("vllm_xargs", {}),
    ("system", "be brief"), ("thinking", {"type": "enabled", "budget_tokens": 1_024}), ("messages", [1]),
]  # fmt: skip
named = st.lists(st.sampled_from(PARAMETERS), max_size=4)
spaces = st.sampled_from([(",", ":"), (", ", ": ")])
garbage = st.sampled_from([b"", b"]", b"}", b'],"messages":[', b"\xff", b'"', b"\\", b"[" * 3_000, b" ", b"\0"])


Named = list[tuple[str, object]]


def written(before: Named, messages: object, behind: Named, by: tuple[str, str]) -> bytes:
    """The bytes of a body, names twice and in any order."""
    members_ = [*before, ("messages", messages), *behind]
    dump = [f"{json.dumps(n)}{by[1]}{json.dumps(v, separators=by, ensure_ascii=False)}" for n, v in members_]
    return f"{{{by[0].join(dump)}}}".encode()


def said(ask: Callable[[bytes, str], Asked], body: bytes, path: str) -> object:
    """What is asked for, or the refusal; without what is only about how it was found."""
    try:
        asked = ask(body, path)
    except BadRequest as error:
        return error.problem, error.parameter
    assert asked.may_have_arguments or "vllm_xargs" not in members(body, {})
    return [getattr(asked, name) for name in asked.__struct_fields__ if name != "may_have_arguments"]


@pytest.mark.parametrize("dialect", READ)
@settings(max_examples=60, deadline=None)
@given(st.data(), named, named, spaces)
@example(None, [("model", "m")], [], (",", ":"))
def test_a_known_shape_says_what_reading_says(
    dialect: str, data: st.DataObject | None, before: Named, behind: Named, by: tuple[str, str]
) -> None:
    """Whatever is written in place of the messages, also what is no JSON, or more than one member."""
    content = openai_chat._CONTENT if dialect == "chat" else anthropic_messages._CONTENT
    known = openai_chat.KNOWN if dialect == "chat" else anthropic_messages._KNOWN
    shapes = Shapes("messages", content, known, READ[dialect])
    path = PATHS[dialect][0] if data is None else data.draw(st.sampled_from(PATHS[dialect]))
    for _ in range(3):
        body = written(before, ["Who?"], behind, by)
        assert said(shapes.asked, body, path) == said(READ[dialect], body, path)
    others = [["Why?"], {}, 3] if data is None else data.draw(st.lists(values, max_size=4))
    for other in others:
        body = written(before, other, behind, by)
        assert said(shapes.asked, body, path) == said(READ[dialect], body, path)
        if data is not None:
            at = data.draw(st.integers(0, len(body)))
            spoilt = body[:at] + data.draw(garbage) + body[at + data.draw(st.integers(0, 3)) :]
            assert said(shapes.asked, spoilt, path) == said(READ[dialect], spoilt, path)


def shapes_of(read: Callable[[bytes, str], Asked]) -> Shapes:
    return Shapes("messages", openai_chat._CONTENT, openai_chat.KNOWN, read)


def test_a_shape_is_learned_from_its_second_body_and_not_read_again() -> None:
    """Else the test above would compare reading with itself."""
    bodies = []

    def read(body: bytes, path: str) -> Asked:
        bodies.append(body)
        return openai_chat.read(body, path)

    shapes = shapes_of(read)
    sent = [b'{"model":"m","messages":[%d],"n":2}' % number for number in range(9)]
    assert [shapes.asked(body).choices for body in sent] == [2] * 9
    assert bodies == sent[:2]


@pytest.mark.parametrize("body", [
    b'{"model":"m", "messages":[1]}', b'{"x":{"messages":[1]},"messages":[1]}', b'{"messages":[1],"stop":["]"]}',
    b'{"messages":"text","user":[1]}', b'{"model":"%b","messages":[1]}' % (b"m" * 5_000),
])  # fmt: skip
def test_a_shape_that_could_be_another_is_not_learned(body: bytes) -> None:
    shapes = shapes_of(openai_chat.read)
    for _ in range(3):
        shapes.asked(body)
    assert not shapes._shapes


def test_arguments_for_the_engine_are_looked_for_where_they_can_be() -> None:
    shapes = shapes_of(openai_chat.read)
    plain, arguing = b'{"messages":["%b"]}' % ARGUMENTS, b'{"messages":[1],"%b":{}}' % ARGUMENTS
    assert [shapes.asked(plain).may_have_arguments for _ in range(3)] == [True, True, False]
    assert [shapes.asked(arguing).may_have_arguments for _ in range(3)] == [True, True, True]


def test_clients_that_invent_shapes_fill_no_memory() -> None:
    shapes = shapes_of(openai_chat.read)
    for number in range(3 * MOST_SHAPES):
        for _ in range(2):
            shapes.asked(b'{"user":"%d","messages":[1]}' % number)
    assert len(shapes._shapes) <= MOST_SHAPES
    assert len(shapes._once) <= MOST_SHAPES
