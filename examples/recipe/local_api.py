"""A model API on the loopback interface that answers real clients and writes down what they sent.

Serves `/v1/chat/completions` (plain and as server-sent events), `/v1/embeddings` and `/v1/models` in the manner of
OpenAI's API. The bearer token of a request names the account that sent it; it is kept apart and redacted in the
recorded headers. Known weakness: no limits, no errors, no latency, so clients never retry.
"""

import base64
import hashlib
import http.server
import json
import struct
import threading
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from recipe import answers

_EMBEDDING_DIMENSIONS = 64  # chosen: enough for a toy retriever, small on the wire
_HIDDEN_HEADERS = {"authorization": "REDACTED", "x-api-key": "REDACTED", "host": "api.example.test"}


@dataclass(frozen=True)
class Recorded:
    """One request as it came over the wire and the answer that it got; `token` is what the client showed as its key."""

    token: str
    seconds: float
    port: int
    method: str
    path: str
    headers: list[list[str]]
    body: Any
    status: int
    response: Any
    input_tokens: int
    output_tokens: int


class LocalApi:
    """The server as a context: `with LocalApi() as api:` listens on `api.base_url` until the block ends."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._recorded: list[Recorded] = []
        self._started = time.monotonic()
        api = self

        class Handler(_Handler):
            owner = api

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True

    @property
    def base_url(self) -> str:
        """The address that clients are given, up to and including the API version."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def __enter__(self) -> "LocalApi":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()

    def take(self) -> list[Recorded]:
        """What was recorded since the last call, in order of arrival."""
        with self._lock:
            taken, self._recorded = self._recorded, []
        return taken

    def record(self, **fields: Any) -> None:
        """Keep one request; `seconds` counts from the start of the server."""
        with self._lock:
            self._recorded.append(Recorded(seconds=round(time.monotonic() - self._started, 3), **fields))


class _Handler(http.server.BaseHTTPRequestHandler):
    """One connection. HTTP/1.1 with keep-alive, as the clients expect."""

    protocol_version = "HTTP/1.1"
    owner: LocalApi

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the recording is the log."""

    def do_GET(self) -> None:
        self._send_json({"object": "list", "data": [{"id": "gpt-4o", "object": "model", "owned_by": "local"}]})

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = json.loads(raw)
        if self.path.endswith("/embeddings"):
            self._send_json(_embeddings(body))
            self._record(body, None, _tokens(body.get("input")), 0)
            return
        response = completion(body)
        if body.get("stream"):
            self._send_events(body, response)
        else:
            self._send_json(response)
        usage = response["usage"]
        self._record(body, response, usage["prompt_tokens"], usage["completion_tokens"])

    def _record(self, body: Any, response: Any, input_tokens: int, output_tokens: int) -> None:
        headers = [[name, _HIDDEN_HEADERS.get(name.lower(), value)] for name, value in self.headers.items()]
        self.owner.record(
            token=self.headers.get("Authorization", "").removeprefix("Bearer "),
            port=self.client_address[1],
            method=self.command,
            path=self.path,
            headers=headers,
            body=body,
            status=200,
            response=response,
            input_tokens=input_tokens,
            output_tokens=output_tokens,
        )

    def _send_json(self, value: Any) -> None:
        data = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _send_events(self, body: dict[str, Any], response: dict[str, Any]) -> None:
        events = [f"data: {json.dumps(event)}\n\n" for event in _as_events(body, response)]
        data = ("".join(events) + "data: [DONE]\n\n").encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def completion(body: dict[str, Any]) -> dict[str, Any]:
    """The `chat.completion` object that answers the request `body`."""
    choices = [_choice(answers.reply(body, number), number) for number in range(body.get("n") or 1)]
    prompt_tokens = _tokens(answers.whole_text(body)) + _tokens(body.get("tools") or "")
    answered_tokens = sum(_tokens(choice["message"]) for choice in choices)
    digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
    return {
        "id": f"chatcmpl-{digest[:8]}",
        "object": "chat.completion",
        "created": 1_788_739_200,  # constant: the exchange's own ts_us says when
        "model": body.get("model", "gpt-4o"),
        "choices": choices,
        "usage": {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": answered_tokens,
            "total_tokens": prompt_tokens + answered_tokens,
        },
    }


def _choice(reply: answers.Reply, number: int) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": reply.text or None}
    if reply.tool is not None:
        call = {"name": reply.tool, "arguments": reply.arguments}
        message["tool_calls"] = [{"id": f"call_{number}", "type": "function", "function": call}]
    return {"index": number, "message": message, "finish_reason": "tool_calls" if reply.tool else "stop"}


def _as_events(body: dict[str, Any], response: dict[str, Any]) -> list[dict[str, Any]]:
    """The same answer as `chat.completion.chunk` events: a few words each, usage last where it was asked for."""
    head = {key: response[key] for key in ("id", "created", "model")} | {"object": "chat.completion.chunk"}
    events: list[dict[str, Any]] = []
    for choice in response["choices"]:
        words = (choice["message"]["content"] or "").split(" ")
        for start in range(0, len(words), 8):
            piece = " ".join(words[start : start + 8]) + (" " if start + 8 < len(words) else "")
            delta = {"content": piece} | ({"role": "assistant"} if start == 0 else {})
            events.append(head | {"choices": [{"index": choice["index"], "delta": delta, "finish_reason": None}]})
        events.append(head | {"choices": [{"index": choice["index"], "delta": {}, "finish_reason": "stop"}]})
    if (body.get("stream_options") or {}).get("include_usage"):
        events.append(head | {"choices": [], "usage": response["usage"]})
    return events


def _tokens(value: Any) -> int:
    """Tokens by the rule of thumb of four characters each."""
    text = value if isinstance(value, str) else json.dumps(value)
    return (len(text) + 3) // 4


def _embeddings(body: dict[str, Any]) -> dict[str, Any]:
    """Bag-of-words vectors: every word adds a fixed pseudo-random direction, so similar texts lie close."""
    texts = body["input"] if isinstance(body["input"], list) else [body["input"]]
    vectors = [_vector(str(text)) for text in texts]
    if body.get("encoding_format") == "base64":
        packed: list[Any] = [base64.b64encode(struct.pack(f"<{len(v)}f", *v)).decode() for v in vectors]
    else:
        packed = list(vectors)
    data = [{"object": "embedding", "index": i, "embedding": vector} for i, vector in enumerate(packed)]
    tokens = _tokens(body["input"])
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return {"object": "list", "data": data, "model": body.get("model"), "usage": usage}


def _vector(text: str) -> list[float]:
    total = [0.0] * _EMBEDDING_DIMENSIONS
    for word in set(text.lower().split()):
        for i, byte in enumerate(hashlib.blake2b(word.encode(), digest_size=_EMBEDDING_DIMENSIONS).digest()):
            total[i] += byte / 127.5 - 1.0
    length = sum(value * value for value in total) ** 0.5 or 1.0
    return [value / length for value in total]
