"""A register that is looked at all day grows with days."""

from __future__ import annotations

from collections.abc import Sequence

from standing.reviews import people, review, ring, values

from stillwatch.standing.look import look
from stillwatch.standing.register import Register
from stillwatch.standing.sighting import Beside
from stillwatch.tracer.thinning import thinned


def looked(looks: Sequence[tuple[int, frozenset[str] | None]], *, thin: bool) -> Register:
    """A register after looks at days, with the accounts that each saw."""
    register = Register(alpha=0.01)
    for day, accounts in looks:
        rings = [] if accounts is None else [ring(accounts, name="C-1")]
        register, _ = look(register, review(*rings), day, Beside(skeletons=[values((0, 16))] * len(rings)))
        register = thinned(register) if thin else register
    return register


ALL_DAY = [(20_700, people((0, 40 + n))) for n in range(50)]


def test_a_day_of_looks_leaves_two_lines() -> None:
    (known,) = looked(ALL_DAY, thin=True).campaigns.values()
    assert [entry.change for entry in known.history] == ["new", "same"]
    assert known.history[-1].accounts == 89


def test_what_became_of_it_is_never_left_out() -> None:
    gone = [(20_700, None), (20_700, people((0, 40))), (20_701, people((0, 40))), (20_701, people((0, 41)))]
    (known,) = looked([*ALL_DAY, *gone], thin=True).campaigns.values()
    assert [entry.change for entry in known.history] == ["new", "same", "dormant", "returned", "same"]


def test_the_next_look_is_the_same_with_all_lines_and_with_few() -> None:
    """Who is who, and what was decided, does not rest on the lines left out."""
    later = [*ALL_DAY, (20_703, None), (20_709, people((10, 90)))]
    whole, thin = looked(later, thin=False), looked(later, thin=True)
    (one,), (other,) = whole.campaigns.values(), thin.campaigns.values()
    assert one.history[-1] == other.history[-1]
    assert (one.accounts, one.status, whole.looks) == (other.accounts, other.status, thin.looks)
