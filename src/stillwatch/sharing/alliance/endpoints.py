"""The alliance's endpoints beside TAXII's, under `/{root}/alliance/`. JSON both ways; members of the root only.

POST approvals/                 an approval (governance.approval)                      201, 200 if known
POST acknowledgements/          an acknowledgement                                     201, 200 if known
GET  acknowledgements/{digest}/ who acknowledged a version
GET  standings/                 score, contributors, disputes of each claim that the member may see
GET  log/?after=N               entries of the record behind number N, at most 1,000
GET  log/head/                  the newest entry's number and digest, signed
GET  news/?collection=ID&after=DATE   answers when something newer came that the member may see: 200; in 25 s not: 204
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from functools import partial
from typing import Any, TypeVar

import msgspec
from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from stillwatch.errors import InputError
from stillwatch.sharing.alliance import acknowledgement
from stillwatch.sharing.alliance.access import Access
from stillwatch.sharing.alliance.acknowledgement import Acknowledgement, NotAcknowledged
from stillwatch.sharing.alliance.news import News
from stillwatch.sharing.alliance.record import Record
from stillwatch.sharing.alliance.standings import Standings
from stillwatch.sharing.alliance.store import AllianceStore
from stillwatch.sharing.alliance.totals import Totals
from stillwatch.sharing.governance import approval
from stillwatch.sharing.governance.approval import Approval, NotApproved
from stillwatch.sharing.hub.members import Member
from stillwatch.sharing.hub.store import Collection, Store
from stillwatch.sharing.taxii.faults import TaxiiFault, forbidden, malformed, not_found
from stillwatch.sharing.taxii.timestamps import read_us

_LONGEST_BODY = 1_000_000
"""Bytes: an approval of ten thousand objects has 0.7 MB."""
_MOST_ENTRIES = 1_000
_WAIT_SECONDS = 25.0
_LOOK_SECONDS = 0.5

_log = logging.getLogger("stillwatch.hub")

Sent = TypeVar("Sent")


class Alliance:
    """Endpoints over the hub's store, the alliance's and the record."""

    def __init__(
        self,
        access: Access,
        objects: Store,
        store: AllianceStore,
        record: Record,
        totals: Totals,
        standings: Standings,
        news: News,
    ) -> None:
        self._access = access
        self._objects = objects
        self._store = store
        self._record = record
        self._totals = totals
        self._standings = standings
        self._news = news

    def record_posts(self) -> None:
        """Record and count what was published and is not recorded yet.

        Without its record nothing is answered; that totals are damaged stops the report and no post.
        """
        self._record.catch_up(self._store)
        try:
            self._totals.catch_up(self._store)
        except InputError as error:
            _log.error("what is published is not counted: %s", error)

    def routes(self, hub: ASGIApp) -> list[Route]:
        """All of them, with and without a slash at the end, and TAXII's DELETE on its way to `hub`."""

        async def delete(request: Request) -> ASGIApp:
            await run_sync(lambda: self._refuse_if_governed(request))
            return hub

        of: list[tuple[str, Callable[[Request], Awaitable[Response]], str]] = [
            ("approvals", self.approve, "POST"),
            ("acknowledgements", self.acknowledge, "POST"),
            ("acknowledgements/{digest}", self.acknowledged, "GET"),
            ("standings", self.standings, "GET"),
            ("log/head", self.head, "GET"),
            ("log", self.log, "GET"),
            ("news", self.news, "GET"),
        ]
        own = [(f"/{{root}}/alliance/{path}", endpoint, method) for path, endpoint, method in of]
        deleting = ("/{root}/collections/{collection}/objects/{object}", delete, "DELETE")
        return [
            Route(f"{path}{end}", endpoint, methods=[method])
            for path, endpoint, method in [*own, deleting]
            for end in ("/", "")
        ]

    async def approve(self, request: Request) -> Response:
        """Keep a signer's approval; the objects may be posted afterwards, by any TAXII client."""
        body = await _body(request)

        def kept() -> Response:
            member = self._access.member(request)
            sent = _decoded(body, Approval)
            try:
                approval.check(sent, self._store.signers(member.name))
            except NotApproved as error:
                raise TaxiiFault(422, error.problem) from None
            is_new = self._store.put_approval(member.name, sent)
            if is_new:
                self._record.approved(member.name, sent)
            return _json({}, 201 if is_new else 200)

        return await run_sync(kept)

    async def acknowledge(self, request: Request) -> Response:
        """Keep a member's word that it took note of a version."""
        body = await _body(request)

        def kept() -> Response:
            member = self._access.member(request)
            sent = _decoded(body, Acknowledgement)
            if sent.member != member.name:
                raise TaxiiFault(422, "the acknowledgement is another member's")
            try:
                acknowledgement.check(sent, self._store.signers(member.name))
            except NotAcknowledged as error:
                raise TaxiiFault(422, error.problem) from None
            is_new = self._store.put_acknowledgement(sent)
            if is_new:
                self._record.acknowledged(sent)
            return _json({}, 201 if is_new else 200)

        return await run_sync(kept)

    async def acknowledged(self, request: Request) -> Response:
        """Who took note of a version: for its contributor, who waits for it."""

        def told() -> Response:
            self._access.member(request)
            found = self._store.acknowledgements(request.path_params["digest"])
            return _json({"acknowledgements": [asdict(one) for one in found]})

        return await run_sync(told)

    async def standings(self, request: Request) -> Response:
        """Scores of claims; of what a member may not see there is none."""

        def told() -> Response:
            member, collections = self._access.governed(request)
            found: dict[str, Any] = {}
            for collection in collections:
                for id, one in self._standings.of(collection.id).items():
                    if self._objects.holds(collection, member, id):
                        found[id] = {**asdict(one), "suspended": one.is_suspended}
            return _json({"standings": found})

        return await run_sync(told)

    async def log(self, request: Request) -> Response:
        """Entries of the record."""

        def told() -> Response:
            self._access.member(request)
            self.record_posts()
            after = request.query_params.get("after", "0")
            if not after.isdecimal() or len(after) > 15:
                raise malformed("after is not a number of an entry")
            return _json({"entries": [asdict(one) for one in self._record.entries(int(after), _MOST_ENTRIES)]})

        return await run_sync(told)

    async def head(self, request: Request) -> Response:
        """The newest entry, signed: what a member keeps."""

        def told() -> Response:
            self._access.member(request)
            self.record_posts()
            return _json(asdict(self._record.head()))

        return await run_sync(told)

    async def news(self, request: Request) -> Response:
        """Wait until a collection has something that came after a date; a long poll instead of many short ones."""
        member, collection = await run_sync(lambda: self._collection(request))
        try:
            after_us = read_us(request.query_params.get("after", "1970-01-01T00:00:00Z"))
        except ValueError as error:
            raise malformed(f"after is {error}") from None
        end = time.monotonic() + _WAIT_SECONDS
        while True:
            is_new, after_us = await run_sync(partial(self._news.after, collection, member, after_us))
            if is_new:
                return _json({})
            if time.monotonic() > end or await request.is_disconnected():
                return Response(status_code=204)
            await asyncio.sleep(_LOOK_SECONDS)

    def _refuse_if_governed(self, request: Request) -> None:
        member, named = self._access.member(request), request.path_params["collection"]
        found = self._objects.collection(request.path_params["root"], named, member)
        if found is not None and found.id in self._store.governed():
            raise forbidden("delete here: withdraw the object by a new version")

    def _collection(self, request: Request) -> tuple[Member, Collection]:
        asked = request.query_params.get("collection", "")
        member, collections = self._access.governed(request)
        for collection in collections:
            if asked in (collection.id, collection.alias):
                return member, collection
        raise not_found("The collection")


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > _LONGEST_BODY:
            raise TaxiiFault(413, f"The body is longer than {_LONGEST_BODY} bytes", {"Connection": "close"})
    return bytes(body)


def _decoded(body: bytes, kind: type[Sent]) -> Sent:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise TaxiiFault(422, f"This is no {kind.__name__.lower()}: {error}") from None


def _json(said: object, status: int = 200) -> Response:
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return Response(msgspec.json.encode(said), status, headers, "application/json")
