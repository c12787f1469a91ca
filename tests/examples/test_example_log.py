"""The committed example log keeps the exchange log contract, knows its truth, and gives away nobody."""

import gzip
import ipaddress
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

LOGS = Path(__file__).parents[2] / "examples" / "logs"
MAXIMUM_BYTES = 3 << 20  # prescribed: the repository stays quick to clone
REQUIRED = {"ts_us": int, "account": str, "path": str, "body": dict}
OPTIONAL = {
    "id": str,
    "organization": str,
    "api_key": str,
    "ip": str,
    "asn": int,
    "country": str,
    "payment": str,
    "account_created_us": int,
    "declared_use": str,
    "method": str,
    "headers": list,
    "status": int,
    "response": dict,
    "usage": dict,
}
DOCUMENTATION_NETWORKS = [  # RFC 5737 and RFC 3849
    ipaddress.ip_network(network) for network in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
]
DOCUMENTATION_ASNS = {*range(64496, 64512), *range(65536, 65552)}  # RFC 5398


def _lines() -> Iterator[str]:
    for path in sorted(LOGS.glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            yield from file


@pytest.fixture(scope="module")
def exchanges() -> list[dict[str, Any]]:
    """Every line of the log as it parses."""
    return [json.loads(line) for line in _lines()]


@pytest.fixture(scope="module")
def truth() -> dict[str, Any]:
    """What the recipe says about the accounts."""
    known: dict[str, Any] = json.loads(LOGS.with_name("truth.json").read_text(encoding="utf-8"))
    return known


def test_the_log_is_small_and_of_useful_size(exchanges: list[dict[str, Any]]) -> None:
    """A reader can clone it in a moment and still has a week of traffic."""
    assert sum(path.stat().st_size for path in LOGS.glob("*.jsonl.gz")) <= MAXIMUM_BYTES
    assert 5_000 <= len(exchanges) <= 9_000


def test_every_exchange_keeps_the_contract(exchanges: list[dict[str, Any]]) -> None:
    """Required fields are there, no field is unknown, each has its type."""
    for exchange in exchanges:
        assert exchange.keys() >= REQUIRED.keys()
        assert exchange.keys() <= REQUIRED.keys() | OPTIONAL.keys()
        assert all(isinstance(value, (REQUIRED | OPTIONAL)[name]) for name, value in exchange.items())


def test_ids_are_unique_and_time_goes_forward(exchanges: list[dict[str, Any]]) -> None:
    """The files follow each other by day and each is in order."""
    times = [exchange["ts_us"] for exchange in exchanges]
    assert times == sorted(times)
    assert len({exchange["id"] for exchange in exchanges}) == len(exchanges)


def test_chat_answers_carry_usage(exchanges: list[dict[str, Any]]) -> None:
    """Whoever reads output lengths finds them, and finds them differing."""
    chats = [exchange for exchange in exchanges if exchange["path"].endswith("/chat/completions")]
    assert all(exchange["usage"]["output_tokens"] > 0 for exchange in chats)
    assert len({json.dumps(exchange["response"]["choices"]) for exchange in chats}) > 0.9 * len(chats)


def test_truth_covers_every_account_once(exchanges: list[dict[str, Any]], truth: dict[str, Any]) -> None:
    """No account of the log is unexplained and none belongs to two runs."""
    told = [account for run in truth["runs"] for account in run["accounts"]]
    assert len(told) == len(set(told))
    assert set(told) == {exchange["account"] for exchange in exchanges}


def test_truth_counts_are_those_of_the_log(exchanges: list[dict[str, Any]], truth: dict[str, Any]) -> None:
    """The runs add up to the log; two of them are campaigns."""
    assert truth["exchanges"] == len(exchanges) == sum(run["exchanges"] for run in truth["runs"])
    assert [run["label"] for run in truth["runs"]].count("campaign") == 2
    assert {run["label"] for run in truth["runs"]} == {"campaign", "honest"}


def test_campaign_accounts_share_nothing_visible(exchanges: list[dict[str, Any]], truth: dict[str, Any]) -> None:
    """A hunt cannot find the campaigns by a shared organisation, address, key or payment."""
    hidden = {account for run in truth["runs"] if run["label"] == "campaign" for account in run["accounts"]}
    owners: dict[tuple[str, str], set[str]] = defaultdict(set)
    for exchange in exchanges:
        for field in ("organization", "api_key", "ip", "payment"):
            owners[field, exchange[field]].add(exchange["account"])
    assert all(len(accounts) == 1 for accounts in owners.values() if accounts & hidden)


def test_addresses_belong_to_nobody(exchanges: list[dict[str, Any]]) -> None:
    """Every address and network number is from a range reserved for documentation."""
    for address in {exchange["ip"] for exchange in exchanges}:
        assert any(ipaddress.ip_address(address) in network for network in DOCUMENTATION_NETWORKS)
    assert {exchange["asn"] for exchange in exchanges} <= DOCUMENTATION_ASNS


def test_credentials_are_redacted(exchanges: list[dict[str, Any]]) -> None:
    """No Authorization header keeps what the client sent."""
    shown = {
        value
        for exchange in exchanges
        for name, value in exchange["headers"]
        if name.lower() in ("authorization", "x-api-key", "cookie")
    }
    assert shown == {"REDACTED"}


def test_no_personal_address_or_machine_of_ours_is_in_the_text() -> None:
    """No e-mail address, loopback address, foreign numeric host or home folder anywhere in the log."""
    reserved = r"192\.0\.2\.|198\.51\.100\.|203\.0\.113\."
    forbidden = re.compile(
        r"[\w.+-]+@[\w-]+\.[a-z]{2,}"
        rf"|\b(?!{reserved})\d{{1,3}}\.\d{{1,3}}\.\d{{1,3}}\.\d{{1,3}}\b"
        r"|localhost:\d|/home/|/root/|Bearer "
    )
    assert not [found.group() for line in _lines() if (found := forbidden.search(line))]
