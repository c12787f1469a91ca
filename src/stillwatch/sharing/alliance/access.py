"""Who asks at the alliance's endpoints: the same members, credentials and trust groups as at TAXII's."""

from __future__ import annotations

from starlette.requests import Request

from stillwatch.sharing.hub.app import CERTIFICATE
from stillwatch.sharing.hub.authentication import Authentication, Caller
from stillwatch.sharing.hub.members import Member
from stillwatch.sharing.hub.site import Site


class Access:
    """Blocking, and safe for threads."""

    def __init__(self, authentication: Authentication, site: Site) -> None:
        self._authentication = authentication
        self._site = site

    def member(self, request: Request) -> Member:
        """The member; raises a fault (401, 429), or 404 where the API root is not one of its own."""
        address = request.client.host if request.client else ""
        caller = Caller(request.headers.get("authorization"), address, request.scope.get(CERTIFICATE, ""))
        identity = self._authentication.identify(caller)
        self._site.root(identity, request.path_params["root"])
        return identity.member
