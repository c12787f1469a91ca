"""The picture of a ring is the same every time, honest about what it leaves out, and never a hairball."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import pytest

from stillwatch.campaigns.campaign import Campaign, Link
from stillwatch.report.labels import Spot, labels
from stillwatch.report.layout import spread
from stillwatch.report.ring import HEIGHT, WIDTH, ring

from . import sample_reviews
from .sample_campaign import make_campaign


def make_ring(size: int, links: tuple[Link, ...]) -> Campaign:
    base = make_campaign("C-1", 3, seed=1, log_e=5.0, first_day=0, days=1)
    return replace(base, accounts=tuple(f"account-{n}" for n in range(size)), links=links)


def everyone(size: int) -> tuple[Link, ...]:
    return tuple(Link(a, b, 1 + (a * b) % 7, ("template",)) for a, b in itertools.combinations(range(size), 2))


@pytest.mark.parametrize("size", [2, 3, 12, 150])
def test_every_account_stands_inside_the_picture(size: int) -> None:
    picture = ring(make_ring(size, everyone(size)), 150)
    assert picture is not None
    assert len(picture.nodes) == size
    for node in picture.nodes:
        assert node.radius <= node.x <= WIDTH - node.radius
        assert node.radius <= node.y <= HEIGHT - node.radius


def test_no_two_accounts_stand_on_one_spot() -> None:
    """Even where everybody is linked with everybody."""
    picture = ring(make_ring(60, everyone(60)), 150)
    assert picture is not None
    apart = min(math.dist((a.x, a.y), (b.x, b.y)) for a, b in itertools.combinations(picture.nodes, 2))
    assert apart > 8


def test_accounts_that_hang_together_stand_together() -> None:
    """Two cells joined by one link: the mean distance inside is well below that across."""
    cell = list(itertools.combinations(range(8), 2))
    links = [(a, b, 1.0) for a, b in cell] + [(a + 8, b + 8, 1.0) for a, b in cell] + [(0, 8, 1.0)]
    places = spread(16, links)
    inside = [math.dist(places[a], places[b]) for a, b in cell]
    across = [math.dist(places[a], places[b]) for a in range(8) for b in range(8, 16)]
    assert sum(inside) / len(inside) < 0.6 * sum(across) / len(across)


def test_the_same_ring_gives_the_same_picture() -> None:
    campaign = sample_reviews.three_campaigns().campaigns[0]
    assert ring(campaign, 150) == ring(campaign, 150)


def test_a_large_ring_is_sampled_and_says_so() -> None:
    campaign = make_campaign("C-1", 400, seed=2, log_e=5.0, first_day=0, days=1)
    picture = ring(campaign, 150)
    assert picture is not None
    assert len(picture.nodes) == 150
    assert len(picture.edges) <= 450
    assert picture.caption.startswith("A sample: the 150 best-linked of 400\u00a0accounts")


def test_what_hangs_together_is_seen_to_hang_together() -> None:
    """Of too many links the heaviest spanning tree is always drawn."""
    chain = tuple(Link(n, n + 1, 0.1, ("timing",)) for n in range(39))
    picture = ring(make_ring(40, (*everyone(20), *chain[19:])), 150)
    assert picture is not None
    drawn = {(edge.left, edge.right) for edge in picture.edges}
    assert {(n, n + 1) for n in range(19, 39)} <= drawn


def test_a_link_says_whom_it_joins_and_which_families_speak() -> None:
    picture = ring(make_ring(2, (Link(0, 1, 4.2, ("template", "lineage")),)), 150)
    assert picture is not None
    assert picture.edges[0].words == "account-0 and account-1: Shared template, Text lineage; weight 4.2"
    assert picture.families == (("lineage", 1), ("template", 1))


def test_accounts_without_a_link_are_counted_and_not_drawn() -> None:
    picture = ring(make_ring(9, (Link(0, 1, 1.0, ("template",)),)), 150)
    assert picture is not None
    assert len(picture.nodes) == 2
    assert "2 of 9\u00a0accounts; the others have no link in the sample that was kept" in picture.caption


@pytest.mark.parametrize(
    "link",
    [Link(0, 9, 1.0, ()), Link(-1, 0, 1.0, ()), Link(0, 0, 1.0, ()), Link(0, 1, 0.0, ()), Link(0, 1, math.nan, ())],
)
def test_a_link_that_joins_nothing_is_not_drawn(link: Link) -> None:
    assert ring(make_ring(3, (link,)), 150) is None


def test_names_never_cover_each_other() -> None:
    """A name that has no room is left out; the table below the picture has it."""
    crowd = [Spot(f"account-{n}", 100 + 9.0 * (n % 5), 100 + 7.0 * (n // 5), 4) for n in range(25)]
    assert 1 <= len(labels(crowd, WIDTH, HEIGHT)) < 25
    apart = [Spot("a", 50, 50, 4), Spot("b", 470, 300, 4)]
    assert [(label.text, label.anchor) for label in labels(apart, WIDTH, HEIGHT)] == [("a", "start"), ("b", "left")]
