"""What the server says of itself: discovery, API roots, collections, and a member's markings (4.1, 4.2, 5.1, 5.2)."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from stillwatch.sharing.hub.authentication import Identity
from stillwatch.sharing.hub.definitions import permitted_actions
from stillwatch.sharing.hub.markings import TLP2_IDS
from stillwatch.sharing.hub.store import Collection, Root, Store
from stillwatch.sharing.taxii.faults import not_found
from stillwatch.sharing.taxii.media import STIX_BY_SPEC, TAXII_21

_HOST = re.compile(r"[A-Za-z0-9._:\[\]-]{1,255}")


class Site:
    """Answers of the endpoints that describe; blocking, and safe for threads."""

    def __init__(self, store: Store, public_url: str = "") -> None:
        self._store = store
        self._public_url = public_url.rstrip("/")

    def discovery(self, identity: Identity, scheme: str, host: str) -> bytes:
        """4.1: the roots that this member may know of, at the address that it used unless another is published."""
        site = dict(self._store.site())
        names = {root.name for root in self._roots(identity)}
        if self._public_url or "api_roots" not in site:
            base = self._public_url or (f"{scheme}://{host}" if _HOST.fullmatch(host) else "")
            urls = [f"{base}/{name}/" for name in sorted(names)]
        else:
            urls = [url for url in _strings(site["api_roots"]) if self._may_tell(url, names)]
        default = _tail(str(site.pop("default", "")))
        site.pop("api_roots", None)
        chosen = next((url for url in urls if _tail(url) == default), urls[0] if urls else None)
        return msgspec.json.encode(site | ({"default": chosen, "api_roots": urls} if urls else {}))

    def root(self, identity: Identity, name: str) -> Root:
        """The API root; a fault (404) if there is none or the member does not belong to it."""
        for root in self._roots(identity):
            if root.name == name:
                return root
        raise not_found("The API root")

    def collection(self, identity: Identity, root: str, id: str) -> Collection:
        """The collection, by id or alias; a fault (404) if the root has none such."""
        self.root(identity, root)
        found = self._store.collection(root, id, identity.member)
        if found is None:
            raise not_found("The collection")
        return found

    def collections_resource(self, identity: Identity, root: str) -> bytes:
        """5.1: in the order in which they were made; an empty object if there are none."""
        self.root(identity, root)
        found = self._store.collections(root, identity.member)
        resources = [self._resource(collection, identity) for collection in found]
        return msgspec.json.encode({"collections": resources} if resources else {})

    def collection_resource(self, identity: Identity, collection: Collection) -> bytes:
        """5.2."""
        return msgspec.json.encode(self._resource(collection, identity))

    def status(self, identity: Identity, root: str, id: str) -> bytes:
        """4.3: to who posted, to admins, and to all where the operator seeded it."""
        self.root(identity, root)
        found = self._store.status(root, id)
        if found is None or (found[0] not in ("", identity.member.name) and not identity.member.is_admin):
            raise not_found("The status")
        return found[1]

    def markings(self, identity: Identity, root: str) -> bytes:
        """Our own endpoint: what this member is shown, and which audiences name it."""
        self.root(identity, root)
        member = identity.member
        levels = [{"id": id, "name": level.label, "shown": level <= member.clearance} for id, level in TLP2_IDS.items()]
        audiences = [
            {"id": definition.id, "defined_by": definition.contributor, **_actions(body)}
            for definition, body in self._store.definitions_for(root, member)
        ]
        return msgspec.json.encode(
            {
                "member": member.name,
                "role": member.role.value,
                "clearance": member.clearance.label,
                "tlp": levels,
                "audiences": audiences,
            }
        )

    def _roots(self, identity: Identity) -> list[Root]:
        roots = self._store.roots(identity.member)
        return roots if identity.roots is None else [root for root in roots if root.name in identity.roots]

    def _may_tell(self, url: str, names: set[str]) -> bool:
        """A root of ours only to its members; one that is hosted elsewhere to all (4.1)."""
        return _tail(url) in names or not self._store.has_root(_tail(url))

    def _resource(self, collection: Collection, identity: Identity) -> dict[str, object]:
        said: dict[str, object] = {"id": collection.id, "title": collection.title}
        said |= {"description": collection.description} if collection.description else {}
        said |= {"alias": collection.alias} if collection.alias else {}
        seen = {STIX_BY_SPEC[spec] for spec in self._store.specs(collection, identity.member)}
        more = sorted(seen - set(collection.media_types))
        return said | {
            "can_read": collection.can_read,
            "can_write": collection.can_write,
            "media_types": [*collection.media_types, *more],
        }


def root_resource(root: Root) -> bytes:
    """4.2."""
    said: dict[str, object] = {"title": root.title}
    said |= {"description": root.description} if root.description else {}
    return msgspec.json.encode(said | {"versions": [TAXII_21], "max_content_length": root.max_content_length})


def _actions(body: bytes) -> dict[str, str]:
    actions = permitted_actions(msgspec.json.decode(body))
    return {"permitted_actions": actions} if actions else {}


def _strings(value: object) -> Sequence[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _tail(url: str) -> str:
    """The last segment of a URL's path, which is a root's name where the root is ours."""
    return url.rstrip("/").rpartition("/")[2]
