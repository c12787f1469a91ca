"""`stillwatch audit`: was a model trained on our outputs? Plan first, then ask, then report."""

from __future__ import annotations

import typer

from stillwatch.cli import audit_likeness, audit_markers, audit_plan, audit_read, audit_report, audit_run

app = typer.Typer(help="Audits of suspect models.", no_args_is_help=True)


@app.callback()
def _audit() -> None:
    """Audits of suspect models."""


for _command in (
    audit_plan.plan,
    audit_run.run,
    audit_report.report,
    audit_read.read,
    audit_markers.probe,
    audit_markers.markers,
    audit_likeness.record,
    audit_likeness.same_model,
    audit_likeness.family,
    audit_likeness.similar,
):
    app.command()(_command)
