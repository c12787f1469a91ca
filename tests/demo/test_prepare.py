"""What a demonstration needs: made once a day, the same people in the past and in the future, and nothing half-made."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from stillwatch.decision.policy import Policy
from stillwatch.demo.cast import CAMPAIGN, DAYS, benign_cast, classes, live_cast
from stillwatch.demo.history import observed
from stillwatch.demo.identities import Credentials, Loopback
from stillwatch.demo.prepare import Prepared, prepare, read
from stillwatch.demo.wire import ready
from stillwatch.errors import InputError
from stillwatch.exchange.dialect import parse_request
from stillwatch.gateway.keys import Keys
from stillwatch.ledger.ledger import Ledger
from stillwatch.ledger.names import NameTable
from stillwatch.limits.limit import Level
from stillwatch.pseudonym import Secret
from stillwatch.world.stage import DAY_US

NOON_US = 1_795_348_800_000_000  # 22 November 2026, 12:00 UTC
SCALE = 0.05


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    return prepare(tmp_path_factory.mktemp("demo"), scale=SCALE, now_us=NOON_US)


def test_the_history_is_of_the_very_accounts_that_will_be_live_and_ends_now(prepared: Prepared) -> None:
    secret = Secret.load(prepared.secret_file)
    people = json.loads(prepared.truth.read_text())
    known = {*people["campaign"], *(account for some in people["classes"].values() for account in some)}
    past = set(NameTable.open(prepared.ledger, secret).names("account").values())
    ledger = Ledger.open(prepared.ledger)
    moments = [ts for batch in ledger.scan(["ts_us"]) for ts in batch.column("ts_us").to_pylist()]
    assert past <= known
    assert set(people["campaign"]) <= past
    assert len(past) > 0.8 * len(known)
    assert NOON_US - DAY_US < max(moments) < NOON_US
    assert min(moments) >= prepared.cast.first_us
    assert DAYS - 1 <= len(ledger.days()) <= DAYS  # so few accounts may rest on a day


def test_the_benign_log_is_of_strangers_in_the_days_before(prepared: Prepared) -> None:
    secret = Secret.load(prepared.secret_file)
    live, benign = (NameTable.open(path, secret) for path in (prepared.ledger, prepared.benign_ledger))
    for kind in ("account", "organization"):
        assert not set(live.names(kind).values()) & set(benign.names(kind).values())
    assert max(Ledger.open(prepared.benign_ledger).days()) < min(Ledger.open(prepared.ledger).days())


def test_every_live_account_has_a_key_that_the_gateway_knows(prepared: Prepared) -> None:
    """And no key lies on the disk."""
    keys, credentials = Keys.load(prepared.keys_file), Credentials(Secret.load(prepared.secret_file))
    written = prepared.keys_file.read_text()
    for actor in live_cast(1, prepared.cast.first_us, SCALE):
        for account in actor.accounts:
            holder = keys.holder(credentials.key(account).encode())
            assert holder is not None
            assert (holder.account, holder.payment) == (account.account, account.payment)
            assert credentials.key(account) not in written


def test_the_same_day_is_prepared_once_and_another_day_anew(prepared: Prepared) -> None:
    directory = prepared.directory.parent
    marked = prepared.ledger / "mark"
    marked.write_text("what a live observer has added")
    again = prepare(directory, scale=SCALE, now_us=NOON_US + DAY_US // 4)
    assert again == prepared
    assert marked.exists()
    tomorrow = prepare(directory, scale=0.01, now_us=NOON_US + DAY_US)
    assert tomorrow.directory != prepared.directory
    marked.unlink()


def test_what_was_stopped_half_way_is_made_again(tmp_path: Path) -> None:
    made = prepare(tmp_path, scale=0.01, now_us=NOON_US)
    (made.directory / "prepared.json").unlink()
    left = made.directory / "left over"
    left.write_text("of a run that was killed")
    assert prepare(tmp_path, scale=0.01, now_us=NOON_US) == made
    assert not left.exists()


def test_a_folder_that_was_not_prepared_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no prepared demonstration"):
        read(tmp_path)


def test_past_and_future_look_alike_on_the_wire() -> None:
    """The gateway hands on of a live request what the history says of a past one: path, body, header names, who."""
    cast = list(live_cast(1, NOON_US - NOON_US % DAY_US, SCALE))
    accounts = [account for actor in cast for account in actor.accounts]
    credentials, places = Credentials(Secret(bytes(range(32)))), Loopback(accounts)
    for actor in cast:
        sent = next(actor.stream)
        live = ready(sent, 1, credentials.key(sent.account), "127.0.0.1:8080")
        past = observed(sent, 1, credentials.holder(sent.account).sha256, places[sent.address])
        head, _, body = live.data.partition(b"\r\n\r\n")
        request, *fields = head.decode().split("\r\n")
        assert request == f"POST {past.path}?tokens={request.split('tokens=')[1]}"
        assert body == past.body
        assert parse_request(past.path, body)
        kept = {"authorization", "x-api-key", "x-goog-api-key"}
        names = [name for name, _, _ in (field.partition(": ") for field in fields) if name not in kept]
        assert names == [name for name, _ in past.headers]
        assert sum(credentials.key(sent.account) in field for field in fields) == 1


def test_addresses_of_one_network_stay_in_one_and_nobody_gets_another_ones() -> None:
    accounts = [a for actor in benign_cast(1, NOON_US - NOON_US % DAY_US, SCALE) for a in actor.accounts]
    places = Loopback(accounts)
    given = {address: places[address] for account in accounts for address in account.addresses}
    assert len(set(given.values())) == len(given)
    assert all(address.startswith("127.") and not address.startswith("127.0.") for address in given.values())
    old = [address for address in given if ":" not in address]
    networks = {address.rpartition(".")[0] for address in old}
    assert len({given[address].rpartition(".")[0] for address in old}) == len(networks)


def test_the_campaign_shares_cards_and_addresses_and_honest_accounts_do_not() -> None:
    cast = list(live_cast(1, NOON_US - NOON_US % DAY_US))
    cards = {actor.label: Counter(a.payment for a in actor.accounts) for actor in cast}
    assert set(cards[CAMPAIGN].values()) == {4}
    honest = Counter(a.payment for actor in cast if actor.label != CAMPAIGN for a in actor.accounts)
    assert set(honest.values()) == {1}
    assert {actor.label for actor in cast} == set(classes())


def test_the_policy_is_one_and_has_a_budget_for_campaigns(prepared: Prepared) -> None:
    policy = Policy.load(prepared.policy_file)
    assert Level.CAMPAIGN in {limit.level for limit in policy.limits}
    assert (policy.degrade.logprobs, policy.degrade.most_choices) == (False, 1)
