"""What checks found, short enough to compare."""

from __future__ import annotations

from collections.abc import Iterable

from stillwatch.cli.checks.result import Result


def states(results: Iterable[Result]) -> list[str]:
    return [result.state.value for result in results]


def all_said(results: Iterable[Result]) -> str:
    return "\n".join(f"{result.state}: {result.said}. {result.remedy}" for result in results)
