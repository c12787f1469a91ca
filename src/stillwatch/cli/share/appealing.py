"""Commands around appeals: uphold one towards the alliance, and see which of our claims and acts others' concern."""

from __future__ import annotations

import json
from collections import defaultdict
from contextlib import closing
from typing import Any

from stillwatch.cli.faults import faults_as_errors
from stillwatch.cli.options import Json
from stillwatch.cli.share.member import (
    MACHINE_AUTHOR,
    Id,
    Member,
    hub_of,
    inbox_of,
    known,
    now_us,
    proposed,
    published,
)
from stillwatch.cli.terminal import print_json, say
from stillwatch.errors import UsageError
from stillwatch.sharing.governance.appeal import UPHELD, Alliance, Review
from stillwatch.sharing.governance.transparency import CLAIMS
from stillwatch.sharing.member import saying
from stillwatch.sharing.member.configuration import Membership
from stillwatch.sharing.stix.identifiers import agreed
from stillwatch.sharing.stix.vocabulary import Opinion


@faults_as_errors()
def uphold(id: Id, member: Member, as_json: Json = False) -> None:
    """Say that somebody objected to a claim and was right: ours are withdrawn, others' disputed, with what rests on it.

    Goes out at once, and names nobody. Members that acted on it see it in `stillwatch share reviews`.

    Example: stillwatch share uphold campaign--... --member share.toml
    """
    of = Membership(member)
    concerned = Alliance(_documents(of)).concerned(id)
    if not concerned:
        raise UsageError(f"{id} is no claim that stands in the inbox", "Pull first: stillwatch share pull")
    said = [_answer(of, dict(one)) for one in concerned]
    published(of, proposed(of, said, MACHINE_AUTHOR, None), as_json)


@faults_as_errors()
def reviews(member: Member, as_json: Json = False) -> None:
    """List claims that we told of, matched or saw and that were withdrawn, suspended, or objected to with success.

    Example: stillwatch share reviews --member share.toml
    """
    of = Membership(member)
    with hub_of(of) as hub:
        suspended = {id for id, one in hub.standings().items() if one.suspended}
    found = Alliance(_documents(of)).reviews(_acted(of), suspended, _us(of))
    if as_json:
        print_json({"reviews": [_row(one) for one in found]})
        return
    for one in found:
        say(f"{one.id}  {', '.join(one.own)}: {one.why}")
    say("Look again at what rests on them: stillwatch verdict lift." if found else "Nothing to look at again.")


def _answer(of: Membership, claim: dict[str, Any]) -> dict[str, Any]:
    if claim["created_by_ref"] == _us(of):
        return saying.withdrawn(claim, now_us())
    return saying.opinion(known(of, claim["id"]), of.member, Opinion.STRONGLY_DISAGREE, UPHELD, now_us())


def _documents(of: Membership) -> list[dict[str, Any]]:
    with closing(inbox_of(of)) as kept:
        return [json.loads(one.body) for one in kept.everything()]


def _acted(of: Membership) -> dict[str, list[str]]:
    """Claims that we matched, with what of ours, said that we saw, or told of."""
    acted: dict[str, list[str]] = defaultdict(list)
    with closing(inbox_of(of)) as kept:
        for id, own in kept.matches():
            acted[id].append(own)
    for one in _documents(of):
        if one["type"] == "sighting" and one["created_by_ref"] == _us(of):
            acted[one["sighting_of_ref"]].append("seen here")
        elif one["type"] in CLAIMS and one["created_by_ref"] == _us(of):
            acted[one["id"]].append("told by us")
    return acted


def _us(of: Membership) -> str:
    return agreed("identity", of.member)


def _row(one: Review) -> dict[str, Any]:
    return {"id": one.id, "own": list(one.own), "why": one.why}
