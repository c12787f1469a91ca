"""The gateway as a process of its own, with the guard that does nothing: `PORT UPSTREAM_PORT`."""

from __future__ import annotations

import sys
from contextlib import nullcontext

from stillwatch.gateway.configuration import Configuration, Listen, Upstream
from stillwatch.gateway.guard import PassThrough
from stillwatch.gateway.worker import Worker, listening_socket, run

if __name__ == "__main__":
    configuration = Configuration(listen=Listen(port=int(sys.argv[1])), upstream=Upstream(port=int(sys.argv[2])))
    run(configuration, lambda c: nullcontext(Worker(c, PassThrough())), listening_socket(configuration))
