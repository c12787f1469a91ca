"""The search for planted identifiers finds what is there, so that finding nothing says something."""

from __future__ import annotations

import base64
import hashlib

import pytest

from tests.sharing.alliance.dumps import planted, recovered


@pytest.mark.parametrize("how", ["plain", "digest", "base64"])
def test_the_search_finds_what_is_there(how: str) -> None:
    """A control for each way: identifiers that lie in the heap are all found, and others are not."""
    some, others = planted(180)[:90], planted(180)[90:]
    leaks = {
        "plain": [one.raw.casefold().encode() for one in some],
        "digest": [hashlib.sha256(one.normalised.data).hexdigest()[:32].encode() for one in some],
        "base64": [base64.b64encode(b'{"v":"' + one.raw.encode() + b'"}') for one in some],
    }
    dump = b"\0\xff".join([bytes(range(256)), *leaks[how], bytes(range(256))])
    assert recovered(dump, some) == 90
    assert recovered(dump, others) == 0
