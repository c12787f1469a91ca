"""TAXII's application with the alliance's endpoints in front of it, and the record behind it.

What was posted is recorded before the contributor has its answer. Killed in between, the next post or reader of the
record makes up for it. Nothing of a collection under the alliance's rules is deleted: a member that has it would never
hear of that, and the record would speak of what nobody can show. It is withdrawn by a new version.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from anyio.to_thread import run_sync
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stillwatch.sharing.alliance.endpoints import Alliance
from stillwatch.sharing.alliance.publications import Publications
from stillwatch.sharing.hub.store import StoreBusy
from stillwatch.sharing.taxii.faults import TaxiiFault, error_resource


def with_alliance(hub: Starlette, alliance: Alliance, publications: Publications) -> Starlette:
    """One application; what is not the alliance's is the hub's."""
    handlers: Any = {TaxiiFault: _fault, StoreBusy: _busy, ClientDisconnect: _gone}
    recorded = Mount("/", app=_Recorded(hub, alliance.record_posts))
    app = Starlette(routes=[*alliance.routes(hub), *publications.routes(), recorded], exception_handlers=handlers)
    app.router.redirect_slashes = False
    return app


class _Recorded:
    """The hub, whose answers to posts wait until what was stored is recorded."""

    def __init__(self, hub: ASGIApp, record: Callable[[], object]) -> None:
        self._hub = hub
        self._record = record

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 202:
                await run_sync(self._record)
            await send(message)

        is_post = scope["type"] == "http" and scope["method"] == "POST"
        await self._hub(scope, receive, sent if is_post else send)


async def _fault(request: Request, error: Any) -> Response:
    body = error_resource(error, secrets.token_hex(8))
    return Response(body, error.status, {"Cache-Control": "no-store", **error.headers}, "application/json")


async def _busy(request: Request, error: Any) -> Response:
    return await _fault(request, TaxiiFault(503, "The store is busy or full; try again", {"Retry-After": "5"}))


async def _gone(request: Request, error: Any) -> Response:
    return await _fault(request, TaxiiFault(400, "The body ended early"))
