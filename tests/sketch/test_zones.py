"""Zones keep a template visible wherever it stands, however long the text around it and whatever the payload."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from stillwatch.exchange.record import Message
from stillwatch.sketch.lexicon import Lexicon, split
from stillwatch.sketch.zones import END_TOKENS, ZONE_TOKENS, Turns, zones

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


SLICE = 512
# Short and long around the cuts: at 512 characters, and at 48 and 64 tokens within them.
TEXT = st.tuples(st.sampled_from(["a ", "heron ", "b7_", "苇", "abcdefghijklmnopq\x00"]), st.integers(0, 300)).map(
    lambda given: "".join(f"{given[0]}{'xyz'[number % 3]}" for number in range(given[1]))
)


def one_end(text: str, *, is_tail: bool) -> list[str]:
    """The tokens of one end of a text, as one would write it down for a single text."""
    cut = text[-SLICE:] if is_tail else text[:SLICE]
    tokens = split(cut)
    if len(cut) < len(text) and len(tokens) <= END_TOKENS:
        tokens = tokens[1:] if is_tail else tokens[:-1]
    return tokens[-END_TOKENS:] if is_tail else tokens[:END_TOKENS]


def zones_of_one(turns: Turns) -> tuple[list[list[str]], set[str]]:
    """The four zones and the payload of a dialogue, without a batch around it."""
    head = one_end(turns.system, is_tail=False)[:ZONE_TOKENS]
    asked, payload, last_tail = turns.first, turns.last, one_end(turns.last, is_tail=True)[-ZONE_TOKENS:]
    if turns.last == turns.first:
        last_tail = []
    elif not turns.first:
        asked, payload, last_tail = "", turns.system, one_end(turns.system, is_tail=True)[-ZONE_TOKENS:]
    middle = [one_end(asked, is_tail=False)[:ZONE_TOKENS], one_end(asked, is_tail=True)[-ZONE_TOKENS:]]
    cut = [head, *middle, last_tail] if turns.first or not turns.last else [head, [], last_tail, []]
    return cut, {*one_end(payload, is_tail=False), *one_end(payload, is_tail=True)}


@given(st.lists(st.builds(Turns, TEXT | st.just(""), TEXT | st.just(""), TEXT), max_size=5))
def test_zones_of_a_batch_are_those_of_its_dialogues(said_: list[Turns]) -> None:
    """Cutting many texts at once moves no token into another zone."""
    lexicon = Lexicon(bytes(16))
    found = zones(said_, lexicon)
    spelling = {id_: token for token, id_ in lexicon.items()}

    def spelt(ids: NDArray[np.int64], lengths: NDArray[np.int64]) -> list[list[str]]:
        words = [spelling[id_] for id_ in ids.tolist()]
        return [words[end - length : end] for end, length in zip(np.cumsum(lengths), lengths, strict=True)]

    assert spelt(*found.zones) == [zone for turns in said_ for zone in zones_of_one(turns)[0]]
    assert spelt(*found.system) == [zones_of_one(turns)[0][0] for turns in said_]
    payloads = spelt(*found.payload)
    assert [set(row) for row in payloads] == [zones_of_one(turns)[1] for turns in said_]
    assert all(len(row) == len(set(row)) for row in payloads)
