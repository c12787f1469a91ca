"""Which detectors are compared, by name."""

from __future__ import annotations

from collections.abc import Mapping

from stillwatch.errors import UsageError
from stillwatch.evaluation.detector import Detector
from stillwatch.evaluation.detectors.hunt import Stillwatch
from stillwatch.evaluation.detectors.isolation_forest import IsolationForest
from stillwatch.evaluation.detectors.mmd import Mmd
from stillwatch.evaluation.detectors.prada import Prada
from stillwatch.evaluation.detectors.synchrotrap import SynchroTrap
from stillwatch.evaluation.detectors.unmimic import Unmimic
from stillwatch.evaluation.detectors.volume import Volume

_ALL: tuple[Detector, ...] = (Volume(), Prada(), Mmd(), IsolationForest(), SynchroTrap(), Unmimic())
BASELINES: Mapping[str, Detector] = {one.name: one for one in _ALL}


def chosen(baselines: str) -> list[Detector]:
    """Stillwatch, and the baselines named: "all", "none" or names with commas between them."""
    if baselines == "all":
        return [Stillwatch(), *BASELINES.values()]
    names = [] if baselines == "none" else [name.strip() for name in baselines.split(",")]
    for name in names:
        if name not in BASELINES:
            raise UsageError(
                f"there is no baseline {name!r}", f"--baselines is all, none, or some of {', '.join(BASELINES)}"
            )
    return [Stillwatch(), *(BASELINES[name] for name in dict.fromkeys(names))]
