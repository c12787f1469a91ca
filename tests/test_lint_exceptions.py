"""Where a checker is told to look away, the line says why."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDERS = ("src", "tests", "examples", "benchmarks")
EXCEPTION = re.compile(r"#\s*(?:no" + r"qa(?:: [A-Z]+\d+(?:, ?[A-Z]+\d+)*)?|type: ig" + r"nore(?:\[[a-z, -]+\])?)(.*)")


def test_every_exception_has_its_reason() -> None:
    """A word at least, after the code."""
    lines = [
        (f"{file.relative_to(ROOT)}:{number}", found[1])
        for folder in FOLDERS
        for file in sorted((ROOT / folder).rglob("*.py"))
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if (found := EXCEPTION.search(line))
    ]
    assert lines
    assert [place for place, reason in lines if not re.search(r"[a-z]{2}", reason)] == []
