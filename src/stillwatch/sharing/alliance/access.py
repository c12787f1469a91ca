"""Who asks at the alliance's endpoints, and of what: the same members, credentials and trust groups as at TAXII's."""

from __future__ import annotations

from starlette.requests import Request

from stillwatch.sharing.alliance.store import AllianceStore
from stillwatch.sharing.hub.app import CERTIFICATE
from stillwatch.sharing.hub.authentication import Authentication, Caller
from stillwatch.sharing.hub.members import Member
from stillwatch.sharing.hub.site import Site
from stillwatch.sharing.hub.store import Collection, Store


class Access:
    """Blocking, and safe for threads."""

    def __init__(self, authentication: Authentication, site: Site, objects: Store, store: AllianceStore) -> None:
        self._authentication = authentication
        self._site = site
        self._objects = objects
        self._store = store

    def member(self, request: Request) -> Member:
        """The member; raises a fault (401, 429), or 404 where the API root is not one of its own."""
        address = request.client.host if request.client else ""
        caller = Caller(request.headers.get("authorization"), address, request.scope.get(CERTIFICATE, ""))
        identity = self._authentication.identify(caller)
        self._site.root(identity, request.path_params["root"])
        return identity.member

    def governed(self, request: Request) -> tuple[Member, list[Collection]]:
        """The member, and those collections of the root under the alliance's rules that it reads; faults likewise."""
        member, governed = self.member(request), set(self._store.governed())
        found = self._objects.collections(request.path_params["root"], member)
        return member, [one for one in found if one.id in governed and one.can_read]
