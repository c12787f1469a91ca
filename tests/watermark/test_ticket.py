"""Tickets: what the gateway sealed is what the engine reads, and nothing else is believed."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.errors import UsageError
from stillwatch.pseudonym import Secret
from stillwatch.watermark.ticket import LONGEST_BYTES, STRONGEST, Ticket, TicketInvalid, Tickets, with_ticket

TICKETS = Tickets(Secret(b"a secret of gateway and engine.."))
OTHERS = Tickets(Secret(b"another secret, of another pair."))
TICKET = Ticket(tenant="tenant-1", account="4f2a99", epoch=3, strength=1.5, expires=1_000)

TICKET_FIELDS = st.builds(
    Ticket,
    tenant=st.text(max_size=60),
    account=st.text(max_size=60),
    epoch=st.integers(0, 2**31),
    strength=st.floats(0, STRONGEST),
    expires=st.integers(1_000, 2**40),
)


@given(TICKET_FIELDS)
@settings(deadline=None)
def test_what_was_sealed_is_what_is_read(ticket: Ticket) -> None:
    assert TICKETS.open(TICKETS.seal(ticket), 999) == ticket


def test_a_ticket_says_nothing_to_others() -> None:
    sealed = TICKETS.seal(TICKET)
    assert sealed == TICKETS.seal(TICKET)
    assert "4f2a99" not in base64.urlsafe_b64decode(sealed + "==").decode("latin-1")


def test_a_ticket_ends() -> None:
    sealed = TICKETS.seal(TICKET)
    assert TICKETS.open(sealed, 999.9) == TICKET
    with pytest.raises(TicketInvalid, match="expired"):
        TICKETS.open(sealed, 1_000)


def test_no_bit_of_a_ticket_can_be_changed() -> None:
    sealed = base64.urlsafe_b64decode(TICKETS.seal(TICKET) + "==")
    for bit in range(len(sealed) * 8):
        changed = bytearray(sealed)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(TicketInvalid, match="forged"):
            TICKETS.open(base64.urlsafe_b64encode(bytes(changed)).rstrip(b"=").decode(), 0)


@pytest.mark.parametrize("end", range(0, 60, 7))
def test_a_cut_ticket_is_none(end: int) -> None:
    with pytest.raises(TicketInvalid):
        TICKETS.open(TICKETS.seal(TICKET)[:end], 0)


def test_a_ticket_of_another_key_is_none() -> None:
    with pytest.raises(TicketInvalid, match="another key"):
        TICKETS.open(OTHERS.seal(TICKET), 0)


@pytest.mark.parametrize("text", [None, 7, "", "é" * 40, "*" * 40, "A" * (LONGEST_BYTES + 1), ["A"], b"AAAA", "A" * 5])
def test_what_is_no_text_of_a_ticket_is_none(text: object) -> None:
    with pytest.raises(TicketInvalid):
        TICKETS.open(text, 0)


@pytest.mark.parametrize("field", [{"strength": -1.0}, {"strength": 1e9}, {"epoch": -1}, {"strength": float("nan")}])
def test_a_sealed_ticket_that_means_nothing_is_none(field: dict[str, float]) -> None:
    """A gateway that is wrong does not make an engine wrong."""
    values = {"tenant": "", "account": "", "epoch": 0, "strength": 0.0, "expires": 1_000} | field
    with pytest.raises(TicketInvalid):
        TICKETS.open(TICKETS.seal(Ticket(**values)), 0)  # type: ignore[arg-type]  # what no type checker lets through


def test_a_ticket_is_short_whatever_it_names() -> None:
    assert len(TICKETS.seal(TICKET)) < 80
    assert len(TICKETS.seal(Ticket(tenant="t" * 255, account="a" * 255))) <= LONGEST_BYTES
    with pytest.raises(UsageError, match="Keep names short"):
        TICKETS.seal(Ticket(tenant="t" * 900))


def test_errors_hold_no_part_of_a_ticket() -> None:
    sealed = OTHERS.seal(TICKET)
    with pytest.raises(TicketInvalid) as refused:
        TICKETS.open(sealed, 0)
    assert sealed[:8] not in str(refused.value)


def test_a_clients_own_field_is_gone_in_any_spelling() -> None:
    sent = [(b"Host", b"x"), (b"x-stillwatch-TICKET", b"mine"), (b"X_Stillwatch_Ticket", b"mine")]
    assert with_ticket(sent, None) == [(b"Host", b"x")]
    assert with_ticket(sent, "sealed") == [(b"Host", b"x"), (b"X-Stillwatch-Ticket", b"sealed")]
