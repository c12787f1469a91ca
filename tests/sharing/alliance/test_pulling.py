"""What a member keeps when something fails: its hub, its clock, its membership, itself; and a hub that lies."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from stillwatch.errors import JournalBroken
from stillwatch.sharing.member.configuration import Membership
from stillwatch.sharing.member.hub_client import HubClient, HubRefuses, HubUnreachable, Page
from stillwatch.sharing.member.inbox import Inbox
from stillwatch.sharing.member.pulling import ADDED_AFTER, MOST_OFF_US, ClockOff, Pulled, check_record, pull
from stillwatch.sharing.taxii.media import TAXII_21
from tests.sharing.alliance.members import SIGNERS, Member, command
from tests.sharing.hub.serving import SECONDS

YEAR_US = 366 * 86_400 * 1_000_000
MACHINE = Ed25519PrivateKey.generate()


def published(member: Member) -> list[str]:
    """Ids of a campaign's objects that two people approved and the hub has."""
    proposed = member.propose()
    member.approve(proposed["digest"], *dict(SIGNERS))
    assert member.share("publish", proposed["digest"])["refused"] == 0
    return list(proposed["ids"])


@contextmanager
def inbox_of(member: Member) -> Generator[Inbox]:
    """What a member received, open."""
    with closing(Inbox(Membership(member.folder / "share.toml").folder / "inbox.sqlite")) as inbox:
        yield inbox


@contextmanager
def hub_of(member: Member) -> Generator[HubClient]:
    """A member's connection to its hub."""
    of = Membership(member.folder / "share.toml")
    with closing(HubClient(of.hub, of.root, of.collection, of.credential())) as hub:
        yield hub


def test_a_hub_that_is_down_costs_nothing_that_was_taken_in(members: list[Member]) -> None:
    """The command says so and ends with 3; what is in the inbox stays."""
    a, b, _ = members
    ids = published(a)
    assert b.share("pull")["new"] == len(ids)
    b.served.kill()
    command("share", "pull", *b.file, code=3)
    with inbox_of(b) as inbox:
        assert {one.id for one in inbox.objects()} == set(ids)


def test_a_member_that_was_removed_hears_no_more_and_keeps_what_it_has(members: list[Member]) -> None:
    """Between two pages of one pull: the next request is refused, and the pages before are kept with their place."""
    a, b, _ = members
    ids = published(a)

    class Removing(HubClient):
        def page(self, added_after: str, next: str) -> Page:
            found = super().page(added_after, next)
            b.served.command("member", "revoke", b.folder.name)
            return msgspec.structs.replace(found, more=True, next="further")

    of = Membership(b.folder / "share.toml")
    with (
        inbox_of(b) as inbox,
        closing(Removing(of.hub, of.root, of.collection, of.credential())) as hub,
        pytest.raises(HubRefuses, match="Show who you are"),
    ):
        pull(hub, inbox, of.member, MACHINE, now_us())
    with inbox_of(b) as inbox:
        assert {one.id for one in inbox.objects()} == set(ids)
        assert inbox.fact(ADDED_AFTER)


def test_a_clock_that_is_off_deletes_nothing(members: list[Member]) -> None:
    """A year ahead everything would have ended; it is taken in, kept, and the clock is named."""
    a, b, _ = members
    ids = published(a)
    with hub_of(b) as hub, inbox_of(b) as inbox:
        right_us = now_us()
        for wrong_us, said in ((right_us + YEAR_US, "ahead of"), (right_us - 2 * MOST_OFF_US, "behind")):
            with pytest.raises(ClockOff, match=f"minutes {said} the hub's"):
                pull(hub, inbox, "member-02", MACHINE, wrong_us)
        assert {one.id for one in inbox.objects()} == set(ids)
        assert pull(hub, inbox, "member-02", MACHINE, right_us) == Pulled(0, 0, 0, 0, 0)
        assert inbox.purge(right_us + YEAR_US) > 0  # what the check kept from happening


def test_a_pull_that_follows_waits_for_a_hub_that_comes_back(members: list[Member]) -> None:
    """Stopped by Ctrl-C it ends with 130 and leaves a whole inbox."""
    a, b, _ = members
    program = [sys.executable, "-m", "stillwatch.cli.main", "share", "pull", "--follow", "--json"]
    with subprocess.Popen(  # noqa: S603 - ours
        [*program, *map(str, b.file)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as follower:
        assert follower.stdout is not None
        assert json.loads(next_object(follower))["new"] == 0
        ids = published(a)
        assert json.loads(next_object(follower))["new"] == len(ids)
        follower.send_signal(signal.SIGINT)
        follower.communicate(timeout=SECONDS)
    assert follower.returncode == 130
    assert b.share("pull")["new"] == 0


def test_two_pulls_at_once_take_everything_in_once(members: list[Member]) -> None:
    """As a timer does that starts the next before the last has ended."""
    a, b, _ = members
    ids = published(a)
    found: list[Pulled] = []

    def once() -> None:
        with hub_of(b) as hub, inbox_of(b) as inbox:
            found.append(pull(hub, inbox, "member-02", MACHINE, now_us()))

    both = [threading.Thread(target=once) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join(SECONDS)
    assert sum(one.new for one in found) == len(ids)


def test_a_head_of_another_key_convicts(members: list[Member]) -> None:
    """The hub's key is pinned: a record under another one is nobody's."""
    a, b, _ = members
    published(a)
    b.share("pull")
    with hub_of(b) as hub, inbox_of(b) as inbox, pytest.raises(JournalBroken):
        check_record(hub, inbox, MACHINE.public_key().public_bytes_raw())


LIES = {
    "no JSON": b"<html>",
    "pages that lead nowhere": b'{"objects":[{"type":"indicator"}],"more":true,"next":"x"}',
    "more without where": b'{"objects":[{"type":"indicator"}],"more":true}',
    "another shape": b'{"objects":{}}',
    "nothing": b"",
    "not UTF-8": b'{"objects":["\xff"]}',
}


@pytest.mark.parametrize("said", LIES.values(), ids=LIES)
def test_a_hub_that_lies_is_given_up(said: bytes, tmp_path: Path) -> None:
    """Each answer that is none ends the pull with an error that names the hub."""
    with lying(said) as url, closing(Inbox(tmp_path / "inbox.sqlite")) as inbox:
        with closing(HubClient(url, "alliance", "c", "token")) as hub, pytest.raises(HubUnreachable, match="hub"):
            pull(hub, inbox, "member-02", MACHINE, now_us())
        assert list(inbox.objects()) == []


@contextmanager
def lying(said: bytes) -> Generator[str]:
    """A server that answers everything with these bytes."""

    class Liar(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", TAXII_21)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing is told."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Liar)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def now_us() -> int:
    """By this machine's clock, which is the hub's."""
    return time.time_ns() // 1000


def next_object(follower: subprocess.Popen[str]) -> str:
    """The next JSON object that a command prints."""
    assert follower.stdout is not None
    lines = ""
    while not re.search(r"^\}", lines, re.MULTILINE):
        line = follower.stdout.readline()
        assert line, lines
        lines += line
    return lines
