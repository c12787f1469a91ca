"""`stillwatch hub status` and `stillwatch hub move`: what a hub's store holds, and taking it to another database."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from stillwatch.cli.faults import faults_as_errors
from stillwatch.cli.options import Json
from stillwatch.cli.options_hub import Store, place_of
from stillwatch.cli.terminal import counted, print_json, say
from stillwatch.storage.hub.ending import Ended
from stillwatch.storage.hub.moving import move as moved
from stillwatch.storage.hub.opening import open_store, store_place


@faults_as_errors()
def status(store: Store = None, as_json: Json = False) -> None:
    """Say what the store holds, and when what has ended was deleted last.

    Example: stillwatch hub status
    """
    place = place_of(store)
    kept = open_store(place)
    counts, ended = kept.counts(), kept.ended()
    if as_json:
        print_json({"store": str(place), **counts, "ended": asdict(ended)})
        return
    say(f"{place}: {counted(counts['members'], 'member')}, {counted(counts['collections'], 'collection')}.")
    say(f"{counted(counts['objects'], 'object')}, and {counts['held']:,} in quarantine.")
    say(_said(ended))


@faults_as_errors()
def move(
    source: Annotated[str, typer.Argument(help="The store as it is: a SQLite file, or a URL of PostgreSQL.")],
    target: Annotated[str, typer.Argument(help="The store to be, which has to be empty or not there.")],
) -> None:
    """Take a store to another database, with all dates and cursors; stop the hub before, and serve the new one.

    Example: stillwatch hub move hub.sqlite postgresql://hub@/hub
    """
    rows = moved(store_place(source), store_place(target))
    say(f"{counted(rows, 'row')} moved. The old store is as it was: delete it when the new one has served.")


def _said(ended: Ended) -> str:
    if not ended.looked_us:
        return "Nothing has looked yet for what has ended: the hub does while it serves."
    at = datetime.fromtimestamp(ended.looked_us / 1_000_000, UTC)
    deleted = f"{counted(ended.objects, 'object')}, {ended.held:,} in quarantine, {ended.statuses:,} old statuses"
    return f"What has ended was looked for last at {at:%Y-%m-%d %H:%M:%S} UTC; deleted so far: {deleted}."
