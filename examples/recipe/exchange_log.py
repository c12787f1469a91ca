"""Writes the exchanges of all runs as one log in time order, a file a simulated day, and the truth beside them."""

import gzip
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from recipe.runs import Run, Sent


def write(sent: Sequence[Sent], runs: Sequence[Run], folder: Path) -> None:
    """Replace the logs in `folder` by `sent` and say in `truth.json` beside it whose accounts they are."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.jsonl.gz"):
        old.unlink()
    days: dict[str, list[str]] = {}
    for number, exchange in enumerate(sorted(sent, key=lambda one: one[0]), start=1):
        day = datetime.fromtimestamp(exchange[0] / 1e6, UTC).date().isoformat()
        days.setdefault(day, []).append(_line(number, exchange))
    for day, lines in days.items():
        text = "".join(f"{line}\n" for line in lines)
        # mtime=0 keeps the bytes the same for the same content
        (folder / f"{day}.jsonl.gz").write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    folder.with_name("truth.json").write_text(json.dumps(_truth(sent, runs), indent=1) + "\n", encoding="utf-8")


def _line(number: int, exchange: Sent) -> str:
    ts_us, account, request = exchange
    fields: dict[str, Any] = {"ts_us": ts_us, "id": f"ex-{number:05d}"}
    fields |= account.fields() | {"method": request.method, "path": request.path, "headers": request.headers}
    fields |= {"body": request.body, "status": request.status}
    if request.response is not None:
        fields["response"] = request.response
    fields["usage"] = {"input_tokens": request.input_tokens, "output_tokens": request.output_tokens}
    return json.dumps(fields, separators=(",", ":"), ensure_ascii=False)


def _truth(sent: Sequence[Sent], runs: Sequence[Run]) -> dict[str, Any]:
    counts: dict[str, int] = {}
    for _, account, _ in sent:
        counts[account.account] = counts.get(account.account, 0) + 1
    described = [
        {
            "run": run.name,
            "label": run.label,
            "client": run.client,
            "organizations": len({account.organization for account in run.accounts.values()}),
            "exchanges": sum(counts.get(account.account, 0) for account in run.accounts.values()),
            "accounts": [account.account for account in run.accounts.values()],
        }
        for run in runs
    ]
    return {"schema": "stillwatch.example-truth/1", "exchanges": len(sent), "runs": described}
