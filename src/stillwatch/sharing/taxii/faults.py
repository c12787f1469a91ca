"""What a TAXII server answers when it cannot do what it was asked: an HTTP status and an error resource (3.6.1)."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

TITLE = "ProcessingError"
"""One title for all; the reference server's, which clients and their tests know. The description says what is wrong."""


class TaxiiFault(Exception):
    """A request that is refused; `description` is shown to the client and never quotes what it sent in full."""

    def __init__(self, status: int, description: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(description)
        self.status = status
        self.description = description
        self.headers = dict(headers or {})


def malformed(description: str) -> TaxiiFault:
    """3.4: a query parameter that is malformed is answered with 400."""
    return TaxiiFault(400, description)


def not_found(what: str) -> TaxiiFault:
    """The thing is not there, or this client is not to know that it is."""
    return TaxiiFault(404, f"{what} is not found, or you have no access to it")


def forbidden(what: str) -> TaxiiFault:
    """The client may know that the thing is there, but not do this with it."""
    return TaxiiFault(403, f"You have no right to {what}")


def unprocessable(reason: str) -> TaxiiFault:
    """5.5: content that is no envelope, or cannot be taken, is answered with 422."""
    return TaxiiFault(422, f"While processing supplied content, an error occurred: {reason}")


def error_resource(fault: TaxiiFault, error_id: str) -> bytes:
    """The body of the answer; `http_status` is a string and equals the status line (3.6.1)."""
    return msgspec.json.encode(
        {
            "title": TITLE,
            "description": fault.description,
            "error_id": error_id,
            "http_status": str(fault.status),
        }
    )
