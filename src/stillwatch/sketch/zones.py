"""Where in a dialogue a template can hide: four zones by role and position.

A wrapper sits at the head or the tail of a user turn or in the system text, around a payload that differs every
time. Zones of 48 tokens at each of these places keep the wrapper visible where a long document would drown it in
a sketch of the whole message. Source: the pilot reported with the design (48 tokens, 8 slots, 3-token shingles).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stillwatch.exchange.record import Message, Request
from stillwatch.sketch.lexicon import Lexicon
from stillwatch.sketch.plain_words import Words
from stillwatch.sketch.ragged import Ragged

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
    """Token ids of many dialogues, as rows of unequal length."""

    zones: Ragged  # four a dialogue: system text, first turn's head and tail, tail of a last turn that differs
    system: Ragged  # the first of these alone
    payload: Ragged  # distinct tokens of both ends of the last turn


def turns(request: Request) -> Turns:
    """The system text, the first and the last turn of a request."""
    messages = request.messages
    system = _join([m for m in messages if m.role == "system"])
    asked = [m for m in messages if m.role not in ("system", "assistant")]
    if not asked:
        return Turns(system, "", system)
    return Turns(system, asked[0].text, asked[-1].text)


def zones(said: Sequence[Turns], lexicon: Lexicon) -> Zones:
    """The zones of dialogues as ids of `lexicon`."""
    ends = _Ends()
    places = np.array([_places(turn, ends) for turn in said], np.int64).reshape(-1, _PLACES)
    words = lexicon.tokens(ends.texts)
    # A token that is cut in two is not counted: the last one of a head that was cut, the first one of such a tail.
    whole = np.clip(words.counts - np.array(ends.is_cut, np.int64), 0, END_TOKENS)
    after = np.cumsum(words.counts)
    zone = np.minimum(whole, ZONE_TOKENS)
    heads, tails = after - words.counts, after - zone
    starts = np.concatenate([heads[places[:, :2]], tails[places[:, 2:4]]], axis=1)
    lengths = zone[places[:, :4]]
    return Zones(
        Ragged.cut(words.ids, starts.ravel(), lengths.ravel()),
        Ragged.cut(words.ids, starts[:, 0], lengths[:, 0]),
        _payload(words, whole, places[:, 4], places[:, 5]),
    )


def _payload(words: Words, whole: NDArray[np.int64], head: NDArray[np.int64], tail: NDArray[np.int64]) -> Ragged:
    """The distinct tokens of a head and a tail, which of a short text are the same piece."""
    after = np.cumsum(words.counts)
    in_tail = np.where(head == tail, np.minimum(words.counts[tail] - whole[tail], END_TOKENS), whole[tail])
    starts = np.stack([after[head] - words.counts[head], after[tail] - in_tail], axis=1)
    lengths = np.stack([whole[head], in_tail], axis=1)
    both = Ragged.cut(words.ids, starts.ravel(), lengths.ravel())
    return Ragged(both.ids, lengths.sum(axis=1)).distinct()


class _Ends:
    """Pieces cut from the ends of texts. The first is empty and stands for every text that is."""

    def __init__(self) -> None:
        self.texts = [""]
        self.is_cut = [False]
        self._heads: dict[str, int] = {}

    def of(self, text: str) -> tuple[int, int]:
        """The places of a text's head and tail, the same where it is short."""
        if not text:
            return 0, 0
        if len(text) <= _SLICE_CHARS:
            place = self._add(text, is_cut=False)
            return place, place
        return self._add(text[:_SLICE_CHARS], is_cut=True), self._add(text[-_SLICE_CHARS:], is_cut=True)

    def system_head(self, text: str) -> int:
        """The place of a system text's head, one for all that are alike: a client repeats it in every request."""
        seen = text[: _SLICE_CHARS + 1]  # all that the head depends on
        known = self._heads.get(seen)
        if known is None:
            is_cut = len(seen) > _SLICE_CHARS
            known = self._heads[seen] = self._add(seen[:_SLICE_CHARS], is_cut=is_cut) if seen else 0
        return known

    def _add(self, piece: str, *, is_cut: bool) -> int:
        self.texts.append(piece)
        self.is_cut.append(is_cut)
        return len(self.texts) - 1


_PLACES = 6


def _places(said: Turns, ends: _Ends) -> tuple[int, int, int, int, int, int]:
    """Where the four zones come from, and the payload's head and tail."""
    system = ends.system_head(said.system)
    first_head, first_tail = ends.of(said.first)
    if said.last == said.first:
        return system, first_head, first_tail, 0, first_head, first_tail
    if not said.first:  # everything is in the system text: its tail takes the user's place
        system_head, system_tail = ends.of(said.system)
        return system, 0, system_tail, 0, system_head, system_tail
    last_head, last_tail = ends.of(said.last)
    return system, first_head, first_tail, last_tail, last_head, last_tail


def _join(messages: list[Message]) -> str:
    if len(messages) == 1:
        return messages[0].text
    return "\n".join(m.text for m in messages)
