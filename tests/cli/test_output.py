"""Names come from strangers: none reaches a terminal as markup or control, none reaches the page as HTML."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from .conftest import Stillwatch
from .logs import good, log, row, sweep

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "two\nlines",
    "[red]markup[/red]",
    "[/]",
    "\x1b[31mcoloured\x1b[0m",
    "\x1b]0;title\x07",
    "\u202eesrever",
    "{{ template }}",
    "long" * 2_000,
    "=cmd()",
    "null\x00byte",
)


def test_hostile_account_names_stay_text(hunt: Stillwatch, home: Path) -> None:
    """Shown as they are where a machine reads them, and harmless where people do."""
    rows = [sweep(i, account=name, organization=name) for i, name in enumerate(HOSTILE * 5)]
    done = hunt(log(home / "log.jsonl", rows))
    assert (done.code, done.err) == (0, "")
    assert "\x1b" not in done.out
    findings = json.loads((home / "out" / "findings.json").read_text())
    assert {hit["account"] for hit in findings["rules"]} == set(HOSTILE)
    page = (home / "out" / "report.html").read_text()
    assert "<script>alert(1)" not in page
    assert "<img src=x" not in page
    assert "\x1b" not in page


@pytest.mark.parametrize("name", ["\x1b[31m.jsonl", "[red]x.jsonl", "two\nlines.jsonl", "\u202efdp.jsonl"])
def test_a_hostile_file_name_does_not_reach_the_terminal_raw(hunt: Stillwatch, home: Path, name: str) -> None:
    (home / "logs").mkdir()
    (home / "logs" / name).write_text("no log\n" * 200)
    done = hunt(home / "logs")
    assert done.code == 3
    assert not set(done.err[:-1]) & set("\x1b\n\u202e")
    assert name.encode("unicode_escape").decode() in done.err


def test_a_file_name_that_is_no_utf_8_is_read_and_told(hunt: Stillwatch, home: Path) -> None:
    """Names are bytes to the system; in messages, the ledger and the report the odd ones stand as escapes."""
    source = home / os.fsdecode(b"log-\xff.jsonl")
    log(source, [*(row(i) for i in range(300)), b"{"])
    done = hunt(source)
    assert (done.code, done.err) == (0, "")
    assert r"log-\xff.jsonl, line 301" in done.out
    assert r"log-\xff.jsonl, line 301" in (home / "out" / "report.html").read_text()


def test_long_paths_are_not_folded(hunt: Stillwatch, home: Path) -> None:
    """Whoever copies the path from the screen has the whole of it."""
    out = home / ("deep-" * 20) / ("deeper-" * 20)
    done = hunt(good(home / "log.jsonl", 30), "--out", out)
    assert f"Report: {out / 'report.html'}\n" in done.out
    assert f"Findings: {out / 'findings.json'}\n" in done.out


def test_numbers_agree_with_their_nouns(hunt: Stillwatch, home: Path) -> None:
    assert "1 exchange of 1 account; 0 rejected rows." in hunt(log(home / "log.jsonl", [row(1)])).out
