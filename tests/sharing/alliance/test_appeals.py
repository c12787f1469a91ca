"""Somebody objects at one member and is right: the author and those who acted hear of it, by command."""

from __future__ import annotations

from contextlib import closing
from typing import Any

from stillwatch.sharing.member.inbox import Inbox
from tests.sharing.alliance.members import SIGNERS, Member


def why(member: Member) -> Any:
    member.share("pull")
    return {one["id"]: (one["own"], one["why"]) for one in member.share("reviews")["reviews"]}


def test_an_upheld_appeal_reaches_who_told_and_who_acted(members: list[Member]) -> None:
    """C upholds an objection to A's campaign, B had matched it; then A upholds it, too, and all is withdrawn."""
    a, b, c = members
    proposed = a.propose()
    a.approve(proposed["digest"], *dict(SIGNERS))
    a.share("publish", proposed["digest"])
    campaign = next(id for id in proposed["ids"] if id.startswith("campaign--"))
    assert [why(member) for member in members] == [{}, {}, {}]
    with closing(Inbox(b.folder / "inbox.sqlite")) as inbox:
        inbox.match(campaign, ["C-0374537f"])

    assert c.share("uphold", campaign)["taken"] == 1  # at once, without an approval
    upheld = "another member upheld an objection to it"
    assert why(a) == {campaign: (["told by us"], upheld)}
    assert why(b) == {campaign: (["C-0374537f"], upheld)}
    assert why(c) == {}
    (claim,) = (one for one in b.share("inbox")["claims"] if one["id"] == campaign)
    assert not claim["suspended"]  # one member alone suspends nothing

    assert a.share("uphold", campaign)["taken"] == 1
    assert why(b) == {campaign: (["C-0374537f"], "its author withdrew it")}
    assert why(a) == {}
    a.share("uphold", campaign, code=2)  # nothing stands any more
