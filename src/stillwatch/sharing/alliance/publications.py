"""What the hub makes of what members published, for each member of the root to download, under `/{root}/alliance/`.

GET tags/{epoch}/   the set of blind tags of an epoch (tags.tag_set); with the ETag of a set that the member has: 304
GET totals/         what each quarter held, as far as that may be told (governance.transparency)
"""

from __future__ import annotations

import msgspec
from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stillwatch.sharing.alliance.access import Access
from stillwatch.sharing.alliance.standings import Standings
from stillwatch.sharing.alliance.tag_sets import TagSets
from stillwatch.sharing.alliance.totals import Totals
from stillwatch.sharing.alliance.transparency_report import transparency_report
from stillwatch.sharing.taxii.faults import not_found

TAG_SET = "application/octet-stream"
_HEADERS = {"Cache-Control": "private, no-cache", "X-Content-Type-Options": "nosniff"}
_LONGEST_EPOCH = 9
"""Digits, as in a pattern."""


class Publications:
    """Endpoints over the store's sets."""

    def __init__(self, access: Access, tag_sets: TagSets, standings: Standings, totals: Totals) -> None:
        self._access = access
        self._tag_sets = tag_sets
        self._standings = standings
        self._totals = totals

    def routes(self) -> list[Route]:
        """All of them, with and without a slash at the end."""
        of = [("tags/{epoch}", self.tags), ("totals", self.totals)]
        return [Route(f"/{{root}}/alliance/{path}{end}", endpoint) for path, endpoint in of for end in ("/", "")]

    async def tags(self, request: Request) -> Response:
        """The set of an epoch, unless the member has it as it is."""
        return await run_sync(lambda: self._tags(request))

    async def totals(self, request: Request) -> Response:
        """The transparency report of the collections that the member reads."""

        def told() -> Response:
            _, collections = self._access.governed(request)
            report = transparency_report({one.id: one.title for one in collections}, self._totals)
            return Response(msgspec.json.encode(report), 200, _HEADERS, "application/json")

        return await run_sync(told)

    def _tags(self, request: Request) -> Response:
        member, collections = self._access.governed(request)
        epoch = request.path_params["epoch"]
        if not epoch.isdecimal() or not epoch.isascii() or len(epoch) > _LONGEST_EPOCH:
            raise not_found("The epoch")
        standings = (self._standings.of(one.id).items() for one in collections)
        suspended = {id for of in standings for id, standing in of if standing.is_suspended}
        found = self._tag_sets.of(collections, member, suspended, int(epoch))
        headers = {"ETag": f'"{found.digest}"', **_HEADERS}
        if _names(request.headers.get("if-none-match", ""), found.digest):
            return Response(status_code=304, headers=headers)
        return Response(found.encoded, 200, headers, TAG_SET)


def _names(if_none_match: str, digest: str) -> bool:
    """RFC 9110, 13.1.2: compared weakly, as what a member holds is no worse for a proxy's having touched it."""
    listed = (one.strip().removeprefix("W/") for one in if_none_match.split(","))
    return if_none_match.strip() == "*" or f'"{digest}"' in listed
