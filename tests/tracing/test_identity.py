"""Evidence family "infrastructure": cards weigh, campuses hardly, countries never."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from stillwatch.tracing.family import Family, Group, Kin
from stillwatch.tracing.identity import CIRCLE, MOST_BITS, Identity
from stillwatch.tracing.match_weight import ADDRESS, CREATED, KINDS, MIXED, NETWORK, PAYMENT, Kind
from stillwatch.tracing.term_frequency import Frequencies, TermFrequencies

Ints = NDArray[np.int64]

RNG = np.random.default_rng(0)
IDENTITY: Family[TermFrequencies] = Identity()
COLUMNS = tuple(kind.column for kind in KINDS if kind is not MIXED)
UNKNOWN = {kind.column: kind.unknown for kind in KINDS}
KNOWN = 10_000
EACH_ITS_OWN = 1_000_000  # numbers from here on belong to one unit alone


def group(units: int, rows: Iterable[Mapping[str, int]]) -> Group:
    """A group of one account a unit. A row names its `unit`; what it does not say is not known."""
    rows = list(rows)
    unit = np.array([row["unit"] for row in rows], np.int64)
    columns = {c: np.array([row.get(c, UNKNOWN[c]) for row in rows], np.int64) for c in COLUMNS}
    columns["ts_us"] = np.array([row.get("ts_us", 0) for row in rows], np.int64)
    return Group(unit, unit, units, np.ones(len(rows), np.bool_), columns)


def strangers(units: int, **shared: int) -> Group:
    """One row a unit, each with identifiers of its own but for those that all of them share."""
    own = dict.fromkeys(COLUMNS, EACH_ITS_OWN)
    rows = [{"unit": u} | {c: first + u for c, first in own.items()} | shared for u in range(units)]
    return group(units, rows)


def log(**holders: Mapping[int, int]) -> TermFrequencies:
    """A log of which `KNOWN` units show every kind; `holders` of its values by kind, one each of all others."""
    counted = {}
    for kind in KINDS:
        values = dict(sorted(holders.get(kind.name, {}).items()))
        pair = (np.array(list(values), np.int64), np.array(list(values.values()), np.int64))
        counted[kind.name] = Frequencies(*pair, KNOWN)
    return counted


def scores(one: Group, of: TermFrequencies | None = None) -> NDArray[np.float64]:
    return IDENTITY.scores(one, log() if of is None else of, RNG)


def held_by(kind: Kind, value: int, holders: int) -> TermFrequencies:
    return log(**{kind.name: {value: holders}})


# -- what counts, and how much -------------------------------------------------------------------------------------


def test_strangers_with_nothing_in_common_score_zero() -> None:
    assert scores(strangers(8)).tolist() == [0.0] * 8


def test_who_shows_no_identifier_is_not_scored() -> None:
    """A program and a day of opening identify nobody; a unit without exchanges shows nothing."""
    rows = [{"unit": 0, "client": 5, "account_created_day": 9}, {"unit": 1, "payment": 3}, {"unit": 2, "payment": 4}]
    assert np.isnan(scores(group(4, rows))).tolist() == [True, False, False, True]


def test_a_card_weighs_more_than_a_hosting_network_and_that_more_than_a_campus() -> None:
    """Four strangers on one card; ten machines in one small network; forty students at one address; one opening day."""
    card = scores(strangers(4, payment=7), held_by(PAYMENT, 7, 4))
    hosting = scores(strangers(10, network=7), held_by(NETWORK, 7, 10))
    campus = scores(strangers(40, ip=7, network=8), log(address={7: 40}, network={8: 40}))
    day = scores(strangers(40, account_created_day=7), held_by(CREATED, 7, 40))
    assert card.min() > 2 * hosting.max()
    assert hosting.min() > campus.max() > 0.0
    assert day.max() == 0.0


def test_a_whole_class_stays_below_one_common_card() -> None:
    """One campus, one program, accounts opened on the first lesson: all that honest neighbours can share."""
    lesson = strangers(30, ip=7, network=8, client=9, account_created_day=5)
    of = log(address={7: 30}, network={8: 30}, client={9: 30}, created={5: 30})
    assert scores(lesson, of).max() < scores(strangers(4, payment=7), held_by(PAYMENT, 7, 4)).min()


@pytest.mark.parametrize("holders", [250, 3_000])
def test_an_address_that_hundreds_share_says_nothing(holders: int) -> None:
    """A carrier's or a university's only address."""
    of = log(address={7: holders}, network={8: holders})
    assert scores(strangers(20, ip=7, network=8), of).max() == 0.0


def test_a_neighbour_in_a_large_group_is_no_evidence() -> None:
    """Among a hundred strangers some two live near; two strangers who meet alone and live near are more surprising."""
    crowd, pair = strangers(100), strangers(2, network=7)
    crowd.columns["network"][:2] = 7
    of = held_by(NETWORK, 7, 2)
    assert scores(crowd, of).max() == 0.0
    assert scores(pair, of).min() > 1.0


def test_a_pair_on_one_card_is_seen_in_a_large_group() -> None:
    """Nobody is somebody's neighbour by card: two of a hundred are as tied as two alone."""
    crowd, pair = strangers(100), strangers(2, payment=7)
    crowd.columns["payment"][:2] = 7
    of = held_by(PAYMENT, 7, 2)
    assert scores(crowd, of)[:2].tolist() == scores(pair, of).tolist()
    assert scores(crowd, of)[2:].max() == 0.0


