"""What a command does when the world fails it: every fault becomes a sentence and one of the documented exit codes."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager, nullcontext

import typer

from stillwatch.cli.ctrl_c import ctrl_c_ends_it, interrupted
from stillwatch.errors import Interrupted, StillwatchError, StorageFull

EXIT_READER_GONE = 141  # 128 + SIGPIPE, as shells expect


@contextmanager
def faults_as_errors(*, ends_itself: bool = False) -> Generator[None]:
    """Also a decorator of commands. Inside of them, so that typer's own codes (1 for a gone reader) do not apply.

    A service that `ends_itself` hears signals in its own way.
    """
    with nullcontext(_never) if ends_itself else ctrl_c_ends_it() as was_stopped:
        try:
            yield
            sys.stdout.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the interpreter flushes once more
            raise typer.Exit(EXIT_READER_GONE) from None
        except KeyboardInterrupt:
            raise interrupted() from None
        except Exception as error:
            if was_stopped() and not isinstance(error, Interrupted):  # what native code makes of Ctrl-C
                raise interrupted() from None
            if isinstance(error, OSError):
                raise _of_the_system(error) from None
            raise


def _never() -> bool:
    return False


def _of_the_system(error: OSError) -> StillwatchError:
    place = f"{os.fsdecode(error.filename)}: " if error.filename is not None else ""
    problem = f"{place}{error.strerror or type(error).__name__}"
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return StorageFull(problem, "Make room and run the same command again: it goes on from what is written")
    return StillwatchError(problem, "Check the path and its permissions")
