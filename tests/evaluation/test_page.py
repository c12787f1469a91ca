"""The page states what was counted, loads nothing, and keeps names from outside harmless."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from stillwatch.evaluation.adaptive.round import Round
from stillwatch.evaluation.bounds import rate
from stillwatch.evaluation.by_level import times
from stillwatch.evaluation.detector import Look
from stillwatch.evaluation.metrics.case import Case
from stillwatch.evaluation.page import page
from stillwatch.evaluation.plot import in_words, log_place, log_ticks, percent
from stillwatch.evaluation.summary import SCHEMA, Adapted, DetectorSummary, Evaluation, WorldSummary, figures
from stillwatch.evaluation.windows import WindowRow

from .cases import BIG, PEOPLE, RING, case, entry, look, truth

HARVEST = [(account, "X", day) for day in range(4) for account in RING]


def one_case(has_rings: bool = True) -> Case:
    without = {"template": (), "infrastructure": (entry("abc"), entry("pq", "campaign"))}
    last = Look(3, {"a": 9.0, "p": 1.0}, ("a", "b", "c"), (entry("abc"),), (0.5, 0.7), without=without)
    return case(look(1, "ab"), last, has_rings=has_rings, of=truth(HARVEST))


@pytest.fixture
def evaluation() -> Evaluation:
    def summary(name: str, title: str, has_rings: bool) -> DetectorSummary:
        own = figures(has_rings, has_rings, [("w", one_case(has_rings))])
        return DetectorSummary(name, title, "An idea.", has_rings, has_rings, 1, (), ("A note.",), 2.0, own)

    world = WorldSummary("w", "by hand", 1, 40, 4, 11, 5, 2, 2, ("E0", "E5"), True)
    rows = (
        WindowRow("mmd", 100, "benign log", 0.05, rate(3, 40)),
        WindowRow("rare values", 100, "traffic", 0.0, rate(0, 40)),
    )
    missing = DetectorSummary(
        "unmimic", "unmimic input guard", "?", False, False, 0, ("w: not installed",), (), 0.0, None
    )
    both = (summary("stillwatch", "Stillwatch", True), summary("volume", "Volume threshold", False), missing)
    learned = Adapted("w", (Round(2, ("a card each",), 4, 20, 3, 1, 23, 480, 470, 1.02, 1.2, 1.1),))
    return Evaluation(SCHEMA, (world,), both, rows, (), (learned,), ("brief: it is too short",))


class Tags(HTMLParser):
    """Every tag that was opened and not closed, and every attribute."""

    VOID = frozenset({"meta"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += attrs
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_well_formed_and_loads_nothing(evaluation: Evaluation) -> None:
    tags = Tags()
    tags.feed(page(evaluation))
    assert tags.open == []
    assert not {name for name, _ in tags.attributes} & {"src", "onclick", "style"}
    assert all(value is None or value.startswith("#") for name, value in tags.attributes if name == "href")


def test_every_figure_is_on_the_page(evaluation: Evaluation) -> None:
    text = page(evaluation)
    assert "Stillwatch acts on 1 of 2 campaigns" in text
    own = evaluation.detectors[0].figures
    assert own is not None
    for known in (
        in_words(own.operating_point.recall),
        in_words(own.accounts.recall),
        percent(own.b_cubed.precision if own.b_cubed else None),
        in_words(own.ablation[0].acted),
        "without infrastructure",
        in_words(own.ablation[1].honest),
        in_words(own.operating_point.honest_shown),
        in_words(rate(3, 40)),
        f"Rare values shared by strangers: {in_words(rate(0, 40))} at 100 exchanges a window",
        "w: not installed",
        "A note.",
        times(own.costs[0].accounts),
        "1.0 times the requests and 1.2 times the accounts",
        "a card each",
        "Nobody learned in brief: it is too short",
    ):
        assert known in text


@pytest.mark.parametrize(
    "heading",
    ["Campaigns found", "Accounts of campaigns", "What leaked", "Honest customers hurt", "Are the claims true",
     "How pure and how whole", "An operator who reads", "Windows of mixed traffic",
     "Without one evidence family", "What evasion costs", "Detectors and worlds"],
)  # fmt: skip
def test_every_part_has_its_section(evaluation: Evaluation, heading: str) -> None:
    assert re.search(rf"<h2[^>]*>{heading}", page(evaluation))


def test_names_from_outside_stay_text(evaluation: Evaluation) -> None:
    world = replace(evaluation.worlds[0], name="<script>alert(1)</script>\u202e")
    text = page(replace(evaluation, worlds=(world,)))
    assert "<script" not in text
    assert "\u202e" not in text


def test_a_world_without_a_benign_log_is_said_to_be_so(evaluation: Evaluation) -> None:
    world = replace(evaluation.worlds[0], is_calibrated=False)
    assert "has no benign log: nothing is calibrated there" in page(replace(evaluation, worlds=(world,)))


def test_nothing_at_all_is_still_a_page(evaluation: Evaluation) -> None:
    assert "Nothing could be evaluated" in page(Evaluation(SCHEMA, (), (), (), ()))


def test_a_world_without_campaigns_has_a_page_of_its_collateral() -> None:
    """Whatever is accused in a world of nulls is accused wrongly."""
    nulls = replace(truth(), campaigns=())
    of = Case(nulls, frozenset({*PEOPLE, *BIG}), (look(3, "u", entry("uv")),), True)
    own = DetectorSummary("stillwatch", "Stillwatch", "?", True, True, 1, (), (), 0.0, figures(True, True, [("n", of)]))
    world = WorldSummary("n", "nulls", 1, 40, 4, 5, 5, 2, 0, (), True)
    text = page(Evaluation(SCHEMA, (world,), (own,), (), ()))
    assert "only collateral can be counted" in text
    assert in_words(rate(1, 2)) in text  # one of the two heavy accounts
    assert "What evasion costs" not in text


def test_the_same_evaluation_gives_the_same_page(evaluation: Evaluation) -> None:
    assert page(evaluation) == page(evaluation)


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (None, "-"),
        (0.0, "0\u00a0%"),
        (1.0, "100\u00a0%"),
        (0.999, "99.9\u00a0%"),
        (0.87, "87\u00a0%"),
        (0.041, "4.1\u00a0%"),
        (0.000123, "0.012\u00a0%"),
    ],
)
def test_shares_are_said_with_as_many_figures_as_they_need(share: float | None, said: str) -> None:
    assert percent(share) == said


def test_a_rate_is_said_with_its_bounds() -> None:
    assert in_words(rate(0, 5)) == "0 of 5 (0\u00a0% to 52\u00a0%)"
    assert in_words(rate(0, 0)) == "none to count"


def test_a_logarithmic_axis_has_its_powers_at_equal_distances() -> None:
    assert [tick.at for tick in log_ticks(1e-4)] == pytest.approx([0, 0.25, 0.5, 0.75, 1])
    assert (log_place(0.0, 1e-4), log_place(1e-9, 1e-4), log_place(1.0, 1e-4)) == (0.0, 0.0, 1.0)
