"""Ids that last: what becomes of a campaign that grows, parts, merges, is banned and comes back, or is not seen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.standing.continuity import canonical_order, recognised
from stillwatch.standing.register import Entry, Hypothesis, Known, Register
from stillwatch.standing.sighting import Sighting

from .reviews import DAY, begun, people, sighting, values


def looks(*seen: list[Sighting], register: Register | None = None) -> tuple[Register, list[tuple[str, ...]]]:
    """The register after these looks, a day each, and the ids of each look's rings in the order given here."""
    register = begun() if register is None else register
    told = []
    for rings in seen:
        order = canonical_order(rings)
        register, ids = recognised(register, [rings[place] for place in order], max(register.day, DAY - 1) + 1)
        by_place = dict(zip(order, ids, strict=True))
        told.append(tuple(by_place[place] for place in range(len(rings))))
    return register, told


def last(register: Register, name: str) -> Entry:
    return register.campaigns[name].history[-1]


def test_a_campaign_that_grows_keeps_its_id() -> None:
    """Forty accounts become four hundred."""
    register, ((first,), (second,)) = looks([sighting(people((0, 40)))], [sighting(people((0, 400)))])
    assert second == first
    assert [entry.accounts for entry in register.campaigns[first].history] == [40, 400]
    assert last(register, first).change == "same"


def test_of_two_parts_the_larger_keeps_the_id_and_the_other_names_its_parent() -> None:
    parts = [sighting(people((0, 15))), sighting(people((15, 40)))]
    register, ((whole,), (small, large)) = looks([sighting(people((0, 40)))], parts)
    assert large == whole
    assert small != whole
    assert register.campaigns[small].parent == whole
    assert last(register, small).change == "part"
    assert last(register, small).others == (whole,)


def test_of_two_that_merge_the_elder_goes_on_and_the_other_is_recorded_as_merged() -> None:
    """Also where the younger is by far the larger."""
    elder, younger = sighting(people((0, 10))), sighting(people((100, 300)))
    register, ((one,), (_, two), (both,)) = looks([elder], [elder, younger], [sighting(people((0, 10), (100, 300)))])
    assert both == one
    assert register.campaigns[two].status == "merged"
    assert register.campaigns[two].merged_into == one
    assert last(register, one).others == (two,)
    assert "absorbs" in last(register, one).statement


def test_two_that_part_again_both_have_their_ids_back() -> None:
    one, two = sighting(people((0, 30))), sighting(people((50, 70)))
    apart = [one, two]
    register, (before, _, after) = looks(apart, [sighting(one.accounts | two.accounts)], apart)
    assert after == before
    assert last(register, before[1]).change == "separate again"
    assert register.campaigns[before[1]].merged_into is None


def test_banned_and_replaced_it_has_its_id_back_with_the_reason() -> None:
    """All forty accounts were banned; a week later thirty others send three quarters of the same values."""
    then = sighting(people((0, 40)), values((0, 16)))
    now = sighting(people((500, 530)), values((4, 18)))
    register, ((before,), _, (after,)) = looks([then], [], [now])
    assert after == before
    assert last(register, after).change == "new accounts"
    assert last(register, after).statement.startswith("same wrapper under new accounts: 12 of its 16 skeleton values")


def test_new_accounts_start_from_no_evidence() -> None:
    """Who uses a wrapper next may be a customer of a tool that was published since."""
    register, ((name,),) = looks([sighting(people((0, 40)), values((0, 16)))])
    held = Hypothesis(0.5, 1, 9.0, 0.005, people((0, 40)))
    decided = replace(register.campaigns[name], hypothesis=held, tried_from=DAY, tried_through=DAY + 5)
    register = register.with_campaigns([decided])
    register, _ = looks([sighting(people((500, 530)), values((0, 16)))], register=register)
    known = register.campaigns[name]
    assert known.hypothesis is None
    assert known.past == (held,)
    assert known.tried_through == -1


def test_two_rings_that_come_back_with_one_wrapper_are_one_id_and_a_part_of_it() -> None:
    wrapper = values((0, 16))
    back = [sighting(people((500, 510)), wrapper), sighting(people((600, 630)), wrapper, exchanges=50)]
    register, ((before,), (small, large)) = looks([sighting(people((0, 40)), wrapper)], back)
    assert {before} == {small, large} & {before}
    other = small if large == before else large
    assert register.campaigns[other].parent == before
    assert "same wrapper" in last(register, other).statement


def test_one_or_two_values_in_common_make_no_wrapper() -> None:
    """A stock phrase."""
    _, ((before,), (after,)) = looks(
        [sighting(people((0, 40)), values((0, 3)))], [sighting(people((500, 540)), values((1, 4)))]
    )
    assert after != before


def test_a_wrapper_whose_campaign_goes_on_makes_a_new_ring_a_new_campaign() -> None:
    """Two rings with one wrapper that the hunt keeps apart, one of them seen before: it is not the other one."""
    wrapper = values((0, 16))
    one, two = sighting(people((0, 40)), wrapper), sighting(people((500, 540)), wrapper)
    register, ((before,), (first, second)) = looks([one], [one, two])
    assert first == before
    assert register.campaigns[second].parent is None


