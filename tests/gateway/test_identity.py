"""Who asks: a key's holder, or whom a layer in front names, who is believed only where it sits; and whose address."""

from __future__ import annotations

import hashlib
import tomllib

import msgspec
import pytest

from stillwatch.decision.core import Core, Now
from stillwatch.decision.policy import Policy
from stillwatch.errors import UsageError
from stillwatch.gateway.configuration import Forwarded, Headers
from stillwatch.gateway.gate import Gate
from stillwatch.gateway.guard import Request
from stillwatch.gateway.identity import Caller, Callers, Identity, Mode, network_of
from stillwatch.gateway.keys import KeyHolder, Keys
from stillwatch.limits.limit import Level, Limit, Measure
from stillwatch.observing.frames import Observed

from .running import gateway, run
from .upstream_server import answers, upstream

KEYS = Keys([KeyHolder(hashlib.sha256(b"sk-1").hexdigest(), "holder", "org", "card")])
BY_KEY = Identity(trusted=("10.0.0.0/8", "fd00::/8"))
BY_FIELDS = Identity(mode=Mode.HEADERS, trusted=("10.0.0.0/8",))
PROXY = "10.1.2.3"
STRANGER = "192.0.2.66"
ACCOUNT = (b"X-Stillwatch-Account", b"acct-1")
KEY = (b"Authorization", b"Bearer sk-1")


def caller(identity: Identity, peer: str, *fields: tuple[bytes, bytes]) -> Caller | None:
    request = Request(b"POST", b"/v1/chat/completions", list(fields), b"", peer)
    return Callers(identity, KEYS).caller(request, {name.lower(): value for name, value in fields})


def forwarded(hops: bytes) -> tuple[bytes, bytes]:
    return b"X-Forwarded-For", hops


def test_a_layer_in_front_says_who_asks():
    named = (
        ACCOUNT,
        (b"X-Stillwatch-Organization", b"org-1"),
        (b"x-stillwatch-payment", b"card-1"),
        (b"X-Stillwatch-Key-Id", b"key-1"),
        (b"X-Stillwatch-Network", "büro".encode()),
    )
    assert caller(BY_FIELDS, PROXY, *named) == Caller("acct-1", "key-1", "org-1", "card-1", None, "büro")


@pytest.mark.parametrize(
    ("peer", "fields"),
    [
        (STRANGER, [ACCOUNT]),
        ("not an address", [ACCOUNT]),
        (PROXY, []),
        (PROXY, [KEY]),
        (PROXY, [ACCOUNT, (b"x-stillwatch-account", b"acct-2")]),
        (PROXY, [(b"X_Stillwatch_Account", b"acct-1")]),
        (PROXY, [(b"X-Stillwatch-Account", b"  ")]),
        (PROXY, [(b"X-Stillwatch-Account", b"\xff\xfe")]),
        (PROXY, [(b"X-Stillwatch-Account", b"a" * 257)]),
        (PROXY, [ACCOUNT, (b"X-Stillwatch-Payment", b"p" * 257)]),
    ],
)
def test_who_cannot_be_told_is_nobody(peer, fields):
    """Fails closed: a peer that is not trusted, no name, two of them, one that only looks like it, no text."""
    assert caller(BY_FIELDS, peer, *fields) is None


def test_by_keys_a_client_cannot_name_itself():
    assert caller(BY_KEY, STRANGER, KEY, ACCOUNT).account == "holder"
    assert caller(BY_KEY, PROXY, ACCOUNT) is None


@pytest.mark.parametrize("identity", [BY_KEY, BY_FIELDS])
def test_fields_that_name_somebody_do_not_go_on_in_any_spelling(identity):
    spellings = [b"X-Stillwatch-Account", b"x-stillwatch-account", b"X_Stillwatch_Account", b"X-Stillwatch_Key-Id"]
    request = Request(b"POST", b"/", [(name, b"v") for name in spellings] + [KEY], b"", PROXY)
    Callers(identity, KEYS).strip(request)
    assert request.headers == [KEY]


def test_they_go_on_where_that_is_asked_for():
    request = Request(b"POST", b"/", [ACCOUNT], b"", PROXY)
    Callers(msgspec.structs.replace(BY_FIELDS, forward=True), KEYS).strip(request)
    assert request.headers == [ACCOUNT]
    Callers(msgspec.structs.replace(BY_KEY, forward=True), KEYS).strip(request)
    assert request.headers == []


@pytest.mark.parametrize(
    ("peer", "hops", "address"),
    [
        (STRANGER, b"198.51.100.7", STRANGER),  # a stranger's word about himself
        (PROXY, b"198.51.100.7", "198.51.100.7"),
        (PROXY, b"203.0.113.9, 198.51.100.7, 10.9.9.9", "198.51.100.7"),  # what stands left of it the client wrote
        (PROXY, b"fd00::1, 2001:db8::7", "2001:db8::7"),
        (PROXY, b"unknown", None),
        (PROXY, b"10.9.9.9", None),
        (PROXY, b"", None),
    ],
)
def test_an_address_is_believed_from_trusted_proxies_and_their_nearest_stranger(peer, hops, address):
    assert caller(BY_KEY, peer, KEY, forwarded(hops)).address == address


