"""Nothing that a log can hold stops the sketcher: it is fed by whoever calls the API."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.exchange.record import Exchange, Message, Parameters, Principal, Request, Response, Usage
from stillwatch.sketch.sketcher import Sketcher

from .exchanges import ALLIANCE, SECRET, asked, said, sketched

SKETCHER = Sketcher(SECRET, ALLIANCE)

TEXT = st.text(st.characters(), max_size=40)  # lone surrogates and NUL included
NUMBER = st.integers() | st.sampled_from([-(2**63), 2**31, 2**63, 2**64, 10**40])
FLOAT = st.floats() | st.none()
ROLE = st.sampled_from(["system", "user", "assistant", "tool", "input"]) | TEXT
ADDRESS = st.ip_addresses().map(str) | TEXT | st.sampled_from(["", "fe80::1%eth0", "1.2.3", "::ffff:1.2.3.4", "1/8"])

MESSAGES = st.lists(st.builds(Message, ROLE, TEXT, NUMBER, NUMBER, NUMBER), max_size=4).map(tuple)
PARAMETERS = st.builds(
    Parameters,
    names=TEXT,
    temperature=FLOAT,
    top_p=FLOAT,
    max_tokens=NUMBER,
    n=NUMBER,
    stream=st.booleans(),
    logprobs=st.booleans(),
    top_logprobs=NUMBER,
    logit_bias=NUMBER,
    stop=NUMBER,
    tools=NUMBER,
    answer_format=TEXT,
    open_fields=NUMBER,
    closed_fields=NUMBER,
)
PRINCIPALS = st.builds(
    Principal,
    account=TEXT,
    organization=TEXT | st.none(),
    api_key=TEXT | st.none(),
    ip=ADDRESS | st.none(),
    asn=NUMBER,
    country=TEXT | st.none(),
    payment=TEXT | st.none(),
    account_created_us=NUMBER,
    declared_use=TEXT | st.none(),
)
EXCHANGES = st.builds(
    Exchange,
    ts_us=NUMBER,
    principal=PRINCIPALS,
    path=TEXT,
    dialect=TEXT,
    request=st.builds(Request, TEXT, TEXT, MESSAGES, PARAMETERS),
    response=st.none() | st.builds(Response, text=TEXT, finish_reason=TEXT, is_complete=st.booleans()),
    usage=st.builds(Usage, NUMBER, NUMBER, NUMBER),
    headers=st.lists(st.tuples(TEXT, TEXT), max_size=3).map(tuple),
    status=NUMBER,
    id=st.none() | TEXT,
)


@given(st.lists(EXCHANGES, max_size=3))
def test_any_exchange_has_a_row(exchanges: list[Exchange]) -> None:
    """One row each, every value inside its column, and the same a second time."""
    batch = SKETCHER.sketch(exchanges)
    batch.validate(full=True)
    assert len(batch) == len(exchanges)
    assert batch.to_pylist() == Sketcher(SECRET, ALLIANCE).sketch(exchanges).to_pylist()


@pytest.mark.parametrize("piece", ["x", "x ", "\x00", "\ufdfa", "\u3002", "\ud800", "1", "imagine "], ids=ascii)
def test_a_megabyte_of_one_thing_is_a_row_like_any_other(piece: str) -> None:
    """10**6 characters: one word, no word, letters that unfold to 18, nothing but sentence ends or halves of pairs."""
    text = (piece * 10**6)[: 10**6]
    row = sketched(said(text, text + "z", system=text)).row()
    assert row["prompt_chars"] == 3_000_001 + len("Answer 0.")
    assert row["payload"] != 0


def test_many_turns_are_read_by_their_ends() -> None:
    """100,000 turns are one dialogue of at most 32,767."""
    row = sketched(asked(*[Message("user", "Which birds winter here?")] * 100_000)).row()
    assert row["messages"] == 32_767
