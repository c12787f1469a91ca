"""Zones keep a template visible wherever it stands, however long the text around it and whatever the payload."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from stillwatch.exchange.record import Message
from stillwatch.sketch.zones import ZONE_TOKENS

from .exchanges import asked, said, sketched, words

SYSTEM, USER_HEAD, USER_TAIL, LAST_TAIL = range(4)
WRAPPER_TOKENS = 20


def filled(*turns: str, system: str | None = None) -> list[bool]:
    """Which zones of a dialogue hold anything."""
    return (sketched(said(*turns, system=system)).zones[0] != 0).any(axis=1).tolist()


@pytest.mark.parametrize(
    ("turns", "system", "zones"),
    [
        (("Which birds winter here?",), None, [False, True, True, False]),
        (("Which birds winter here?",), "Answer briefly.", [True, True, True, False]),
        (("Which birds winter here?", "And in spring?"), None, [False, True, True, True]),
        ((), "Describe the marsh at dawn.", [True, False, True, False]),
        (("",), "Describe the marsh at dawn.", [True, False, False, False]),
        ((), None, [False] * 4),
        (("...",), None, [False] * 4),
    ],
)
def test_each_place_of_a_dialogue_has_its_zone(turns: tuple[str, ...], system: str | None, zones: list[bool]) -> None:
    """System text, first turn's head and tail, last turn's tail; a lone system text lends its tail to the user's."""
    assert filled(*turns, system=system) == zones


@pytest.mark.parametrize(("tokens", "slots"), [(0, 0), (1, 1), (2, 1), (3, 1)])
def test_the_shortest_texts_have_one_shingle_or_none(tokens: int, slots: int) -> None:
    """One, two or three words fill one slot of a zone."""
    zone = sketched(said(" ".join(["heron", "egret", "bittern"][:tokens]))).zones[0]
    assert [int((zone[place] != 0).sum()) for place in (USER_HEAD, USER_TAIL)] == [slots, slots]


def test_short_texts_that_differ_share_nothing() -> None:
    """ "heron", "heron egret" and "egret heron" are three different shingles."""
    zones = sketched(said("heron"), said("heron egret"), said("egret heron")).zones[:, USER_HEAD]
    assert len(np.unique(zones[zones != 0])) == 3


def agreement(left: NDArray[np.uint32], right: NDArray[np.uint32]) -> float:
    """Share of slots, filled in either, that hold the same value."""
    either = (left != 0) | (right != 0)
    return float(((left == right) & either).sum() / either.sum())


@pytest.mark.parametrize("payload_tokens", [100, 3000])
@pytest.mark.parametrize("zone", [USER_HEAD, USER_TAIL])
def test_a_wrapper_survives_any_payload(zone: int, payload_tokens: int) -> None:
    """Messages in one wrapper share slots at the rate that their zones share shingles, drowned in text or not.

    A zone of 48 tokens has 46 shingles; 20 wrapper tokens give 18 of them in both messages, so J = 18 / (46 + 28).
    A wrapper a pair makes pairs independent: 300 pairs of 8 slots, within 4.5 deviations of 2,400 coins.
    """
    rng = np.random.default_rng(21)
    pairs = []
    for _ in range(300):
        head, tail = words(rng, WRAPPER_TOKENS), words(rng, WRAPPER_TOKENS)
        pairs += [said(f"{head} {words(rng, 60)} {'reed ' * (payload_tokens - 100)} {words(rng, 60)} {tail}")]
        pairs += [said(f"{head} {words(rng, 60)} {'rush ' * (payload_tokens - 100)} {words(rng, 60)} {tail}")]
    zones = sketched(*pairs).zones[:, zone]
    shared, shingles = WRAPPER_TOKENS - 2, ZONE_TOKENS - 2
    jaccard = shared / (2 * shingles - shared)
    assert agreement(zones[::2], zones[1::2]) == pytest.approx(
        jaccard, abs=4.5 * np.sqrt(jaccard * (1 - jaccard) / 2400)
    )


def test_strangers_share_no_slot() -> None:
    """Of 2,000 pairs without a common shingle, 64,000 slots agree by chance in 64,000 / 2**32 = 0.00001 cases."""
    rng = np.random.default_rng(22)
    zones = sketched(*[said(words(rng, 60), system=words(rng, 30)) for _ in range(800)]).zones
    assert ((zones[::2] == zones[1::2]) & (zones[::2] != 0)).sum() == 0


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Question 7 of 12: list 3 birds", "Question 11 of 9000: list 25 birds"),
        ("As of 2024-01-31, which birds winter here?", "As of 1999-12-01, which birds winter here?"),
        ("第1题：列出鸟类", "第２０题：列出鸟类"),  # noqa: RUF001 - full-width digits are the point
    ],
)
def test_numbers_case_and_punctuation_do_not_matter(one: str, other: str) -> None:
    """A counter or a date leaves a template the same; so do capitals and marks."""
    zones = sketched(said(one), said(other), said(f"{one.upper()} !!")).zones
    assert (zones[0] == zones[1]).all()
    assert (zones[0] == zones[2]).all()


def test_a_word_cut_at_the_edge_of_the_window_is_left_out() -> None:
    """The window ends at a character; half a word there must not make a shingle that the text does not have.

    16 words of 30 letters and their spaces are 496 characters: the window of 512 cuts the next word after 16 letters.
    """
    long = " ".join(chr(97 + i) * 30 for i in range(16))
    some = [said(f"{long} {letter * 40} {'w ' * 300} {letter * 40} {long}") for letter in "xy"]
    zones = sketched(*some).zones
    assert (zones[0, USER_HEAD:LAST_TAIL] == zones[1, USER_HEAD:LAST_TAIL]).all()


def test_the_assistants_words_are_in_no_zone() -> None:
    """What the model said is not the caller's template."""
    turn = Message("user", "Which birds winter here?")
    rows = sketched(asked(turn, Message("assistant", "Herons do.")), asked(turn, Message("assistant", "None."))).zones
    assert (rows[0] == rows[1]).all()


def test_several_system_turns_are_read_as_one() -> None:
    """A developer's and an operator's text together are the system text."""
    two = asked(Message("system", "Answer briefly."), Message("system", "Use metric units."), Message("user", "x"))
    one = asked(Message("system", "Answer briefly.\nUse metric units."), Message("user", "x"))
    assert (sketched(one).zones == sketched(two).zones).all()


def test_equal_exchanges_have_equal_zones_whatever_shares_memory() -> None:
    """A turn that is sent again, as the same string in memory or as another of the same letters, reads the same."""
    turn = "Which birds winter here?"
    again = "".join(list(turn))
    assert again is not turn
    same, other = said(turn, turn), said(turn, again)
    assert (sketched(same).zones == sketched(other).zones).all()