def test_several_fields_of_hops_are_one_list():
    fields = (KEY, forwarded(b"203.0.113.9"), forwarded(b"198.51.100.7"))
    assert caller(BY_KEY, PROXY, *fields).address == "198.51.100.7"


def test_the_layer_in_front_may_say_the_address():
    said = caller(BY_FIELDS, PROXY, ACCOUNT, (b"X-Stillwatch-Network", b"2001:db8:1:2::3"), forwarded(b"192.0.2.1"))
    assert (said.address, said.network) == ("2001:db8:1:2::3", "2001:db8:1:2::/64")


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2::1", "2001:db8:1:2::/64"),
        ("an office", "an office"),
    ],
)
def test_a_network_is_an_address_of_ipv4_or_a_64_of_ipv6(address, network):
    assert network_of(address) == network


def test_a_trust_that_cannot_be_meant_is_refused():
    with pytest.raises(UsageError, match="believed from nobody"):
        Callers(Identity(mode=Mode.HEADERS), KEYS)
    with pytest.raises(UsageError, match=r"'10\.0\.0\.0/64' is no network"):
        Callers(Identity(trusted=("10.0.0.0/64",)), KEYS)


def test_the_table_is_read_from_toml_and_knows_its_keys():
    said = tomllib.loads('mode = "headers"\ntrusted = ["10.0.0.0/8"]\naccount = "X-Auth-User"')
    read = msgspec.convert(said, Identity)
    assert (read.mode, read.account, read.key) == (Mode.HEADERS, "X-Auth-User", "X-Stillwatch-Key-Id")
    with pytest.raises(msgspec.ValidationError, match="acount"):
        msgspec.convert({"acount": "x"}, Identity)


def asks(*fields: bytes) -> bytes:
    body = b'{"model":"m","messages":[{"role":"user","content":"rye"}]}'
    head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
    lines = b"".join(field + b"\r\n" for field in fields)
    return head + lines + b"Content-Length: %d\r\n\r\n" % len(body) + body


def test_behind_a_gateway_names_are_believed_observed_limited_and_kept_from_the_upstream():
    """The tests' own address, loopback, is the trusted layer."""
    limits = (Limit(Level.ACCOUNT, Measure.REQUESTS, 1), Limit(Level.NETWORK, Measure.REQUESTS, 2))
    observed: list[Observed] = []
    identity = Identity(mode=Mode.HEADERS, trusted=("127.0.0.0/8",))
    gate = Gate(Core(Policy(limits)), Keys([]), lambda: Now(10**12, 10**15), observed.append, identity=identity)
    headers = Headers(forwarded=Forwarded.APPEND)

    async def story() -> None:
        async with upstream(answers) as server, gateway(server.port, gate, headers=headers) as running:
            client = await running.connect()

            async def status(account: bytes, host: bytes) -> bytes:
                named = b"X-Stillwatch-Account: " + account if account else b"X-Other: 1"
                client.send(asks(named, b"X-Forwarded-For: 2001:db8:1:2::" + host))
                return (await client.answer())[0].split(b" ", 2)[1]

            said = [await status(*one) for one in ((b"a", b"1"), (b"a", b"2"), (b"b", b"3"), (b"c", b"4"), (b"", b"5"))]
            assert said == [b"200", b"429", b"200", b"429", b"401"]
            assert b"stillwatch" not in server.seen[0].head.lower()
        assert [(one.account, one.ip, one.network) for one in observed] == [
            ("a", "2001:db8:1:2::1", "2001:db8:1:2::/64"),
            ("b", "2001:db8:1:2::3", "2001:db8:1:2::/64"),
        ]
        assert not any(name.lower().startswith("x-stillwatch") for name, _ in observed[0].headers)

    run(story())


def test_policy_and_keys_are_adopted_between_two_requests_of_a_connection():
    gate = Gate(Core(Policy()), KEYS, lambda: Now(10**12, 10**15), lambda _: None)
    other = Keys([KeyHolder(hashlib.sha256(b"sk-2").hexdigest(), "other")])

    async def story() -> None:
        async with upstream(answers) as server, gateway(server.port, gate) as running:
            client = await running.connect()

            async def status(key: bytes) -> bytes:
                client.send(asks(b"Authorization: Bearer " + key))
                return (await client.answer())[0].split(b" ", 2)[1]

            assert [await status(b"sk-1"), await status(b"sk-2")] == [b"200", b"401"]
            gate.adopt(keys=other)
            assert [await status(b"sk-1"), await status(b"sk-2")] == [b"401", b"200"]
            gate.adopt(policy=Policy((Limit(Level.ACCOUNT, Measure.REQUESTS, 1),)))
            assert [await status(b"sk-2"), await status(b"sk-2")] == [b"200", b"429"]

    run(story())
