"""What one check found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from stillwatch.errors import StillwatchError


class State(StrEnum):
    """From the best to the worst; a fault makes `doctor` exit with 1."""

    OK = "ok"
    NOT_CHECKED = "not checked"
    WARNING = "warning"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Result:
    """`said` is a sentence without an end; `remedy` what to do about it, empty where there is nothing to do."""

    check: str
    state: State
    said: str
    remedy: str = ""


def ok(check: str, said: str) -> Result:
    return Result(check, State.OK, said)


def warning(check: str, said: str, remedy: str) -> Result:
    return Result(check, State.WARNING, said, remedy)


def fault(check: str, said: str, remedy: str) -> Result:
    return Result(check, State.FAULT, said, remedy)


def not_checked(check: str, said: str, remedy: str = "") -> Result:
    return Result(check, State.NOT_CHECKED, said, remedy)


def guarded(check: str, look: Callable[[], list[Result]]) -> list[Result]:
    """What `look` finds; an error of the system or of ours is a fault like any other."""
    try:
        return look()
    except StillwatchError as error:
        return [fault(check, error.problem, error.remedy)]
    except OSError as error:
        return [fault(check, str(error), "Check the path, its permissions and the disk")]
