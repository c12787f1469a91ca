"""What a stolen ledger gives away: nothing that can be read, and nothing against which a guess can be tested."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from stillwatch.exchange.record import Message, Parameters, Principal, Request
from stillwatch.sketch.sketcher import Sketcher

from .exchanges import ALLIANCE, NOON_US, OTHER_SECRET, SECRET, asked, said, sketched, words

WHO = Principal("acct-zanzibar", "org-quetzal", "sk-live-4711", "203.0.113.77", 64500, "NZ", "card-8812", 0, "tutoring")
TEXT = "Describe how the heron hunts in shallow water at dawn. Compare it with the bittern, please."
EXCHANGE = asked(
    Message("system", "You write field notes for ornithologists in plain words."),
    Message("user", TEXT),
    principal=WHO,
    headers=(("accept", "*/*"), ("user-agent", "quetzal/2"), ("authorization", "Bearer sk-live-4711")),
    id="req-heliotrope",
    parameters=Parameters(names="n,temperature", temperature=0.3),
)

PLAIN = {
    # what the row says openly: when, how much, in which form
    *(
        "ts_us",
        "day",
        "hour",
        "asn",
        "country",
        "account_created_day",
        "flags",
        "intent",
        "status",
        "messages",
        "tools",
    ),
    *("images", "prompt_chars", "temperature", "choices", "max_tokens"),
    *("input_tokens", "output_tokens", "reasoning_tokens"),
}
KEYED = sorted(set(Sketcher(SECRET).schema.names) - PLAIN - {"alliance"})


@pytest.mark.parametrize("column", KEYED)
def test_without_the_key_no_guess_can_be_tested(column: str) -> None:
    """The same exchange under another secret shares nothing in this column: knowing the text is not enough."""
    ours, theirs = sketched(EXCHANGE).row()[column], sketched(EXCHANGE, secret=OTHER_SECRET).row()[column]
    assert ours != theirs
    assert ours
    assert theirs


@pytest.mark.parametrize("column", ["zones", "lineage"])
def test_no_slot_agrees_under_another_key(column: str) -> None:
    """Not a single filled slot, over 200 texts."""
    rng = np.random.default_rng(51)
    texts = [said(words(rng, 80) + ". " + words(rng, 10), system=words(rng, 30)) for _ in range(200)]
    ours, theirs = (getattr(sketched(*texts, secret=secret), column) for secret in (SECRET, OTHER_SECRET))
    assert ((ours == theirs) & (ours != 0)).sum() == 0


def test_projections_under_two_keys_are_unrelated() -> None:
    """The correlation of 200 x 64 entries has deviation 1 / sqrt(12,800) under independence; five of them at most."""
    rng = np.random.default_rng(52)
    texts = [said(words(rng, 30)) for _ in range(200)]
    ours, theirs = (sketched(*texts, secret=secret).projection.ravel() for secret in (SECRET, OTHER_SECRET))
    assert abs(np.corrcoef(ours, theirs)[0, 1]) < 5 / np.sqrt(12_800)


@pytest.mark.parametrize(
    "raw",
    [
        *("zanzibar", "quetzal", "4711", "203.0.113", "8812", "tutoring", "heliotrope", "some-model", "openai"),
        *("heron", "hunts", "shallow", "bittern", "ornithologists", "field notes", "user-agent", "Bearer"),
    ],
)
def test_no_word_and_no_identifier_stands_in_the_bytes(raw: str) -> None:
    """Neither as text nor as an address packed into four bytes, in any row or in the schema."""
    stream = sketched(EXCHANGE, said(TEXT), alliance=ALLIANCE).batch
    held = stream.serialize().to_pybytes() + stream.schema.serialize().to_pybytes()
    assert len(held) > 2 * 384
    assert raw.lower().encode() not in held.lower()
    assert raw.encode("utf-16-le") not in held
    assert bytes([203, 0, 113, 77]) not in held


def test_identifiers_of_different_kinds_do_not_join() -> None:
    """An account named like an organisation, a card and an address has four unrelated pseudonyms."""
    row = sketched(asked(principal=Principal("x", "x", "x", "x", payment="x", declared_use="x"))).row()
    kinds = ("account", "organization", "api_key", "ip", "network", "payment", "declared_use")
    assert len({row[kind] for kind in kinds} - {0}) == len(kinds)


def test_unknown_identifiers_are_zero() -> None:
    """Only what the log names has a pseudonym."""
    row = sketched(asked(principal=Principal("x"))).row()
    assert {row[kind] for kind in ("organization", "api_key", "ip", "network", "payment", "declared_use")} == {0}


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("192.0.2.1", "192.0.2.200", True),
        ("192.0.2.1", "192.0.3.1", False),
        ("2001:db8:7::1", "2001:db8:7:ffff::9", True),
        ("2001:db8:7::1", "2001:db8:8::1", False),
        ("not an address", "another one", False),
    ],
)
def test_a_network_is_a_24_or_a_48(one: str, other: str, is_same: bool) -> None:
    """Addresses of one network share its pseudonym and keep their own."""
    rows = sketched(*[asked(principal=Principal("x", ip=ip)) for ip in (one, other)])
    assert (rows.column("network")[0] == rows.column("network")[1]) == is_same
    assert rows.column("ip")[0] != rows.column("ip")[1]


class TestAlliance:
    """A second, coarse signature under a shared secret: enough to compare templates, too little to test a guess."""

    def test_there_is_none_without_a_secret(self) -> None:
        """All zero, so that nobody has to ask."""
        assert (sketched(EXCHANGE).alliance == 0).all()

    def test_it_is_the_same_in_every_deployment(self) -> None:
        """Members hold different deployment secrets and see the same template."""
        ours, theirs = (sketched(EXCHANGE, secret=secret, alliance=ALLIANCE) for secret in (SECRET, OTHER_SECRET))
        assert (ours.alliance == theirs.alliance).all()
        assert (ours.alliance != 0).any(axis=2).tolist() == [[True, True, True, False]]
        assert (ours.zones != theirs.zones).any()

    def test_it_changes_with_the_alliance_and_leaves_the_rest_alone(self) -> None:
        """Another alliance reads nothing; a deployment that joins one keeps its own columns."""
        alone, ours, other = (sketched(EXCHANGE, alliance=secret) for secret in (None, ALLIANCE, OTHER_SECRET))
        assert (ours.alliance != other.alliance).any()
        changed = [name for name in alone.batch.schema.names if alone.row()[name] != ours.row()[name]]
        assert changed == ["alliance"]

    def test_eight_bits_collide_between_strangers_as_often_as_they_must(self) -> None:
        """One slot of 254 unrelated pairs agrees: a match alone proves nothing.

        Eight uniform bits of which 0 becomes 1: the value 1 has chance 2/256, each of the 254 others 1/256, so two
        agree with chance (2**2 + 254) / 256**2. Within 4.5 deviations of coins.
        """
        rng = np.random.default_rng(53)
        rows = sketched(*[said(words(rng, 60)) for _ in range(2400)], alliance=ALLIANCE).alliance
        left, right = rows[::2], rows[1::2]
        both = (left != 0) & (right != 0)
        chance = (254 + 2**2) / 256**2
        agree = (left == right)[both]
        assert agree.mean() == pytest.approx(chance, abs=4.5 * np.sqrt(chance / agree.size))


class TestIdentity:
    """Which rows are one exchange, one conversation, one payload."""

    def test_a_log_id_is_the_exchange_under_its_account(self) -> None:
        """The same id of the same account is the same exchange whatever else was logged; of another account not."""
        rows = [
            msgspec.structs.replace(said("x", account=account), id=name, ts_us=NOON_US + late)
            for account, name, late in (("a", "r1", 0), ("a", "r1", 9), ("b", "r1", 0), ("a", "r2", 0))
        ]
        one, again, other_account, other_id = sketched(*rows).column("exchange_id")
        assert one == again
        assert len({one, other_account, other_id}) == 3

    def test_without_an_id_the_row_is_its_own_name(self) -> None:
        """Account, time, texts and length together; the same line read twice is one exchange."""
        base = said("one", "two")
        others = [
            base,
            said("one", "two", account="acct-2"),
            msgspec.structs.replace(base, ts_us=NOON_US + 1),
            said("one", "three"),
            said("uno", "two"),
            said("one", "two", system="s"),
            said("one", "x", "two"),
            msgspec.structs.replace(base, id=""),
        ]
        ids = sketched(*others).column("exchange_id")
        assert len(set(ids)) == 7
        assert ids[0] == ids[-1]

    def test_turns_of_one_dialogue_share_the_conversation(self) -> None:
        """System text and first turn name it; either one changed is another."""
        rows = sketched(
            said("one", system="s"), said("one", "two", system="s"), said("one", system="t"), said("uno", system="s")
        )
        same, also, *others = rows.column("conversation")
        assert same == also
        assert len({same, *others}) == 3

    def test_a_payload_is_the_last_turn_whole(self) -> None:
        """One character in the middle of a long text is another payload; the wrapper of earlier turns is not in it."""
        text = "reed " * 5000
        rows = sketched(said(text), said("one", text), said(text[:9000] + "X" + text[9001:]), asked())
        same, also, changed, none = rows.column("payload")
        assert same == also != changed
        assert none == 0

    def test_system_text_and_first_turn_are_not_run_together(self) -> None:
        """ "ab" + "c" is not "a" + "bc"."""
        assert len(set(sketched(said("c", system="ab"), said("bc", system="a")).column("conversation"))) == 2

    def test_a_request_of_another_role_is_asked_too(self) -> None:
        """What is embedded or returned by a tool is a payload."""
        text = msgspec.structs.replace(asked(), request=Request("embedding", "m", (Message("input", "heron"),)))
        assert sketched(text).row()["payload"] == sketched(said("heron")).row()["payload"]
