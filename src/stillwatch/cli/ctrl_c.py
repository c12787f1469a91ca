"""Ctrl-C at any moment: the command ends, soon, whatever code it is in.

Python raises `KeyboardInterrupt` between two of its own instructions. Native code may hold that up (a long join, a sort
of many rows), turn it into another exception (DuckDB: `RuntimeError`) or lose it (a callback that cannot raise). So a
thread hears of the press at once, and where the command has not ended `GRACE_SECONDS` later it ends it as a kill would.
Ledgers and reports are made for that: a commit and a finished file stand, anything else never was.
"""

from __future__ import annotations

import os
import select
import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType

from stillwatch.errors import Interrupted

GRACE_SECONDS = 2.0  # chosen: a person waits that long before pressing again, and tidying up rarely takes half of it
_SHOW_CURSOR = "\x1b[?25h"  # ECMA-48 private mode 25, which progress bars reset


def interrupted() -> Interrupted:
    return Interrupted("the run was stopped", "Run the same command again to go on from what is written")


@contextmanager
def ctrl_c_ends_it() -> Generator[Callable[[], bool]]:
    """Inside, Ctrl-C raises `KeyboardInterrupt` and soon ends the process; a second press ends it at once.

    Yields a question: was it pressed? A process that was started deaf to it (`nohup`, a shell's background) stays so.
    """
    pressed = threading.Event()
    is_ours = threading.current_thread() is threading.main_thread()
    if not is_ours or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield pressed.is_set
        return

    def press(number: int, frame: FrameType | None) -> None:
        pressed.set()
        raise KeyboardInterrupt

    heard, told = os.pipe()
    os.set_blocking(told, False)  # as `set_wakeup_fd` demands
    watch = threading.Thread(target=_watch, args=(heard,), daemon=True)
    watch.start()
    before = signal.set_wakeup_fd(told)
    signal.signal(signal.SIGINT, press)
    try:
        yield pressed.is_set
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.set_wakeup_fd(before)
        os.close(told)
        watch.join()
        os.close(heard)


def _watch(heard: int) -> None:
    """Wait for a press, then for the command's end or a second press, but not for long. Runs while native code does."""
    while signals := os.read(heard, 1):  # nothing: the command has ended
        if signals[0] == signal.SIGINT:
            select.select([heard], [], [], GRACE_SECONDS)
            if _is_open(heard):
                _end_now()
            return


def _is_open(heard: int) -> bool:
    """Whether the command still runs: nothing more was heard, or another signal."""
    is_readable = bool(select.select([heard], [], [], 0)[0])
    return not is_readable or os.read(heard, 1) != b""


def _end_now() -> None:
    """Without anybody's leave: no lock, no buffer and no destructor is waited for."""
    shown = _SHOW_CURSOR if os.isatty(2) else ""
    os.write(2, f"{shown}stillwatch: {interrupted()}\n".encode())
    os._exit(Interrupted.exit_code)
