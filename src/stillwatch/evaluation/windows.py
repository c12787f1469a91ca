"""The MMD comparison: windows of traffic, some of which an attacker fills to a known share.

A window holds exchanges drawn at random, as a provider sees traffic without knowing accounts: benign ones, and one
campaign's harvesting exchanges in their midst. Two tests look at each window. The MMD test of arXiv 2606.05725 compares
its projections with benign history. The rare-value test is what the template family amounts to on a window: the most
organisations that have one value of their prompts in common, values that benign history knows left out.

Both are trained on half of the benign log; their threshold is set on windows of a quarter of it, at the rate `LEVEL`
and at the finest that so many windows carry;
the last quarter is what windows are mixed from. Windows of the hunted log's honest accounts are looked at too:
where many of them are noticed, the benign log is not like the traffic, and a window test cannot be used on it. Windows
overlap, since logs are finite: the intervals treat them as independent and are a little narrow.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import numpy as np
from numpy.typing import NDArray

from stillwatch.evaluation.bounds import Rate, share
from stillwatch.evaluation.detector import NotRun
from stillwatch.evaluation.detectors.mmd import reference
from stillwatch.evaluation.kernel import unit_rows
from stillwatch.evaluation.rows import Rows, read_rows
from stillwatch.evaluation.threshold import halves
from stillwatch.evaluation.world import World
from stillwatch.stats.conformal import p_values

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Places = NDArray[np.int64]  # (windows, size), places in a pool

SIZES = (100, 500, 1_500)
SHARES = (0.0, 0.05, 0.1, 0.25, 0.5, 1.0)
LEVEL = 0.005
"""False-positive rate of a window: what the paper's own thresholds amount to, and what as many windows support."""
BENIGN_WINDOWS = 1_000
FINEST = 1 / (BENIGN_WINDOWS + 1)
"""No conformal p-value is smaller."""
WINDOWS = 200
POOL_ROWS = 4_000
COMMON_UNITS = 2
_SEED = 1

Test = Callable[[Rows], Callable[[Places], Floats]]
"""Given a pool of exchanges, a function from windows of it to one statistic each, larger = more suspicious."""


class WindowRow(msgspec.Struct, frozen=True):
    """Windows of `size` exchanges of which `share` harvest: how many of them a test notices. At share 0: false ones.

    `honest`: where the others come from, the "benign log" or the "traffic" of honest accounts. `level`: the
    false-positive rate of a window at which the threshold was set.
    """

    test: str
    size: int
    honest: str
    share: float
    flagged: Rate
    level: float = LEVEL


def compare_windows(world: World, progress: Callable[[float], None] = lambda done: None) -> list[WindowRow]:
    """Both tests on windows of every size and share that the world has enough exchanges for.

    Raises `NotRun` without a benign log, or without a list of what harvests.
    """
    if world.benign is None or world.truth.harvest is None:
        raise NotRun("it needs benign.jsonl.gz and harvest.parquet")
    rng = np.random.default_rng(_SEED)
    benign = read_rows(world.benign, ["zones", "projection"])
    training, setting = (benign.of(half) for half in halves(benign.account))
    calm, mixing = (_some(part, rng) for part in _quarters(setting))
    traffic, harvest = _pools(world, rng)
    rows: list[WindowRow] = []
    for number, (name, test) in enumerate(_tests(training).items()):
        on_calm, on_mixed, on_traffic = test(calm), test(Rows.joined([mixing, *harvest])), test(traffic)
        for size in (size for size in SIZES if size <= min(len(calm), len(mixing))):
            nulls = on_calm(_draws(rng, len(calm), size, BENIGN_WINDOWS))
            for share_ in SHARES:
                places = _mixed(rng, mixing, harvest, size, round(share_ * size))
                if len(places):
                    rows += _rows(name, size, "benign log", share_, on_mixed(places), nulls)
            if size <= len(traffic):
                found = on_traffic(_draws(rng, len(traffic), size, WINDOWS))
                rows += _rows(name, size, "traffic", 0.0, found, nulls)
        progress((number + 1) / 2)
    return rows


def _rows(name: str, size: int, honest: str, harvesting: float, found: Floats, nulls: Floats) -> list[WindowRow]:
    """A row for each level."""
    p = p_values(found, nulls)
    return [WindowRow(name, size, honest, harvesting, share((p <= at).tolist()), at) for at in (LEVEL, FINEST)]


def _quarters(setting: Rows) -> tuple[Rows, Rows]:
    """The half of the benign log that sets thresholds, once more in two by account."""
    is_first = (setting.account & 2) != 0
    return setting.take(is_first), setting.take(~is_first)


