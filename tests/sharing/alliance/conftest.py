"""A hub with three members."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.sharing.alliance.members import COLLECTION, GROUNDS, MEMBERS, Member, joined
from tests.sharing.hub.serving import serving
from tests.sharing.hub.trying import seed, user


@pytest.fixture
def members(tmp_path: Path) -> Iterator[list[Member]]:
    """Three members of one hub, with two signers and a machine each."""
    alliance = tmp_path / "alliance"
    alliance.mkdir()
    (alliance / "grounds.toml").write_text(GROUNDS)
    sown = seed(
        {"id": COLLECTION, "title": "Signals", "profile": "extraction", "can_read": True, "can_write": True},
        users=[user(name) for name in MEMBERS],
    )
    with ExitStack() as open_until_the_end:
        served = open_until_the_end.enter_context(serving(tmp_path, sown, "--alliance", str(alliance)))
        yield [joined(tmp_path / name, name, served, alliance) for name in MEMBERS]
