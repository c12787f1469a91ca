"""Who is who: the assignment by definition, against a search through all of them."""

from __future__ import annotations

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from stillwatch.standing.matching import SAME_RING, in_common, match

SETS = st.frozensets(st.sampled_from("abcdefgh"), min_size=1, max_size=6)
NO_VALUES = frozenset[str]()


def pairs(sets: list[frozenset[str]]) -> list[tuple[frozenset[str], frozenset[str]]]:
    """Accounts only."""
    return [(one, NO_VALUES) for one in sets]


def weights(rings: list[frozenset[str]]) -> dict[str, float]:
    """An account in several rings counts in each for one over their number."""
    return {m: 1.0 / sum(m in ring for ring in rings) for m in "abcdefgh" if any(m in ring for ring in rings)}


def total(members: frozenset[str], weight: dict[str, float]) -> float:
    return sum(weight.get(m, 1.0) for m in members)


def best(known: list[frozenset[str]], rings: list[frozenset[str]]) -> tuple[list[bool], float]:
    """Of all assignments: which campaigns find a ring, compared the foremost first, then what is in common."""
    weight = weights(rings)
    places: list[int | None] = [*range(len(rings)), *[None] * len(known)]
    scores = []
    for chosen in set(permutations(places, len(known))):
        common = [0.0 if at is None else total(one & rings[at], weight) for one, at in zip(known, chosen, strict=True)]
        smaller = [
            1.0 if at is None else min(total(one, weight), total(rings[at], weight))
            for one, at in zip(known, chosen, strict=True)
        ]
        if all(at is None or c / s >= SAME_RING - 1e-9 for at, c, s in zip(chosen, common, smaller, strict=True)):
            scores.append(([at is not None for at in chosen], round(sum(common), 6)))
    return max(scores)


@given(st.lists(SETS, max_size=4), st.lists(SETS, max_size=4))
def test_the_assignment_is_the_best_of_all(known: list[frozenset[str]], rings: list[frozenset[str]]) -> None:
    """The foremost campaigns find a ring, and among those assignments most accounts are in common."""
    matched = match(pairs(known), pairs(rings))
    ring_of = {one: ring for ring, one in enumerate(matched.known_of) if one is not None}
    assert len(ring_of) == sum(one is not None for one in matched.known_of)
    weight = weights(rings)
    common = sum(total(known[one] & rings[ring], weight) for one, ring in ring_of.items())
    assert ([one in ring_of for one in range(len(known))], round(common, 6)) == best(known, rings)


def test_a_hub_links_nobody() -> None:
    """Three accounts that are in each of ten rings make none of them the ring that had them before."""
    hub = frozenset("abc")
    rings = [hub | {f"{number}-{i}" for i in range(2)} for number in range(10)]
    assert match(pairs([hub | {"x", "y"}]), pairs(rings)).known_of == (None,) * 10


def test_overlaps_are_shares_of_either_side() -> None:
    """Two of four and two of three."""
    alike = in_common([frozenset("abcd")], [frozenset("cde")], {})
    assert (alike.common[0, 0], alike.of_known[0, 0], round(alike.of_ring[0, 0], 6)) == (2.0, 0.5, 0.666667)


def test_greedy_would_lose_an_id() -> None:
    """The first campaign fits both rings and the second only one: both keep their ids, whatever each has most of."""
    first, second = frozenset("abcdef"), frozenset("abx")
    rings = [frozenset("abcd"), frozenset("ef")]
    assert match(pairs([first, second]), pairs(rings)).known_of == (1, 0)


@given(st.lists(SETS, max_size=4), st.lists(SETS, max_size=4))
def test_everything_related_is_explained(known: list[frozenset[str]], rings: list[frozenset[str]]) -> None:
    """A ring is a known one or at most a part of one; a campaign found no ring before it counts as merged into one."""
    matched = match(pairs(known), pairs(rings))
    taken = {one for one in matched.known_of if one is not None}
    assert not taken & matched.merged_into.keys()
    assert set(matched.part_of.values()) <= taken
    assert all(matched.known_of[ring] is None for ring in matched.part_of)
    assert all(matched.known_of[ring] is not None for ring in matched.merged_into.values())
