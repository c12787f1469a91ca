"""Which test shows which clause of TAXII 2.1, and the page that is made of it: docs/taxii-conformance.md.

`@clause("3.3 sorting")` above a test names a line of `clauses.toml`, where the requirement stands in our words. The
page is made from the names in the tests' source, so it cannot name a test that is not there:

    python -m tests.sharing.hub.clauses > docs/taxii-conformance.md
"""

from __future__ import annotations

import ast
import sys
import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

TESTS = Path(__file__).parent
ROOT = TESTS.parents[2]
PAGE = ROOT / "docs" / "taxii-conformance.md"
Test = TypeVar("Test", bound=Callable[..., Any])

HEAD = """# TAXII 2.1, clause by clause

What a server has to do by the OASIS Standard of 10 June 2021, in our words, and the tests that show that the
[hub](hub.md) does it. This page is made from the tests by `python -m tests.sharing.hub.clauses`, and a test fails if it
is not current.
"""


def clause(*names: str) -> Callable[[Test], Test]:
    """Mark a test as showing these clauses; read from the source, so nothing is done here but to check the names."""
    unknown = set(names) - clauses().keys()
    assert not unknown, f"clauses.toml has no {unknown}"

    def marked(test: Test) -> Test:
        return test

    return marked


@cache
def clauses() -> Mapping[str, Mapping[str, str]]:
    """All clauses: level (must, should, may), what is required, and for those without a test why."""
    return tomllib.loads((TESTS / "clauses.toml").read_text("utf-8"))


@cache
def shown() -> Mapping[str, list[str]]:
    """The tests of each clause, as `file::test`."""
    found = defaultdict(list)
    for file in sorted((*TESTS.glob("test_*.py"), *(ROOT / "tests" / "sharing" / "taxii").glob("test_*.py"))):
        for name, tests in _marked(file):
            found[name].append(tests)
    return found


def _marked(file: Path) -> Iterator[tuple[str, str]]:
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if not isinstance(node, ast.FunctionDef):
            continue
        for mark in node.decorator_list:
            if isinstance(mark, ast.Call) and isinstance(mark.func, ast.Name) and mark.func.id == "clause":
                for name in mark.args:
                    assert isinstance(name, ast.Constant)
                    yield str(name.value), f"{file.stem}::{node.name}"


def page() -> str:
    """The page."""
    tests = shown()
    lines = ["| clause | level | requirement | shown by |", "|---|---|---|---|"]
    for name, about in clauses().items():
        by = "<br>".join(f"`{test}`" for test in tests.get(name, [])) or f"*{about.get('untested', 'not shown')}*"
        lines.append(f"| {name} | {about['level'].upper()} | {about['requires']} | {by} |")
    return f"{HEAD}\n{_count(tests)}\n\n" + "\n".join(lines) + "\n"


def _count(tests: Mapping[str, list[str]]) -> str:
    musts = [name for name, about in clauses().items() if about["level"] == "must"]
    done = sum(name in tests for name in musts)
    return f"**{done} of {len(musts)} requirements that bind a server are shown by a test.**"


if __name__ == "__main__":
    sys.stdout.write(page())
