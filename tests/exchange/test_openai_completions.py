"""Text completions become requests; their answers are the chat format's with text in place of messages."""

from __future__ import annotations

import pytest

from stillwatch.errors import MalformedRow
from stillwatch.exchange.openai_completions import Assembler, parse_request
from stillwatch.exchange.record import Message, Parameters, Usage

from .samples import COMPLETIONS_REQUEST, COMPLETIONS_RESPONSE, SCHEMA, wire


def test_each_prompt_is_one_user_message() -> None:
    """A batch of prompts is several."""
    found = parse_request(wire(COMPLETIONS_REQUEST))
    assert found.operation == "completion"
    assert [m.text for m in found.messages] == COMPLETIONS_REQUEST["prompt"]
    assert found.parameters == Parameters(
        names="echo,logprobs,max_tokens,stop,temperature",
        temperature=1.0,
        max_tokens=64,
        logprobs=True,
        top_logprobs=5,
        stop=1,
    )


@pytest.mark.parametrize(
    ("prompt", "messages"),
    [
        ("Once", (Message("user", "Once"),)),
        ([1, 2, 3], (Message("user", "", other_parts=1),)),
        ([[1, 2], [3]], (Message("user", "", other_parts=1), Message("user", "", other_parts=1))),
        ([], ()),
    ],
)
def test_token_ids_are_counted_without_text(prompt: object, messages: tuple[Message, ...]) -> None:
    """Their vocabulary is not known here."""
    assert parse_request(wire({"prompt": prompt})).messages == messages


@pytest.mark.parametrize(
    ("logprobs", "asked", "top"), [(0, True, 0), (5, True, 5), (True, True, 0), (False, False, 0), (None, False, 0)]
)
def test_log_probabilities_are_a_number_here(logprobs: object, asked: bool, top: int) -> None:
    """Zero asks for the chosen tokens' own."""
    found = parse_request(wire({"prompt": "x", "logprobs": logprobs})).parameters
    assert (found.logprobs, found.top_logprobs) == (asked, top)


def test_guided_decoding_forces_a_schema() -> None:
    """vLLM offers it for completions too."""
    found = parse_request(wire({"prompt": "x", "guided_json": SCHEMA})).parameters
    assert (found.answer_format, found.open_fields, found.closed_fields) == ("schema", 1, 2)


def test_the_older_names_of_limit_and_stop_are_known() -> None:
    """Anthropic's legacy endpoint has the same shape."""
    found = parse_request(wire({"prompt": "x", "max_tokens_to_sample": 9, "stop_sequences": ["a", "b"]})).parameters
    assert (found.max_tokens, found.stop) == (9, 2)


@pytest.mark.parametrize("body", [{}, {"prompt": None}, {"prompt": 7}, {"prompt": {"text": "secret"}}])
def test_a_body_without_a_prompt_is_no_request(body: object) -> None:
    """The reason names the field and quotes nothing."""
    with pytest.raises(MalformedRow, match=r"^body has no prompt$"):
        parse_request(wire(body))


def test_a_response_has_a_text_for_each_choice() -> None:
    """In the order of their index."""
    assembler = Assembler()
    assembler.observe(wire(COMPLETIONS_RESPONSE))
    found = assembler.response(is_whole=True)
    assert (found.text, found.choices) == (" there was a mill\n a surprise", 2)
    assert (found.finish_reason, found.usage) == ("length", Usage(10, 7))
