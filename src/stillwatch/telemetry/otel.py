"""Whether and how exchanges become OpenTelemetry spans; off unless an endpoint is named, and then nothing is loaded.

Spans are made of settled exchanges, so they may be made in the observer's process, where they cost the path nothing
(and shed exchanges have none), or in a worker's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import msgspec

from stillwatch.errors import UsageError
from stillwatch.observing.frames import Observed

Observe = Callable[[Observed], object]
End = Callable[[], None]


class SpanSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of a configuration.

    `endpoint` takes OTLP over HTTP, as http://127.0.0.1:4318/v1/traces; empty: no spans. `ratio` of exchanges get one,
    at random; with `follows_clients` those whose client sent a `traceparent` as its sampled flag says, which lets a
    client decide how many there are. `accounts` adds who asked, as a pseudonym.
    """

    endpoint: str = ""
    ratio: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.01
    accounts: bool = False
    follows_clients: bool = False
    service: str = "stillwatch"


def traced(observe: Observe, settings: SpanSettings, pseudonym: Callable[[str], int]) -> tuple[Observe, End]:
    """`observe` with a span for some exchanges, and what ends it: spans that wait are sent, at most for seconds.

    `observe` itself where spans are off. Call it after the fork: it starts a thread. `pseudonym` is
    `pseudonym.Pseudonymiser(secret, "account")`. Raises `UsageError` where OpenTelemetry is not installed.
    """
    if not settings.endpoint:
        return observe, _nothing
    try:
        from stillwatch.telemetry.spans import Spans, sent_to
    except ModuleNotFoundError as error:
        raise UsageError(
            f"spans need OpenTelemetry, and {error.name} is not installed",
            "Install stillwatch[otel], or leave the endpoint of spans out",
        ) from None
    provider = sent_to(settings.endpoint, settings.service)
    spans = Spans(
        provider.get_tracer("stillwatch"),
        settings.ratio,
        pseudonym if settings.accounts else None,
        follows_clients=settings.follows_clients,
    )

    def observed(exchange: Observed) -> object:
        handed_on = observe(exchange)
        spans.observe(exchange)
        return handed_on

    return observed, provider.shutdown


def _nothing() -> None:
    pass
