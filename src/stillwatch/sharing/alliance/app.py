"""TAXII's application with the alliance's endpoints in front of it."""

from __future__ import annotations

import secrets
from typing import Any

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Mount

from stillwatch.sharing.alliance.endpoints import Alliance
from stillwatch.sharing.hub.store import StoreBusy
from stillwatch.sharing.taxii.faults import TaxiiFault, error_resource


def with_alliance(hub: Starlette, alliance: Alliance) -> Starlette:
    """One application; what is not the alliance's is the hub's."""
    handlers: Any = {TaxiiFault: _fault, StoreBusy: _busy, ClientDisconnect: _gone}
    app = Starlette(routes=[*alliance.routes(), Mount("/", app=hub)], exception_handlers=handlers)
    app.router.redirect_slashes = False
    return app


async def _fault(request: Request, error: Any) -> Response:
    body = error_resource(error, secrets.token_hex(8))
    return Response(body, error.status, {"Cache-Control": "no-store", **error.headers}, "application/json")


async def _busy(request: Request, error: Any) -> Response:
    return await _fault(request, TaxiiFault(503, "The store is busy or full; try again", {"Retry-After": "5"}))


async def _gone(request: Request, error: Any) -> Response:
    return await _fault(request, TaxiiFault(400, "The body ended early"))
