"""The key service over real connections: equal quotas, exact batches, epochs that die, and nothing kept of a batch."""

from __future__ import annotations

import json
import sqlite3
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from sharing.tags.running import DAILY, NOON_S, POINTS, Clock, Running
from stillwatch.sharing.tags import wire
from stillwatch.sharing.tags.asking import Asker, RemoteKey
from stillwatch.sharing.tags.dleq import ProofInvalid
from stillwatch.sharing.tags.epochs import DAY_SECONDS, EpochClosed
from stillwatch.sharing.tags.identifier import Identifier, Kind
from stillwatch.sharing.tags.key_file import EpochKeys
from stillwatch.sharing.tags.oprf import blind, known
from stillwatch.sharing.tags.schedule import Outbox
from stillwatch.sharing.tags.transport import HttpTransport, QuotaReached, ServiceRefuses

HANDLES = [Identifier(Kind.HANDLE, f"forum:user{number}") for number in range(2 * POINTS + 3)]


def batch(running: Running) -> bytes:
    return wire.encode([blind(running.suite, b"%d" % number).element for number in range(POINTS)])


def status_of(running: Running, body: bytes, headers: dict[str, str] | None = None) -> tuple[int, str]:
    """What a hand-made request gets; the headers given replace the right ones."""
    token = running.tokens.setdefault("member-01", running.register.admit("member-01"))
    right = {"Content-Type": wire.MEDIA_TYPE, wire.FRUITLESS: "0", "Authorization": f"Bearer {token}"}
    sent = right | (headers or {})
    request = urllib.request.Request(f"{running.url}/v1/epochs/0/evaluations", body, sent)  # noqa: S310 - our own loopback address
    try:
        with urllib.request.urlopen(request) as answer:  # noqa: S310 - our own loopback address
            return answer.status, ""
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)["title"]


def test_tags_are_the_function_s_values(running: Running) -> None:
    """What comes out over the wire is the first 16 bytes of what the key's holder computes by itself."""
    pair = running.keys.pair(0)
    tags = running.asker("member-01").tags(HANDLES, 0)
    assert [tag.value for tag in tags] == [known(running.suite, pair.secret, one.data)[:16] for one in HANDLES]
    assert [asked.points for asked in running.register.log()] == [POINTS] * 3


def test_two_members_get_one_tag(running: Running) -> None:
    """Blinds differ, tags do not."""
    assert running.asker("member-01").tags(HANDLES[:3], 0) == running.asker("member-02").tags(HANDLES[:3], 0)


def test_nothing_of_a_batch_is_kept(running: Running, tmp_path: Path) -> None:
    """The service's file holds times, names and counts: no element, no tag, and of tokens only digests."""
    asker = running.asker("member-01")
    tags = asker.tags(HANDLES, 0)
    with sqlite3.connect(tmp_path / "keys" / "service.sqlite") as db:
        columns = [row[1] for row in db.execute("PRAGMA table_info(batches)")]
    db.close()
    content = (tmp_path / "keys" / "service.sqlite").read_bytes()
    assert columns == ["id", "at_s", "member", "epoch", "points", "fruitless"]
    assert not [tag for tag in tags if tag.value in content]
    assert running.tokens["member-01"].encode() not in content


def test_a_day_has_equally_many_batches_for_everybody(running: Running, clock: Clock) -> None:
    """The quota is the security: the batch after the last is refused until 00:00 UTC, and others are not touched."""
    asker = running.asker("member-01")
    for _ in range(DAILY):
        asker.batch([], 0)
    with pytest.raises(QuotaReached) as refused:
        asker.batch([], 0)
    assert refused.value.retry_after_s == DAY_SECONDS // 2
    running.asker("member-02").batch([], 0)
    clock.now_s += DAY_SECONDS // 2
    asker.batch([], 0)


def test_a_busy_and_an_idle_member_look_alike(running: Running, clock: Clock) -> None:
    """Over a day of slots: the same number of requests, the same bytes each way, the same lines in the log."""
    sizes: dict[str, list[tuple[int, int]]] = {"busy": [], "idle": []}
    for member, waiting in (("busy", HANDLES), ("idle", [])):
        clock.now_s = NOON_S
        transport = running.transport(member)
        post = transport.post

        def counted(
            path: str, body: bytes, headers: dict[str, str], member: str = member, post: object = post
        ) -> bytes:
            answer = post(path, body, headers)  # type: ignore[operator]  # the transport's own method
            sizes[member].append((len(body), len(answer)))
            return bytes(answer)

        transport.post = counted  # type: ignore[method-assign]  # what travels is weighed on its way
        asker = Asker(running.suite, [RemoteKey(transport, running.pins, running.suite)], POINTS)
        outbox = Outbox()
        outbox.add(waiting)
        for _ in range(DAILY):
            asker.batch(outbox.take(POINTS), 0)
            clock.now_s += 3600
        assert len(outbox) == 0
    assert sizes["busy"] == sizes["idle"] == [(32 * POINTS, 32 * POINTS + 64)] * DAILY
    lines = {m: [(a.at_s, a.points) for a in running.register.log() if a.member == m] for m in sizes}
    assert lines["busy"] == lines["idle"]


