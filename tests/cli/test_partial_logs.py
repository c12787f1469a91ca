"""Logs that lack bodies, responses or network fields are hunted with what they have, and the report says so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from .conftest import Stillwatch
from .logs import START_US, log, row

HEADERS = [["Host", "api"], ["User-Agent", "client/1"]]
ANSWER = {"id": "r", "choices": [{"index": 0, "message": {"role": "assistant", "content": "Because."}}]}


def full(number: int) -> dict[str, Any]:
    return row(number, headers=HEADERS, response=ANSWER, ip=f"2001:db8::{number % 20}", payment=f"card-{number % 20}")


DAY_US = 86_400_000_000
LACKS = {
    "body": "skeletons and payloads could not be looked at",
    "response": "answer lengths, refusals and reasoning could not be looked at",
    "headers": "client families could not be looked at",
    "ip": "shared addresses and networks could not be looked at",
    "organization": "The log names no organisations",
}


def without(number: int, field: str) -> dict[str, Any]:
    exchange = full(number)
    if field == "body":
        return {**exchange, "body": {"model": "m-1", "messages": []}}
    return {name: value for name, value in exchange.items() if name != field}


@pytest.mark.parametrize(("field", "said"), LACKS.items(), ids=LACKS)
def test_what_a_log_lacks_is_a_blind_spot(hunt: Stillwatch, home: Path, field: str, said: str) -> None:
    assert hunt(log(home / "log.jsonl", [without(i, field) for i in range(120)])).code == 0
    assert said in (home / "out" / "report.html").read_text()


def bodyless(number: int, **body: object) -> dict[str, Any]:
    return {name: value for name, value in full(number).items() if name != "body"} | body


@pytest.mark.parametrize("body", [{}, {"body": None}, {"body": {}}], ids=["absent", "null", "empty"])
def test_rows_without_bodies_are_hunted_by_what_they_have(hunt: Stillwatch, home: Path, body: dict[str, Any]) -> None:
    """They are no malformed rows and meet no rule; the report says how many they are."""
    rows = [bodyless(i, **body) if i % 3 else full(i) for i in range(120)]
    done = hunt(log(home / "log.jsonl", rows), "--json")
    told = json.loads(done.out)
    assert (done.code, told["exchanges"], told["rejected"], told["rule_hits"]) == (0, 120, 0, 0)
    assert told["not_seen"][0].startswith("80 of 120 exchanges have no request body")
    said = "80 of 120 exchanges have no request body: their skeletons and payloads could not be looked at"
    assert said in (home / "out" / "report.html").read_text()


def test_a_log_without_any_body_is_hunted_and_says_what_that_means(hunt: Stillwatch, home: Path) -> None:
    """On the terminal too: nothing found is not the news here."""
    done = hunt(log(home / "log.jsonl", [bodyless(i) for i in range(120)]))
    said = "None of the 120 exchanges has a request body: skeletons and payloads could not be looked at"
    assert done.code == 0
    assert said in " ".join(done.out.split())
    assert said in (home / "out" / "report.html").read_text()


@pytest.mark.parametrize("call", ["acompletion", "atext_completion", "aresponses", "aembedding", "anthropic_messages"])
def test_what_a_gateway_redacted_is_no_probe_with_empty_prompts(hunt: Stillwatch, home: Path, call: str) -> None:
    rows = [
        {
            "id": f"call-{i}",
            "call_type": call,
            "startTime": START_US / 1e6 + i,
            "messages": "redacted-by-litellm",
            "metadata": {"user_api_key_user_id": f"user-{i % 20}"},
        }
        for i in range(120)
    ]
    told = json.loads(hunt(log(home / "log.jsonl", rows), "--json").out)
    assert (told["exchanges"], told["rejected"], told["rule_hits"]) == (120, 0, 0)


def test_a_whole_log_has_none_of_these_blind_spots(hunt: Stillwatch, home: Path) -> None:
    hunt(log(home / "log.jsonl", [full(i) for i in range(120)]))
    page = (home / "out" / "report.html").read_text()
    assert not [said for said in (*LACKS.values(), "no request body") if said in page]


def test_a_gateway_that_redacts_its_messages_is_still_hunted(hunt: Stillwatch, home: Path) -> None:
    """LiteLLM's payload with message logging turned off: who, when and how much is all there is."""
    rows = [
        {
            "id": f"call-{i}",
            "call_type": "acompletion",
            "startTime": START_US / 1e6 + i,
            "endTime": START_US / 1e6 + i + 1,
            "model": "m-1",
            "messages": [{"role": "user", "content": "redacted-by-litellm"}],
            "response": {"text": "redacted-by-litellm"},
            "metadata": {"user_api_key_user_id": f"user-{i % 20}", "user_api_key_hash": f"h{i % 20}"},
            "prompt_tokens": 12,
            "completion_tokens": 30,
            "total_tokens": 42,
            "model_parameters": {},
        }
        for i in range(120)
    ]
    done = hunt(log(home / "log.jsonl", rows), "--json")
    assert (done.code, json.loads(done.out)["exchanges"]) == (0, 120)
    assert LACKS["body"] in (home / "out" / "report.html").read_text()


def test_without_a_benign_log_the_report_says_what_is_not_calibrated(hunt: Stillwatch, home: Path) -> None:
    """Over a week; of a single day nothing can be claimed at all, and that is said instead."""
    week = [row(number, ts_us=START_US + number * DAY_US // 40) for number in range(300)]
    for rows, said in ((week, "no benign log was given"), (week[:30], "the traffic covers too few days")):
        done = hunt(log(home / f"{len(rows)}.jsonl", rows))
        assert said in done.out
        assert said in (home / "out" / "report.html").read_text().lower()


def test_a_short_benign_log_is_not_mistaken_for_short_traffic(hunt: Stillwatch, home: Path) -> None:
    """A week is hunted beside one benign day: it is the benign log that lacks days."""
    week = log(home / "week.jsonl", [row(number, ts_us=START_US + number * DAY_US // 40) for number in range(300)])
    day = log(home / "day.jsonl", [row(1_000 + number, account=f"staff-{number % 7}") for number in range(30)])
    done = hunt(week, "--calibrate", day)
    assert "the benign log covers too few days" in done.out
    assert "the traffic covers" not in done.out
