"""One line of log a request: who, which endpoint, how it ended, how long it took.

Neither credentials nor filters nor ids are told: what a member looks for is its own affair, and objects are content.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

MEMBER = "stillwatch.member"
"""Key of a scope: the name of who has shown who it is."""
_FAILED = 500
"""What is answered outside of this to an exception that nobody handled."""
_LOGGER = logging.getLogger("stillwatch.hub")


class Telling:
    """An ASGI application that tells what the one inside answered."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, and tell."""
        began, status = time.perf_counter(), [_FAILED]

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                status[0] = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            said = {
                "member": scope.get(MEMBER, ""),
                "method": scope.get("method", ""),
                "endpoint": _endpoint(scope),
                "status": status[0],
                "milliseconds": round((time.perf_counter() - began) * 1000, 1),
            }
            _LOGGER.info("answered", extra=said)


def _endpoint(scope: Mapping[str, Any]) -> str:
    """The path with names in place of what was asked for; empty for a path that leads nowhere."""
    parameters = scope.get("path_params")
    if parameters is None:
        return ""
    path = str(scope["path"])
    for name, value in parameters.items():
        if name != "root":
            path = path.replace(f"/{value}", f"/{{{name}}}", 1)
    return path
