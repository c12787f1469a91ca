"""The figures of one detector that a terminal tells in lines: what leaked, what evasion costs, rings, collateral."""

from __future__ import annotations

from stillwatch.evaluation.metrics.cost import Cost, Multiple
from stillwatch.evaluation.metrics.leak import CampaignLeak
from stillwatch.evaluation.plot import in_words, percent
from stillwatch.evaluation.summary import DetectorSummary, Figures

HEADINGS = ("harvested", "shown", "half", "90 %", "alert", "price", "if shown")
"""Of `leak_rows`: exchanges; shares of them got before half of the accounts were shown, before half were acted on and
before 90 % were; hours to the first alert; accounts an exchange, times those at E0, if who is acted on, and who is
shown, gets no more."""


def leak_rows(one: DetectorSummary) -> list[tuple[str, ...]]:
    """A row a campaign, under a first column for its name and `HEADINGS`."""
    if one.figures is None:
        return []
    cost = {row.level: row for row in one.figures.costs}
    return [tuple(map(_spaced, (leak.campaign, *_row(leak, cost.get(leak.level))))) for leak in one.figures.leaks]


def lines(one: DetectorSummary) -> list[str]:
    """Sentences with exact bounds about accounts, rings and honest classes."""
    figures = one.figures
    if figures is None:
        return []
    said = [_accounts(figures)]
    if figures.b_cubed is not None and figures.b_cubed.recall is not None:
        precision = "-" if figures.b_cubed.precision is None else f"{figures.b_cubed.precision:.2f}"
        said.append(f"Rings: B-cubed precision {precision}, recall {figures.b_cubed.recall:.2f}.")
    hurt = [row for row in figures.collateral if row.campaign.successes or row.act.successes]
    honest = f"Honest accounts shown as a campaign: {in_words(figures.operating_point.honest_shown)}"
    said.append(f"{honest}{_classes([(row.name, row.campaign.successes) for row in hurt])}.")
    return [_spaced(line) for line in said]


def _spaced(text: str) -> str:
    """With spaces that a terminal may break at."""
    return text.replace("\u00a0", " ")


def _row(leak: CampaignLeak, cost: Cost | None) -> tuple[str, ...]:
    return (
        f"{leak.harvested:,}",
        _share(leak.listed_before_half, leak.harvested, done=leak.is_half_listed),
        _share(leak.before_half, leak.harvested, done=leak.is_half_acted),
        _share(leak.before_most, leak.harvested, done=leak.is_most_acted),
        "-" if leak.first_alert_hours is None else f"{leak.first_alert_hours:.0f} h",
        "-" if cost is None else _multiple(cost.accounts),
        "-" if cost is None else _multiple(cost.accounts_unseen),
    )


def _share(harvested: int, of: int, *, done: bool) -> str:
    return percent(harvested / of) if done and of else "all"


def _multiple(multiple: Multiple) -> str:
    return "none kept" if multiple.value is None else f"x {multiple.value:.3g}"


def _accounts(figures: Figures) -> str:
    found, heavy = figures.accounts, figures.accounts_heavy
    return (
        f"Accounts of campaigns found at a false-positive rate of {percent(found.fpr)}: {in_words(found.recall)}; "
        f"beside heavy honest accounts alone, at {percent(heavy.fpr)}: {in_words(heavy.recall)}."
    )


def _classes(hurt: list[tuple[str, int]]) -> str:
    return f": {', '.join(f'{count:,} of {name}' for name, count in hurt)}" if hurt else ""
