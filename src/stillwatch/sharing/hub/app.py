"""The hub as an ASGI application: TAXII 2.1's endpoints, each a few lines over `Site`, `Reading` and `Posting`.

Each request is authenticated first, then negotiated, then looked up, so that a stranger learns nothing but 401. What
touches the store runs in threads, of which there is a bounded number. Bodies are read up to the root's limit and not
further. No answer may be cached.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import anyio
from anyio.to_thread import run_sync
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from stillwatch.sharing.hub.admission import OPEN, Admission, OpenAdmission
from stillwatch.sharing.hub.authentication import Authentication, Caller, Identity
from stillwatch.sharing.hub.failures import Failures
from stillwatch.sharing.hub.options import Options
from stillwatch.sharing.hub.posting import Posting
from stillwatch.sharing.hub.reading import MATCH_ALL, MATCH_OBJECT, MATCH_VERSIONS, Listing, Reading
from stillwatch.sharing.hub.site import Site, root_resource
from stillwatch.sharing.hub.store import Collection, Store, StoreBusy
from stillwatch.sharing.hub.telling import MEMBER, Telling
from stillwatch.sharing.taxii.faults import TaxiiFault, error_resource, forbidden, not_found
from stillwatch.sharing.taxii.media import TAXII_21, check_accept, check_content_type
from stillwatch.sharing.taxii.selection import Asked, read_query

THREADS = 8
"""Requests of a process that touch the store at one time; more would wait for each other's bytecode anyhow."""
CERTIFICATE = "stillwatch.certificate"
"""Key of an ASGI scope: the SHA-256 of the client's certificate."""
_RETRY_SECONDS = "5"
_LOGGER = logging.getLogger("stillwatch.hub")
_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}

Returned = TypeVar("Returned")


def now_us() -> int:
    """Microseconds since 1970."""
    return time.time_ns() // 1000


class Hub:
    """The endpoints over one store."""

    def __init__(self, store: Store, options: Options, admissions: Mapping[str, Admission]) -> None:
        self._store = store
        self._site = Site(store, options.public_url)
        self._reading = Reading(store, options.page)
        self._posting = Posting(store, {OPEN: OpenAdmission(), **admissions}, now_us)
        self._authentication = Authentication(store, Failures(time.monotonic), now_us)
        self._threads: anyio.CapacityLimiter | None = None

    async def discovery(self, request: Request) -> Response:
        """4.1."""

        def answer() -> Response:
            identity = self._identity(request)
            return _taxii(self._site.discovery(identity, request.url.scheme, request.headers.get("host", "")))

        return await self._in_thread(answer)

    async def root(self, request: Request) -> Response:
        """4.2."""
        return await self._in_thread(
            lambda: _taxii(root_resource(self._site.root(self._identity(request), _root(request))))
        )

    async def status(self, request: Request) -> Response:
        """4.3."""
        id = request.path_params["status"]
        return await self._in_thread(lambda: _taxii(self._site.status(self._identity(request), _root(request), id)))

    async def markings(self, request: Request) -> Response:
        """What the member is shown; not of the standard."""
        return await self._in_thread(lambda: _taxii(self._site.markings(self._identity(request), _root(request))))

    async def collections(self, request: Request) -> Response:
        """5.1."""

        def answer() -> Response:
            return _taxii(self._site.collections_resource(self._identity(request), _root(request)))

        return await self._in_thread(answer)

    async def collection(self, request: Request) -> Response:
        """5.2."""

        def answer() -> Response:
            identity, collection = self._collection(request)
            return _taxii(self._site.collection_resource(identity, collection))

        return await self._in_thread(answer)

    async def manifest(self, request: Request) -> Response:
        """5.3."""

        def answer() -> Response:
            identity, collection = self._readable(request)
            return _listed(self._reading.manifest(collection, identity.member, _asked(request, MATCH_ALL)))

        return await self._in_thread(answer)

    async def objects(self, request: Request) -> Response:
        """5.4."""

        def answer() -> Response:
            identity, collection = self._readable(request)
            return _listed(self._reading.objects(collection, identity.member, _asked(request, MATCH_ALL)))

        return await self._in_thread(answer)

    async def add(self, request: Request) -> Response:
        """5.5."""

        def prepare() -> tuple[Identity, Collection, int]:
            identity, collection = self._collection(request)
            if not collection.can_write:
                raise forbidden("write to this collection")
            check_content_type(request.headers.get("content-type"), request.headers.get("content-encoding"))
            return identity, collection, self._site.root(identity, collection.root).max_content_length

        identity, collection, most = await self._in_thread(prepare)
        body = await _body(request, most)
        return await self._in_thread(lambda: _taxii(self._posting.post(collection, identity.member, body), 202))

    async def object(self, request: Request) -> Response:
        """5.6."""

        def answer() -> Response:
            identity, collection = self._readable(request)
            asked = _asked(request, MATCH_OBJECT)
            return _listed(self._reading.object(collection, identity.member, request.path_params["object"], asked))

        return await self._in_thread(answer)

    async def delete(self, request: Request) -> Response:
        """5.7, with its table of rights."""

        def answer() -> Response:
            identity, collection = self._collection(request)
            if not collection.can_read and not collection.can_write:
                raise not_found("The object")
            if not (collection.can_read and collection.can_write):
                raise forbidden("delete from this collection")
            asked = _asked(request, MATCH_OBJECT)
            self._reading.delete(collection, identity.member, request.path_params["object"], asked)
            return _taxii(b"")

        return await self._in_thread(answer)

    async def versions(self, request: Request) -> Response:
        """5.8."""

        def answer() -> Response:
            identity, collection = self._readable(request)
            asked = _asked(request, MATCH_VERSIONS)
            return _listed(self._reading.versions(collection, identity.member, request.path_params["object"], asked))

        return await self._in_thread(answer)

    async def _in_thread(self, answer: Callable[[], Returned]) -> Returned:
        if self._threads is None:
            self._threads = anyio.CapacityLimiter(THREADS)
        return await run_sync(answer, limiter=self._threads)

    def _identity(self, request: Request) -> Identity:
        """Who asks; raises a fault (401, 429), then one (406) if the answer would not be understood."""
        address = request.client.host if request.client else ""
        caller = Caller(request.headers.get("authorization"), address, request.scope.get(CERTIFICATE, ""))
        identity = self._authentication.identify(caller)
        request.scope[MEMBER] = identity.member.name
        check_accept(request.headers.get("accept"))
        return identity

    def _collection(self, request: Request) -> tuple[Identity, Collection]:
        identity = self._identity(request)
        return identity, self._site.collection(identity, _root(request), request.path_params["collection"])

    def _readable(self, request: Request) -> tuple[Identity, Collection]:
        identity, collection = self._collection(request)
        if not collection.can_read:
            raise forbidden("read this collection")
        return identity, collection


