"""p-values over the share of marked text, as one SVG that needs no other program."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from stillwatch.experiments.run import SHARES, Point

WIDTH, HEIGHT = 800, 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 260, 30, 60
_LEAST = -300.0
_TICKS = (0.0, -1.0, -3.0, -6.0, -10.0, -30.0, -100.0, -300.0)
_COLOURS = ("#cf5f0c", "#2d8bb4", "#5f23a9", "#23573d", "#981f6e", "#8a96a2")
"""The report's, told apart under every form of dichromacy; lines are told apart by their dashes too."""
_DASHES = ("", "6 3", "2 3", "9 3 2 3", "12 4", "1 4")


Line = tuple[str, list[list[float]]]
"""A name, and log10 of p of every seed at each of `SHARES`; no seed at all for a share that was not tried."""


def picture(points: Sequence[Point], title: str) -> str:
    """A line for each way of auditing."""
    modes = list(dict.fromkeys(point.row.mode for point in points))
    lines = [
        (mode, [[p.row.campaign for p in points if p.row.mode == mode and p.share == share] for share in SHARES])
        for mode in modes
    ]
    lines.append(("keys that marked nothing, least", _others(points)))
    return chart(lines, title, "p of the campaign's key, among all candidates", _LEAST)


def chart(lines: Sequence[Line], title: str, above: str, least: float) -> str:
    """The middle of the seeds of each line, with all of them as dots, down to 10 to the power of `least`."""
    drawn = "".join(_line(*one, place, least) for place, one in enumerate(lines))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
        f'font-size="12"><rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>'
        f"<title>{escape(title)}</title>{_axes(above, least)}{drawn}</svg>\n"
    )


def _others(points: Sequence[Point]) -> list[list[float]]:
    return [[p.row.others for p in points if p.share == share] for share in SHARES]


def _axes(above: str, least: float) -> str:
    marks = [f'<text x="{_LEFT}" y="18">{escape(above)}</text>']
    for tick in (tick for tick in _TICKS if tick >= least):
        y = _down(tick, least)
        label = "1" if tick == 0 else f"1e{tick:.0f}"
        marks.append(f'<line x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#dde2e6"/>')
        marks.append(f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{label}</text>')
    for place, share in enumerate(SHARES):
        marks.append(f'<text x="{_across(place):.1f}" y="{HEIGHT - 36}" text-anchor="middle">{share:.0%}</text>')
    middle = (_LEFT + WIDTH - _RIGHT) / 2
    marks.append(f'<text x="{middle}" y="{HEIGHT - 12}" text-anchor="middle">marked part of the training text</text>')
    return "".join(marks)


def _line(name: str, values: list[list[float]], place: int, least: float) -> str:
    colour, dash = _COLOURS[place % len(_COLOURS)], _DASHES[place % len(_DASHES)]
    middles = [(x, sorted(group)[len(group) // 2]) for x, group in enumerate(values) if group]
    path = " ".join(f"{_across(x):.1f},{_down(value, least):.1f}" for x, value in middles)
    dots = "".join(
        f'<circle cx="{_across(x):.1f}" cy="{_down(value, least):.1f}" r="2.5" fill="{colour}"/>'
        for x, group in enumerate(values)
        for value in group
    )
    y = _TOP + 20 * place + 10
    at = WIDTH - _RIGHT + 16
    style = f'fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"'
    key = f'<line x1="{at}" x2="{at + 26}" y1="{y}" y2="{y}" {style}/>'
    key += f'<text x="{at + 32}" y="{y + 4}">{escape(name)}</text>'
    return f'<polyline points="{path}" {style}/>{dots}{key}'


def _across(place: float) -> float:
    return _LEFT + (WIDTH - _LEFT - _RIGHT) * (place + 0.5) / len(SHARES)


def _down(log10_p: float, least: float) -> float:
    """The root of the exponent: 1e-6 stands well away from 1, and 1e-300 is still on the page."""
    return _TOP + (HEIGHT - _TOP - _BOTTOM) * math.sqrt(max(log10_p, least) / least)
