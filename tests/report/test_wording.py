"""Numbers in words never say more than the number."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.report import wording

DAY_US = wording.DAY_US


@pytest.mark.parametrize(
    ("log_e", "words"),
    [
        (math.log(32_400), "3.2 \u00d7 10\u2074"),
        (math.log(1_690), "1,600"),
        (math.log(870), "870"),
        (math.log(8.19), "8.1"),
        (0.0, "1"),
        (math.log(0.4), "0.4"),
        (-460.52, "9.9 \u00d7 10\u207b\u00b2\u2070\u00b9"),
        (2_000.0, "3.8 \u00d7 10\u2078\u2076\u2078"),
    ],
)
def test_an_e_value_is_rounded_down_and_never_overflows(log_e: float, words: str) -> None:
    assert plain(wording.e_value(log_e)) == words


def test_an_e_value_can_be_told_in_ascii() -> None:
    """For terminals, which may have no other letters."""
    assert [wording.e_value(x, plain=True) for x in (math.log(0.4), math.log(32_999), -460.52)] == [
        "0.4", "3.2e4", "9.9e-201"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("log_e", "words"),
    [
        (math.log(8.9), "1 in 8"),
        (math.log(32_999), "1 in 32,000"),
        (math.log(4_570_000), "1 in 4.5 million"),
        (math.log(1.79e10), "1 in 17 billion"),
        (60.0, "1 in 10\u00b2\u2076"),
        (-3.0, "1 in 1"),
    ],
)
def test_the_bound_on_chance_is_rounded_towards_modesty(log_e: float, words: str) -> None:
    assert plain(wording.one_in(log_e)) == words


@given(st.floats(min_value=0.0, max_value=13.8))
def test_the_bound_in_words_is_never_above_the_e_value(log_e: float) -> None:
    """P(E >= x) <= 1/x: the N of `1 in N` may not exceed x."""
    stated = int(plain(wording.one_in(log_e)).removeprefix("1 in ").replace(",", ""))
    assert stated <= math.exp(log_e) * (1 + 1e-6)
    assert stated >= math.exp(log_e) * 0.9 - 1


def test_strong_evidence_is_stated_as_a_bound_on_chance() -> None:
    words = plain(wording.strength(math.log(32_000), 0.01))
    assert words.startswith("If this were ordinary traffic, an e-value of 3.2 \u00d7 10\u2074 or more would arise by")
    assert "with a probability of at most 1 in 32,000. The level of this run is 1 in 100." in words
    assert "does not support" not in words


@pytest.mark.parametrize("log_e", [-50.0, 0.0, 0.5, 2.1, 4.6])
def test_weak_evidence_is_called_weak(log_e: float) -> None:
    """Below 1/alpha = 100 the sentence says that the calibration supports no claim."""
    assert "the calibration does not support a claim" in wording.strength(log_e, 0.01).lower()
    assert not wording.supports_claim(log_e, 0.01)


def test_a_bound_of_one_in_one_is_not_dressed_as_a_number() -> None:
    assert "1\u00a0in\u00a01 " not in wording.strength(0.49, 0.01)


@pytest.mark.parametrize(
    ("e", "said"),
    [(0.53, "0.53, less than"), (1.0, "1, no more than"), (1.04, "1, no more than"), (1.62, "1.6, hardly more than")],
)
def test_an_e_value_below_two_is_set_beside_the_one_of_ordinary_traffic(e: float, said: str) -> None:
    """The expectation of an e-value under its null is at most 1: 0.53 is less, and not hardly more."""
    assert wording.strength(math.log(e), 0.01).startswith(f"The e-value is {said} the 1 that ordinary traffic gives")


def test_a_number_is_never_parted_from_its_per_cent() -> None:
    assert wording.sentence("31 % of them; the % alone") == "31\u00a0% of them; the % alone."


def test_sentences_end_once() -> None:
    assert [wording.sentence(t) for t in ("So it is", "So it is.", "Is it?", "(so)", "")] == [
        "So it is.",
        "So it is.",
        "Is it?",
        "(so).",
        "",
    ]


def test_a_level_that_is_no_probability_supports_nothing() -> None:
    assert not any(wording.supports_claim(100.0, alpha) for alpha in (0.0, 1.0, -1.0, 7.0))
    assert "does not support a claim" in wording.strength(100.0, 0.0)


@pytest.mark.parametrize(
    ("part", "whole", "words"),
    [
        (0, 10, "0 %"),
        (1, 10_000, "< 0.1 %"),
        (1, 80, "1.2 %"),
        (12, 100, "12 %"),
        (9_999, 10_000, "> 99 %"),
        (10, 10, "100 %"),
        (0, 0, "0 %"),
    ],
)
def test_a_share_is_never_rounded_to_nothing_or_everything(part: int, whole: int, words: str) -> None:
    assert plain(wording.percent(part, whole)) == words


def test_counts_have_their_thing_and_their_commas() -> None:
    assert plain(wording.counted(1, "account")) == "1 account"
    assert plain(wording.counted(25_000, "account")) == "25,000 accounts"
    assert [wording.compact(n) for n in (0, 950, 1_200, 35_000, 4_000_000)] == ["0", "950", "1.2k", "35k", "4M"]


def test_periods_read_as_people_write_them() -> None:
    march = 1_772_323_200_000_000
    assert plain(wording.dates(march, march + 23 * DAY_US)) == "1 to 24 March 2026"
    assert plain(wording.dates(march - DAY_US, march)) == "28 February to 1 March 2026"
    assert plain(wording.dates(march - 90 * DAY_US, march)) == "1 December 2025 to 1 March 2026"
    assert plain(wording.duration(march, march + 31 * DAY_US - 1)) == "31 days"
    assert plain(wording.duration(march, march + 90 * 60_000_000)) == "90 minutes"


@pytest.mark.parametrize("us", [-(10**30), 10**30])
def test_a_clock_that_says_anything_does_not_stop_the_report(us: int) -> None:
    assert str(us) in wording.moment(us)
    assert str(us) in wording.dates(us, us)


@given(st.text())
def test_visible_text_holds_nothing_invisible(text: str) -> None:
    assert all(letter.isprintable() or letter.isspace() for letter in wording.visible(text))
    assert wording.visible(wording.visible(text)) == wording.visible(text)


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")
