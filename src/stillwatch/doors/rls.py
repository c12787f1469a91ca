"""Envoy's rate-limit protocol over gRPC: any Envoy asks this service without a line of code of ours in it.

Envoy sends descriptors, which its configuration makes of a request; their entries are header fields by their names
(`authorization`, `x-api-key`, ...), `:path`, `remote_address`, and `uses`. Without `uses` the question is whether the
request may go on: verdicts and limits of requests decide, and who has overdrawn a limit of tokens waits. With
`uses` of `input_tokens` or `output_tokens` the hits are tokens that an answer took, said when its stream is done.

What it cannot do: it sees no body, so nothing is reserved, degraded or observed, and an account overdraws its tokens by
what it has under way. Envoy gives every refusal one status. A stream that a client leaves early has no usage to tell.

Source: Envoy 1.40, envoy/service/ratelimit/v3/rls.proto, config.route.v3.RateLimit.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc

from stillwatch.decision.core import Context
from stillwatch.doors.added_fields import added_fields
from stillwatch.doors.configuration import Door
from stillwatch.doors.rls_messages import OK, OVER_LIMIT, BrokenMessage, Descriptor, answered, asked
from stillwatch.doors.station import Station, delayed, unobserved
from stillwatch.gateway.dialects.dialect import dialect_of
from stillwatch.gateway.dialects.refusals import GEMINI
from stillwatch.gateway.guard import Answer, Header, Request
from stillwatch.gateway.settling import Settling
from stillwatch.limits.limit import Measure

SERVICE, METHOD = "envoy.service.ratelimit.v3.RateLimitService", "ShouldRateLimit"
STEP = b"x-stillwatch-step"
_OURS = frozenset({":path", "remote_address", "uses"})
_TOKENS = {Measure.INPUT_TOKENS: (1, 0), Measure.OUTPUT_TOKENS: (0, 1)}
"""What a hit counts as: input tokens, output tokens."""
_STATUS_OK = 200


class RateLimits:
    """What Envoy is told. Raises nothing: a question that is none is refused by gRPC, and Envoy fails as it is told."""

    def __init__(self, station: Station) -> None:
        self._station = station

    async def should_rate_limit(self, message: bytes, context: Any) -> bytes:
        """One call: the first descriptor that stands in the way decides, and then nothing is counted for the others."""
        try:
            question = asked(message)
        except BrokenMessage as error:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        to_client: list[Header] = []
        upstream: list[Header] = []
        for descriptor in question.descriptors:
            if "uses" in descriptor.entries:
                hits = question.hits if descriptor.hits is None else descriptor.hits
                self._charge(descriptor, hits)
                continue
            said = await self._admitted(descriptor, to_client, upstream)
            if said is not None:
                return answered(OVER_LIMIT, len(question.descriptors), said.headers, (), said.body)
        return answered(OK, len(question.descriptors), to_client, upstream, b"")

    async def _admitted(self, descriptor: Descriptor, to_client: list[Header], upstream: list[Header]) -> Answer | None:
        """The refusal, or None and what the client and the upstream are told."""
        said = await self._station.ask(_request(descriptor))
        if isinstance(said, Answer):
            return said
        await delayed(said)
        observer = said.observer
        if isinstance(observer, Settling):
            to_client += added_fields(observer.on_head(_STATUS_OK, []))
            upstream.append((STEP, observer.step.name.lower().encode()))
            observer.leave()
        return None

    def _charge(self, descriptor: Descriptor, tokens: int) -> None:
        """Take these tokens from all that its account is held to, also where that overdraws it."""
        try:
            into, out = _TOKENS[Measure(descriptor.entries["uses"])]
        except (ValueError, KeyError):
            return  # hits of a measure that is not counted here
        caller = self._station.caller(_request(descriptor))
        if caller is None:
            return
        named = Context(
            caller.account,
            key=caller.key,
            organization=caller.organization,
            payment=caller.payment,
            network=caller.network,
        )
        now = self._station.clock()
        ladder = self._station.gate.core.ladder(named, now)
        ladder.settle((0, 0, 0, 0), (0, into * tokens, out * tokens, 0), now.ns)


def _request(descriptor: Descriptor) -> Request:
    """What the gate is asked: a list of models, which costs a request and no tokens, in the dialect of the path."""
    entries = descriptor.entries
    headers = [(name.lower().encode(), value.encode()) for name, value in entries.items() if name not in _OURS]
    is_anthropic = any(name == b"anthropic-version" for name, _ in headers)
    dialect = dialect_of(entries.get(":path", ""), is_anthropic)
    target = b"/v1beta/models" if dialect is not None and dialect.form is GEMINI else b"/v1/models"
    return Request(b"GET", target, headers, b"", entries.get("remote_address", ""))


@asynccontextmanager
async def serving(door: Door) -> AsyncGenerator[int]:
    """The service in this process's loop; yields its port. Raises `StillwatchError` for files that are none."""
    station = Station(door, "rls", observe=unobserved)
    async with served(station) as port:
        yield port


@asynccontextmanager
async def served(station: Station) -> AsyncGenerator[int]:
    """A gRPC server around a station, on the address that its door names."""
    limits, listen = RateLimits(station), station.door.listen
    handler = grpc.unary_unary_rpc_method_handler(limits.should_rate_limit)  # bytes in, bytes out
    server = grpc.aio.server()
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(SERVICE, {METHOD: handler})])
    address = f"{listen.host}:{listen.port}"
    if listen.certificate:
        pair = Path(listen.key).read_bytes(), Path(listen.certificate).read_bytes()
        port = server.add_secure_port(address, grpc.ssl_server_credentials([pair]))
    else:
        port = server.add_insecure_port(address)
    await station.start()
    await server.start()
    try:
        yield port
    finally:
        await server.stop(grace=1.0)
        await station.close()
