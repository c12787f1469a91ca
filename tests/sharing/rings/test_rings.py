"""Rings that two providers see, by their sketches alone: what is told, who is found, and who must not be."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.errors import InputError, UsageError
from stillwatch.sharing.rings.match import match
from stillwatch.sharing.rings.signature import FEWEST, MOST, NothingInCommon, Signature, signature
from stillwatch.sharing.rings.traffic import MOST_OF_AN_ACCOUNT, Traffic, shares
from stillwatch.sharing.stix.extension import Extraction
from stillwatch.sketch.record import ZONE_SLOTS

EMPTY = 0.2
"""Share of slots that short conversations leave empty."""


def conversations(
    seed: int, accounts: int, each: int, *, template: int = 0, slots: int = 0, share: float = 1.0
) -> Traffic:
    """Slots drawn at random; in `share` of the conversations the first `slots` slots hold the template's values."""
    chance = np.random.default_rng(seed)
    n = accounts * each
    drawn = chance.integers(1, 256, (n, ZONE_SLOTS))
    drawn[chance.random((n, ZONE_SLOTS)) < EMPTY] = 0
    values = np.random.default_rng(template).integers(1, 256, ZONE_SLOTS)
    carries = chance.random(n) < share
    drawn[carries, :slots] = values[:slots]
    return Traffic(np.repeat(np.arange(accounts) + seed * 1_000_000, each), drawn.astype(np.uint8))


OTHERS = conversations(1, 400, 20)
USUAL = shares(OTHERS)
PUBLISHED = signature(conversations(2, 20, 30, template=7, slots=12), USUAL)


def test_the_same_template_elsewhere_is_the_ring() -> None:
    """Other accounts, other conversations, another provider's strangers: every account carries it."""
    found = match(PUBLISHED, conversations(3, 15, 30, template=7, slots=12), conversations(4, 400, 20))
    assert (found.carrying, found.accounts, found.is_the_ring) == (15, 15, True)


@pytest.mark.parametrize("share", [0.5, 0.2])
def test_cover_traffic_does_not_hide_it(share: float) -> None:
    """A ring whose every second, or every fifth, conversation carries the template."""
    ring = conversations(5, 20, 60, template=7, slots=12, share=share)
    found = match(signature(ring, USUAL), conversations(6, 20, 60, template=7, slots=12, share=share), OTHERS)
    assert found.is_the_ring


def test_another_template_is_another_ring() -> None:
    """Not one of its accounts carries the published one."""
    found = match(PUBLISHED, conversations(8, 50, 60, template=9, slots=12), OTHERS)
    assert (found.carrying, found.is_the_ring) == (0, False)


def test_strangers_carry_nothing() -> None:
    """Of 3,000 strangers with 20 conversations each, none: a million would have one (bound: P(1 or more) < 0.003)."""
    assert match(PUBLISHED, conversations(10, 3_000, 20), OTHERS).carrying == 0


def test_a_popular_tool_is_not_told() -> None:
    """What a twentieth of a provider's accounts use is no secret of a ring: nothing is left to tell."""
    users = conversations(11, 25, 20, template=7, slots=12)
    others = Traffic(np.append(OTHERS.account, users.account), np.concatenate([OTHERS.slots, users.slots]))
    with pytest.raises(NothingInCommon):
        signature(conversations(12, 20, 30, template=7, slots=12, share=0.25), shares(others))


@pytest.mark.parametrize(("slots", "agreeing"), [(FEWEST, FEWEST + 1), (12, 12)])
def test_a_popular_tool_here_makes_agreement_worth_nothing(slots: int, agreeing: int) -> None:
    """A twentieth of our accounts use a template that a partner took for a ring's, in part or whole: no match."""
    users = conversations(13, 25, 20, template=7, slots=slots)
    others = Traffic(np.append(OTHERS.account, users.account), np.concatenate([OTHERS.slots, users.slots]))
    found = match(PUBLISHED, conversations(14, 20, 20, template=7, slots=slots), others)
    assert (found.agreeing, found.is_the_ring) == (agreeing, False)