def test_a_key_used_in_several_organisations_ties_them() -> None:
    assert scores(strangers(3, api_key=7), log(api_key={7: 3})).min() > 8.0


def test_accounts_of_one_organisation_are_no_pair() -> None:
    """A start-up's pool of keys behind one card is one unit."""
    rows = [{"unit": 0, "payment": 7, "ip": 8, "network": 9} for _ in range(8)]
    assert scores(group(1, rows)).tolist() == [0.0]


def test_hiding_costs_little_and_clears_nobody_below_zero() -> None:
    """Separate programs and addresses take at most two bits off a common card."""
    alike = scores(strangers(4, payment=7, ip=1, network=2, client=3, account_created_day=4))
    apart = scores(strangers(4, payment=7))
    unknown = scores(group(4, [{"unit": u, "payment": 7} for u in range(4)]))
    assert (unknown - apart).max() < 2.0
    assert alike.min() > unknown.max() > apart.max() > 0.0


def test_no_unit_scores_more_than_any_log_can_calibrate() -> None:
    everything = scores(strangers(2, payment=1, api_key=2, ip=3, network=4, client=5, account_created_day=6))
    assert everything.tolist() == [MOST_BITS] * 2


def test_a_field_that_identifies_nobody_ties_nobody() -> None:
    """Where the log says "invoice" or "card" in place of a number, most units share their value."""
    methods = {1: 4_000, 2: 3_000, 7: 2_000}
    assert scores(strangers(4, payment=7), log(payment=methods)).max() == 0.0
    assert scores(strangers(4, payment=7), log(payment={7: 2_000})).min() > 0.0


# -- programs and networks inside one hour -------------------------------------------------------------------------


def proxy(unit: int, hour: int = 0) -> list[dict[str, int]]:
    """An account used from three programs and three networks within an hour, none of them anybody else's."""
    first = EACH_ITS_OWN + 10 * unit
    at = hour * 3_600_000_000
    return [{"unit": unit, "ts_us": at + n, "client": first + n, "network": first + n} for n in range(3)]


def mixed_log(marked: int) -> TermFrequencies:
    return log(mixed={1: marked})


def test_two_proxies_in_one_group_are_a_weak_tie() -> None:
    rows = [*proxy(0), *proxy(1)]
    found = scores(group(2, rows), mixed_log(2))
    assert 0.0 < found.min() <= found.max() < 2.0


def test_a_traveller_is_no_proxy() -> None:
    """The same programs and networks, an hour each."""
    rows = [row | {"ts_us": row["ts_us"] * 3_600_000_000} for unit in range(2) for row in proxy(unit)]
    assert scores(group(2, rows), mixed_log(2)).tolist() == [0.0, 0.0]


def test_proxies_are_nothing_special_where_half_the_customers_are() -> None:
    assert scores(group(2, [*proxy(0), *proxy(1)]), mixed_log(5_000)).tolist() == [0.0, 0.0]


# -- properties ----------------------------------------------------------------------------------------------------

ROWS = st.lists(
    st.fixed_dictionaries(
        {"unit": st.integers(0, 5), "ts_us": st.integers(0, 3).map(lambda h: h * 3_600_000_000)}
        | {c: st.integers(0, 3) for c in COLUMNS}
    ),
    max_size=25,
)


@given(ROWS, st.randoms(use_true_random=False))
def test_the_order_of_rows_is_irrelevant(rows: list[dict[str, int]], random: object) -> None:
    shuffled = random.sample(rows, len(rows))  # type: ignore[attr-defined]  # hypothesis' Random
    assert np.array_equal(scores(group(6, rows)), scores(group(6, shuffled)), equal_nan=True)


@given(ROWS, st.permutations(range(6)))
def test_units_are_treated_alike(rows: list[dict[str, int]], order: list[int]) -> None:
    """Renumbering the units renumbers the scores."""
    renamed = [row | {"unit": order[row["unit"]]} for row in rows]
    np.testing.assert_allclose(scores(group(6, renamed))[list(order)], scores(group(6, rows)), atol=1e-9)


