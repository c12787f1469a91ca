"""What processes say while they work: one JSON object a line on stderr, or lines for people on a terminal.

No line holds content. Our own sentences are made for that (`errors`). What cannot be trusted with it is cut: of an
exception its type and the places it came through are told, not its message, unless it is one of ours; of a sentence
of other people's code what comes before the first value it shows. So a body that makes a library raise "invalid: ..."
is not told, and neither is a task whose representation holds its result.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
import threading
import time
import traceback
from types import TracebackType
from typing import Any, TextIO

from stillwatch.errors import StillwatchError

LONGEST_EVENT = 2_000
"""Characters. Chosen: longer than any sentence of ours with a path in it."""
_MOST_PLACES = 12
_OURS = "stillwatch"
_BEFORE_VALUES = re.compile(r"[^(<\[{'\"`:=%\n]*")
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def begin(role: str, *, level: str = "INFO", stream: TextIO | None = None, as_json: bool | None = None) -> None:
    """Log for this process from now on, and tell exceptions that nobody caught in the same way.

    `role` names the process. JSON unless `stream` (stderr) is a terminal, or as `as_json` says. Raises `ValueError` for
    a level that is none.
    """
    to = sys.stderr if stream is None else stream
    handler = logging.StreamHandler(to)
    is_json = not to.isatty() if as_json is None else as_json
    handler.setFormatter(JsonLines(role) if is_json else Lines(role))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.raiseExceptions = False  # what cannot be written would be told with its arguments
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread
    sys.unraisablehook = _unraisable


class JsonLines(logging.Formatter):
    """One object a line: ts, level, role, pid, logger, event; error where there was an exception; fields of `extra`."""

    def __init__(self, role: str) -> None:
        super().__init__()
        self._role = role

    def format(self, record: logging.LogRecord) -> str:
        said: dict[str, Any] = {
            "ts": _instant(record.created),
            "level": record.levelname.lower(),
            "role": self._role,
            "pid": os.getpid(),
            "logger": record.name,
            "event": event_of(record),
        }
        if error := error_of(record):
            said["error"] = error
        return json.dumps({**fields_of(record), **said})


class Lines(logging.Formatter):
    """For people: time, level, role, sentence."""

    def __init__(self, role: str) -> None:
        super().__init__()
        self._role = role

    def format(self, record: logging.LogRecord) -> str:
        error, fields = error_of(record), fields_of(record)
        more = "".join(f" {name}={value}" for name, value in fields.items()) + (f" ({error})" if error else "")
        at = time.strftime("%H:%M:%S", time.localtime(record.created))
        return f"{at} {record.levelname:<8}{self._role}[{os.getpid()}] {_printable(event_of(record) + more)}"


def event_of(record: logging.LogRecord) -> str:
    """The sentence of a record, as far as it may be told."""
    if not _is_ours(record):
        found = _BEFORE_VALUES.match(str(record.msg))
        return found[0].strip() if found else ""
    try:
        said = record.getMessage()
    except (TypeError, ValueError):  # the arguments do not fit the sentence
        said = str(record.msg)
    return said if len(said) <= LONGEST_EVENT else f"{said[:LONGEST_EVENT]} ..."


def error_of(record: logging.LogRecord) -> str:
    """The exception of a record: type and places, innermost last; the message of one of ours."""
    if not record.exc_info or record.exc_info[1] is None:
        return ""
    error = record.exc_info[1]
    places = [
        f"{os.path.basename(frame.filename)}:{frame.lineno} {frame.name}"  # noqa: PTH119 - a name, no file to open
        for frame in traceback.extract_tb(error.__traceback__)[-_MOST_PLACES:]
    ]
    return f"{_told(error)} at {' > '.join(places)}" if places else _told(error)


def fields_of(record: logging.LogRecord) -> dict[str, Any]:
    """Numbers and truth values that one of our records carries in `extra`; words go into sentences."""
    if not _is_ours(record):
        return {}
    return {
        name: value
        for name, value in vars(record).items()
        if name not in _STANDARD and isinstance(value, (bool, int, float))
    }


def _told(error: BaseException) -> str:
    name = type(error).__name__
    if isinstance(error, StillwatchError):
        return f"{name}: {error}"
    if isinstance(error, OSError) and error.errno:
        return f"{name}: {os.strerror(error.errno)}"
    return name


def _is_ours(record: logging.LogRecord) -> bool:
    return record.name.partition(".")[0] == _OURS


def _instant(seconds: float) -> str:
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return f"{whole}.{int(seconds % 1 * 1000):03d}Z"


def _printable(text: str) -> str:
    """No name of a file or an account reaches a terminal as a control sequence."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


_log = logging.getLogger(__name__)


def _uncaught(kind: type[BaseException], error: BaseException, at: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        _log.info("Stopped")
    else:
        _log.critical("The process ends: nobody caught an exception", exc_info=(kind, error, at))


def _uncaught_in_thread(given: threading.ExceptHookArgs) -> None:
    if given.exc_value is not None and not issubclass(given.exc_type, SystemExit):
        told = (given.exc_type, given.exc_value, given.exc_traceback)
        _log.critical("A thread ends: nobody caught an exception", exc_info=told)


def _unraisable(given: sys.UnraisableHookArgs) -> None:
    if given.exc_value is not None:
        told = (given.exc_type, given.exc_value, given.exc_traceback)
        _log.error("An exception could not be raised", exc_info=told)
