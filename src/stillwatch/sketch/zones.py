"""Where in a dialogue a template can hide: four zones by role and position.

A wrapper sits at the head or the tail of a user turn or in the system text, around a payload that differs every
time. Zones of 48 tokens at each of these places keep the wrapper visible where a long document would drown it in
a sketch of the whole message. Source: the pilot reported with the design (48 tokens, 8 slots, 3-token shingles).
"""

from __future__ import annotations

from typing import NamedTuple

from stillwatch.exchange.record import Message, Request
from stillwatch.sketch.lexicon import Lexicon, split

ZONE_TOKENS = 48
END_TOKENS = 64
"""Tokens looked at on each end of the last turn for the payload's projection."""
_SLICE_CHARS = 512  # characters cut from a text's end before splitting; 64 tokens of English take about 350


class Turns(NamedTuple):
    """The texts that are sketched. `first` and `last` are equal in a dialogue of one turn."""

    system: str
    first: str  # first turn that is neither system nor assistant
    last: str  # last turn that is not the assistant's; the system text where there is nothing else


class Zones(NamedTuple):
    """Token ids: four zones, and the two ends of the payload."""

    system: list[int]
    user_head: list[int]
    user_tail: list[int]
    last_tail: list[int]  # empty where the last turn equals the first
    payload: set[int]  # distinct tokens of both ends of the last turn


def turns(request: Request) -> Turns:
    """The system text, the first and the last turn of a request."""
    messages = request.messages
    system = _join([m for m in messages if m.role == "system"])
    asked = [m for m in messages if m.role not in ("system", "assistant")]
    if not asked:
        return Turns(system, "", system)
    return Turns(system, asked[0].text, asked[-1].text)


def zones(said: Turns, lexicon: Lexicon) -> Zones:
    """The zones of a dialogue as ids of `lexicon`."""
    system = _system_head(said.system, lexicon)
    first_head = head(said.first, lexicon)
    first_tail = tail(said.first, lexicon, first_head)
    if said.last == said.first:
        return Zones(_zone(system), _zone(first_head), first_tail[-ZONE_TOKENS:], [], {*first_head, *first_tail})
    if not said.first:  # everything is in the system text: its tail takes the user's place
        system_tail = tail(said.system, lexicon, system)
        return Zones(_zone(system), [], system_tail[-ZONE_TOKENS:], [], {*system, *system_tail})
    last_head = head(said.last, lexicon)
    last_tail = tail(said.last, lexicon, last_head)
    return Zones(
        _zone(system),
        _zone(first_head),
        first_tail[-ZONE_TOKENS:],
        last_tail[-ZONE_TOKENS:],
        {*last_head, *last_tail},
    )


def _system_head(text: str, lexicon: Lexicon) -> list[int]:
    """`head`, remembered: a client repeats its system text in every request."""
    seen = text[: _SLICE_CHARS + 1]  # all that the head depends on
    known = lexicon.heads.get(seen)
    if known is None:
        known = lexicon.remember_head(seen, head(seen, lexicon))
    return known


def head(text: str, lexicon: Lexicon) -> list[int]:
    """The first tokens of `text`, at most `END_TOKENS`."""
    cut = text[:_SLICE_CHARS]
    tokens = split(cut)
    if len(cut) < len(text) and len(tokens) <= END_TOKENS:
        tokens = tokens[:-1]  # the last one may be cut in two
    return list(map(lexicon.__getitem__, tokens[:END_TOKENS]))


def tail(text: str, lexicon: Lexicon, its_head: list[int]) -> list[int]:
    """The last tokens of `text`, at most `END_TOKENS`."""
    if len(text) <= _SLICE_CHARS and len(its_head) < END_TOKENS:
        return its_head
    cut = text[-_SLICE_CHARS:]
    tokens = split(cut)
    if len(cut) < len(text) and len(tokens) <= END_TOKENS:
        tokens = tokens[1:]
    return list(map(lexicon.__getitem__, tokens[-END_TOKENS:]))


def _zone(ids: list[int]) -> list[int]:
    return ids[:ZONE_TOKENS]


def _join(messages: list[Message]) -> str:
    if len(messages) == 1:
        return messages[0].text
    return "\n".join(m.text for m in messages)
