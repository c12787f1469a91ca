"""What the guard says instead of the model, before a dialect puts it into its own form."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from stillwatch.decision.core import Decision
from stillwatch.decision.verdict import Step
from stillwatch.gateway.dialects.bad_request import BadRequest
from stillwatch.gateway.dialects.standing_limits import Spent
from stillwatch.limits.limit import NANOSECONDS, Measure

Header = tuple[bytes, bytes]


class Fault(StrEnum):
    """Why the model is not asked, or did not answer."""

    BAD_REQUEST = "bad_request"
    UNKNOWN_KEY = "unknown_key"
    DENIED = "denied"
    VERIFY = "verify"
    NOT_FOUND = "not_found"
    TOO_LARGE = "too_large"
    LIMITED = "limited"
    INTERNAL = "internal"
    BAD_GATEWAY = "bad_gateway"
    UNAVAILABLE = "unavailable"
    TIMED_OUT = "timed_out"


STATUS = {
    Fault.BAD_REQUEST: 400,
    Fault.UNKNOWN_KEY: 401,
    Fault.DENIED: 403,
    Fault.VERIFY: 403,
    Fault.NOT_FOUND: 404,
    Fault.TOO_LARGE: 413,
    Fault.LIMITED: 429,
    Fault.INTERNAL: 500,
    Fault.BAD_GATEWAY: 502,
    Fault.UNAVAILABLE: 503,
    Fault.TIMED_OUT: 504,
}
_SAYS = {
    Fault.BAD_REQUEST: "The request could not be read.",
    Fault.UNKNOWN_KEY: "Incorrect API key provided.",
    Fault.DENIED: "This account does not have access. Contact support.",
    Fault.VERIFY: "This account must be verified before it can go on. Contact support.",
    Fault.NOT_FOUND: "Not found.",
    Fault.TOO_LARGE: "The request is too large.",
    Fault.LIMITED: "Rate limit reached.",
    Fault.INTERNAL: "The server had an error while processing the request.",
    Fault.BAD_GATEWAY: "The model's server gave no valid answer. Please try again.",
    Fault.UNAVAILABLE: "The service is overloaded. Please try again later.",
    Fault.TIMED_OUT: "The model's server did not answer in time. Please try again.",
}
_NAMED = {
    Measure.REQUESTS: "requests",
    Measure.INPUT_TOKENS: "input tokens",
    Measure.OUTPUT_TOKENS: "output tokens",
    Measure.CONCURRENT: "concurrent requests",
}


@dataclass(frozen=True, slots=True)
class Refused:
    """One refusal or failure. `spent` for `LIMITED`; `parameter` of a bad request, empty for none."""

    fault: Fault
    message: str = ""
    parameter: str = ""
    spent: Spent | None = None

    @property
    def status(self) -> int:
        return STATUS[self.fault]

    @property
    def says(self) -> str:
        """A sentence for the client."""
        if self.spent is None:
            return self.message or _SAYS[self.fault]
        what = _NAMED.get(self.spent.measure, "requests")
        return f"Rate limit reached for {what}. Please try again in {duration(self.spent.wait_ns)}."

    @classmethod
    def bad_request(cls, error: BadRequest) -> Refused:
        """The refusal of a body that cannot be read."""
        return cls(Fault.BAD_REQUEST, error.problem, error.parameter)

    @classmethod
    def decided(cls, decision: Decision, spent: Spent | None, verify_message: str = "") -> Refused:
        """The refusal that a decision means. `spent` says how its refusal by a limit is told, None for none."""
        if spent is not None:
            return cls(Fault.LIMITED, spent=spent)
        if decision.step is Step.VERIFY:
            return cls(Fault.VERIFY, verify_message)
        return cls(Fault.DENIED)


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes over the wire in place of an answer; Content-Length is the sender's."""

    status: int
    headers: tuple[Header, ...]
    body: bytes


def duration(ns: int) -> str:
    """A time as OpenAI's headers write it, rounded up to whole milliseconds: 12ms, 1.5s, 6m0s, 1h0m0s."""
    ms = -(-ns // 1_000_000)
    if ms < 1000:
        return f"{ms}ms"
    seconds, ms = divmod(ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    rest = f"{seconds}.{ms:03}".rstrip("0") if ms else str(seconds)
    return f"{hours}h{minutes}m{rest}s" if hours else f"{minutes}m{rest}s" if minutes else f"{rest}s"


def whole_seconds(ns: int) -> int:
    """Seconds, rounded up: who comes back too early is refused again."""
    return -(-ns // NANOSECONDS)
