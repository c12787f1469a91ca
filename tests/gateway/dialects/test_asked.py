"""What a request asks for, and how each way of writing a number counts."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from stillwatch.gateway.dialects.asked import Asked
from stillwatch.gateway.dialects.bad_request import BadRequest
from stillwatch.gateway.dialects.dialect import Dialect, dialect_of

CHAT = "/v1/chat/completions"
MESSAGES = "/v1/messages"
GEMINI = "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse"


def dialect(path: str) -> Dialect:
    found = dialect_of(path)
    assert found is not None
    return found


def asked(path: str, **body: object) -> Asked:
    return dialect(path).asked(json.dumps(body).encode(), path)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (CHAT, "openai_chat"),
        ("/openai/deployments/x/chat/completions?api-version=1", "openai_chat"),
        ("/v1/completions", "openai_completions"),
        ("/v1/responses", "openai_responses"),
        ("/v1/embeddings", "openai_embeddings"),
        (MESSAGES, "anthropic_messages"),
        (GEMINI, "gemini"),
        ("/v1/models", "openai_models"),
        ("/v1/models/gpt-4o", "openai_models"),
        ("/v1beta/models", "gemini_models"),
    ],
)
def test_the_path_tells_the_dialect(path: str, name: str) -> None:
    assert dialect(path).name == name


def test_only_a_header_tells_whose_models_are_listed() -> None:
    """Anthropic's list has OpenAI's path."""
    found = dialect_of("/v1/models", speaks_anthropic=True)
    assert found is not None
    assert found.name == "anthropic_models"


@pytest.mark.parametrize("path", ["/", "/v1/files", "/health", "/" + "x" * 5000 + "/v1/responses"])
def test_other_paths_speak_no_dialect(path: str) -> None:
    assert dialect_of(path) is None


def test_chat_says_all_of_it() -> None:
    found = asked(
        CHAT, model="m", messages=[], stream=True, stream_options={"include_usage": True}, n=3, max_tokens=7,
        max_completion_tokens=9, logprobs=True, reasoning_effort="low",
    )  # fmt: skip
    assert found == Asked("m", True, 9, 3, True, True, True, found.input_tokens)


def test_completions_count_what_is_made_and_not_what_is_shown() -> None:
    found = asked("/v1/completions", model="m", prompt=["a", "b"], n=2, best_of=5, max_tokens=3, logprobs=0)
    assert (found.choices, found.most_output_tokens, found.wants_logprobs) == (10, 3, True)


@pytest.mark.parametrize(
    ("prompt", "count"),
    [("a", 1), ([], 1), ([1, 2, 3], 1), (["a", "[b], c"], 2), ([[1, 2], [3]], 2), ([["a"], ["b"]], 2)],
)
def test_prompts_are_counted(prompt: object, count: int) -> None:
    """A list of numbers is one prompt of tokens."""
    assert asked("/v1/completions", model="m", prompt=prompt).choices == count


@pytest.mark.parametrize("prompt", [[1, "a", "b"], [1, [2], [3]]])
def test_prompts_of_several_kinds_are_refused(prompt: object) -> None:
    """How many they are is known to none but the server."""
    with pytest.raises(BadRequest, match="neither all text nor all tokens"):
        asked("/v1/completions", model="m", prompt=prompt)


@pytest.mark.parametrize("text", ["A" * 30_000_000 + " x", "!" * 201 + "A" * 3_000, "A" * 2_047, '\\"' + "A" * 3_000])
def test_what_only_looks_like_a_picture_is_counted_by_its_bytes(text: str) -> None:
    """And a long text that nearly is one takes no longer to look at than any other."""
    found = asked(CHAT, model="m", messages=[{"role": "user", "content": f"{text}"}], tools=["base64"])
    assert found.input_tokens >= len(text) // 4


def test_responses_say_all_of_it() -> None:
    found = asked(
        "/v1/responses", model="m", input="x", max_output_tokens=20, stream=False,
        include=["message.output_text.logprobs"], reasoning={"effort": "low"},
    )  # fmt: skip
    assert found == Asked("m", False, 20, 1, True, True, True, found.input_tokens)


def test_messages_say_all_of_it() -> None:
    found = asked(MESSAGES, model="m", messages=[], max_tokens=50, thinking={"type": "enabled", "budget_tokens": 20})
    assert found == Asked("m", False, 50, 1, False, True, True, found.input_tokens)


@pytest.mark.parametrize(
    "body",
    [
        {"generationConfig": {"maxOutputTokens": 8, "candidateCount": 2, "responseLogprobs": True}},
        {"generation_config": {"max_output_tokens": 8, "candidate_count": 2, "response_logprobs": True}},
    ],
)
def test_gemini_is_read_in_both_spellings(body: dict[str, object]) -> None:
    found = asked(GEMINI, contents=[], **body)
    assert found == Asked("gemini-2.5-flash", True, 8, 2, True, False, True, found.input_tokens)


@pytest.mark.parametrize(
    "body",
    [
        {"generationConfig": {"maxOutputTokens": 8}, "generation_config": {"maxOutputTokens": 9}},
        {"generationConfig": {"maxOutputTokens": 8, "max_output_tokens": 9}},
    ],
)
def test_a_gemini_parameter_in_two_spellings_is_refused(body: dict[str, object]) -> None:
    with pytest.raises(BadRequest, match="one parameter"):
        asked(GEMINI, contents=[], **body)


@pytest.mark.parametrize(
    ("written", "count"), [("10", 10), ("10.0", 10), ("1e1", 10), ("null", None), ("1e300", 2**31 - 1)]
)
def test_numbers_that_mean_a_count(written: str, count: int | None) -> None:
    """JavaScript writes 10.0 for 10; a number beyond all limits is beyond all limits."""
    assert dialect(CHAT).asked(b'{"model":"m","max_tokens":%b}' % written.encode(), CHAT).most_output_tokens == count


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens", "n"])
@pytest.mark.parametrize("written", ['"10"', "true", "-1", "1.5", "[10]", "{}", "9" * 400])
def test_what_one_server_may_read_as_a_count_and_the_next_not_is_refused(name: str, written: str) -> None:
    with pytest.raises(BadRequest, match="expected a whole number") as caught:
        dialect(CHAT).asked(b'{"model":"m","%b":%b}' % (name.encode(), written.encode()), CHAT)
    assert caught.value.parameter == name


@pytest.mark.parametrize("written", ['"true"', "1", "[]"])
def test_a_stream_is_asked_for_by_a_truth_value(written: str) -> None:
    """A server that takes 1 for true would stream what nobody counts as a stream."""
    with pytest.raises(BadRequest, match="expected a boolean"):
        dialect(CHAT).asked(b'{"model":"m","stream":%b}' % written.encode(), CHAT)


def test_a_picture_is_not_counted_by_its_bytes() -> None:
    """A megabyte of base64 is some hundred tokens to a model, not a quarter of a million."""
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "iVBORw0K" * 130_000}}
    assert 1000 <= asked(CHAT, model="m", messages=[{"role": "user", "content": [image]}]).input_tokens <= 1100


def test_escapes_count_as_the_characters_they_are() -> None:
    """One text, written in UTF-8 or escaped, is as many tokens: within a byte of rounding."""
    body = {"model": "m", "messages": [{"role": "user", "content": "水と風の記録" * 50}]}
    plain, escaped = [json.dumps(body, ensure_ascii=ascii).encode() for ascii in (False, True)]
    assert dialect(CHAT).asked(plain, CHAT).input_tokens == dialect(CHAT).asked(escaped, CHAT).input_tokens


def test_reading_a_dialect_loads_no_columns_and_no_engine() -> None:
    """A worker of the proxy starts in milliseconds and stays small."""
    program = (
        "import sys, stillwatch.gateway.dialects.dialect; "
        "print(*sorted({'numpy', 'pyarrow', 'duckdb', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)  # noqa: S603 - our own program
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "", "")
