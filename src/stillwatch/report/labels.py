"""Names beside the accounts of a small ring, where there is room for them and nowhere else.

Each name takes the first side of its account that covers no other account and no name already set. A name without room
is left to the pointer, the keyboard and the table below the picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_LETTER = 8.2  # widest mean letter, in units of the drawing, at the size that a phone shows
_LINE = 16.0
_CLEARANCE = 4.0

Box = tuple[float, float, float, float]  # left, top, right, bottom


@dataclass(frozen=True, slots=True)
class Spot:
    """An account in the drawing, with the name that it should show."""

    name: str
    x: float
    y: float
    radius: float


@dataclass(frozen=True, slots=True)
class Label:
    """A name in the drawing; `anchor` says which part of it stands at x: start, middle or left (its end)."""

    node: int
    x: float
    y: float
    anchor: str
    text: str


def labels(spots: Sequence[Spot], width: float, height: float) -> tuple[Label, ...]:
    """The names that fit in a drawing of the given size, none over another."""
    taken = [_disc(spot) for spot in spots]
    placed = []
    for node, spot in enumerate(spots):
        for label, box in _sides(node, spot):
            others = (other for at, other in enumerate(taken) if at != node)
            if _inside(box, width, height) and not any(_overlap(box, other) for other in others):
                taken.append(box)
                placed.append(label)
                break
    return tuple(placed)


def _sides(node: int, spot: Spot) -> list[tuple[Label, Box]]:
    length, away = _LETTER * len(spot.name), spot.radius + _CLEARANCE
    x, y = spot.x, spot.y
    top, bottom = y - _LINE / 2, y + _LINE / 2
    return [
        (_label(node, x + away, y + 4, "start", spot.name), (x + away, top, x + away + length, bottom)),
        (_label(node, x - away, y + 4, "left", spot.name), (x - away - length, top, x - away, bottom)),
        (
            _label(node, x, y + away + 10, "middle", spot.name),
            (x - length / 2, y + away - 2, x + length / 2, y + away - 2 + _LINE),
        ),
        (
            _label(node, x, y - away - 1, "middle", spot.name),
            (x - length / 2, y - away + 2 - _LINE, x + length / 2, y - away + 2),
        ),
    ]


def _label(node: int, x: float, y: float, anchor: str, text: str) -> Label:
    return Label(node, round(x, 1), round(y, 1), anchor, text)


def _disc(spot: Spot) -> Box:
    return (spot.x - spot.radius, spot.y - spot.radius, spot.x + spot.radius, spot.y + spot.radius)


def _inside(box: Box, width: float, height: float) -> bool:
    return box[0] >= 0 and box[1] >= 0 and box[2] <= width and box[3] <= height


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
