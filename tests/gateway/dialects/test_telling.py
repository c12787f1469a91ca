"""What an admitted answer tells of limits, laid out once, is what the fields say one by one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stillwatch.gateway.dialects.refusals import ANTHROPIC, GEMINI, OPENAI, Form
from stillwatch.gateway.dialects.standing_limits import shown
from stillwatch.gateway.dialects.telling import told
from stillwatch.limits.gcra import Bucket
from stillwatch.limits.ladder import COUNTED, Ladder
from stillwatch.limits.limit import NANOSECONDS, Level, Limit

NOW_US = 1_788_000_000_000_000

limits = st.builds(
    Limit,
    st.sampled_from(list(Level)),
    st.sampled_from(COUNTED),
    st.integers(1, 10**12),
    st.integers(1, 86_400),
    st.none() | st.integers(1, 10**12),
)
buckets = st.builds(Bucket, limits, st.integers(0, 200_000 * NANOSECONDS))


@given(st.lists(buckets, max_size=8), st.sampled_from([OPENAI, ANTHROPIC, GEMINI]), st.integers(0, 10**14))
def test_fields_made_at_one_go_are_those_made_one_by_one(held: list[Bucket], form: Form, now_ns: int) -> None:
    """For any limits, however much of them is used, in every family."""
    fields = form.admitted(shown(held, now_ns), NOW_US)
    one_by_one = b"".join([b"%b: %b\r\n" % field for field in fields])
    assert told(Ladder(held), form, now_ns, NOW_US) == one_by_one


def test_a_ladder_is_told_in_the_form_that_is_asked_for() -> None:
    """An account may speak two dialects in turn."""
    ladder = Ladder([Bucket(Limit(Level.ACCOUNT, COUNTED[0], 60))])
    assert told(ladder, OPENAI, 0, NOW_US).startswith(b"x-ratelimit-limit-requests: 60\r\n")
    assert told(ladder, ANTHROPIC, 0, NOW_US).startswith(b"anthropic-ratelimit-requests-limit: 60\r\n")
