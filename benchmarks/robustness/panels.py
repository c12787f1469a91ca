"""Small charts side by side with lines in them, as one SVG that needs no other program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_WIDTH, _HEIGHT = 300, 220
_LEFT, _TOP, _BOTTOM = 46, 34, 34
_KEY = 26
_COLOURS = ("#cf5f0c", "#2d8bb4", "#5f23a9", "#23573d", "#981f6e", "#8a96a2", "#8c6d00", "#1f2a44")
"""The report's, told apart under every form of dichromacy; lines are told apart by their dashes too."""
_DASHES = ("", "6 3", "2 3", "9 3 2 3", "12 4", "1 4", "4 2", "8 2 8 2")


@dataclass(frozen=True, slots=True)
class Line:
    """Points (across, up) with the name of what they are, joined or not. `spreads`: half a bar up and down of each."""

    name: str
    points: Sequence[tuple[float, float]]
    spreads: Sequence[float] = ()
    is_joined: bool = True


@dataclass(frozen=True, slots=True)
class Panel:
    """One chart. `across` and `up`: the labels of the axes at their values."""

    title: str
    lines: Sequence[Line]
    across: Sequence[tuple[float, str]]
    up: Sequence[tuple[float, str]]


def picture(panels: Sequence[Panel], columns: int) -> str:
    """All panels in rows, and what their lines are, below."""
    names = list(dict.fromkeys(line.name for panel in panels for line in panel.lines))
    rows = -(-len(panels) // columns)
    width, height = columns * _WIDTH + 10, rows * _HEIGHT + _KEY * (-(-len(names) // columns))
    drawn = "".join(
        f'<g transform="translate({place % columns * _WIDTH},{place // columns * _HEIGHT})">{_panel(panel, names)}</g>'
        for place, panel in enumerate(panels)
    )
    keys = "".join(_key(name, place, rows, columns) for place, name in enumerate(names))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
        f'font-size="11"><rect width="{width}" height="{height}" fill="#fff"/>{drawn}{keys}</svg>\n'
    )


def _panel(panel: Panel, names: Sequence[str]) -> str:
    parts = [f'<text x="{_LEFT}" y="18" font-weight="bold">{escape(panel.title)}</text>']
    for value, label in panel.up:
        y = _down(panel, value)
        parts.append(f'<line x1="{_LEFT}" x2="{_WIDTH - 8}" y1="{y:.1f}" y2="{y:.1f}" stroke="#dde2e6"/>')
        parts.append(f'<text x="{_LEFT - 5}" y="{y + 4:.1f}" text-anchor="end">{escape(label)}</text>')
    for value, label in panel.across:
        at = f'x="{_over(panel, value):.1f}" y="{_HEIGHT - _BOTTOM + 16}"'
        parts.append(f'<text {at} text-anchor="middle">{escape(label)}</text>')
    parts += [_line(panel, line, names.index(line.name)) for line in panel.lines]
    return "".join(parts)


def _line(panel: Panel, line: Line, place: int) -> str:
    at = [(_over(panel, across), _down(panel, up)) for across, up in line.points]
    colour = _COLOURS[place % len(_COLOURS)]
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{colour}"/>' for x, y in at)
    bars = "".join(
        f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{_down(panel, up - half):.1f}" y2="{_down(panel, up + half):.1f}" '
        f'stroke="{colour}"/>'
        for (x, _), (_, up), half in zip(at, line.points, line.spreads, strict=False)
    )
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in at) if line.is_joined else ""
    return f'<polyline points="{path}" {_style(place)}/>{bars}{dots}'


def _key(name: str, place: int, rows: int, columns: int) -> str:
    x, y = place % columns * _WIDTH + _LEFT, rows * _HEIGHT + _KEY * (place // columns) + 8
    dot = f'<circle cx="{x + 14}" cy="{y}" r="2.5" fill="{_COLOURS[place % len(_COLOURS)]}"/>'
    text = f'<text x="{x + 34}" y="{y + 4}">{escape(name)}</text>'
    return f'<line x1="{x}" x2="{x + 28}" y1="{y}" y2="{y}" {_style(place)}/>{dot}{text}'


def _style(place: int) -> str:
    colour, dash = _COLOURS[place % len(_COLOURS)], _DASHES[place % len(_DASHES)]
    return f'fill="none" stroke="{colour}" stroke-width="1.8" stroke-dasharray="{dash}"'


def _over(panel: Panel, value: float) -> float:
    low, high = panel.across[0][0], panel.across[-1][0]
    return _LEFT + 8 + (_WIDTH - _LEFT - 24) * (value - low) / (high - low)


def _down(panel: Panel, value: float) -> float:
    low, high = panel.up[0][0], panel.up[-1][0]
    share = min(max((value - low) / (high - low), 0.0), 1.0)
    return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * share
