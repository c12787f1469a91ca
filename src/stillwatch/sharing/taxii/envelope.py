"""Envelopes (3.7): a posted one cut into objects, and pages put together from objects as they were stored."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from stillwatch.sharing.taxii.faults import TaxiiFault, unprocessable
from stillwatch.sharing.taxii.strict_json import read_strictly


class _Posted(msgspec.Struct):
    objects: msgspec.Raw


def cut(body: bytes) -> list[bytes]:
    """The objects of a posted envelope, each as its own bytes; raises a fault (422) if it is no envelope.

    Only what surrounds the objects is looked at here. Whether an object is one is found out object by object, so that
    one that is broken does not cost the others. Other properties are passed over (7.1.1), and so a STIX bundle is an
    envelope too: OASIS' own `stix2` posts one (`TAXIICollectionSink`), and so do others.
    """
    try:
        listed = bytes(msgspec.json.decode(body, type=_Posted).objects)
        objects = msgspec.json.decode(listed, type=list[msgspec.Raw])
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        raise _no_envelope() from None
    _check_frame(body, listed)
    if not objects:
        raise unprocessable('the list "objects" is empty')
    return [bytes(one) for one in objects]


def page(name: str, items: Sequence[bytes], next_: str | None) -> bytes:
    """A page of `items`, which are JSON, under `name`; an empty object if there are none (3.7, 5.3.1, 5.8.1)."""
    if not items:
        return b"{}"
    more = b'"more":false' if next_ is None else b'"more":true,"next":' + msgspec.json.encode(next_)
    return b'{%b,"%b":[%b]}' % (more, name.encode(), b",".join(items))


def _check_frame(body: bytes, listed: bytes) -> None:
    """The envelope without its list: whichever of equal lists is taken out, a key that is there twice stays there."""
    at = body.rfind(listed)
    try:
        read_strictly(body[:at] + b"null" + body[at + len(listed) :])
    except ValueError as error:
        raise unprocessable(f"the envelope is not as it should be: {error}") from None


def _no_envelope() -> TaxiiFault:
    return unprocessable('the body is no envelope: a JSON object with a list "objects"')