@pytest.mark.parametrize(("accounts", "each"), [(2, 60), (6, 3)])
def test_what_few_say_or_what_is_said_seldom_is_not_told(accounts: int, each: int) -> None:
    """Two accounts could be two people; eighteen times is fewer than twenty."""
    with pytest.raises(NothingInCommon):
        signature(conversations(15, accounts, each, template=7, slots=20), USUAL)


def test_a_ring_without_a_template_is_not_told() -> None:
    """Bare questions have nothing in common; the error says what to do."""
    with pytest.raises(NothingInCommon, match="share 0 values"):
        signature(conversations(16, 40, 60), USUAL)


def test_one_heavy_account_decides_nothing() -> None:
    """Each account weighs one, and at most 64 of its conversations count."""
    light, heavy = conversations(17, 50, 4), conversations(18, 1, 5_000, template=3, slots=12)
    both = Traffic(np.append(light.account, heavy.account), np.concatenate([light.slots, heavy.slots]))
    assert len(both.thinned().account) == 50 * 4 + MOST_OF_AN_ACCOUNT
    assert shares(both.thinned()).max() < 0.05


@given(st.sets(st.tuples(st.integers(0, 31), st.integers(1, 255)), min_size=FEWEST, max_size=MOST))
def test_encode_then_decode_is_the_signature(pairs: set[tuple[int, int]]) -> None:
    """Four hexadecimal digits a pair, in the form that STIX objects carry."""
    made = Signature(np.array(sorted(pairs), np.uint8))
    assert np.array_equal(Signature.decode(made.encode()).pairs, made.pairs)
    assert len(made.encode()) == 4 * len(pairs)


@pytest.mark.parametrize(
    "text",
    ["", "00a1" * 7, "00a1" * 8, "2001" * 8, "0000" * 8, "zz" * 16, "00a", "".join(f"00{v:02x}" for v in range(1, 70))],
    ids=["none", "too few", "one twice", "no such slot", "empty values", "no digits", "half a byte", "too many"],
)
def test_what_is_no_signature_is_refused(text: str) -> None:
    """Before anything is compared with it."""
    with pytest.raises(InputError):
        Signature.decode(text)


def test_sketches_without_an_alliance_are_refused() -> None:
    """All slots 0: without this, nothing would ever match and nobody would know why."""
    with pytest.raises(UsageError, match="alliance"):
        Traffic(np.arange(5), np.zeros((5, ZONE_SLOTS), np.uint8))
    with pytest.raises(UsageError, match="shape"):
        Traffic(np.arange(5), np.zeros((5, 8), np.uint8))


def test_traffic_is_read_from_sketches() -> None:
    """One row a conversation of an account, whatever the number of its turns."""
    rows = pa.table(
        {
            "account": pa.array([1, 1, 1, 2], pa.int64()),
            "conversation": pa.array([5, 5, 6, 5], pa.int64()),
            "alliance": pa.array([bytes([n] * ZONE_SLOTS) for n in (1, 1, 2, 3)], pa.binary(ZONE_SLOTS)),
        }
    )
    found = Traffic.of_sketches(rows)
    assert found.account.tolist() == [1, 1, 2]
    assert found.slots[:, 0].tolist() == [1, 2, 3]


def test_a_signature_fits_its_place_in_stix() -> None:
    """The extension's pattern admits every signature that can be made."""
    most = Signature(np.stack([np.arange(MOST) % ZONE_SLOTS, np.arange(MOST) + 1], axis=1).astype(np.uint8))
    for one in (most, PUBLISHED):
        Extraction(
            nexus=(),
            legal_basis="b",
            legal_basis_date="",
            retention_until="",
            contest_url="",
            template_signature=one.encode(),
        )
