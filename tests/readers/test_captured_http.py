"""Captured requests become exchanges of an account that is the run; the development corpus is read whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stillwatch.errors import MalformedRow
from stillwatch.exchange.record import Request
from stillwatch.readers.captured_http import EPOCH_US, read_row
from stillwatch.readers.formats import recognise, recognise_columns
from stillwatch.readers.paths import expand

from .lines import CHAT_BODY, HEADERS, blocks_of, line, parsed

CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus"


def row(**changes: Any) -> bytes:
    """A captured request."""
    return line(
        {
            "label": "benign",
            "client": "somebody 1.0",
            "run": "benign_somebody",
            "seq": 3,
            "dt": 1.25,
            "conn": 40696,
            "method": "POST",
            "path": "/v1/chat/completions",
            "headers": HEADERS,
            "body": CHAT_BODY,
            **changes,
        }
    )


def test_the_run_is_the_account_and_time_runs_from_the_epoch() -> None:
    """What labels the run is not read."""
    (found,) = read_row(row())
    assert (found.principal.account, found.ts_us) == ("benign_somebody", EPOCH_US + 1_250_000)
    assert read_row(row(label="attack", client="other", conn=1, seq=9)) == [found]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"dt": "now"}, "dt is not a number"),
        ({"dt": 10**400}, "dt is not seconds since the run began"),
        ({"dt": -1}, "dt is not seconds since the run began"),
        ({"run": ""}, "run is empty"),
        ({"path": None}, "path is not a string"),
        ({"body": 5}, "body is not a JSON object"),
    ],
)
def test_a_field_that_is_wrong_is_named(changes: dict[str, Any], reason: str) -> None:
    """Which one, and what about it."""
    with pytest.raises(MalformedRow, match=f"^{reason}"):
        read_row(row(**changes))


@pytest.mark.parametrize("body", [None, {}, ""])
def test_a_capture_that_kept_no_bodies_is_read(body: object) -> None:
    """As an exchange log without them."""
    (found,) = read_row(row(body=body))
    assert found.request == Request("chat", "", ())


def test_a_capture_without_a_column_of_bodies_is_recognised() -> None:
    """By its run, its clock and its paths."""
    assert recognise(line({"run": "r", "dt": 0.5, "path": "/v1/messages"})) == "captured_http"
    assert recognise_columns(["run", "dt", "path"]) == "captured_http"


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the development corpus does not lie beside this checkout")
def test_the_whole_corpus_is_read_without_a_rejection() -> None:
    """Every request that a real client sent."""
    logs = [path for path in expand([CORPUS]) if path.name.endswith(".jsonl.gz")]
    assert [path.name for path in logs if parsed(path).rejections] == []
    assert {block.format for path in logs for block in blocks_of(path)} == {"captured_http"}


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the development corpus does not lie beside this checkout")
def test_real_clients_have_the_shapes_that_they_are_known_for() -> None:
    """Forced tools with closed fields, batches of choices, streams, embeddings."""
    runs = {path.name.split(".")[0]: parsed(path).exchanges for path in expand([CORPUS]) if path.suffix == ".gz"}
    shapes = {name: [e.request.parameters for e in exchanges] for name, exchanges in runs.items()}
    assert all(p.tool_forced and p.closed_fields == 2 for p in shapes["benign_instructor_classify"])
    assert all(p.n >= 1 and "presence_penalty" in p.names for p in shapes["attack_distilabel_evol"])
    assert all(p.stream for p in shapes["benign_llmlib_chat"])
    assert {e.request.operation for e in runs["benign_llamaindex_rag"]} == {"chat", "embedding"}
