"""Text can be read and marks can be told from paper, in light and in dark (WCAG 2.2, 1.4.3 and 1.4.11, level AA)."""

from __future__ import annotations

import itertools
import math
import re
from importlib.resources import files

import pytest

STYLE = (files("stillwatch.report") / "templates" / "style.css").read_text("utf-8")
COLOURS = {
    name: {"light": light, "dark": dark}
    for name, light, dark in re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", STYLE)
}
THEMES = ("light", "dark")
CAMPAIGNS = tuple(f"c{number}" for number in range(1, 9))


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("text", "ground"), list(itertools.product(("ink", "quiet", "accent"), ("paper", "raised"))))
def test_text_stands_out(text: str, ground: str, theme: str) -> None:
    assert contrast(COLOURS[text][theme], COLOURS[ground][theme]) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
def test_text_on_a_filled_chip_stands_out(theme: str) -> None:
    assert contrast(COLOURS["paper"][theme], COLOURS["ink"][theme]) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("mark", (*CAMPAIGNS, "other", "rest", "edge"))
def test_marks_stand_out_from_the_paper(mark: str, theme: str) -> None:
    assert contrast(COLOURS[mark][theme], COLOURS["paper"][theme]) >= 3.0


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("eye", ["protan", "deutan", "tritan", "full"])
def test_campaigns_are_told_apart_by_every_eye(eye: str, theme: str) -> None:
    """Distance in CIELAB after simulated dichromacy; 15 is over six times what is just noticeable (about 2.3)."""
    seen = [lab(as_seen(COLOURS[name][theme], eye)) for name in (*CAMPAIGNS, "rest")]
    assert min(math.dist(one, other) for one, other in itertools.combinations(seen, 2)) >= 15


Triple = tuple[float, float, float]

# Linear RGB under full dichromacy. Source: Machado, Oliveira & Fernandes (2009), IEEE TVCG 15(6), severity 1.0.
EYES = {
    "full": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protan": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deutan": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritan": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}


def linear(colour: str) -> Triple:
    values = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in values)
    return red, green, blue


def luminance(colour: str) -> float:
    red, green, blue = linear(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def as_seen(colour: str, eye: str) -> Triple:
    rgb = linear(colour)
    red, green, blue = (min(1.0, max(0.0, sum(w * v for w, v in zip(row, rgb, strict=True)))) for row in EYES[eye])
    return red, green, blue


def lab(rgb: Triple) -> Triple:
    red, green, blue = rgb
    x = (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.9505
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    z = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.089
    fx, fy, fz = (v ** (1 / 3) if v > 0.008856 else 7.787 * v + 16 / 116 for v in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)
