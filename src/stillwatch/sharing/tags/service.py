"""The key service: evaluates blinded batches for members, equally many for each. It has the key and no tag; the hub's
store has the tags and no key. Run them apart, best by different operators.

    GET  /v1/service                         the rules: batch size, daily batches, open epochs
    POST /v1/epochs/{epoch}/evaluations      one batch of exactly the fixed size (`wire`), with a proof in the answer
    GET  /v1/log?after=ID                    every batch of every member: time, pseudonym, epoch, count

Everything asks for a bearer token. Fails closed: who is not known, whose quota is spent, and what is not well formed
gets no evaluation, and a batch that is malformed is not counted.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from functools import partial

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from stillwatch.errors import UsageError
from stillwatch.sharing.tags import wire
from stillwatch.sharing.tags.dleq import LARGEST_BATCH, prove
from stillwatch.sharing.tags.epochs import EpochClosed
from stillwatch.sharing.tags.group import ELEMENT_BYTES, Element, ElementInvalid
from stillwatch.sharing.tags.key_file import EpochKeys
from stillwatch.sharing.tags.oprf import evaluate
from stillwatch.sharing.tags.register import QuotaSpent, Register
from stillwatch.sharing.tags.suite import IDENTIFIER, KeyPair, Suite

_log = logging.getLogger(__name__)
Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Rules:
    """The same for every member. 96 batches of 512 are one each quarter of an hour: 49,152 evaluations a day.

    All IPv4 addresses take 239 years at that (docs/tags.md).
    """

    batch_points: int = 512
    daily_batches: int = 96

    def __post_init__(self) -> None:
        if not (0 < self.batch_points <= LARGEST_BATCH and self.daily_batches > 0):
            raise UsageError("a batch has 1 to 65,535 points, and a day at least one batch")


class Refused(Exception):
    """A request that gets a status and a sentence instead of an evaluation."""

    def __init__(self, status: int, title: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(title)
        self.status, self.title, self.headers = status, title, headers or {}


class KeyService:
    """Keys, register and rules of one service; `clock` gives seconds since 1970."""

    def __init__(
        self, keys: EpochKeys, register: Register, rules: Rules, suite: Suite, clock: Callable[[], float]
    ) -> None:
        self._keys, self._register, self.rules, self._suite, self._clock = keys, register, rules, suite, clock
        self._turn = threading.Lock()
        self._pairs: dict[int, KeyPair] = {}

    def member(self, authorization: str) -> str:
        """Who asks. Raises `Refused` 401."""
        scheme, _, token = authorization.partition(" ")
        name = self._register.member_of(token.strip()) if scheme.lower() == "bearer" else None
        if name is None:
            raise Refused(401, "a member's bearer token is needed", {"WWW-Authenticate": 'Bearer realm="tags"'})
        return name

    def describe(self) -> dict[str, object]:
        now_s = self._clock()
        present = self._keys.calendar.epoch_at(now_s)
        return {
            "suite": IDENTIFIER.decode(),
            **asdict(self.rules),
            "open_epochs": [e for e in (present, present + 1) if self._keys.calendar.is_open(e, now_s)],
        }

    def log(self, after: int) -> list[dict[str, object]]:
        return [asdict(asked) for asked in self._register.log(after)]

    def answer(self, member: str, epoch: int, fruitless: bool, body: bytes) -> bytes:
        """Check, in this order: the epoch, the points, the quota; then evaluate and prove. Raises `Refused`."""
        now_s = int(self._clock())
        pair = self._pair(epoch, now_s)
        try:
            blinded = wire.decode(body, self.rules.batch_points, self._suite)
        except ElementInvalid as error:
            raise Refused(422, error.problem) from None
        try:
            self._register.take(member, epoch, len(blinded), fruitless, now_s, self.rules.daily_batches)
        except QuotaSpent as spent:
            raise Refused(429, str(spent), {"Retry-After": str(spent.retry_after_s)}) from None
        if fruitless:
            _log.warning("%s says that its evaluations have long met nothing", member)
        evaluated: list[Element] = [evaluate(self._suite, pair.secret, element) for element in blinded]
        return wire.encode(evaluated, prove(self._suite, pair, blinded, evaluated))

    def _pair(self, epoch: int, now_s: int) -> KeyPair:
        """The key, if its epoch is open; keys of epochs that are over are forgotten on the way."""
        with self._turn:
            if self._keys.advance(now_s):
                self._pairs.clear()
            if not self._keys.calendar.is_open(epoch, now_s):
                raise Refused(410, f"epoch {epoch} is not open")
            try:
                return self._pairs.setdefault(epoch, self._keys.pair(epoch))
            except EpochClosed as error:
                raise Refused(410, error.problem) from None


def application(service: KeyService) -> Starlette:
    """The service as an ASGI application."""
    routes = [
        Route("/v1/service", partial(_described, service)),
        Route("/v1/epochs/{epoch:int}/evaluations", partial(_evaluated, service), methods=["POST"]),
        Route("/v1/log", partial(_logged, service)),
    ]
    return Starlette(routes=routes, exception_handlers={Refused: _refused})


async def _described(service: KeyService, request: Request) -> Response:
    await _asker(service, request)
    return JSONResponse(service.describe())


async def _logged(service: KeyService, request: Request) -> Response:
    await _asker(service, request)
    after = request.query_params.get("after", "0")
    if not after.isdecimal() or len(after) > 18:
        raise Refused(400, "after is the id of a line of the log")
    return JSONResponse({"batches": await run_in_threadpool(service.log, int(after))})


async def _evaluated(service: KeyService, request: Request) -> Response:
    member = await _asker(service, request)
    if request.headers.get("content-type") != wire.MEDIA_TYPE:
        raise Refused(415, f"a batch is {wire.MEDIA_TYPE}")
    fruitless = request.headers.get(wire.FRUITLESS, "")
    if fruitless not in ("0", "1"):
        raise Refused(400, f"{wire.FRUITLESS} is 0 or 1, and is said with every batch")
    body = await _bounded(request, service.rules.batch_points * ELEMENT_BYTES)
    answer = partial(service.answer, member, request.path_params["epoch"], fruitless == "1", body)
    return Response(await run_in_threadpool(answer), media_type=wire.MEDIA_TYPE)


async def _asker(service: KeyService, request: Request) -> str:
    return await run_in_threadpool(service.member, request.headers.get("authorization", ""))


async def _bounded(request: Request, most: int) -> bytes:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > most:
            raise Refused(413, f"a batch has {most} bytes")
    return bytes(body)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)  # noqa: S101 - starlette hands over what the handler is registered for
    return Response(json.dumps({"title": error.title}), error.status, error.headers, "application/json")
