"""evaluation.html: the figures for people, as one file that loads nothing and works without JavaScript."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from jinja2 import Environment
from markupsafe import Markup

from stillwatch.evaluation import pictures
from stillwatch.evaluation.adaptive.picture import learning_curve
from stillwatch.evaluation.adaptive.round import in_a_sentence
from stillwatch.evaluation.by_level import cost_plots, leak_plots, times
from stillwatch.evaluation.detectors.hunt import Stillwatch
from stillwatch.evaluation.plot import in_words, percent
from stillwatch.evaluation.summary import Evaluation
from stillwatch.report import wording
from stillwatch.report.content_policy import content_policy
from stillwatch.report.environment import environment


def page(evaluation: Evaluation) -> str:
    """The report as HTML; the same evaluation gives the same bytes."""
    style = _style()
    own = next((one for one in evaluation.detectors if one.name == Stillwatch().name and one.figures), None)
    return (
        _environment()
        .get_template("evaluation.html")
        .render(
            policy=content_policy(style, ""),
            style=Markup(style),  # noqa: S704 - our own files, and their hash is in the policy
            script="",
            evaluation=evaluation,
            own=own,
            ran=pictures.with_figures(evaluation),
            levels=pictures.levels_of(evaluation),
            headline=pictures.headline(evaluation),
            recall=pictures.recall_by_level(evaluation),
            leak_curves=pictures.leak_curves(evaluation),
            calibration=pictures.calibration(evaluation),
            windows=pictures.windows(evaluation),
            leaks_by_level=pictures.leaks_by_level,
            leak_plots=leak_plots(own.figures.leaks, pictures.levels_of(evaluation)) if own and own.figures else (),
            cost_plots=cost_plots(own.figures.costs, own.title) if own and own.figures and own.figures.costs else (),
            learning_curve=learning_curve,
            in_a_sentence=in_a_sentence,
            times=times,
            honest_windows=pictures.honest_windows(evaluation),
            window_tests=pictures.WINDOW_TESTS,
            style_of=pictures.style_of,
        )
    )


def _style() -> str:
    """The colours and type of the hunt's report, and what only plots need."""
    of_report = (files("stillwatch.report") / "templates" / "style.css").read_text("utf-8")
    return of_report + (files("stillwatch.evaluation") / "templates" / "evaluation.css").read_text("utf-8")


@cache
def _environment() -> Environment:
    return environment("stillwatch.evaluation", wording.visible, (in_words, percent, wording.count, wording.family))
