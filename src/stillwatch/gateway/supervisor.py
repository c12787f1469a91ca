"""Worker processes that share one port: started, restarted when they die, replaced on SIGHUP, drained on SIGTERM.

The supervisor holds the port by a bound socket that never listens, so that the address is checked before a worker is
started and port 0 is one port for all. It runs no event loop and no thread: it forks, and waits for signals.

Known weakness: a client whose connection waits to be accepted by a worker that stops is reset, as with every server
that shares a port so; a client that connects again reaches another worker.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import time
from collections.abc import Callable

from stillwatch.errors import StillwatchError
from stillwatch.gateway import tls
from stillwatch.gateway.configuration import Configuration
from stillwatch.gateway.parent import end_with_parent
from stillwatch.gateway.worker import MakeWorker, listening_socket, run

_log = logging.getLogger(__name__)
_SIGNALS = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD}
_SHORT_LIFE_SECONDS = 2.0
"""A worker that dies younger is likely to die again, so its successor waits as long. Chosen."""

Load = Callable[[], Configuration]


class Supervisor:
    """`load` gives the configuration, again on SIGHUP; `make_worker` is called in each process."""

    def __init__(self, load: Load, make_worker: MakeWorker) -> None:
        self._load = load
        self._make_worker = make_worker
        self._configuration = load()
        _check(self._configuration)
        self._port = listening_socket(self._configuration)
        self._process = os.getpid()
        self._current: dict[int, float] = {}  # process: when it was started
        self._leaving: set[int] = set()

    @property
    def address(self) -> tuple[str, int]:
        """Where clients connect."""
        host, port = self._port.getsockname()[:2]
        return host, port

    def run(self) -> None:
        """Keep the workers until SIGTERM or SIGINT, and return once the last of them has ended."""
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        self._start_missing()
        is_ending = False
        while self._current or self._leaving:
            received = signal.sigwait(_SIGNALS)
            if received == signal.SIGCHLD:
                self._reap(is_ending)
            elif received == signal.SIGHUP:
                self._reload()
            else:
                is_ending = True
                self._dismiss()

    def _start_missing(self) -> None:
        while len(self._current) < self._configuration.workers:
            self._current[self._fork()] = time.monotonic()

    def _fork(self) -> int:
        process = os.fork()
        if process == 0:
            self._be_worker()
        return process

    def _be_worker(self) -> None:
        """In the child: never returns into the supervisor's stack."""
        status = 1
        try:
            for number in _SIGNALS:
                signal.signal(number, signal.SIG_IGN if number == signal.SIGHUP else signal.SIG_DFL)
            end_with_parent(self._process)
            bound = self._bind_again()
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            run(self._configuration, self._make_worker, bound)
            status = 0
        except BaseException:  # whatever it is, the child ends here, and says why
            _log.exception("A worker failed")
        finally:
            os._exit(status)

    def _bind_again(self) -> socket.socket:
        """A socket of the worker's own on the port that the supervisor holds."""
        own = socket.socket(self._port.family, socket.SOCK_STREAM)
        own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        own.bind(self._port.getsockname())
        return own

    def _reap(self, is_ending: bool) -> None:
        while (ended := _ended_child()) is not None:
            started = self._current.pop(ended, None)
            self._leaving.discard(ended)
            if started is None or is_ending:
                continue
            _log.error("Worker %d died and is replaced", ended)
            if time.monotonic() - started < _SHORT_LIFE_SECONDS:
                self._wait_before_restart()
            self._start_missing()

    def _wait_before_restart(self) -> None:
        """Wait, unless a signal asks for something sooner; the signal stays pending."""
        received = signal.sigtimedwait(_SIGNALS - {signal.SIGCHLD}, _SHORT_LIFE_SECONDS)
        if received is not None:
            os.kill(os.getpid(), received.si_signo)

    def _reload(self) -> None:
        """New workers with what `load` gives now; the old ones drain. An error leaves all as it was."""
        try:
            configuration = self._load()
            _check(configuration)
            if configuration.listen.host != self._configuration.listen.host or _moves(configuration, self.address[1]):
                self._port.close()
                self._port = listening_socket(configuration)
        except (StillwatchError, OSError) as error:
            _log.error("The configuration was not reloaded: %s", error)
            return
        self._configuration = configuration
        old, self._current = self._current, {}
        self._start_missing()
        self._leaving |= set(old)
        for process in old:
            os.kill(process, signal.SIGTERM)

    def _dismiss(self) -> None:
        for process in [*self._current, *self._leaving]:
            os.kill(process, signal.SIGTERM)


def _check(configuration: Configuration) -> None:
    """Find in the supervisor what would kill each worker."""
    tls.of_server(configuration.listen)
    tls.of_upstream(configuration.upstream)


def _moves(configuration: Configuration, port: int) -> bool:
    return configuration.listen.port not in {0, port}


def _ended_child() -> int | None:
    try:
        process, _ = os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return None
    return process or None