def test_every_member_reads_how_often_each_asked(running: Running) -> None:
    """The log is open to all members, and holds the bit by which a client says that it has long met nothing."""
    running.asker("member-01").batch([], 0, fruitless=True)
    lines = json.loads(running.transport("member-02").get("/v1/log"))["batches"]
    assert lines == [{"id": 1, "at_s": NOON_S, "member": "member-01", "epoch": 0, "points": POINTS, "fruitless": True}]


def test_a_removed_member_is_refused_at_its_next_request(running: Running) -> None:
    """Also on a connection that is open, and with an old token after a new one."""
    asker = running.asker("member-01")
    asker.batch([], 0)
    running.register.admit("member-01")
    with pytest.raises(ServiceRefuses, match="bearer token"):
        asker.batch([], 0)
    running.tokens.clear()
    asker = running.asker("member-01")
    running.register.remove("member-01")
    with pytest.raises(ServiceRefuses, match="bearer token"):
        asker.batch([], 0)


@pytest.mark.parametrize(
    ("change", "status", "told"),
    [
        (lambda body: body[:-1], 422, "bytes"),
        (lambda body: body[:-32], 422, "bytes"),
        (lambda body: body + b"\0", 413, "bytes"),
        (lambda body: bytes(32) + body[32:], 422, "identity"),
        (lambda body: b"\xff" * 32 + body[32:], 422, "canonical"),
        (lambda body: b"\x01" + bytes(31) + body[32:], 422, "canonical"),
    ],
    ids=["a byte short", "a point short", "a byte more", "identity", "not canonical", "not in the group"],
)
def test_a_bad_batch_is_refused_and_not_counted(
    running: Running, change: Callable[[bytes], bytes], status: int, told: str
) -> None:
    """One bad point refuses the batch; nothing is evaluated and nothing counted."""
    answer = status_of(running, change(batch(running)))
    assert answer[0] == status
    assert told in answer[1]
    assert running.register.log() == []


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Authorization": "Bearer forged"}, 401),
        ({"Authorization": "Basic bWVtYmVyLTAxOng="}, 401),
        ({"Content-Type": "application/json"}, 415),
        ({wire.FRUITLESS: "maybe"}, 400),
    ],
)
def test_a_request_that_is_not_well_formed_is_refused(running: Running, headers: dict[str, str], status: int) -> None:
    """Fails closed, whatever is missing."""
    assert status_of(running, batch(running), headers)[0] == status
    assert running.register.log() == []


def test_epochs_follow_each_other_and_die(running: Running, clock: Clock, tmp_path: Path) -> None:
    """In the last week the next key answers too; when the epoch ends its key is gone from service and file."""
    asker = running.asker("member-01")
    old = asker.tags(HANDLES[:2], 0)
    with pytest.raises(EpochClosed):
        asker.batch([], 1)
    clock.now_s = running.keys.calendar.ends_s(0) - DAY_SECONDS
    again = asker.tags(HANDLES[:2], 1)
    assert old != again
    clock.now_s = running.keys.calendar.ends_s(0)
    assert asker.tags(HANDLES[:2], 1) == again
    with pytest.raises(EpochClosed):
        asker.batch([], 0)
    kept = EpochKeys.load(tmp_path / "keys" / "epochs.key", running.suite)
    with pytest.raises(EpochClosed, match="is gone"):
        kept.pair(0)
    assert kept.pair(1) == running.keys.pair(1)


def test_a_service_with_a_key_of_its_own_for_one_member_is_found_out(start: Callable[[str], Running]) -> None:
    """Pinned key of one operator, answers of another: the proof fails and no tag comes out."""
    honest, tagging = start("honest"), start("tagging")
    transport = tagging.transport("member-01")
    asker = Asker(honest.suite, [RemoteKey(transport, honest.pins, honest.suite)], POINTS)
    with pytest.raises(ProofInvalid, match="pinned key"):
        asker.tags(HANDLES[:1], 0)


def test_two_operators_hold_the_key_together(start: Callable[[str], Running]) -> None:
    """The tag is the function under the product of both keys, whichever is asked first; neither alone makes it."""
    one, other = start("one"), start("other")
    suite = one.suite
    holders = [RemoteKey(each.transport("member-01"), each.pins, suite) for each in (one, other)]
    tags = Asker(suite, holders, POINTS).tags(HANDLES[:3], 0)
    product = suite.group.scalar_times(one.keys.pair(0).secret, other.keys.pair(0).secret)
    assert [tag.value for tag in tags] == [known(suite, product, each.data)[:16] for each in HANDLES[:3]]
    assert Asker(suite, holders[::-1], POINTS).tags(HANDLES[:3], 0) == tags
    assert Asker(suite, holders[:1], POINTS).tags(HANDLES[:3], 0) != tags


def test_an_unpinned_epoch_is_not_even_asked_for(running: Running) -> None:
    """The client's own refusal: the service is not believed about its keys."""
    with pytest.raises(EpochClosed, match="no key of operator-1 is pinned for epoch 9"):
        running.asker("member-01").batch([], 9)


def test_a_service_elsewhere_is_reached_by_tls_only() -> None:
    """A token does not travel in the clear."""
    with pytest.raises(Exception, match="https only"):
        HttpTransport("http://keys.example", "token")
