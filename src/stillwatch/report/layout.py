"""Where the accounts of a ring stand in its picture: a small force layout, the same every time.

Accounts repel each other, links pull with their weight, so that groups that hang together stand together.
Source: Fruchterman & Reingold (1991), Software: Practice and Experience 21(11), with the pull divided by the square
root of both degrees, or a dense ring falls into one point. Quadratic in accounts: meant for at most a few hundred.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_ROUNDS = 120  # measured: the picture of 150 accounts does not visibly change after 100
_GOLDEN_ANGLE = math.pi * (3 - math.sqrt(5))
_PULL = 0.5  # chosen: with more, groups shrink to points
_GRAVITY = 0.35  # chosen: pieces without a link between them stay in the picture

Point = tuple[float, float]
Matrix = NDArray[np.float64]  # (nodes, nodes)
Places = NDArray[np.float64]  # (nodes, 2)


def spread(nodes: int, links: Sequence[tuple[int, int, float]]) -> list[Point]:
    """A place in the unit square for each node 0..nodes-1; links are (left, right, weight > 0)."""
    if nodes == 0:
        return []
    if nodes == 1:
        return [(0.5, 0.5)]
    places = _start(nodes, links)
    room = 1 / math.sqrt(nodes)  # the paper's k: the distance at which push and pull balance
    pull = _pull(nodes, links)
    for step in np.linspace(0.12, 0.004, _ROUNDS):
        places = places + _moves(places, pull, room, float(step))
    return _fitted(places)


def _start(nodes: int, links: Sequence[tuple[int, int, float]]) -> Places:
    """A sunflower filled in the order of a walk along the heaviest links: neighbours start near each other."""
    places = np.empty((nodes, 2))
    for turn, node in enumerate(_walk(nodes, links)):
        radius, angle = 0.5 * math.sqrt((turn + 0.5) / nodes), turn * _GOLDEN_ANGLE
        places[node] = radius * math.cos(angle), radius * math.sin(angle)
    return places


def _walk(nodes: int, links: Sequence[tuple[int, int, float]]) -> list[int]:
    neighbours: list[list[tuple[float, int]]] = [[] for _ in range(nodes)]
    for left, right, weight in links:
        neighbours[left].append((-weight, right))
        neighbours[right].append((-weight, left))
    order: list[int] = []
    seen: set[int] = set()
    for root in sorted(range(nodes), key=lambda node: (-len(neighbours[node]), node)):
        stack = [root]
        while stack:
            node = stack.pop()
            if node not in seen:
                seen.add(node)
                order.append(node)
                stack.extend(other for _, other in sorted(neighbours[node], reverse=True) if other not in seen)
    return order


def _pull(nodes: int, links: Sequence[tuple[int, int, float]]) -> Matrix:
    matrix = np.zeros((nodes, nodes))  # symmetric; mean weight of a link is 1 before the degrees are divided out
    for left, right, weight in links:
        matrix[left, right] = matrix[right, left] = weight
    if links:
        matrix /= sum(weight for _, _, weight in links) / len(links)
    degree = np.maximum(matrix.sum(axis=1), 1.0)
    pull: Matrix = matrix / np.sqrt(degree[:, None] * degree[None, :])
    return pull


def _moves(places: Places, pull: Matrix, room: float, longest: float) -> Places:
    across, along = (places[:, None, axis] - places[None, :, axis] for axis in (0, 1))  # (nodes, nodes) each
    squared = across * across + along * along + 1e-12
    force = room**2 / squared - _PULL / room * pull * np.sqrt(squared)  # per unit of distance
    moves = np.column_stack(((force * across).sum(axis=1), (force * along).sum(axis=1))) - _GRAVITY * places
    length = np.hypot(moves[:, 0], moves[:, 1]) + 1e-9
    shortened: Places = moves * (np.minimum(length, longest) / length)[:, None]
    return shortened


def _fitted(places: Places) -> list[Point]:
    low, high = places.min(axis=0), places.max(axis=0)
    size = np.maximum(high - low, 1e-9)
    return [(round(float(x), 4), round(float(y), 4)) for x, y in (places - low) / size]
