"""Client certificates: the connection's, told to the application as a SHA-256 with each request.

Uvicorn checks a certificate against the authorities that it is given, and does not say whose it was. This protocol
does, so that a member can be bound to one.
"""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

from stillwatch.sharing.hub.app import CERTIFICATE
from stillwatch.sharing.hub.heads import BoundedHeads


class CertificateProtocol(BoundedHeads):
    """HTTP/1.1 with the client certificate in the scope."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Remember whose connection it is."""
        super().connection_made(transport)
        encrypted = transport.get_extra_info("ssl_object")
        certificate = encrypted.getpeercert(binary_form=True) if encrypted else None
        if certificate:
            self.app = _told(self.app, hashlib.sha256(certificate).hexdigest())


def _told(app: Any, digest: str) -> Any:
    async def telling(scope: dict[str, Any], receive: Any, send: Any) -> None:
        scope[CERTIFICATE] = digest
        await app(scope, receive, send)

    return telling