def test_what_is_not_seen_is_dormant_and_comes_back_under_its_id() -> None:
    ring = sighting(people((0, 40)))
    register, ((before,), _) = looks([ring], [])
    assert register.campaigns[before].status == "dormant"
    register, ((after,),) = looks([ring], register=register)
    assert after == before
    assert last(register, after).change == "returned"
    assert last(register, after).statement.startswith("seen again after 2 days")


def test_an_active_campaign_goes_before_a_dormant_elder() -> None:
    """Two of an old ring's three accounts turn up in a large one: the large one keeps its id."""
    old, large = sighting(people((0, 3))), sighting(people((10, 200)))
    register, ((elder,), (active,), (now,)) = looks([old], [large], [sighting(people((0, 2), (10, 200)))])
    assert now == active
    assert register.campaigns[elder].merged_into == active


def test_days_that_tried_a_campaign_are_used_for_its_parts() -> None:
    """Else a ring that was lucky once would be lucky twice by parting."""
    register, ((whole,),) = looks([sighting(people((0, 40)))])
    register = register.with_campaigns([replace(register.campaigns[whole], tried_from=DAY, tried_through=DAY + 7)])
    register, (parts,) = looks([sighting(people((0, 15))), sighting(people((15, 40)))], register=register)
    assert [register.campaigns[part].tried_through for part in parts] == [DAY + 7, DAY + 7]


def test_a_name_that_was_given_is_not_given_again() -> None:
    """The hunt names a ring by its wrapper; another ring with the same name gets another id."""
    one, two = (sighting(people(span), name="C-1a2b3c4d") for span in ((0, 40), (100, 120)))
    _, ((first,), (again, other)) = looks([one], [one, two])
    assert (first, again, other) == ("C-1a2b3c4d", "C-1a2b3c4d", "C-1a2b3c4d.2")


# -- properties ---------------------------------------------------------------------------------------------------

NUMBERS = st.frozensets(st.integers(0, 14), min_size=1, max_size=8)
RINGS = st.lists(
    st.tuples(NUMBERS, st.frozensets(st.integers(0, 7), max_size=6), st.sampled_from(["C-1", "C-2", ""])),
    max_size=4,
    unique_by=lambda ring: ring[0],
)
HISTORIES = st.lists(RINGS, max_size=5)
Drawn = list[tuple[frozenset[int], frozenset[int], str]]


def rings_of(drawn: Drawn, label: Any = lambda number: number) -> list[Sighting]:
    """Rings that differ in their exchanges, with accounts named by `label`."""
    return [
        sighting(
            {f"acct-{label(number):02d}" for number in accounts},
            {f"v{number}" for number in skeleton},
            name=name,
            exchanges=100 + sum(2**number for number in accounts),
        )
        for accounts, skeleton, name in drawn
    ]


@given(HISTORIES, st.permutations(range(15)))
@settings(max_examples=200)
def test_names_of_accounts_do_not_matter(history: list[Drawn], names: list[int]) -> None:
    """Other names, the same ids and histories."""
    plain, ids = looks(*map(rings_of, history))
    other, other_ids = looks(*(rings_of(drawn, lambda number: names[number]) for drawn in history))
    assert other_ids == ids

    def renamed(known: Known) -> Known:
        return replace(known, accounts=frozenset(f"acct-{names[int(one[5:])]:02d}" for one in known.accounts))

    assert {name: renamed(known) for name, known in plain.campaigns.items()} == other.campaigns


@given(HISTORIES, st.data())
@settings(max_examples=200)
def test_the_order_of_rings_does_not_matter(history: list[Drawn], data: st.DataObject) -> None:
    """The same register, whatever order the hunt found its rings in."""
    shuffled = [data.draw(st.permutations(drawn)) for drawn in history]
    assert looks(*map(rings_of, shuffled))[0] == looks(*map(rings_of, history))[0]


@given(HISTORIES)
@settings(max_examples=200)
def test_ids_are_given_once_and_kept(history: list[Drawn]) -> None:
    """At each look every ring has an id of its own; what an id was begun with stays, and none is lost."""
    register, begun_with = begun(), dict[str, Entry]()
    for drawn in history:
        register, (ids,) = looks(rings_of(drawn), register=register)
        assert len(set(ids)) == len(drawn)
        assert begun_with.items() <= {name: k.history[0] for name, k in register.campaigns.items()}.items()
        begun_with = {name: k.history[0] for name, k in register.campaigns.items()}
        assert sorted(k.number for k in register.campaigns.values()) == list(range(1, len(begun_with) + 1))
        active = {name for name, known in register.campaigns.items() if known.status == "active"}
        assert active == set(ids)
        ends = [k.merged_into for k in register.campaigns.values() if k.status == "merged"]
        assert all(end in register.campaigns for end in ends)
