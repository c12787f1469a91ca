"""report.html: a review for people, as one file that loads nothing and works without JavaScript.

What is said is decided in `summary`, `card` and `people`, how numbers read in `wording`, where marks stand in
`timeline` and `ring`; the templates only set them. Every name and sentence from a log passes two doors: `visible`
spells out what could deceive the eye, and autoescaping keeps it text.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment
from markupsafe import Markup

from stillwatch.campaigns.campaign import Review
from stillwatch.report import wording
from stillwatch.report.atomic_file import write_atomically
from stillwatch.report.bounds import MOST_BYTES, Bounds
from stillwatch.report.card import OTHER_COLOUR, anchors, cards, colour
from stillwatch.report.content_policy import content_policy
from stillwatch.report.environment import environment
from stillwatch.report.findings import findings
from stillwatch.report.order import campaigns_by_weight
from stillwatch.report.people import account_table, cleared_list, rule_table
from stillwatch.report.ring import Ring
from stillwatch.report.summary import flagged_exchanges, summary
from stillwatch.report.timeline import Series, Timeline, finest_us, merged, timeline

_TEMPLATES = Path(__file__).parent / "templates"


def write_report(review: Review, path: Path) -> None:
    """Write report.html at `path`, whole or not at all. Raises `UnwritableFinding` and `FileNotWritten`."""
    findings(review)  # a number that findings.json refuses is not shown to people either
    write_atomically(path, page(review))


def page(review: Review) -> str:
    """The report as HTML of at most `MOST_BYTES`; the same review gives the same bytes."""
    templates, bounds = _environment(), Bounds()
    html = _render(templates, review, bounds)
    while len(html.encode("utf-8")) > MOST_BYTES and not bounds.are_smallest:
        bounds = bounds.halved()
        html = _render(templates, review, bounds)
    return html


def _render(templates: Environment, review: Review, bounds: Bounds) -> str:
    style, script = ((_TEMPLATES / name).read_text("utf-8") for name in ("style.css", "page.js"))
    told = cards(review, bounds)
    return templates.get_template("page.html").render(
        policy=content_policy(style, script),
        style=Markup(style),  # noqa: S704 - our own file, and its hash is in the policy
        script=Markup(script),  # noqa: S704 - our own file, and its hash is in the policy
        review=review,
        summary=summary(review),
        traffic=_traffic(review),
        flagged_exchanges=flagged_exchanges(review),
        cards=told,
        rings=[_ring_for_script(card.anchor, card.ring) for card in told.full if card.ring],
        rules=rule_table(review, bounds.rules),
        cleared=cleared_list(review, bounds.cleared, bounds.cleared_names),
        accounts=account_table(review, anchors(told), bounds.accounts),
        family_meaning=wording.FAMILY_MEANING,
        families=sorted({e.family for c in review.campaigns for e in c.evidence}),
    )


def _traffic(review: Review) -> Timeline | None:
    """All traffic with the campaigns in it: eight in colours of their own, the others together."""
    told = [(colour(place), c) for place, c in enumerate(campaigns_by_weight(review)) if c.timeline]
    series = [Series(wording.clipped(c.id), own, c.timeline) for own, c in told if own != OTHER_COLOUR]
    others = [c.timeline for own, c in told if own == OTHER_COLOUR]
    if others:
        name = wording.counted(len(others), "other campaign or ring", "other campaigns and rings")
        series.append(merged(name, OTHER_COLOUR, others))
    everything = review.timeline or tuple(b for one in series for b in one.bins)
    return timeline(review.timeline, series, finest_us(everything))


def _ring_for_script(anchor: str, drawn: Ring) -> dict[str, object]:
    """What the script needs to answer pointer and keyboard in a ring: names, and which links join them."""
    return {
        "anchor": anchor,
        "names": [wording.visible(node.name) for node in drawn.nodes],
        "links": [[edge.left, edge.right] for edge in drawn.edges],
    }


@cache
def _environment() -> Environment:
    return environment("stillwatch.report", _door, _FILTERS)


def _door(text: str) -> str:
    return wording.clipped(wording.visible(text[: 2 * wording.TEXT_LETTERS]), wording.TEXT_LETTERS)


_FILTERS = (
    colour,
    wording.capitalize_first,
    wording.clipped,
    wording.compact,
    wording.count,
    wording.counted,
    wording.days,
    wording.duration,
    wording.e_value,
    wording.family,
    wording.figure,
    wording.hypothesis,
    wording.moment,
    wording.one_in_level,
    wording.percent,
    wording.sentence,
)
