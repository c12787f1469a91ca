"""Refusals and rate-limit fields in the form of each family of APIs, as its SDKs expect them.

The families differ in the error body, in the fields that tell limits, and in how a client is told to try again:
OpenAI's and Anthropic's SDKs obey `retry-after-ms`, `retry-after` and `x-should-retry`; Google's reads `RetryInfo`.

Sources: OpenAI, "Error codes"; Anthropic, "Errors"; Google AIP-193 (google.rpc.Status).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from msgspec import json

from stillwatch.gateway.dialects import rate_fields
from stillwatch.gateway.dialects.reply import Fault, Header, Refused, Reply
from stillwatch.gateway.dialects.standing_limits import Shown
from stillwatch.limits.limit import Measure

_JSON: Header = (b"content-type", b"application/json")
_STAY_AWAY: Header = (b"x-should-retry", b"false")
_MAY_PASS_LATER = frozenset({Fault.LIMITED, Fault.INTERNAL, Fault.BAD_GATEWAY, Fault.UNAVAILABLE, Fault.TIMED_OUT})


@dataclass(frozen=True, slots=True)
class Form:
    """How one family of APIs says no, and how it tells limits. `ietf`: the draft's fields beside its own.

    `layout` is `limits` as text with holes (`telling.py`).
    """

    body: Callable[[Refused], bytes]
    limits: Callable[[Sequence[Shown], int], list[Header]]
    layout: rate_fields.Layout
    ietf: bool = True

    def admitted(self, shown: Sequence[Shown], now_us: int) -> list[Header]:
        """The fields that an answer carries: the client's own limits after it. `now_us` is UTC since 1970."""
        return self.limits(shown, now_us) + (rate_fields.ietf(shown) if self.ietf else [])

    def refused(self, refused: Refused, now_us: int) -> Reply:
        """What goes to the client in place of an answer."""
        headers = [_JSON]
        if refused.spent is not None:
            headers += rate_fields.retry_after(refused.spent) + rate_fields.retry_after_ms(refused.spent)
            headers += self.admitted(refused.spent.shown, now_us)
        if refused.fault not in _MAY_PASS_LATER:
            headers.append(_STAY_AWAY)
        return Reply(refused.status, tuple(headers), self.body(refused))


_OPENAI = {
    Fault.BAD_REQUEST: ("invalid_request_error", None),
    Fault.UNKNOWN_KEY: ("invalid_request_error", "invalid_api_key"),
    Fault.DENIED: ("invalid_request_error", "access_denied"),
    Fault.VERIFY: ("invalid_request_error", "verification_required"),
    Fault.NOT_FOUND: ("invalid_request_error", "not_found"),
    Fault.TOO_LARGE: ("invalid_request_error", "request_too_large"),
    Fault.LIMITED: ("requests", "rate_limit_exceeded"),
}
_ANTHROPIC = {
    Fault.BAD_REQUEST: "invalid_request_error",
    Fault.UNKNOWN_KEY: "authentication_error",
    Fault.DENIED: "permission_error",
    Fault.VERIFY: "permission_error",
    Fault.NOT_FOUND: "not_found_error",
    Fault.TOO_LARGE: "request_too_large",
    Fault.LIMITED: "rate_limit_error",
    Fault.UNAVAILABLE: "overloaded_error",
    Fault.TIMED_OUT: "timeout_error",
}
_GOOGLE = {
    Fault.BAD_REQUEST: "INVALID_ARGUMENT",
    Fault.UNKNOWN_KEY: "UNAUTHENTICATED",
    Fault.DENIED: "PERMISSION_DENIED",
    Fault.VERIFY: "PERMISSION_DENIED",
    Fault.NOT_FOUND: "NOT_FOUND",
    Fault.TOO_LARGE: "INVALID_ARGUMENT",
    Fault.LIMITED: "RESOURCE_EXHAUSTED",
    Fault.INTERNAL: "INTERNAL",
    Fault.BAD_GATEWAY: "UNAVAILABLE",
    Fault.UNAVAILABLE: "UNAVAILABLE",
    Fault.TIMED_OUT: "DEADLINE_EXCEEDED",
}


def _openai_body(refused: Refused) -> bytes:
    kind, code = _OPENAI.get(refused.fault, ("server_error", None))
    if refused.spent is not None and refused.spent.measure in (Measure.INPUT_TOKENS, Measure.OUTPUT_TOKENS):
        kind = "tokens"
    error = {"message": refused.says, "type": kind, "param": refused.parameter or None, "code": code}
    return json.encode({"error": error})


def _anthropic_body(refused: Refused) -> bytes:
    error = {"type": _ANTHROPIC.get(refused.fault, "api_error"), "message": refused.says}
    return json.encode({"type": "error", "error": error})


def _google_body(refused: Refused) -> bytes:
    error = {"code": refused.status, "message": refused.says, "status": _GOOGLE[refused.fault]}
    if refused.spent is not None:
        delay = f"{max(refused.spent.wait_ns / 1e9, 0.001):.3f}s"
        retry = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}
        return json.encode({"error": {**error, "details": [retry]}})
    return json.encode({"error": error})


def _no_fields(_shown: Sequence[Shown], _now_us: int) -> list[Header]:
    """Google tells limits in no fields of its own."""
    return []


OPENAI = Form(_openai_body, rate_fields.openai, rate_fields.OPENAI)
ANTHROPIC = Form(_anthropic_body, rate_fields.anthropic, rate_fields.ANTHROPIC)
GEMINI = Form(_google_body, _no_fields, rate_fields.NONE)