def _pools(world: World, rng: np.random.Generator) -> tuple[Rows, list[Rows]]:
    """Some exchanges of honest accounts, and some harvesting ones of each campaign."""
    traffic, harvest = read_rows(world.ledger, ["zones", "projection"]), world.truth.harvest
    name = np.array([world.name_of(account) for account in traffic.account.tolist()], dtype=object)
    serves = np.array([one in world.truth.campaign_of for one in name.tolist()], bool)
    assert harvest is not None  # noqa: S101 - the caller has looked
    of = dict(zip(zip(harvest.account.tolist(), harvest.ts_us.tolist(), strict=True), harvest.campaign, strict=True))
    campaign = [of.get(key, "") for key in zip(name.tolist(), traffic.ts_us.tolist(), strict=True)]
    own = np.array(campaign, dtype=object)
    pools = [_some(traffic.take(own == one.id), rng) for one in world.truth.campaigns]
    return _some(traffic.take(~serves), rng), [pool for pool in pools if len(pool)]


def _some(rows: Rows, rng: np.random.Generator) -> Rows:
    return rows.take(rng.permutation(len(rows))[:POOL_ROWS])


def _draws(rng: np.random.Generator, pool: int, size: int, count: int) -> Places:
    """Windows of different exchanges each."""
    return np.stack([rng.permutation(pool)[:size] for _ in range(count)])


def _mixed(rng: np.random.Generator, honest: Rows, harvest: list[Rows], size: int, harvesting: int) -> Places:
    """Windows with `harvesting` exchanges of one campaign; none where no campaign has as many."""
    starts = len(honest) + np.cumsum([0, *(len(pool) for pool in harvest)])  # in the joined pool
    able = [i for i, pool in enumerate(harvest) if len(pool) >= harvesting]
    windows = []
    for number in range(WINDOWS if able or not harvesting else 0):
        calm = rng.permutation(len(honest))[: size - harvesting]
        one = able[number % len(able)] if harvesting else 0
        own = starts[one] + rng.permutation(len(harvest[one]))[:harvesting] if harvesting else calm[:0]
        windows.append(np.concatenate([calm, own]))
    return np.stack(windows) if windows else np.empty((0, size), np.int64)


def _tests(training: Rows) -> dict[str, Test]:
    return {"mmd": _mmd(training), "rare values": _rare_values(training)}


def _mmd(training: Rows) -> Test:
    """MMD^2 up to a constant, by one matrix of kernels for all windows of a pool."""
    discrepancy = reference(training)

    def of_pool(pool: Rows) -> Callable[[Places], Floats]:
        rows = unit_rows(pool.projection)
        kernel = discrepancy.kernel(rows, rows)
        to_reference = discrepancy.kernel(rows, discrepancy.reference).mean(axis=1)

        def of_windows(places: Places) -> Floats:
            member = np.zeros((len(places), len(rows)), np.float32)
            np.put_along_axis(member, places, 1 / places.shape[1], axis=1)
            return np.asarray(((member @ kernel) * member).sum(axis=1) - 2 * member @ to_reference, np.float64)

        return of_windows

    return of_pool


def _rare_values(training: Rows) -> Test:
    """The most organisations of a window with one rare value in common."""
    known = _keys(training)
    pairs = np.unique(np.stack([known.ravel(), np.repeat(training.unit, known.shape[1]).astype(np.uint64)]), axis=1)
    values, units = np.unique(pairs[0], return_counts=True)
    common = values[units >= COMMON_UNITS]

    def of_pool(pool: Rows) -> Callable[[Places], Floats]:
        keys = _keys(pool)
        keys[np.isin(keys, common)] = 0
        _, key = np.unique(keys, return_inverse=True)
        key = key.reshape(keys.shape) * (keys != 0)
        _, unit = np.unique(pool.unit, return_inverse=True)
        return lambda places: np.array([_most_units(key[window], unit[window]) for window in places], np.float64)

    return of_pool


def _keys(rows: Rows) -> NDArray[np.uint64]:
    """Values with their place in the sketch, (exchanges, slots); 0 for an empty slot."""
    slots = np.arange(rows.zones.shape[1], dtype=np.uint64) << np.uint64(32)
    return np.asarray(np.where(rows.zones != 0, slots + rows.zones, 0), np.uint64)


def _most_units(key: Ints, unit: Ints) -> int:
    row, _ = np.nonzero(key)
    held = key[key != 0]
    if not len(held):
        return 0
    pairs = np.unique(held * (int(unit.max()) + 1) + unit[row])
    return int(np.bincount(pairs // (int(unit.max()) + 1)).max())
