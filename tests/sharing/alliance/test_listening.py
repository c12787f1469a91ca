"""The hub's notice makes a member pull at once: hub and listening member are processes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.sharing.alliance.members import MEMBERS, SIGNERS, Member, command


@contextmanager
def listening(member: Member) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A member that listens on a free port of this machine and polls once an hour, and its address."""
    file = str(member.folder / "share.toml")
    said = ("share", "listen", "--port", "0", "--every", "3600", "--json", "--member", file)
    program = [sys.executable, "-m", "stillwatch.cli.main", *said]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603 - ours
        try:
            assert process.stderr is not None
            port = process.stderr.readline().split()[-1].rstrip(".")
            yield process, f"http://127.0.0.1:{port}/heard"
        finally:
            process.terminate()


def test_news_is_pushed(members: list[Member]) -> None:
    """Nothing is polled for an hour, and the campaign is there; a refused address gets nothing, and a removed one."""
    a, b, _ = members
    store, alliance = str(a.served.store), a.served.store.parent / "alliance"
    hub = ("--root", "alliance", "--alliance", alliance)
    with listening(b) as (process, url):
        assert process.stdout is not None
        command("hub", "webhook", "add", MEMBERS[2], url, *hub, "--store", store)  # loopback is not allowed it
        command("hub", "webhook", "add", MEMBERS[1], url, *hub, "--allow-private", "--store", store)
        proposed = a.propose()
        a.approve(proposed["digest"], *dict(SIGNERS))
        a.share("publish", proposed["digest"])
        pulled = json.loads(process.stdout.readline())
        assert (pulled["told"], pulled["new"], pulled["refused"]) == (True, len(proposed["ids"]), 0)

        a.share("revoke", next(id for id in proposed["ids"] if id.startswith("campaign--")))
        pulled = json.loads(process.stdout.readline())
        assert (pulled["told"], pulled["withdrawn"], pulled["acknowledged"]) == (True, 1, 1)
    listed = json.loads(command("hub", "webhook", "list", "--alliance", alliance, "--json"))["webhooks"]
    assert [(one["member"], one["allows_private"]) for one in listed] == [(MEMBERS[2], False), (MEMBERS[1], True)]
    command("hub", "webhook", "remove", MEMBERS[1], *hub)
    command("hub", "webhook", "remove", MEMBERS[1], *hub, code=2)
    command("hub", "webhook", "add", "stranger", "https://stranger.example/", *hub, "--store", store, code=2)
