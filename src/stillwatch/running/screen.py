"""A snapshot as people see it: on a terminal a page that stands still, elsewhere a line for each thing that changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from stillwatch.decision.verdict import Step, Verdict
from stillwatch.running.snapshot import Part, Snapshot

MOST_VERDICTS = 4
MOST_REASONS = 4
_STYLES = {Step.ALLOW: "green", Step.DELAY: "yellow", Step.DEGRADE: "dark_orange", Step.VERIFY: "red", Step.DENY: "red"}


def page(seen: Snapshot, title: str) -> RenderableType:
    """The whole page."""
    parts: list[RenderableType] = [_head(seen, title)]
    if seen.population:
        parts.append(_population(seen.population))
    parts.append(_verdicts(seen))
    return Group(*parts)


def changes(before: Snapshot | None, seen: Snapshot) -> Iterator[str]:
    """What changed since `before`, a sentence each: for logs and pipes."""
    known = {verdict.id: verdict for verdict in before.verdicts} if before else {}
    for verdict in seen.verdicts:
        if known.get(verdict.id) != verdict:
            yield _sentence(verdict)
    for id in known.keys() - {verdict.id for verdict in seen.verdicts}:
        yield f"Verdict {id} is no longer in force."
    restarts = {part.name: part.restarts for part in before.parts} if before else {}
    for part in seen.parts:
        if part.restarts > restarts.get(part.name, 0):
            yield f"The {part.name} died and was started again."


def _head(seen: Snapshot, title: str) -> RenderableType:
    text = Text()
    text.append("Stillwatch ", "bold")
    text.append(f"takes requests at http://{seen.address}, {title}\n")
    for part in seen.parts:
        text.append("● ", "green" if part.lives else "red")
        text.append(f"{_part(part)}   ")
    looks = seen.tracer.get("looks", 0)
    if said := seen.tracer.get("problem") or seen.tracer.get("waiting"):
        text.append(f"\nThe tracer: {said}", "yellow")
    elif looks:
        text.append(
            f"\n{looks} {'look' if looks == 1 else 'looks'} at {seen.tracer.get('exchanges', 0):,} exchanges, "
            f"the last took {seen.tracer.get('last_look_seconds', 0):.0f} s",
            "dim",
        )
    else:
        text.append("\nThe tracer looks for the first time", "dim")
    return text


def _part(part: Part) -> str:
    return f"{part.name} (started again {part.restarts} x)" if part.restarts else part.name


def _population(said: Mapping[str, Any]) -> RenderableType:
    """Who asks, and how they fared in the last seconds."""
    wait = said.get("campaign_in_seconds", 0)
    title = f"Who asks (last 10 s; the campaign begins in {wait:.0f} s)" if wait else "Who asks (last 10 s)"
    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", title_style="bold", padding=(0, 1))
    table.add_column("")
    for name in ("accounts", "requests", "answered", "limited", "delayed", "without reasoning", "median time"):
        table.add_column(name, justify="right")
    for label, kind in said.get("classes", {}).items():
        recent = kind["recent"]
        numbers = [recent["sent"], recent["answered"], recent["limited"], recent["delayed"]]
        hidden = f"{recent['without_reasoning']:,} of {recent['wanted_reasoning']:,}"
        cells = [f"{number:,}" for number in [kind["accounts"], *numbers]]
        style = "dark_orange" if "campaign" in label else ""
        table.add_row(label.replace("_", " "), *cells, hidden, f"{recent['seconds_median']:.2f} s", style=style)
    return table


def _verdicts(seen: Snapshot) -> RenderableType:
    if not seen.verdicts:
        return Panel("Nobody is treated otherwise than everybody else.", title="Verdicts", title_align="left")
    shown = sorted(seen.verdicts, key=lambda verdict: (-verdict.step, -len(verdict.accounts)))
    parts: list[RenderableType] = [_verdict(verdict) for verdict in shown[:MOST_VERDICTS]]
    if len(shown) > MOST_VERDICTS:
        parts.append(Text(f"and {len(shown) - MOST_VERDICTS} more: stillwatch verdict list", "dim"))
    undo = f"Undo: stillwatch verdict lift {shown[0].id} --reason ... --journal {seen.journal}"
    return Panel(Group(*parts, Text(undo, "dim", overflow="fold")), title="Verdicts", title_align="left")


def _verdict(verdict: Verdict) -> RenderableType:
    table = Table.grid(padding=(0, 1))
    ring = f" of campaign {verdict.campaign}" if verdict.campaign else ""
    what = f"{len(verdict.accounts)} accounts{ring}, until {_day(verdict.expires_us)}"
    table.add_row(Text(verdict.step.name.lower(), _STYLES[verdict.step]), what)
    for reason in _told(verdict):
        table.add_row("", Text(reason, "dim"))
    return table


def _sentence(verdict: Verdict) -> str:
    ring = f" of campaign {verdict.campaign}" if verdict.campaign else ""
    return (
        f"Verdict {verdict.id}: {verdict.step.name.lower()} for {len(verdict.accounts)} accounts{ring} "
        f"until {_day(verdict.expires_us)}: {' · '.join(_told(verdict))}"
    )


def _told(verdict: Verdict) -> list[str]:
    """The first reasons, and the last, which is the error rate where a tracer decided."""
    return [*verdict.reasons[: MOST_REASONS - 1], *verdict.reasons[MOST_REASONS - 1 :][-1:]]


def _day(us: int) -> str:
    return f"{datetime.fromtimestamp(us / 1e6, UTC):%Y-%m-%d %H:%M} UTC"


def where_logs_are(run: Path) -> str:
    """For people who want to know more."""
    return f"What the processes say: {run}/*.log"
