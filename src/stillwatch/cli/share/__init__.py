"""`stillwatch share`: tell an alliance of a campaign, take in what it tells, dispute, withdraw."""

from __future__ import annotations

from collections.abc import Callable

import typer

from stillwatch.cli.share import appealing, hearing, listening, reporting, saying, telling

app = typer.Typer(help="Tell an alliance, and hear from it.", no_args_is_help=True)


@app.callback()
def _share() -> None:
    """Tell an alliance, and hear from it (docs/sharing.md)."""


_COMMANDS: dict[str, Callable[..., None]] = {
    "key": telling.key,
    "propose": telling.propose,
    "show": telling.show,
    "list": telling.list_,
    "approve": telling.approve,
    "publish": telling.publish,
    "pull": hearing.pull,
    "listen": listening.listen,
    "inbox": hearing.inbox,
    "match": hearing.match,
    "sight": saying.sight,
    "dispute": saying.dispute,
    "revoke": saying.revoke,
    "uphold": appealing.uphold,
    "reviews": appealing.reviews,
    "acknowledged": saying.acknowledged,
    "verify": hearing.verify,
    "report": reporting.report,
}
for _name, _command in _COMMANDS.items():
    app.command(_name)(_command)
