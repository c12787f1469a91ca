"""What a body may call itself: JSON in UTF-8, as which the guard reads it.

Some servers decode a body by the charset that it names (`utf-7` hides names from whoever reads UTF-8), and some read a
form where it is called one, in which `{"a":"&max_tokens=9"}` is JSON as well.
"""

from __future__ import annotations

from functools import lru_cache

from stillwatch.gateway.dialects.bad_request import BadRequest

_REMEMBERED = 64
"""Chosen: clients say one of a handful; whatever else they say is looked at again."""


def require_json(value: bytes) -> None:
    """Raise `BadRequest` for a Content-Type other than JSON in UTF-8; an empty one, which is none, will do."""
    if value and not _is_json(value):
        raise BadRequest("The Content-Type has to be application/json, in UTF-8.")


@lru_cache(_REMEMBERED)
def _is_json(value: bytes) -> bool:
    kind, *parameters = value.lower().replace(b" ", b"").replace(b'"', b"").split(b";")
    is_named = kind == b"application/json" or (kind.startswith(b"application/") and kind.endswith(b"+json"))
    charsets = [parameter for parameter in parameters if parameter.startswith(b"charset")]
    return is_named and b"," not in value and set(charsets) <= {b"charset=utf-8", b"charset=utf8"}
