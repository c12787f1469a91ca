"""Whether the model API can be reached as the gateway would reach it: name, connection, certificate, HTTP."""

from __future__ import annotations

import re
import socket
import ssl
import time

from stillwatch.cli.checks.result import Result, fault, guarded, ok, warning
from stillwatch.gateway import tls
from stillwatch.gateway.configuration import Upstream

CHECK = "upstream"
PATIENCE_SECONDS = 3.0
PROBE = "/v1/models"
"""Every dialect's servers know it, and it costs nothing."""
_STATUS = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})[ \r\n]")
_LONGEST_LINE = 4096
_NEEDS_KEY = frozenset({401, 403})


def upstream(to: Upstream, probe: str = PROBE) -> list[Result]:
    """Ask it for its list of models, without a key; each step may take three seconds."""
    at = f"{to.host}:{to.port}"

    def look() -> list[Result]:
        context = tls.of_upstream(to)
        try:
            began = time.perf_counter()
            with socket.create_connection((to.host, to.port), timeout=PATIENCE_SECONDS) as plain:
                connected = time.perf_counter() - began
                return _asked(to, plain, context, probe, f"{at}: connected in {connected * 1000:.0f} ms")
        except ssl.SSLCertVerificationError as error:
            remedy = "Name the authority that signed it as upstream.authority, and the host that it is for"
            return [fault(CHECK, f"{at}: its certificate is not good: {error.verify_message}", remedy)]
        except ssl.SSLError as error:
            return [
                fault(CHECK, f"{at} speaks no TLS that is understood: {error.reason}", "Set upstream.tls to false?")
            ]
        except TimeoutError:
            return [fault(CHECK, f"{at} does not answer within {PATIENCE_SECONDS:.0f} s", "Is it started, and let in?")]
        except socket.gaierror as error:
            return [fault(CHECK, f"{to.host} is not known: {error.strerror}", "Check upstream.host and the resolver")]
        except OSError as error:
            return [fault(CHECK, f"{at} cannot be reached: {error.strerror}", "Is it started, and let in?")]

    return guarded(CHECK, look)


def answered(at: str, probe: str, status: int) -> Result:
    """What the status of the answer means."""
    said = f"{at}, {probe} gives {status}"
    if status in _NEEDS_KEY:
        return ok(CHECK, f"{said}: it wants a key, as it should")
    if status >= 500:
        return warning(CHECK, said, "See its logs")
    if status >= 300:
        return warning(CHECK, said, "Is it a model API? Name a path that it knows with --probe")
    return ok(CHECK, said)


def _asked(to: Upstream, plain: socket.socket, context: ssl.SSLContext | None, probe: str, at: str) -> list[Result]:
    connection = context.wrap_socket(plain, server_hostname=to.host) if context else plain
    with connection:
        connection.sendall(f"GET {probe} HTTP/1.1\r\nHost: {to.host}\r\nConnection: close\r\n\r\n".encode())
        line = _first_line(connection)
    found = _STATUS.match(line)
    if found is None:
        return [fault(CHECK, f"{at}, and what it answers is no HTTP", "Check upstream.host, port and tls")]
    return [answered(at + (", TLS verified" if context else ""), probe, int(found[1]))]


def _first_line(connection: socket.socket) -> bytes:
    """Up to its end, or its most, or the time that all of it may take."""
    latest = time.monotonic() + PATIENCE_SECONDS
    line = b""
    while b"\n" not in line and len(line) < _LONGEST_LINE:
        connection.settimeout(max(latest - time.monotonic(), 0.001))
        block = connection.recv(_LONGEST_LINE)
        if not block:
            break
        line += block
    return line
