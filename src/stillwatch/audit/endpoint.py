"""A suspect behind any endpoint that speaks OpenAI's chat dialect: one question, one answer, nothing kept between.

Blocking, by the standard library. What comes back is bounded before it is read.
"""

from __future__ import annotations

import http.client
import json
import math
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

import msgspec

from stillwatch.audit.answers import Outcome
from stillwatch.errors import InputError, UsageError

MOST_BYTES = 8 * 1024 * 1024
"""Of an answer's body. Chosen: a hundred times the longest text that models give."""
_TIMEOUT_SECONDS = 300.0
_LONGEST_WAIT_SECONDS = 120.0
_TRY_AGAIN = (408, 409, 425, 429, 500, 502, 503, 504, 529)


class _Message(msgspec.Struct):
    content: str | None = None
    refusal: str | None = None


class _Choice(msgspec.Struct):
    message: _Message
    finish_reason: str | None = None


class _Completion(msgspec.Struct):
    choices: list[_Choice]
    model: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a question got. `text` is empty where it got none."""

    outcome: Outcome
    text: str = ""
    finish: str = ""
    model: str = ""


class TryAgain(Exception):
    """The endpoint has no answer now. `seconds`: when it says to come back, None where it does not say."""

    def __init__(self, why: str, seconds: float | None = None) -> None:
        super().__init__(why)
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`url`: its base, as `https://api.example.com/v1`. `key` is sent as a bearer token and never printed."""

    url: str
    model: str
    key: str = ""
    most_tokens: int = 512
    temperature: float = 1.0

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UsageError(f"{self.url!r} is no endpoint", "Give its base, as https://api.example.com/v1")

    def __repr__(self) -> str:
        return f"Endpoint({self.url!r}, {self.model!r})"

    def ask(self, prompt: str) -> Reply:
        """Ask one question. Raises `TryAgain`, or `InputError` where it is no use to ask again."""
        try:
            status, headers, body = self._exchanged(self._request(prompt))
        except (OSError, http.client.HTTPException) as error:
            raise TryAgain(f"{self.url} does not answer: {error}") from None
        if status in _TRY_AGAIN:
            raise TryAgain(f"{self.url} answers {status}", _seconds(headers.get("retry-after")))
        if status in (400, 413, 422):
            return Reply(Outcome.REJECTED, finish=str(status))
        if status != 200:
            raise InputError(f"{self.url} answers {status}", "Check the address, the model's name and the key")
        return _reply(body, self.url)

    def _request(self, prompt: str) -> bytes:
        return msgspec.json.encode(
            {
                "model": self.model,
                "messages": [{"role": "user", "content": prompt}],
                "max_tokens": self.most_tokens,
                "temperature": self.temperature,
            }
        )

    def _exchanged(self, request: bytes) -> tuple[int, http.client.HTTPMessage, bytes]:
        parts = urlsplit(self.url)
        assert parts.hostname  # noqa: S101 - checked when it was made
        connection: http.client.HTTPConnection
        if parts.scheme == "https":
            context = ssl.create_default_context()
            connection = http.client.HTTPSConnection(
                parts.hostname, parts.port, timeout=_TIMEOUT_SECONDS, context=context
            )
        else:
            connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=_TIMEOUT_SECONDS)
        try:
            headers = {"Content-Type": "application/json"} | (
                {"Authorization": f"Bearer {self.key}"} if self.key else {}
            )
            connection.request("POST", f"{parts.path.rstrip('/')}/chat/completions", request, headers)
            response = connection.getresponse()
            body = response.read(MOST_BYTES + 1)
            is_cut = bool(response.length) and len(body) <= MOST_BYTES
        finally:
            connection.close()
        if is_cut:
            raise TryAgain(f"{self.url} breaks off in the middle of an answer")
        if len(body) > MOST_BYTES:
            raise InputError(f"{self.url} answers with more than {MOST_BYTES:,} bytes", "Is this a model?")
        return response.status, response.headers, body


def _reply(body: bytes, url: str) -> Reply:
    try:
        said = msgspec.json.decode(_as_utf8(body), type=_Completion)
        choice = said.choices[0]
    except (ValueError, RecursionError, msgspec.MsgspecError, IndexError):
        raise InputError(
            f"{url} does not answer in OpenAI's chat dialect", "Give the base before /chat/completions"
        ) from None
    text, finish = choice.message.content or "", choice.finish_reason or ""
    if choice.message.refusal or finish == "content_filter" or not text.strip():
        return Reply(Outcome.REFUSED, text, finish, said.model)
    return Reply(Outcome.TRUNCATED if finish == "length" else Outcome.ANSWERED, text, finish, said.model)


def _as_utf8(body: bytes) -> bytes:
    """The same JSON in good UTF-8: what means nothing becomes a mark, since one odd answer must not end an audit."""
    if b"\\ud" not in body and b"\\uD" not in body:
        return body.decode("utf-8", "replace").encode()
    return json.dumps(json.loads(body.decode("utf-8", "replace")), ensure_ascii=False).encode("utf-8", "replace")


def _seconds(said: str | None) -> float | None:
    """RFC 9110, 10.2.3: seconds; a date is answered with our own patience."""
    try:
        seconds = float(said or "")
    except ValueError:
        return None
    return None if math.isnan(seconds) else min(max(seconds, 0.0), _LONGEST_WAIT_SECONDS)
