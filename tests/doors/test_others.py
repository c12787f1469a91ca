"""What passes a door without a question, and what never does."""

from __future__ import annotations

import pytest

from stillwatch.doors.configuration import Door, Others
from stillwatch.doors.others import passes, socket_passes

READ, PASS, REFUSE = (Door(keys="k", others=others, unguarded=("/tokenize",)) for others in Others)


@pytest.mark.parametrize(
    ("path", "method", "said"),
    [
        ("/health", "GET", (True, True, False)),
        ("/health", "POST", (False, True, False)),
        ("/tokenize", "POST", (True, True, True)),
        ("/v1/chat/completions", "POST", (False, False, False)),
        ("/v1/chat/completions", "GET", (False, False, False)),
        ("/v1/chat/completions", "OPTIONS", (True, True, True)),
        ("/v1/responses/resp_1", "GET", (False, True, False)),
        ("/v1/responses/resp_1/input_items", "GET", (False, True, False)),
        ("/v1/messages/batches/b_1/results", "GET", (False, True, False)),
        ("/v1/models/m", "GET", (False, False, False)),
        ("/invocations", "POST", (False, True, False)),
    ],
)
def test_only_what_asks_no_model_passes_without_a_question(path: str, method: str, said: tuple[bool, ...]) -> None:
    """Under `read`, `pass` and `refuse`."""
    assert tuple(passes(door, path, method) for door in (READ, PASS, REFUSE)) == said


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/ws", (True, True, False)),
        ("/v1/realtime", (False, True, False)),
        ("/v1/responses", (False, True, False)),
        ("/tokenize", (True, True, True)),
    ],
)
def test_a_websocket_is_opened_where_no_model_answers_in_it(path: str, said: tuple[bool, ...]) -> None:
    assert tuple(socket_passes(door, path) for door in (READ, PASS, REFUSE)) == said
