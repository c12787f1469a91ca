"""A hub's notices reach the member they are for, once; its POST reaches nothing in the hub's own network."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from stillwatch.errors import UsageError
from stillwatch.sharing.alliance.listening import Listener
from stillwatch.sharing.alliance.notice import LONGEST_BYTES, WINDOW_US, NoticeRefused, Notices, notice
from stillwatch.sharing.alliance.notifying import Courier
from stillwatch.sharing.alliance.outward import NotDelivered, is_public, post
from stillwatch.sharing.alliance.webhooks import Webhook, check_url, registered, removed, webhooks

NOW_US = 1_795_262_400_000_000
KEY = Ed25519PrivateKey.generate()
HOOK = Webhook("member-02", "alliance", "https://member.example/heard")


def heard(member: str = "member-02", root: str = "alliance") -> Notices:
    return Notices(member, root, KEY.public_key().public_bytes_raw())


def sent(ts_us: int = NOW_US, key: Ed25519PrivateKey = KEY) -> bytes:
    return notice("member-02", "alliance", "5f4d7b1e", ts_us, key)


def test_a_notice_is_read_by_whom_it_is_for() -> None:
    found = heard().read(sent(), NOW_US)
    assert (found.collection, found.ts_us) == ("5f4d7b1e", NOW_US)


@pytest.mark.parametrize(
    ("notices", "body", "why"),
    [
        (heard("member-03"), sent(), "no notice for us"),
        (heard(root="other"), sent(), "no notice for us"),
        (heard(), sent().replace(b"5f4d", b"0000"), "did not sign"),
        (heard(), sent(key=Ed25519PrivateKey.generate()), "did not sign"),
        (heard(), sent().replace(b'"signature":"', b'"signature":"zz'), "did not sign"),
        (heard(), sent().replace(b"1795262400000000", b"1152921504606846976"), "did not sign"),
        (heard(), sent(NOW_US - WINDOW_US - 1), "not of now"),
        (heard(), sent(NOW_US + WINDOW_US + 1), "not of now"),
        (heard(), b"{}", "no notice for us"),
        (heard(), b"\xff", "no notice for us"),
        (heard(), sent() + b" " * LONGEST_BYTES, "no notice for us"),
    ],
)
def test_another_one_is_refused(notices: Notices, body: bytes, why: str) -> None:
    """Another's, another root's, changed, signed by somebody else, of another time, of another form."""
    with pytest.raises(NoticeRefused, match=why):
        notices.read(body, NOW_US)


def test_a_notice_counts_once() -> None:
    """In capitals, too; after the window its time refuses it."""
    notices, body = heard(), sent()
    notices.read(body, NOW_US)
    said = json.loads(body)
    for again in (body, json.dumps({**said, "signature": said["signature"].upper()}).encode()):
        with pytest.raises(NoticeRefused, match="came before"):
            notices.read(again, NOW_US + WINDOW_US)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",  # noqa: S104 - nobody binds to it here
        "255.255.255.255", "::1", "::", "fe80::1", "fd00::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
        "64:ff9b::7f00:1", "64:ff9b::a00:1", "2002:7f00:1::", "2002:a9fe:a9fe::1",
    ],
)  # fmt: skip
def test_an_address_of_a_private_network_is_none_to_reach(address: str) -> None:
    """Loopback, private, link-local (where clouds keep credentials), shared, reserved, and each of them in disguise."""
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "64:ff9b::5db8:d822"])
def test_an_address_of_the_internet_is_one(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        "http://member.example/heard", "ftp://member.example/", "https://", "https://user@member.example/",
        "https://member.example/?a=1", "https://member.example/#a", "https://member.example:x/", "member.example",
        "https://member.example/ a", "https://member.example/\n", "https://" + "m" * 600, "http://10.0.0.1/",
    ],
)  # fmt: skip
def test_an_address_that_will_not_do_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        registered(tmp_path / "webhooks.json", Webhook("member-02", "alliance", url))
    assert webhooks(tmp_path / "webhooks.json") == ()


def test_a_member_has_one_address_for_a_root(tmp_path: Path) -> None:
    file, newer = tmp_path / "webhooks.json", Webhook("member-02", "alliance", "https://member.example/again")
    other = Webhook("member-02", "other", "http://127.0.0.1:1/", allows_private=True)
    for one in (HOOK, other, newer):
        registered(file, one)
    assert set(webhooks(file)) == {other, newer}
    removed(file, "member-02", "alliance")
    assert webhooks(file) == (other,)
    with pytest.raises(UsageError, match="no webhook"):
        removed(file, "member-02", "alliance")
    check_url("http://localhost:8472/")


@contextmanager
def server(status: int) -> Iterator[tuple[str, list[str]]]:
    """A server of this machine that answers every POST with a status, and where to; the paths that it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.path)
            self.send_response_only(status)
            self.send_header("Location", "/elsewhere")
            self.end_headers()

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as at:
        thread = threading.Thread(target=at.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{at.server_address[1]}/heard", asked
        finally:
            at.shutdown()
            thread.join()


def test_a_hub_reaches_its_own_network_only_where_that_is_allowed() -> None:
    with server(204) as (url, asked):
        for name in (url, url.replace("127.0.0.1", "localhost")):
            with pytest.raises(NotDelivered, match="private network"):
                post(name, b"{}", allows_private=False)
        assert asked == []
        post(url, b"{}", allows_private=True)
        assert asked == ["/heard"]


def test_a_redirect_is_not_followed() -> None:
    with server(302) as (url, asked):
        with pytest.raises(NotDelivered, match="302"):
            post(url, b"{}", allows_private=True)
        assert asked == ["/heard"]


def test_https_is_spoken_and_nothing_else_is_taken_for_it() -> None:
    with server(204) as (url, asked):
        with pytest.raises(NotDelivered, match="SSL"):
            post(url.replace("http:", "https:"), b"{}", allows_private=True)
        assert asked == []


class Sent:
    """What a courier sends, once it may; the first so many are refused. `done` is set when so many were sent."""

    def __init__(self, until: int, refused: int = 0) -> None:
        self.until, self.refused = until, refused
        self.collections: list[str] = []
        self.may_go, self.at_work, self.done = threading.Event(), threading.Event(), threading.Event()

    def __call__(self, to: Webhook, collection: str) -> None:
        self.at_work.set()
        self.may_go.wait(60)
        self.collections.append(collection)
        if len(self.collections) == self.until:
            self.done.set()
        if len(self.collections) <= self.refused:
            raise NotDelivered("it answers 503")


def test_while_a_member_is_slow_nobody_waits_and_one_notice_does() -> None:
    """A hundred posts while one notice is under way are one more notice."""
    sends = Sent(until=3)
    courier = Courier(HOOK, sends)
    courier.tell("a")
    assert sends.at_work.wait(60)
    for _ in range(100):
        courier.tell("a")
    courier.tell("b")
    sends.may_go.set()
    assert sends.done.wait(60)
    courier.stop()
    assert sends.collections == ["a", "a", "b"]


def test_a_failed_notice_is_tried_again_and_then_given_up() -> None:
    """Two of three attempts fail and the third reaches it; where all fail, the next news is a new beginning."""
    for refused, sent_in_all in ((2, ["a", "a", "a", "b"]), (3, ["a", "a", "a", "b"]), (4, ["a", "a", "a", "b", "b"])):
        sends = Sent(len(sent_in_all), refused)
        courier = Courier(HOOK, sends, backoff_seconds=(0, 0))
        courier.tell("a")
        courier.tell("b")
        sends.may_go.set()
        assert sends.done.wait(60)
        courier.stop()
        assert sends.collections == sent_in_all


def test_a_listener_hears_the_hub_and_nobody_else() -> None:
    """A forged notice and noise are answered 403, and wake nobody."""
    listener = Listener("127.0.0.1", 0, heard())
    url = f"http://127.0.0.1:{listener.port}/"
    try:
        for body in (b"", b"{}", sent(), b"x" * 100_000):  # the third is years old
            with pytest.raises(NotDelivered):
                post(url, body, allows_private=True)
        assert not listener.heard(0)
        post(url, sent(time.time_ns() // 1_000), allows_private=True)
        assert listener.heard(0)
        assert not listener.heard(0)
    finally:
        listener.close()
