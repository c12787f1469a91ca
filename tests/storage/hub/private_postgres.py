"""A PostgreSQL of the tests' own: a Unix socket in a folder of its own, no durability, ended with the tests.

It refuses to run as root, so root starts it as another user.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import pytest

WHY_NOT = "PostgreSQL's initdb and postgres are not installed: on Debian, apt-get install postgresql"
USER = "hub"
_OTHERS = ("postgres", "nobody")
_QUICK = ("fsync=off", "autovacuum=off", "max_connections=200", "shared_buffers=16MB", "listen_addresses=")


class PrivatePostgres:
    """A running server; `stop` and `start` are what a bad day does to one."""

    def __init__(self) -> None:
        programs = shutil.which("initdb"), shutil.which("postgres")
        if None in programs:
            pytest.skip(WHY_NOT)
        psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed: pip install 'stillwatch[postgres]'")
        self._connect = psycopg.connect
        self._numbers = itertools.count()
        self.folder = Path(tempfile.mkdtemp(prefix="hub-postgres-"))
        self._data = self.folder / "data"
        if os.geteuid() == 0:
            os.chown(self.folder, _other().pw_uid, _other().pw_gid)
        made = ("--no-sync", "--auth=trust", f"--username={USER}", "--encoding=UTF8", "--locale=C")
        done = self._run([str(programs[0]), f"--pgdata={self._data}", *made])
        if done.wait():
            pytest.skip(f"initdb makes no database here: {(self.folder / 'log').read_text()[-200:]}")
        self._program = str(programs[1])
        self.start()

    def start(self) -> None:
        """Start, and wait until it answers."""
        settings = [word for setting in _QUICK for word in ("-c", setting)]
        self.process = self._run([self._program, "-D", str(self._data), "-k", str(self.folder), *settings])
        while not self._answers():
            assert self.process.poll() is None, (self.folder / "log").read_text()

    def stop(self) -> None:
        """End it as an operator would who cannot wait: sessions are ended."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait()

    def remove(self) -> None:
        """End it, and leave nothing."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, schema: str = "", user: str = USER) -> str:
        """A URL that leads there, to an empty schema of its own unless one is named."""
        if not schema:
            schema = f"hub{next(self._numbers)}"
            self.execute(f"CREATE SCHEMA {schema}")
        return f"postgresql://{user}@/postgres?host={self.folder}&options=-csearch_path%3D{schema}"

    def execute(self, statement: str, url: str = "") -> None:
        """Execute a statement as the server's superuser."""
        with self._connect(url or self.url("public"), autocommit=True) as db:
            db.execute(statement)

    def _run(self, program: list[str]) -> subprocess.Popen[bytes]:
        become = [str(shutil.which("setpriv")), "--clear-groups"]
        if os.geteuid() == 0:
            program = [*become, f"--reuid={_other().pw_uid}", f"--regid={_other().pw_gid}", *program]
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(program, stdout=log, stderr=log, cwd=self.folder)  # noqa: S603 - PostgreSQL's

    def _answers(self) -> bool:
        with contextlib.suppress(Exception):  # of psycopg, which need not be there
            self.execute("SELECT 1")
            return True
        return False


def _other() -> pwd.struct_passwd:
    """Who runs it where we are root."""
    for name in _OTHERS:
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    pytest.skip("PostgreSQL does not run as root, and there is no other user")


@functools.cache
def shared_postgres() -> PrivatePostgres:
    """The one that all tests of a process use, each with a schema of its own."""
    made = PrivatePostgres()
    atexit.register(made.remove)
    return made
