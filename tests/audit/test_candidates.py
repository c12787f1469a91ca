"""Each key is looked for where it can have marked, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest

from stillwatch.audit.candidates import candidates
from stillwatch.audit.detection import detected
from stillwatch.audit.radioactivity import scored
from stillwatch.errors import UsageError
from stillwatch.pseudonym import Secret
from stillwatch.watermark.cells import Cells, distinct
from stillwatch.watermark.keys import MasterKeys
from stillwatch.watermark.layers import Layers
from stillwatch.watermark.red_green import green
from stillwatch.watermark.scheme import Scheme

MASTER = MasterKeys(Secret(b"a secret for tests only, 32 bytes"))
FLEET, ONE, OTHER = (MASTER.key(Scheme(), "tok", account=account) for account in ("", "one", "other"))


def all_green(layers: Layers) -> Cells:
    """Cells that are green under these layers."""
    rng = np.random.default_rng(1)
    cells = distinct(*rng.integers(0, 4_000, (2, 20_000)).astype(np.uint64))
    kept = green(layers, cells.contexts, cells.tokens)
    return Cells(cells.contexts[kept], cells.tokens[kept])


def test_an_accounts_mark_names_no_other_account_however_green_the_fleets_is() -> None:
    cells = all_green(Layers(FLEET, ONE))
    fleet, one, other = candidates([FLEET, ONE, OTHER], layered=True).values()
    assert scored(cells, fleet).share == 1.0
    assert scored(cells, one).share == 1.0
    p = scored(cells, other).p
    assert p is not None
    assert p > 1e-3


def test_the_layers_share_all_cells_between_them() -> None:
    cells = all_green(Layers(FLEET, ONE))
    fleet, one, _ = candidates([FLEET, ONE, OTHER], layered=True).values()
    assert (fleet.is_own(cells) ^ one.is_own(cells)).all()
    assert candidates([FLEET], layered=False)[FLEET.commitment().digest].is_own(cells).all()


def test_an_account_without_its_fleet_cannot_be_looked_for() -> None:
    with pytest.raises(UsageError, match="without its fleet's key"):
        candidates([ONE], layered=True)
    with pytest.raises(UsageError, match="accounts had none"):
        candidates([FLEET, ONE], layered=False)


def test_many_accounts_are_scored_as_each_alone() -> None:
    text = np.random.default_rng(2).integers(0, 500, 3_000)
    tried = list(candidates([FLEET, ONE, OTHER], layered=True).values())
    cells = distinct(text[:-1].astype(np.uint64), text[1:].astype(np.uint64))
    assert [one.score for one in detected([text], tried)] == [scored(cells, one) for one in tried]
