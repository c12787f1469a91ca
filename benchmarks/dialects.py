"""What the guard's reading of wire formats costs, in microseconds of CPU time a call.

    python -m benchmarks.dialects

Each figure is the median of interleaved rounds, so that other work on the machine moves all of them alike. Streams are
fed one event a piece, as a slow model sends them.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable

from stillwatch.decision.policy import Reasoning, Treatment
from stillwatch.gateway.dialects.asked import NOTHING
from stillwatch.gateway.dialects.dialect import Dialect, dialect_of

ROUNDS = 9
CALLS = 400
EVENTS = 200
TREATMENT = Treatment(logprobs=False, most_choices=1, most_output_tokens=1024, reasoning=Reasoning.HIDE)
PROMPT = "Why does the mill turn by night, and who grinds the rye? " * 18  # about one KB
TURNS = [{"role": "user", "content": PROMPT}]
PATHS = {
    "/v1/chat/completions": {"model": "m", "messages": TURNS, "max_tokens": 2000, "stream": True, "logprobs": True},
    "/v1/responses": {"model": "m", "input": TURNS, "max_output_tokens": 2000, "stream": True, "top_logprobs": 2},
    "/v1/messages": {"model": "m", "messages": TURNS, "max_tokens": 2000, "stream": True},
    "/v1beta/models/m:streamGenerateContent": {
        "contents": [{"role": "user", "parts": [{"text": PROMPT}]}],
        "generationConfig": {"maxOutputTokens": 2000},
    },
}
CHUNK = {
    "id": "chatcmpl-9abcdefghijklmnop", "object": "chat.completion.chunk", "created": 1_763_735_000, "model": "m",
    "service_tier": "default", "system_fingerprint": "fp_abcdef",
    "choices": [{"index": 0, "delta": {"content": " mill"}, "logprobs": None, "finish_reason": None}],
}  # fmt: skip
EVENT = {
    "/v1/chat/completions": CHUNK,
    "/v1/responses": {
        "type": "response.output_text.delta", "sequence_number": 7, "item_id": "msg_0123456789", "output_index": 0,
        "content_index": 0, "delta": " mill", "logprobs": [], "obfuscation": "a1b2c3d4",
    },
    "/v1/messages": {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": " mill"}},
    "/v1beta/models/m:streamGenerateContent": {
        "candidates": [{"content": {"parts": [{"text": " mill"}], "role": "model"}, "index": 0}],
        "usageMetadata": {"promptTokenCount": 5, "totalTokenCount": 5}, "modelVersion": "m", "responseId": "r1",
    },
}  # fmt: skip


def main() -> None:
    """Print the table."""
    print("| path | asked | treated | event, no budget near | event, budget near | event, hidden |")
    print("|---|---|---|---|---|---|")
    for path, request in PATHS.items():
        dialect = dialect_of(path)
        assert dialect is not None
        body = json.dumps(request).encode()
        event = b"data: " + json.dumps(EVENT[path], separators=(",", ":")).encode() + b"\n\n"
        cases = _cases(dialect, path, body, event)
        taken = [[_microseconds(case, calls) for case, calls in cases] for _ in range(ROUNDS)]
        medians = [statistics.median(column) for column in zip(*taken, strict=True)]
        print(f"| {path} | " + " | ".join(f"{median:.2f}" for median in medians) + " |")


def _cases(dialect: Dialect, path: str, body: bytes, event: bytes) -> list[tuple[Callable[[], object], int]]:
    """What is timed, and how many calls each stands for."""

    def counted(budget: int | None) -> int:
        counter = dialect.counter(NOTHING, True, budget)
        for _ in range(EVENTS):
            counter.feed(event)
        return counter.delivered

    def hidden() -> None:
        hider = dialect.hider()
        for _ in range(EVENTS):
            hider.feed(event)

    near = counted(None) + 1
    return [
        (lambda: [dialect.asked(body, path) for _ in range(CALLS)], CALLS),
        (lambda: [dialect.treated(body, TREATMENT) for _ in range(CALLS)], CALLS),
        (lambda: counted(None), EVENTS),
        (lambda: counted(near), EVENTS),
        (hidden, EVENTS),
    ]


def _microseconds(case: Callable[[], object], calls: int) -> float:
    start = time.process_time()
    case()
    return (time.process_time() - start) * 1e6 / calls


if __name__ == "__main__":
    main()
