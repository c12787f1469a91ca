"""Commands that hear: what the alliance published, which rings here it told of, whether its record is whole."""

from __future__ import annotations

import json
import time
from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from stillwatch.cli.faults import faults_as_errors
from stillwatch.cli.options import Json
from stillwatch.cli.share import rings as own
from stillwatch.cli.share.member import Member, hub_of, inbox_of, now_us
from stillwatch.cli.terminal import complain, counted, print_json, say
from stillwatch.pseudonym import Secret
from stillwatch.sharing.member.configuration import Membership
from stillwatch.sharing.member.hub_client import HubUnreachable
from stillwatch.sharing.member.inbox import Received
from stillwatch.sharing.member.own_rings import Recognised, recognised
from stillwatch.sharing.member.pulling import ADDED_AFTER, ClockOff, Pulled, check_record
from stillwatch.sharing.member.pulling import pull as pulled_from
from stillwatch.sharing.signing import load_key

_PATIENCE_SECONDS = 15


@faults_as_errors()
def pull(
    member: Member,
    follow: Annotated[bool, typer.Option("--follow", help="Stay, and take in what comes as it comes.")] = False,
    as_json: Json = False,
) -> None:
    """Take in what the alliance published, delete what has ended, acknowledge what was withdrawn.

    Example: stillwatch share pull --member share.toml
    """
    of = Membership(member)
    with hub_of(of) as hub, closing(inbox_of(of)) as inbox:
        machine = load_key(of.folder / "machine.key")
        if not follow:
            _tell(pulled_from(hub, inbox, of.member, machine, now_us()), as_json)
            return
        while True:
            with _patience():
                _tell(pulled_from(hub, inbox, of.member, machine, now_us()), as_json)
                hub.wait(inbox.fact(ADDED_AFTER))


@faults_as_errors()
def inbox(member: Member, as_json: Json = False) -> None:
    """List the campaigns and indicators that stand, with what the alliance thinks of them."""
    of = Membership(member)
    with hub_of(of) as hub, closing(inbox_of(of)) as kept:
        standings = hub.standings()
        here = [(one, standings.get(one.id)) for one in kept.objects("campaign", "indicator", "infrastructure")]
        seen = kept.matches()
        rows = [{**_claim(*both), "seen_here": [own for id, own in seen if id == both[0].id]} for both in here]
    if as_json:
        print_json({"claims": rows})
        return
    for row in rows:
        seen_here = f"  seen here as {', '.join(row['seen_here'])}" if row["seen_here"] else ""
        say(f"{row['score']:>3}  {row['id']}  {row['name']}{'  SUSPENDED' if row['suspended'] else ''}{seen_here}")
    if not rows:
        say("Nothing stands.")


@faults_as_errors()
def match(
    findings: Annotated[Path, typer.Argument(help="findings.json of our own hunt.", exists=True)],
    ledger: Annotated[Path, typer.Argument(help="That hunt's sketches, made with --alliance-secret.", exists=True)],
    member: Member,
    as_json: Json = False,
) -> None:
    """Which of our rings are ones that partners published; what matches is reviewed first, and no more than that.

    Example: stillwatch share match out/findings.json out/sketches --member share.toml
    """
    of = Membership(member)
    traffic = own.own_traffic(ledger, Secret.load(of.secret))
    with hub_of(of) as hub, closing(inbox_of(of)) as kept:
        rings, claims = own.own_rings(findings), list(kept.objects("indicator"))
        found = recognised(traffic, rings, claims, hub.standings())
        for one in found:
            kept.match(one.published, [one.ring.id])
    if as_json:
        print_json({"matches": [_recognised(one) for one in found]})
        return
    for one in found:
        carry = f"{one.match.carrying} of {one.match.accounts} accounts carry the template"
        rivals = f"{one.match.others_carrying} of {one.match.others:,} others do"
        say(f"{one.ring.id} ({one.ring.verdict}) is {one.published}: {carry}, {rivals}; score {one.score}")
    if not found:
        say(f"None of {counted(len(rings), 'ring')} here is one of {counted(len(claims), 'indicator')}.")


@faults_as_errors()
def verify(member: Member, as_json: Json = False) -> None:
    """Check the hub's whole record against every head that it signed for us.

    Example: stillwatch share verify --member share.toml
    """
    of = Membership(member)
    with hub_of(of) as hub, closing(inbox_of(of)) as kept:
        entries, heads = check_record(hub, kept, of.record_key), len(kept.heads())
    if as_json:
        print_json({"entries": entries, "heads": heads})
    else:
        say(f"Unbroken: {entries:,} entries, and {counted(heads, 'head')} kept here are in it.")


def _claim(one: Received, standing: Any) -> dict[str, Any]:
    document = json.loads(one.body)
    score = standing.score if standing else 0
    return {"id": one.id, "name": document["name"], "score": score, "suspended": bool(standing and standing.suspended)}


def _recognised(one: Recognised) -> dict[str, Any]:
    told = {
        "published": one.published,
        "ring": one.ring.id,
        "verdict": one.ring.verdict,
        "exchanges": one.ring.exchanges,
    }
    return {**told, **asdict(one.match), "score": one.score, "contributors": one.contributors}


def _tell(found: Pulled, as_json: bool) -> None:
    counts = {name: getattr(found, name) for name in ("new", "withdrawn", "refused", "ended", "acknowledged")}
    print_json(counts) if as_json else say(", ".join(f"{number} {word}" for word, number in counts.items()))


@contextmanager
def _patience() -> Generator[None]:
    """Where the hub does not answer or a clock is off, wait a quarter of a minute instead of ending."""
    try:
        yield
    except (HubUnreachable, ClockOff) as error:
        complain(str(error))
        time.sleep(_PATIENCE_SECONDS)