def application(
    store: Store,
    options: Options | None = None,
    admissions: Mapping[str, Admission] | None = None,
) -> Starlette:
    """The hub over a store; `admissions` decide for collections of profiles other than `open`, by profile."""
    hub = Hub(store, options or Options(), admissions or {})
    get, collection = ["GET"], "/{root}/collections/{collection}"
    paths: list[tuple[str, Callable[[Request], Awaitable[Response]], list[str]]] = [
        ("/taxii2", hub.discovery, get),
        ("/{root}", hub.root, get),
        ("/{root}/status/{status}", hub.status, get),
        ("/{root}/my-markings", hub.markings, get),
        ("/{root}/collections", hub.collections, get),
        (collection, hub.collection, get),
        (f"{collection}/manifest", hub.manifest, get),
        (f"{collection}/objects", _by_method(GET=hub.objects, POST=hub.add), ["GET", "POST"]),
        (f"{collection}/objects/{{object}}", _by_method(GET=hub.object, DELETE=hub.delete), ["GET", "DELETE"]),
        (f"{collection}/objects/{{object}}/versions", hub.versions, get),
    ]
    app = Starlette(
        routes=[
            Route(f"{path}{end}", endpoint, methods=methods) for path, endpoint, methods in paths for end in ("/", "")
        ],
        exception_handlers={
            TaxiiFault: _fault,
            HTTPException: _http_fault,
            StoreBusy: _busy,
            ClientDisconnect: _gone,
            Exception: _failure,
        },
        middleware=[Middleware(Telling)],
    )
    app.router.redirect_slashes = False
    return app


def _by_method(**endpoints: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    async def chosen(request: Request) -> Response:
        return await endpoints["GET" if request.method == "HEAD" else request.method](request)

    return chosen


def _root(request: Request) -> str:
    return str(request.path_params["root"])


def _asked(request: Request, fields: tuple[str, ...]) -> Asked:
    return read_query(request.query_params.multi_items(), fields)


async def _body(request: Request, most: int) -> bytes:
    """The body; raises a fault (413) as soon as it is longer than `most` bytes."""
    too_long = TaxiiFault(
        413, f"The body is longer than the {most} bytes that this API root takes", {"Connection": "close"}
    )
    declared = request.headers.get("content-length", "0")
    if not declared.isdecimal() or int(declared) > most:
        raise too_long
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > most:
            raise too_long
    return bytes(body)


def _taxii(body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(body, status, {**_HEADERS, **(headers or {}), "Content-Type": TAXII_21})


def _listed(listing: Listing) -> Response:
    dates = {"X-TAXII-Date-Added-First": listing.first, "X-TAXII-Date-Added-Last": listing.last}
    return _taxii(listing.body, headers=dates)


async def _fault(request: Request, error: Any) -> Response:
    return _taxii(error_resource(error, secrets.token_hex(8)), error.status, error.headers)


async def _http_fault(request: Request, error: Any) -> Response:
    """What the router says: a path that leads nowhere, a method that a path does not have."""
    said = "Nothing is here" if error.status_code == 404 else "This endpoint does not have that method"
    return await _fault(request, TaxiiFault(error.status_code, said, error.headers))


async def _busy(request: Request, error: Any) -> Response:
    _LOGGER.warning("the store does not answer: %s", error)
    return await _fault(
        request, TaxiiFault(503, "The store is busy or full; try again", {"Retry-After": _RETRY_SECONDS})
    )


async def _gone(request: Request, error: Any) -> Response:
    """A client that hung up while posting: nothing was added, and nobody reads this."""
    return await _fault(request, TaxiiFault(400, "The body ended early"))


async def _failure(request: Request, error: Any) -> Response:
    """A fault of ours: told to the log under an id, and to the client by that id alone."""
    fault, error_id = (
        TaxiiFault(500, "The hub failed; the operator finds why under this error_id"),
        secrets.token_hex(8),
    )
    _LOGGER.error("request failed, error_id %s", error_id, exc_info=error)
    return _taxii(error_resource(fault, error_id), 500)
