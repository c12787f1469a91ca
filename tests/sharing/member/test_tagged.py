"""Own accounts with identifiers that others reported: one source moves nothing but the order, two bear their record."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from stillwatch.errors import InputError
from stillwatch.pseudonym import Pseudonymiser, Secret
from stillwatch.sharing.member.partners import Partners
from stillwatch.sharing.member.tagged import own_accounts, tagged
from stillwatch.sharing.tags.identifier import Kind
from stillwatch.sharing.tags.tag_set import Tag

from .sent import asked, group
from .told import Told

A, B, C = (f"member-0{number}" for number in range(2, 5))
SECRET = Secret(bytes(range(32)))


def tag(number: int) -> Tag:
    return Tag(Kind.EMAIL, 3, number.to_bytes(16, "big"))


def test_one_source_makes_an_account_be_looked_at_and_bears_nothing(tmp_path: Path) -> None:
    told = Told()
    told.tell(A, "it", tags=[tag(1), tag(2)])
    found = tagged(told.hearing(tmp_path), {11: [tag(1)], 12: [tag(9)]})
    assert list(found) == [11]
    assert (found[11].sources, found[11].bound) == (1, 1.0)
    said = Partners(told.hearing(tmp_path), {11: [tag(1)]}).accounts[11]
    assert said.statement == "An identifier of it (email) was reported by 1 other provider: to be looked at, no verdict"


def test_a_sighting_of_a_list_is_no_second_source_of_each_tag(tmp_path: Path) -> None:
    told = Told()
    told.see(B, told.tell(A, "it", tags=[tag(1), tag(2)]))
    assert tagged(told.hearing(tmp_path), {11: [tag(1)]})[11].bound == 1.0


def test_two_who_tell_of_the_same_bear_their_record(tmp_path: Path) -> None:
    told = Told()
    told.tell(A, "it", tags=[tag(1)])
    told.tell(B, "too", tags=[tag(1)])
    found = tagged(told.hearing(tmp_path), {11: [tag(1)]})[11]
    assert (found.sources, round(found.bound, 6)) == (2, 5.0)


def test_tags_of_a_withdrawn_claim_are_gone(tmp_path: Path) -> None:
    told = Told()
    told.tell(A, "it", tags=[tag(1)])
    told.withdraw(B, told.tell(B, "too", tags=[tag(1)]))
    assert tagged(told.hearing(tmp_path), {11: [tag(1)]})[11].sources == 1


def test_a_ring_with_tags_of_two_is_evidence_beside_honest_groups_that_were_evaluated(tmp_path: Path) -> None:
    told = Told()
    for member in (A, B):
        told.tell(member, "it", tags=[tag(number) for number in range(100, 112)])
    ring, honest = group(100, 12), asked().honest
    own = {account: [tag(account)] for one in (ring, *honest) for account in one.account.tolist()}
    (heard,) = Partners(told.hearing(tmp_path), own).heard(asked(ring))
    assert math.exp(heard.log_e) == pytest.approx(5.0)
    assert "12 of its 12 accounts have identifiers (email) that partners reported, 12 of them by two" in str(heard.said)


def test_where_no_honest_customer_was_evaluated_tags_only_come_first(tmp_path: Path) -> None:
    told = Told()
    for member in (A, B):
        told.tell(member, "it", tags=[tag(number) for number in range(100, 112)])
    ring = group(100, 12)
    own = {account: [tag(account)] for account in ring.account.tolist()}
    (heard,) = Partners(told.hearing(tmp_path), own).heard(asked(ring))
    assert (heard.comes_first, heard.log_e) == (True, 0.0)


def test_suspects_that_name_an_account_say_whose_tag_it_is(tmp_path: Path) -> None:
    suspects = [
        {"kind": "email", "value": "a@example.com", "account": "acct-1"},
        {"kind": "email", "value": "b@example.com"},
    ]
    tags = [{"line": line, "kind": "email", "epoch": 3, "tag": tag(line).value.hex()} for line in (1, 2)]
    for name, rows in (("suspects.jsonl", suspects), ("tags.jsonl", tags)):
        (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = own_accounts(tmp_path / "suspects.jsonl", tmp_path / "tags.jsonl", SECRET)
    assert found == {Pseudonymiser(SECRET, "account")("acct-1"): [tag(1)]}


def test_suspects_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    (tmp_path / "suspects.jsonl").write_text("not JSON\n")
    with pytest.raises(InputError, match="holds something else than suspects"):
        own_accounts(tmp_path / "suspects.jsonl", tmp_path / "tags.jsonl", SECRET)
