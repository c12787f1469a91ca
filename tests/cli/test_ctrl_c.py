"""Ctrl-C in code that is not ours to stop: a command ends with 130 and a sentence all the same."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable

import pytest

from stillwatch.cli.faults import faults_as_errors
from stillwatch.errors import Interrupted, LedgerError, StillwatchError


def press() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def code_that_makes_another_error_of_it() -> None:
    try:
        press()
    except KeyboardInterrupt:
        raise LedgerError("a segment cannot be read") from None


@pytest.mark.parametrize("work", [press, code_that_makes_another_error_of_it])
def test_ctrl_c_is_ctrl_c_whatever_becomes_of_it(work: Callable[[], None]) -> None:
    with pytest.raises(Interrupted, match="the run was stopped") as caught, faults_as_errors():
        work()
    assert caught.value.exit_code == 130


def test_what_was_said_about_the_ledger_is_still_said() -> None:
    """`sketching` knows more than that it was stopped."""
    with pytest.raises(Interrupted, match="the ledger has 5 exchanges"), faults_as_errors():
        try:
            press()
        except KeyboardInterrupt:
            raise Interrupted("the run was stopped; the ledger has 5 exchanges") from None


def test_an_error_without_ctrl_c_stays_what_it_is() -> None:
    with pytest.raises(LedgerError), faults_as_errors():
        raise LedgerError("a segment cannot be read")


def test_afterwards_ctrl_c_is_python_s_again() -> None:
    with pytest.raises(StillwatchError), faults_as_errors():
        press()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


DEAF = """
import os, signal, sys, threading
import duckdb
from stillwatch.cli.faults import faults_as_errors
from stillwatch.errors import StillwatchError

def press():
    os.kill(os.getpid(), signal.SIGINT)

def swallowed_once():
    try:
        press()
    except KeyboardInterrupt:
        pass
    while True:
        pass

def swallowed_for_ever():
    while True:
        try:
            press()
        except KeyboardInterrupt:
            pass

def in_many_tasks():  # between which DuckDB asks about signals, and makes an error of its own of them
    threading.Timer(0.2, press).start()
    duckdb.connect().sql("SELECT sum(range * range % 7) FROM range(1000000000000)").to_arrow_table()

def in_one_long_task():
    threading.Timer(0.2, press).start()
    rows = "SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE a.range + b.range = random()"
    duckdb.connect().sql(rows).to_arrow_table()

try:
    with faults_as_errors():
        {}()
except StillwatchError as error:  # as the command line shows it
    print(f"stillwatch: {{error}}", file=sys.stderr)
    sys.exit(error.exit_code)
"""


@pytest.mark.parametrize("work", ["swallowed_once", "swallowed_for_ever", "in_many_tasks", "in_one_long_task"])
def test_code_that_never_notices_is_ended_all_the_same(work: str) -> None:
    """After a grace, or at a second press."""
    command = [sys.executable, "-c", DEAF.format(work)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own program
    assert (ended.returncode, ended.stdout) == (130, "")
    assert ended.stderr.startswith("stillwatch: the run was stopped. Run the same command again")
    assert "Traceback" not in ended.stderr


def test_a_process_that_was_started_deaf_to_it_stays_so() -> None:
    """As `nohup` and a shell's background start it."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with faults_as_errors():
            press()
    finally:
        signal.signal(signal.SIGINT, before)
