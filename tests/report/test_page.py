"""report.html: one file that loads nothing, says everything in order, and stays readable whatever was found."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from stillwatch.campaigns.attribution import calibration_note
from stillwatch.campaigns.campaign import Review
from stillwatch.evidence import Evidence
from stillwatch.report.findings import UnwritableFinding
from stillwatch.report.page import page, write_report
from stillwatch.report.summary import accounts_let_go

from . import sample_reviews
from .markup import Markup

SAMPLES = [
    sample_reviews.empty,
    sample_reviews.quiet,
    sample_reviews.one_campaign,
    sample_reviews.three_campaigns,
    sample_reviews.forty_campaigns,
    sample_reviews.hostile,
]
LOADING = {"src", "srcset", "data", "action", "formaction", "poster", "background", "ping", "xlink:href"}
LOADING_TAGS = {"link", "img", "iframe", "object", "embed", "video", "audio", "source", "base", "form", "use", "image"}


@cache
def rendered(sample: Callable[[], Review]) -> str:
    return page(sample())


@cache
def read(sample: Callable[[], Review]) -> Markup:
    return Markup(rendered(sample))


@pytest.fixture
def ordinary() -> Markup:
    return read(sample_reviews.three_campaigns)


@pytest.mark.parametrize("sample", SAMPLES)
def test_tags_balance_and_no_id_comes_twice(sample: Callable[[], Review]) -> None:
    """Any reader of HTML sees the same page."""
    markup = read(sample)
    names = [element.attributes["id"] for element in markup.elements if "id" in element.attributes]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("sample", SAMPLES)
def test_nothing_is_loaded_from_anywhere(sample: Callable[[], Review]) -> None:
    """No element that loads, no address, no style attribute that the policy would have to allow."""
    html = rendered(sample)
    for element in read(sample).elements:
        assert element.tag not in LOADING_TAGS
        assert not LOADING & element.attributes.keys()
        assert "style" not in element.attributes
        assert not any(name.startswith("on") for name in element.attributes)
        assert element.attributes.get("href", "#").startswith("#")
    assert not re.search(r"https?:|//[a-z]+\.|url\(|@import|\bfetch\(|XMLHttpRequest|WebSocket|sendBeacon", html)


@pytest.mark.parametrize("sample", SAMPLES)
def test_every_link_leads_to_a_place_on_the_page(sample: Callable[[], Review]) -> None:
    """Anchors are numbered by the page, never made from names."""
    markup = read(sample)
    places = {element.attributes.get("id") for element in markup.elements}
    assert {link.attributes["href"][1:] for link in markup.all("a")} <= places


def test_the_policy_allows_exactly_the_style_and_script_of_the_page(ordinary: Markup) -> None:
    """The stated hashes are those of what stands between the tags, byte for byte."""
    policy = _policy(ordinary)
    script = next(element for element in ordinary.all("script") if not element.attributes)
    assert "default-src 'none'" in policy
    assert f"style-src '{_hash(ordinary.one('style').texts)}'" in policy
    assert f"script-src '{_hash(script.texts)}'" in policy
    assert "unsafe" not in policy


def test_the_sections_come_in_the_order_that_readers_need(ordinary: Markup) -> None:
    """First what was found and what to do, at the end how to read it."""
    assert [section.attributes["id"] for section in ordinary.all("section")] == [
        "overview",
        "traffic",
        "campaigns",
        "rules",
        "let-go",
        "accounts",
        "calibration",
        "reading",
    ]


def test_the_first_line_says_what_was_found(ordinary: Markup) -> None:
    """Campaigns, accounts, share of the exchanges, and who is clear."""
    headline = "2 campaigns and 1 ring to watch: 41 accounts, 15 % of all exchanges; 96 accounts clear"
    assert ordinary.one("h1").text == headline
    assert ordinary.all("title")[0].text == f"Stillwatch: {headline}"


def test_the_first_screen_says_how_sure_and_what_to_do(ordinary: Markup) -> None:
    """Each campaign's action stands there, and a lead is not called a finding."""
    overview = ordinary.one("section", id="overview").text
    assert "2 of the 3 stand on evidence above the level of this run (1 in 100)." in overview
    assert "For C-c402 the calibration does not support a claim" in overview
    assert "throttle to 20 exchanges an hour for 7 days" in overview
    assert "every action is reversible and can be appealed" in overview