@given(ROWS)
def test_repeating_an_exchange_changes_nothing(rows: list[dict[str, int]]) -> None:
    """Volume is no evidence."""
    assert np.array_equal(scores(group(6, rows)), scores(group(6, rows * 2)), equal_nan=True)


@given(st.sampled_from([k for k in KINDS if k is not MIXED]), st.integers(2, 5_000), st.integers(0, 5_000))
def test_a_rarer_identifier_never_weighs_less(kind: Kind, holders: int, more: int) -> None:
    shared = strangers(2, **{kind.column: 7}, payment=9) if kind is not PAYMENT else strangers(2, payment=7)
    rare, common = held_by(kind, 7, holders), held_by(kind, 7, holders + more)
    assert scores(shared, rare).min() >= scores(shared, common).min()


@given(st.integers(2, 30), st.integers(2, 2_000))
def test_two_units_are_tied_as_much_to_each_other(units: int, holders: int) -> None:
    """Where all share alike, all score alike."""
    found = scores(strangers(units, payment=7, ip=8, network=9), log(payment={7: holders}, address={8: holders}))
    assert found.max() - found.min() < 1e-9


@given(ROWS, st.integers(0, 65_535))
def test_country_and_provider_move_no_score(rows: list[dict[str, int]], country: int) -> None:
    """Where somebody lives is no evidence: the family neither asks for it nor looks."""
    here = group(6, rows)
    moved = replace(here, columns={**here.columns, "country": here.unit + country, "asn": here.unit * country})
    assert np.array_equal(scores(here), scores(moved), equal_nan=True)
    assert not {"country", "asn"} & set(IDENTITY.columns)


def test_a_card_of_more_units_than_are_compared_at_once_ties_them_all() -> None:
    """Circles of holders bound the work, and leave nobody out."""
    found = scores(strangers(3 * CIRCLE + 1, payment=7), held_by(PAYMENT, 7, 3 * CIRCLE + 1))
    assert (found > 0.0).all()


# -- what an analyst reads -----------------------------------------------------------------------------------------


def test_the_statement_says_who_shares_what_and_how_rare_it_is() -> None:
    said = IDENTITY.statement(strangers(4, payment=7, ip=8), log(payment={7: 4}, address={8: 60}))
    assert said is not None
    assert (said.family, said.log_e) == ("infrastructure", 0.0)
    assert said.statement == (
        "4 of 4 accounts or organisations are tied to others of them, by 12.3 bits in the middle: 4 of 4 use a card "
        "that another of them uses, known from 4 units of the log (11.3 bits); 4 of 4 use an address that another of "
        "them uses, known from 60 units of the log (2.1 bits). Innocent if one employer, agency or reseller pays for "
        "all of them"
    )
    assert said.detail["payment_sharing"] == 4


@pytest.mark.parametrize(
    ("shared", "reason"), [({"ip": 7}, "campus"), ({"api_key": 7}, "team"), ({"payment": 7}, "employer")]
)
def test_the_statement_names_the_honest_explanation(shared: dict[str, int], reason: str) -> None:
    said = IDENTITY.statement(strangers(5, **shared), log())
    assert said is not None
    assert reason in said.statement


def test_a_network_is_not_said_again_of_those_who_share_an_address_in_it() -> None:
    campus = IDENTITY.statement(strangers(5, ip=7, network=8), log())
    rented = IDENTITY.statement(strangers(5, network=8), log())
    assert campus is not None
    assert rented is not None
    assert "a network" not in campus.statement
    assert "a network" in rented.statement


def test_a_card_that_identifies_nobody_is_not_what_is_explained() -> None:
    """A payment field that is the same for most: the address is what ties them, and what has an explanation."""
    said = IDENTITY.statement(strangers(5, ip=7, payment=8), log(payment={8: 9_000}))
    assert said is not None
    assert "campus" in said.statement


def test_nothing_is_said_of_units_that_nothing_ties() -> None:
    assert IDENTITY.statement(strangers(5), log()) is None


def test_the_family_is_of_the_identity_kin() -> None:
    """Its e-values are averaged with others about who pays and from where."""
    assert (IDENTITY.name, IDENTITY.kin) == ("infrastructure", Kin.IDENTITY)


def test_an_empty_group_has_no_scores() -> None:
    assert scores(group(0, [])).tolist() == []


def test_the_rarest_address_weighs_as_its_kind_says() -> None:
    """log2(0.25 / 0.01) for an address of up to ten, log2(0.5 / 0.0002) for a card of up to twenty."""
    assert ADDRESS.agreement(np.array([1, 10, 40]), 1_000).round(2).tolist() == [4.64, 4.64, 2.64]
    assert PAYMENT.agreement(np.array([2, 20, 1_000]), 100_000).round(2).tolist() == [11.29, 11.29, 5.64]
