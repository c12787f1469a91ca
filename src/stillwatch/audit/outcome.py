"""What an audit came to, as a document for machines and a page for people."""

from __future__ import annotations

import base64
import hashlib
import math
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from stillwatch.audit.answers import Answers, Outcome
from stillwatch.audit.chernoff import Mass
from stillwatch.audit.dossier import Dossier
from stillwatch.audit.finding import Finding, Refused
from stillwatch.audit.protocol import Mode
from stillwatch.audit.record import Entry
from stillwatch.watermark.detect import Score

SHOWN = "Where a key is found, the suspect was trained on text that carries this key's mark, or on a copy of such text."
CHANCE = "The p-value {is_} the chance of {what} in a model that had nothing to do with any of the keys tried."
NOT_SHOWN = (
    "Who fetched the text: an account's key says through which account it left, and text can be passed on.",
    "Whether anybody meant to train on it, or knew.",
    "That a model in which no key is found is clean: paraphrase, little marked text, or later training hide it.",
)
_LEAST_LOG_E = -700.0
"""What is lost by then is lost: minus infinity is shown as this."""
_PLAIN_TENS = 3
"""Powers of ten of e-values that are written out."""


@dataclass(frozen=True, slots=True)
class OnRecord:
    """What the journal holds of an audit: the frozen plan, each key's commitment by its digest, and its head now."""

    plan: Entry
    keys: dict[str, Entry]
    head: str


def document(
    dossier: Dossier,
    on_record: OnRecord,
    said: dict[str, Answers],
    found: Finding | Refused,
    *,
    tokens_given: bool,
    weights: dict[str, str] | None = None,
) -> dict[str, Any]:
    """Everything the page says. `said`: the answers of suspect and control; `tokens_given`: they were not made of the
    texts here, by the tokenizer that the plan names; `weights`: digests of models that read, by their part.
    """
    frozen = on_record.plan
    plan = dossier.plan
    return {
        "format": "stillwatch-audit/1",
        "suspect": plan.suspect,
        "mode": plan.mode.value,
        "plan": plan.digest,
        "frozen": {"entry": frozen.number, "at": _day(frozen.ts_us), "digest": frozen.digest},
        "journal_head": on_record.head,
        "prompts": {"count": plan.prompts, "digest": plan.prompts_digest},
        "filter": plan.filter_digest or None,
        "scheme": plan.scheme.name,
        "reference": plan.reference or None,
        "level": plan.level_found,
        "level_avoided": plan.level_avoided or None,
        "tokenizer": plan.tokenizer,
        "tokens_given": tokens_given,
        "answers": {whose: _told(answers) for whose, answers in said.items()},
        "weights": weights or {},
        "refused": list(found.reasons) if isinstance(found, Refused) else [],
        "cells": None if isinstance(found, Refused) else found.cells,
        "calibration": None if isinstance(found, Refused) else msgspec.to_builtins(found.calibration),
        "keys": [] if isinstance(found, Refused) else _keys(found, plan.level_found, on_record),
        "avoided": [] if isinstance(found, Refused) else _avoided(found, plan.level_avoided),
        "shown": [SHOWN, _chance(found, plan.mode)],
        "not_shown": list(NOT_SHOWN),
    }


def page(told: dict[str, Any]) -> str:
    """The document as one HTML file that loads nothing; names that came from outside stay text."""
    style = (files("stillwatch.audit") / "templates" / "audit.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    # Our own file, whose hash is in the policy.
    return _environment().get_template("audit.html").render(told=told, style=Markup(style), policy=policy)  # noqa: S704 - see above


def _keys(found: Finding, level: float, on_record: OnRecord) -> list[dict[str, Any]]:
    return [
        {
            "account": one.commitment.account,
            "epoch": one.commitment.epoch,
            "commitment": one.commitment.digest,
            "committed": _day(on_record.keys[one.commitment.digest].ts_us),
            "cells": one.score.cells,
            "share_green": one.score.share if isinstance(one.score, Score) else None,
            "expected": one.commitment.scheme.gamma if isinstance(one.score, Score) else None,
            "deviations": one.score.statistic if isinstance(one.score, Mass) else None,
            "p": one.score.p,
            "adjusted": one.adjusted if one.score.p is not None else None,
            "log_e": one.log_e,
            "answer": "cannot tell" if one.score.p is None else ("found" if one.adjusted <= level else "not shown"),
        }
        for one in sorted(found.keys, key=lambda one: one.adjusted)
    ]


def _avoided(found: Finding, level: float) -> list[dict[str, Any]]:
    return [
        {
            "account": one.commitment.account,
            "epoch": one.commitment.epoch,
            "cells": one.score.cells,
            "p": one.score.p,
            "adjusted": one.adjusted if one.score.p is not None else None,
            "answer": "cannot tell" if one.score.p is None else ("avoided" if one.adjusted <= level else "not shown"),
        }
        for one in sorted(found.avoided, key=lambda one: one.adjusted)
    ]


def _chance(found: Finding | Refused, mode: Mode) -> str:
    """What the p-value is of: green cells that were counted, or cells that were weighed."""
    if isinstance(found, Finding) and isinstance(found.keys[0].score, Mass):
        return CHANCE.format(is_="bounds", what="so strong a leaning towards what the key marks")
    return CHANCE.format(is_="bounds" if mode is Mode.SERVED else "is", what="so many green cells")


def _told(answers: Answers) -> dict[str, Any]:
    counts = Counter(answer.outcome for answer in answers.all)
    times = [answer.at_us for answer in answers.all]
    return {
        **{outcome.value: counts[outcome] for outcome in Outcome},
        "waits": sum(answer.waits for answer in answers.all),
        "models": sorted({answer.model for answer in answers.all if answer.model}),
        "first": _day(min(times)) if times else None,
        "last": _day(max(times)) if times else None,
        "digest": answers.digest,
    }


def _day(us: int) -> str:
    return f"{datetime.fromtimestamp(us / 1e6, UTC):%Y-%m-%d %H:%M} UTC"


def _small(value: float | None) -> str:
    if value is None:
        return "cannot tell"
    return f"{value:.2g}" if value > 0 else "below 1e-300"


def evalue(log_e: float | None) -> str:
    """An e-value from its natural logarithm, which may be beyond what a number can hold."""
    if log_e is None:
        return "-"
    tens, rest = divmod(max(log_e, _LEAST_LOG_E) / math.log(10), 1)
    return f"{10 ** (tens + rest):.2g}" if abs(tens) < _PLAIN_TENS else f"{10**rest:.1f}e{tens:+03.0f}"


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("stillwatch.audit"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters |= {"small": _small, "power": evalue}
    return made