def test_every_campaign_is_told_in_full(ordinary: Markup) -> None:
    """Its evidence, explanations with what would refute them, action and members are all on the page."""
    text = ordinary.one("section", id="campaigns").text
    for campaign in sample_reviews.three_campaigns().campaigns:
        expected = [campaign.id, campaign.objective, campaign.stratum, campaign.action, *campaign.accounts]
        expected += [evidence.statement for evidence in campaign.evidence]
        expected += [part for h in campaign.attribution for part in (h.name, h.would_refute)]
        expected += [part for h in campaign.attribution for part in (*h.speaks_for, *h.speaks_against)]
        expected += campaign.context
        assert [part for part in expected if part not in text] == []


def test_the_explanations_say_how_well_calibrated_they_are(ordinary: Markup) -> None:
    """A probability stands beside what it is worth."""
    assert calibration_note() in ordinary.one("section", id="campaigns").text


def test_everything_let_go_and_everything_unseen_is_told(ordinary: Markup) -> None:
    """Cleared groups, rules, blind spots, calibration and rejected rows keep their sentences."""
    review = sample_reviews.three_campaigns()
    text = ordinary.one("main").text
    expected = [group.statement for group in review.cleared] + [hit.statement for hit in review.rules]
    expected += [review.calibration.source, *review.blind_spots, *review.rejections]
    expected += [check.statement for check in review.drift]
    expected += ["No single test here can claim more than 1 in 21,", "one family alone cannot reach it"]
    assert [part for part in expected if part not in text] == []


def test_an_account_in_two_groups_is_let_go_once() -> None:
    """The page, and the terminal by the same function, count accounts."""
    review = sample_reviews.quiet()
    twice = replace(review, cleared=(*review.cleared, review.cleared[0]))
    assert accounts_let_go(twice) == accounts_let_go(review) == 32


def test_a_ring_of_evidence_that_the_calibration_cannot_carry_says_so(ordinary: Markup) -> None:
    """A small e-value is shown with the sentence that it supports no claim."""
    weak = [element.text for element in ordinary.all("p", class_="strength weak")]
    assert len(weak) == 1
    assert "falls short of the level of this run (1 in 100): the calibration does not support a claim" in weak[0]


def test_words_are_no_stronger_than_evidence_and_verdict() -> None:
    """A campaign that the calibration cannot carry is not said to have acted as one, a ring to watch still less."""
    review = sample_reviews.one_campaign()
    ring = review.campaigns[0]
    told = [
        Markup(page(replace(review, campaigns=(replace(ring, **change),)))).one("section", id="overview").text
        for change in ({}, {"log_e": 0.5}, {"verdict": "watch"})
    ]
    assert "9 accounts acted as one" in told[0]
    assert "9 accounts look like one operation" in told[1]
    assert "9 accounts may belong together" in told[2]


def test_charts_have_words_for_those_who_do_not_see_them(ordinary: Markup) -> None:
    """Every picture is labelled or hidden from readers, every link of a ring has its families."""
    for picture in ordinary.all("svg"):
        assert picture.attributes.get("aria-label") or picture.attributes.get("aria-hidden") == "true"
    for line in (e for e in ordinary.elements if e.tag == "line" and "stroke-width" in e.attributes):
        assert "Shared template" in line.text
        assert "weight" in line.text


def test_headings_step_down_one_level_at_a_time(ordinary: Markup) -> None:
    """A screen reader's outline has no holes."""
    levels = [int(element.tag[1]) for element in ordinary.elements if re.fullmatch(r"h[1-6]", element.tag)]
    assert levels[0] == 1
    assert all(later - earlier <= 1 for earlier, later in itertools.pairwise(levels))


def test_without_script_everything_is_there(ordinary: Markup) -> None:
    """What is hidden until the script runs is only what needs it."""
    hidden = [element for element in ordinary.elements if "hidden" in element.attributes]
    assert [(element.tag, element.attributes.get("id", "")) for element in hidden] == [("button", "theme"), ("p", "")]


def test_a_quiet_month_says_so_and_does_not_promise_more() -> None:
    """No campaign, no action, and no claim that nothing was there."""
    text = read(sample_reviews.quiet).one("main").text
    assert text.startswith("No campaign found; 137 accounts clear")
    assert "Finding nothing is no proof that there is nothing" in text
    assert "No action is proposed." in text
    assert "2 groups (32 accounts) looked like a campaign, were examined and were not flagged." in text


def test_an_empty_input_is_called_empty() -> None:
    """No zeros dressed as a finding, no date of 1970."""
    text = read(sample_reviews.empty).one("main").text
    assert text.startswith("Nothing to report: the input holds no exchanges")
    assert "no claim about chance can be made for this input" in text
    assert "1970" not in text


