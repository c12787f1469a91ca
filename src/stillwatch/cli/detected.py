"""What `stillwatch watermark detect` says of each key: marked, not shown, or that nobody can tell; and where.

"Cannot tell" is said where so few distinct cells are a key's own that no mark that texts carry would reach the level
among all keys that were tried; then there is no p-value. "Not shown" always says what would have been seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from stillwatch.audit.candidates import Candidate
from stillwatch.audit.detection import Detected, Place, detected, places
from stillwatch.cli.terminal import counted, say
from stillwatch.watermark.cells import cells_of
from stillwatch.watermark.contexts import Tokens
from stillwatch.watermark.detect import Score, share_seen
from stillwatch.watermark.draws import choices_seen

_SHOWN = 20
"""Keys; the rest are counted."""


@dataclass(frozen=True, slots=True)
class Told:
    """Of one key. `seen_from`: the green share, or the number of tokens to draw from, that would have been seen."""

    one: Detected
    answer: str
    seen_from: float | None
    places: tuple[Place, ...] = ()


def answers(texts: Sequence[Tokens], tried: Sequence[Candidate], level: float) -> list[Told]:
    """Of every key, the surest first. `level`: of naming any key or any stretch wrongly, each."""
    found = detected(texts, tried)
    judged = max(sum(one.adjusted is not None for one in found), 1)
    of_each_size = {one.score.cells: one for one in found if one.adjusted is not None}  # two, for a million accounts
    seen = {cells: _seen_from(one, level / judged) for cells, one in of_each_size.items()}
    told = []
    for one, candidate in zip(found, tried, strict=True):
        seen_from = seen.get(one.score.cells)
        if one.adjusted is not None and one.adjusted <= level:
            told.append(Told(one, "marked", seen_from, tuple(places(texts, candidate, level / judged))))
        else:
            told.append(Told(one, "cannot tell" if seen_from is None else "not shown", seen_from))
    return sorted(
        told, key=lambda said: (said.answer == "cannot tell", said.one.adjusted or 0.0, said.one.score.p or 0.0)
    )


def _seen_from(one: Detected, level: float) -> float | None:
    if isinstance(one.score, Score):
        return share_seen(one.score.cells, one.score.gamma, level)
    return choices_seen(one.score.cells, level)


def show(told: Sequence[Told], texts: Sequence[Tokens], level: float, known: int) -> None:
    """As sentences."""
    for said in told[:_SHOWN]:
        say(f"{_name(said.one)}: {_sentence(said, texts, level, len(told))}")
        for place in said.places:
            say(f"    text {place.text + 1}, tokens {place.first:,} to {place.last:,}: p {_p(place.p)}")
    if len(told) > _SHOWN:
        say(f"{len(told) - _SHOWN:,} other keys come behind these.")
    if any(said.places for said in told):
        say(f"That any stretch is told where there is no mark has a chance of {level:g} at most; ends are not exact.")
    if known < len(told):
        say(f"{counted(len(told) - known, 'key')} never committed to: nobody else need believe what is said of them.")


def _sentence(said: Told, texts: Sequence[Tokens], level: float, keys: int) -> str:
    score, tokens = said.one.score, sum(len(text) for text in texts)
    if said.answer == "cannot tell":
        repeats = " that repeat themselves" if tokens > 2 * len(cells_of(texts, said.one.key.scheme.window)) else ""
        return (
            f"cannot tell: {counted(score.cells, 'distinct cell')} of its own in {counted(tokens, 'token')}{repeats}, "
            f"too few for {level:g} among {counted(keys, 'key')}"
        )
    if isinstance(score, Score):
        counts = f"{score.greens:,} of {counted(score.cells, 'cell')} green, {score.gamma:.0%} expected"
        seen = f"a green share from {said.seen_from:.0%} on would have been seen"
    else:
        counts = f"mean surprise of {counted(score.cells, 'cell')} {score.share:.2f}, 1 expected"
        seen = f"draws among {said.seen_from:.0f} likely tokens would have been seen"
    p = f"p {_p(said.one.adjusted or 0.0)} among {counted(keys, 'key')} ({counts})"
    return f"marked under it; {p}" if said.answer == "marked" else f"not shown; {p}; {seen}"


def document(told: Sequence[Told], texts: Sequence[Tokens], level: float, known: int) -> dict[str, Any]:
    """For machines. No p-values where nobody can tell."""
    return {
        "level": level,
        "texts": len(texts),
        "tokens": sum(len(text) for text in texts),
        "committed": known,
        "keys": [_of_key(said) for said in told],
    }


def _of_key(said: Told) -> dict[str, Any]:
    one, is_judged = said.one, said.answer != "cannot tell"
    counted_as = {"greens": one.score.greens} if isinstance(one.score, Score) else {"surprise": one.score.share}
    return {
        "account": one.key.account,
        "epoch": one.key.epoch,
        "commitment": one.key.commitment().digest,
        "cells": one.score.cells,
        **counted_as,
        "p": one.score.p if is_judged else None,
        "adjusted": one.adjusted if is_judged else None,
        "answer": said.answer,
        "seen_from": said.seen_from,
        "places": [{"text": at.text, "first": at.first, "last": at.last, "p": at.p} for at in said.places],
    }


def _name(one: Detected) -> str:
    whose = f"key of {one.key.account}" if one.key.account else "the fleet's key"
    return f"{whose}, epoch {one.key.epoch}"


def _p(value: float) -> str:
    return f"{value:.2g}" if value > 0 else "below 1e-300"
