"""Baseline: PyPI's `unmimic`, its own input guard on each exchange, trained on its own attacks and our benign prompts.

The guard reads the last user message and says allow, flag or block; an account scores by the share that is flagged or
blocked. It embeds text with a model that it fetches from a hub. Where that model is not at hand, hashed n-grams take
its place, and the report says so: then this is the guard's design, not the guard as its authors measured it.

The only detector here that reads text; what it reads is not kept.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillwatch.evaluation.detector import Look, NotRun, Watch
from stillwatch.evaluation.metrics.case import DAY_US
from stillwatch.evaluation.threshold import actionable, named
from stillwatch.evaluation.world import World

PROMPTS_TO_LEARN = 2_000
EXCHANGES_PER_ACCOUNT = 30
"""Of each account, the first that are chats: the guard judges each alone."""
_DIMENSIONS = 512
_WITHOUT_ITS_MODEL = "Its embedding model was not at hand; hashed n-grams stood in its place."


@dataclass(frozen=True)
class Unmimic:
    """unmimic 0.1's extraction guard."""

    name: str = "unmimic"
    title: str = "unmimic input guard"
    idea: str = "The share of an account's prompts that PyPI's unmimic flags or blocks as eliciting reasoning."
    has_rings: bool = False
    has_e_values: bool = False

    def learned(self, world: World) -> Watch:
        guard = _guard(world)
        note = "" if _has_its_model() else _WITHOUT_ITS_MODEL
        judged = _judged(world.log, guard)
        setting = [one for one in _judged(world.benign_log, guard) if not _is_training(one.account)]

        def watch(day: int) -> Look:
            scores = _scores(judged, day)
            reference = np.array(list(_scores(setting, world.benign_day(day)).values()), np.float64)
            names, values = list(scores), np.array(list(scores.values()), np.float64)
            acted = named(names, actionable(values, reference))
            return Look(day, scores, acted, (), tuple(np.sort(reference).tolist()), note=note)

        return watch


@dataclass(frozen=True, slots=True)
class _Judged:
    """One exchange: who, when, and whether the guard objects."""

    account: str
    day: int
    objects: bool


def _guard(world: World) -> Any:
    """The guard, trained; raises `NotRun` where it is not installed or cannot learn."""
    try:
        from sklearn import linear_model  # noqa: F401 - the guard imports it late, and its error would be late too
        from unmimic.corpus import load_families
        from unmimic.guards.input import extraction
        from unmimic.resources import bundled
    except ImportError:
        raise NotRun("unmimic is not installed", "Install `stillwatch[evaluation]`") from None
    if not world.benign_log.exists():
        raise NotRun("it needs benign.jsonl.gz to learn what is normal")
    if not _has_its_model():
        extraction.embed = hashed
        extraction.embed_cached = lambda texts, folder: hashed(texts)
    prompts = [text for account, _, text in _prompts(world.benign_log) if _is_training(account)]
    with tempfile.TemporaryDirectory() as folder:
        families = load_families(bundled("attacks/public"))
        return extraction.ExtractionGuard(families, prompts[:PROMPTS_TO_LEARN], cache_dir=Path(folder))


def _has_its_model() -> bool:
    """Whether its embedding model is on this machine already; it is never fetched."""
    try:
        from huggingface_hub import try_to_load_from_cache
        from unmimic.embeddings import DEFAULT_MODEL
    except ImportError:
        return False
    return isinstance(try_to_load_from_cache(DEFAULT_MODEL, "config.json"), str)


def hashed(texts: list[str]) -> NDArray[np.float32]:
    """Rows of length 1: words and pairs of words, hashed. In the place of an embedding."""
    from sklearn.feature_extraction.text import HashingVectorizer

    vectorizer = HashingVectorizer(n_features=_DIMENSIONS, ngram_range=(1, 2), norm="l2", alternate_sign=True)
    if not texts:
        return np.zeros((0, _DIMENSIONS), np.float32)
    return np.asarray(vectorizer.transform(texts).toarray(), np.float32)


def _judged(log: Path, guard: Any) -> list[_Judged]:
    judged = []
    for account, day, text in _prompts(log):
        verdict = guard.check({"messages": [{"role": "user", "content": text}]}, None)
        judged.append(_Judged(account, day, verdict.action != "allow"))
    return judged


def _prompts(log: Path) -> Iterator[tuple[str, int, str]]:
    """Account, day and last user message of the first chats of each account."""
    from unmimic.guards.input.extraction import user_text

    read_text: Callable[[dict[str, Any]], str] = user_text
    seen: dict[str, int] = {}
    with gzip.open(log, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            account, body = str(row.get("account")), row.get("body")
            if seen.get(account, 0) >= EXCHANGES_PER_ACCOUNT or not isinstance(body, dict):
                continue
            text = read_text(body)
            if text:
                seen[account] = seen.get(account, 0) + 1
                yield account, int(row["ts_us"]) // DAY_US, text


def _is_training(account: str) -> bool:
    """Half of the benign accounts train, by a hash of the name: the log that is read here has no pseudonyms."""
    return hashlib.blake2b(account.encode("utf-8", "surrogatepass"), digest_size=1).digest()[0] % 2 == 0


def _scores(judged: list[_Judged], day: int) -> dict[str, float]:
    """Share of each account's exchanges so far that the guard objects to."""
    counts: dict[str, list[int]] = {}
    for one in judged:
        if one.day <= day:
            counts.setdefault(one.account, []).append(one.objects)
    return {account: sum(objects) / len(objects) for account, objects in counts.items()}