def test_forty_campaigns_are_all_listed_and_told() -> None:
    """The first few are open, the others one touch away."""
    markup = read(sample_reviews.forty_campaigns)
    told = [e for e in markup.all("details") if e.attributes.get("class", "").startswith("dossier")]
    assert len(told) == 40
    assert sum("open" in element.attributes for element in told) == 4


def test_two_rings_under_one_name_are_not_mixed_up() -> None:
    """Each keeps its own colour, card and accounts, though the names cannot tell them apart."""
    review = sample_reviews.three_campaigns()
    campaigns = tuple(replace(c, id="C-same") for c in review.campaigns)
    accounts = tuple(replace(a, campaign="C-same" if a.campaign else None) for a in review.accounts)
    markup = Markup(page(replace(review, campaigns=campaigns, accounts=accounts)))
    lanes = [e.attributes["class"] for e in markup.all("li") if "class" in e.attributes]
    links = Counter(e.attributes["href"] for e in markup.all("a") if e.text == "C-same")
    assert lanes == ["c1", "c2", "c3"]
    assert [links[f"#campaign-{n}"] for n in (1, 2, 3)] == [21 + 4, 13 + 4, 7 + 4]


@pytest.mark.long
def test_a_hundred_thousand_accounts_stay_below_three_megabytes() -> None:
    """The page opens anywhere; what is left out is counted, and findings.json named."""
    html = page(sample_reviews.hundred_thousand_accounts())
    markup = Markup(html)
    assert len(html.encode()) < 3_000_000
    assert len(markup.all("tr")) < 2_000
    accounts = markup.one("section", id="accounts").text
    assert "The 500 accounts with the most weight of 100,000. 99,500 are left out here" in accounts
    assert "best-linked of 25,000 accounts" in markup.one("section", id="campaigns").text


def test_long_hostile_texts_cannot_break_the_size_either() -> None:
    """Every quotation mark becomes five bytes; the page shows less rather than grow."""
    shout = '"' * 1_000
    review = sample_reviews.three_campaigns()
    evidence = tuple(Evidence("shape", 1.0, shout, {shout: shout}) for _ in range(9))
    accounts = tuple(replace(review.accounts[0], account=f"{shout}{n}", evidence=evidence) for n in range(600))
    rules = tuple(replace(review.rules[0], account=f"{shout}{n}", statement=shout) for n in range(600))
    cleared = tuple(replace(review.cleared[0], accounts=(shout,) * 50, statement=shout) for _ in range(200))
    html = page(replace(review, accounts=accounts, rules=rules, cleared=cleared))
    assert len(html.encode()) < 3_000_000
    assert "The 250 accounts with the most weight of 600" in Markup(html).one("section", id="accounts").text


def test_flagged_accounts_come_before_heavy_clear_ones(ordinary: Markup) -> None:
    """The table starts with those that somebody has to look at."""
    chips = [e.text for e in ordinary.all("span") if re.match(r"chip (act|watch|clear)", e.attributes.get("class", ""))]
    rows = chips[-137:]
    assert rows == ["act"] * 34 + ["watch"] * 7 + ["clear"] * 96


def test_the_same_review_gives_the_same_bytes() -> None:
    """Two runs over one log can be compared; nothing on the page tells the time of day."""
    assert page(sample_reviews.three_campaigns()) == rendered(sample_reviews.three_campaigns)


def test_the_script_data_is_json_that_matches_the_pictures(ordinary: Markup) -> None:
    """Each ring's names and links are as many as its circles and lines."""
    rings = json.loads("".join(ordinary.one("script", id="rings").texts))
    circles = len(ordinary.all("circle"))
    lines = sum("stroke-width" in element.attributes for element in ordinary.all("line"))
    assert sum(len(ring["names"]) for ring in rings) == circles
    assert sum(len(ring["links"]) for ring in rings) == lines


def test_the_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    """A review that cannot be stated leaves yesterday's report."""
    path = tmp_path / "report.html"
    write_report(sample_reviews.quiet(), path)
    before = path.read_bytes()
    with pytest.raises(UnwritableFinding):
        write_report(replace(sample_reviews.quiet(), alpha=float("nan")), path)
    assert path.read_bytes() == before
    assert before.startswith(b"<!doctype html>")


def _policy(markup: Markup) -> str:
    metas = [e.attributes for e in markup.all("meta")]
    return next(meta["content"] for meta in metas if meta.get("http-equiv") == "Content-Security-Policy")


def _hash(texts: list[str]) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256("".join(texts).encode()).digest()).decode()
