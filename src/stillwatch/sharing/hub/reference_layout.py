"""The data file of the OASIS reference server, told as a seed file of ours.

There a root is a key of its own beside "/discovery", what it says of itself stands under "information", statuses under
"status", and dates in a "manifest" beside the objects. Its users stand in another file; give them here under "users".
They become admins, as that server knows no roles.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_DISCOVERY = "/discovery"
_COLLECTION_KEYS = {"id", "title", "description", "alias", "can_read", "can_write", "media_types", "objects"}
_ROOT_KEYS = {"title", "description", "max_content_length"}
_SITE_KEYS = {"title", "description", "contact", "default", "api_roots"}


def is_reference_layout(document: object) -> bool:
    """Whether it is such a file."""
    return isinstance(document, dict) and _DISCOVERY in document


def from_reference_layout(document: Mapping[str, Any]) -> dict[str, Any]:
    """The same as a seed."""
    users = document.get("users", {})
    roots = {name: root for name, root in document.items() if isinstance(root, dict) and "information" in root}
    return {
        "site": _kept(document[_DISCOVERY], _SITE_KEYS),
        "users": [{"name": name, "password": password, "role": "admin"} for name, password in users.items()],
        "api_roots": [
            {
                "name": name,
                **_kept(root["information"], _ROOT_KEYS),
                "statuses": root.get("status", []),
                "collections": [_collection(collection) for collection in root.get("collections", [])],
            }
            for name, root in roots.items()
        ],
    }


def _collection(collection: Mapping[str, Any]) -> dict[str, Any]:
    records = [_kept(record, {"id", "version", "date_added"}) for record in collection.get("manifest", [])]
    return {**_kept(collection, _COLLECTION_KEYS), "manifest": records}


def _kept(mapping: Mapping[str, Any], keys: set[str]) -> dict[str, Any]:
    return {key: value for key, value in mapping.items() if key in keys}
