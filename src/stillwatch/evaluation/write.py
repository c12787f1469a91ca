"""The evaluation as files: evaluation.json for machines, evaluation.html for people."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import msgspec

from stillwatch.evaluation.page import page
from stillwatch.evaluation.summary import Evaluation
from stillwatch.report.atomic_file import write_atomically


def write_evaluation(evaluation: Evaluation, out: Path) -> None:
    """Write both files into `out`, each whole or not at all."""
    write_atomically(out / "evaluation.html", page(evaluation))
    write_atomically(out / "evaluation.json", json.dumps(as_json(evaluation), indent=1, allow_nan=False) + "\n")


def as_json(evaluation: Evaluation) -> dict[str, Any]:
    """The document of evaluation.json: the evaluation field by field; what is not finite is null."""
    document: dict[str, Any] = _finite(msgspec.to_builtins(evaluation))
    return document


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
