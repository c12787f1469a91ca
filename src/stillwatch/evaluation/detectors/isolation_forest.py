"""Baseline: an isolation forest on what each account did, summed up: how an anomaly detector off the shelf sees it.

Features are the ledger's rollup: shares of exchanges with each flag, intent, hour and status, and sizes on a log scale.
Source: Liu, Ting & Zhou (2008), ICDM; scikit-learn's implementation with its defaults.
"""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import numpy as np
from numpy.typing import NDArray

from stillwatch.evaluation.detector import Look, NotRun, Watch
from stillwatch.evaluation.prefix import prefix
from stillwatch.evaluation.threshold import actionable, halves, named
from stillwatch.evaluation.world import World
from stillwatch.ledger import rollup
from stillwatch.ledger.engines import connect
from stillwatch.ledger.ledger import Ledger

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_LEFT_OUT = frozenset({"account", "first_us", "last_us", "organization_min", "organization_max"})
_SHARES = frozenset(rollup.SUMS) - {"exchanges", *rollup.TOKENS, "prompt_chars", "messages"}
_SEED = 1


@dataclass(frozen=True)
class IsolationForest:
    """scikit-learn's forest, trained on benign accounts."""

    name: str = "isolation_forest"
    title: str = "Isolation forest"
    idea: str = "How easily an account is told from benign accounts by random cuts through its summed-up features."
    has_rings: bool = False
    has_e_values: bool = False

    def learned(self, world: World) -> Watch:
        if world.benign is None:
            raise NotRun("it needs benign.jsonl.gz to train on")
        try:
            from sklearn.ensemble import IsolationForest as Forest
        except ImportError:
            raise NotRun("scikit-learn is not installed", "Install `stillwatch[evaluation]`") from None
        engine, benign = connect(threads=2), world.benign
        accounts, features = features_of(benign, engine, None)
        forest = Forest(random_state=_SEED).fit(features[np.isin(accounts, halves(accounts)[0])])

        def watch(day: int) -> Look:
            accounts, features = features_of(world.ledger, engine, day)
            scores = np.asarray(-forest.score_samples(features), np.float64)
            known, others = features_of(benign, engine, world.benign_day(day))
            setting = others[np.isin(known, halves(known)[1])]
            reference = np.asarray(-forest.score_samples(setting) if len(setting) else [], np.float64)
            names = [world.name_of(account) for account in accounts.tolist()]
            return Look(
                day=day,
                scores=dict(zip(names, scores.tolist(), strict=True)),
                acted=named(names, actionable(scores, reference)),
                benign_scores=tuple(np.sort(reference).tolist()),
            )

        return watch


def features_of(ledger: Ledger, engine: ibis.BaseBackend, through: int | None) -> tuple[Ints, Floats]:
    """Accounts, and a row of features for each."""
    rolled = rollup.merged(rollup.daily(prefix(ledger, engine, through).table())).order_by("account").to_pyarrow()
    column = {name: rolled.column(name).to_numpy().astype(np.float64) for name in rolled.column_names}
    sent = np.maximum(column["exchanges"], 1)
    features = [
        values / sent if name in _SHARES else np.log1p(np.maximum(values, 0))
        for name, values in column.items()
        if name not in _LEFT_OUT
    ]
    return rolled.column("account").to_numpy().astype(np.int64), np.stack(features, axis=1)
