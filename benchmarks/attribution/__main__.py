"""`python -m benchmarks.attribution --out FOLDER`: fit the attribution model and the profiles' null, and measure both.

1. Draw scenarios, make their worlds, hunt them (`rings`); what is in FOLDER already is taken up.
2. Fit on the drawn scenarios 0, 1, 2 ...; measure on scenarios 1000, 1001 ..., which nothing was chosen by.
3. Compare the profile of each campaign's first half with the second half of everybody who has its wrapper.
4. Print the tables of docs/attribution.md; with --write, replace the two data files of the package.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np

from benchmarks.attribution.rings import Origin, origins
from benchmarks.attribution.scenarios import drawn
from stillwatch.campaigns.attribution_model import as_json
from stillwatch.campaigns.profile_null import FalseMatches, pairs_of
from stillwatch.campaigns.profiles import MATCH_AT_MOST, Profile, likeness, shares_wrapper, similarity
from stillwatch.campaigns.traits import HYPOTHESES, TRAITS
from stillwatch.evaluation.attribution_fit import Origins, Scores, by_chance, fit, measured, probabilities, score
from stillwatch.evidence import percent
from stillwatch.world.real_clients import read_runs

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "stillwatch" / "campaigns"
WORLDS, HELD_OUT = 51, 15
_FIRST_HELD_OUT = 1_000
_NAMES: tuple[str, ...] = HYPOTHESES


def main(arguments: Sequence[str]) -> int:
    asked = _parser().parse_args(arguments)
    numbers = [*range(asked.worlds), *range(_FIRST_HELD_OUT, _FIRST_HELD_OUT + asked.held_out)]
    found = _rings(numbers, asked.out, asked.workers, again=asked.again)
    rings = [(number, one) for number, some in found for one in some]
    everybody = _origins(rings)
    held_out = everybody.scenario >= _FIRST_HELD_OUT
    sizes = f"--worlds {asked.worlds} --held-out {asked.held_out}"
    provenance = {
        "note": asked.note,
        "date": datetime.now(UTC).date().isoformat(),
        "command": f"python -m benchmarks.attribution --out FOLDER {sizes} --write",
        "scenarios": f"benchmarks.attribution.scenarios.drawn(0 .. {asked.worlds - 1}), seed = number + 1",
        "measured_on": f"drawn({_FIRST_HELD_OUT} .. {_FIRST_HELD_OUT + asked.held_out - 1})",
    }
    model = measured(fit(everybody.of(~held_out), provenance), everybody.of(held_out))
    tested = [one for (_, one), is_held in zip(rings, held_out, strict=True) if is_held]
    print(_mix(everybody, held_out))
    print(_calibration(everybody.of(held_out), probabilities(model, everybody.of(held_out)), tested))
    null, hits = _profiles(rings, provenance)
    print(_matching(null, hits))
    if asked.write:
        (PACKAGE / "attribution_model.json").write_text(as_json(model), encoding="utf-8")
        (PACKAGE / "profile_null.json").write_bytes(msgspec.json.encode(null) + b"\n")
    return 0


def _rings(numbers: Sequence[int], out: Path, workers: int, *, again: bool) -> list[tuple[int, list[Origin]]]:
    runs = read_runs(ROOT / "examples" / "logs")
    plans = [drawn(number) for number in numbers]
    with ProcessPoolExecutor(workers) as pool:
        jobs = [pool.submit(origins, plan, out / plan.name, runs, again) for plan in plans]
        found = []
        for number, job in zip(numbers, jobs, strict=True):
            found.append((number, job.result()))
            print(f"{drawn(number).name}: {len(found[-1][1])} rings", file=sys.stderr)
    return found


def _origins(rings: Sequence[tuple[int, Origin]]) -> Origins:
    return Origins(
        np.array([[one.features[trait.name] for trait in TRAITS] for _, one in rings]),
        np.array([_NAMES.index(one.label) for _, one in rings], np.int64),
        np.array([number for number, _ in rings], np.int64),
    )


def _mix(everybody: Origins, held_out: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> str:
    lines = ["| | rings fitted | rings held out |", "|---|---|---|"]
    for place, name in enumerate(_NAMES):
        counts = [int((everybody.of(part).label == place).sum()) for part in (~held_out, held_out)]
        lines.append(f"| {name} | {counts[0]} | {counts[1]} |")
    return "\n".join(lines) + "\n"


def _calibration(rings: Origins, told: np.ndarray[tuple[int, int], np.dtype[np.float64]], tested: list[Origin]) -> str:
    listed = np.array([one.verdict != "cleared" for one in tested])
    by_hand = np.array([[one.by_hand[name] for name in _NAMES] for one in tested])
    uniform = np.full_like(told, 1 / len(_NAMES))
    lines = [
        "| rings | who says it | calibration error | by chance | Brier | log loss | likeliest is right |",
        "|---|---|---|---|---|---|---|",
    ]
    for title, chosen in (("all", np.ones(len(listed), bool)), ("shown to people", listed)):
        for who, said in (("the model", told), ("weights by hand", by_hand), ("one in five", uniform)):
            scores = score(said[chosen], rings.of(chosen))
            chance = by_chance(said[chosen])
            lines.append(f"| {title}: {int(chosen.sum())} | {who} | {_cells(scores, chance)} |")
    scores = score(told, rings)
    lines += ["", "| stated | right | rings |", "|---|---|---|"]
    lines += [f"| {percent(one.stated)} | {percent(one.right)} | {one.count} |" for one in scores.bins]
    return "\n".join(lines) + "\n"


def _cells(scores: Scores, chance: float) -> str:
    error, brier, loss, right = (
        f"{value:.3f} ({low:.3f} - {high:.3f})"
        for value, low, high in (scores.calibration_error, scores.brier, scores.log_loss, scores.right)
    )
    return f"{error} | {chance:.3f} | {brier} | {loss} | {right}"


def _profiles(
    rings: Sequence[tuple[int, Origin]], provenance: dict[str, str]
) -> tuple[FalseMatches, dict[str, list[float]]]:
    """Similarities of campaigns' first halves to second halves of others (the null) and of their own (hits)."""
    known = [(number, one) for number, one in rings if one.campaign and one.first.skeleton]
    null: dict[str, list[float]] = {"keyed": [], "alliance": []}
    hits: dict[str, list[float]] = {"keyed": [], "alliance": []}
    for number, one in known:
        for other_number, other in rings:
            if not other.second.skeleton:
                continue
            is_same = number == other_number and one.campaign == other.campaign
            for kind, observed in _seen_by(other.second):
                alike = likeness(one.first, observed)
                if is_same:
                    hits[kind].append(similarity(alike) if shares_wrapper(alike) else 0.0)
                elif shares_wrapper(alike):
                    null[kind].append(similarity(alike))
    behind = {"campaigns": str(len({(number, one.campaign) for number, one in known})), "rings": str(len(rings))}
    return FalseMatches(pairs_of(null["keyed"]), pairs_of(null["alliance"]), {**provenance, **behind}), hits


def _seen_by(observed: Profile) -> Iterator[tuple[str, Profile]]:
    """As the deployment itself sees a ring, and as an ally under another deployment key does."""
    yield "keyed", observed
    yield "alliance", msgspec.structs.replace(observed, key="an ally's")


def _matching(null: FalseMatches, hits: dict[str, list[float]]) -> str:
    lines = [
        "| compared by | pairs of strangers with one wrapper | named at | strangers named | second halves named |",
        "|---|---|---|---|---|",
    ]
    for kind, pairs in (("keyed", null.keyed), ("alliance", null.alliance)):
        least = pairs.least(MATCH_AT_MOST)
        false = pairs.at_least[round(least * 100)] if least <= 1 else 0
        true = sum(value >= least for value in hits[kind])
        lines.append(
            f"| {kind} | {pairs.count:,} | {least:.3f} | {false:,} ({percent(false / max(pairs.count, 1), 2)}) | "
            f"{true} of {len(hits[kind])} |"
        )
    return "\n".join(lines) + "\n"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks.attribution", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder of the worlds and of what was found in them")
    parser.add_argument("--worlds", type=int, default=WORLDS, help="how many scenarios are drawn to fit on")
    parser.add_argument("--held-out", type=int, default=HELD_OUT, help="how many more are drawn to measure on")
    parser.add_argument("--workers", type=int, default=2, help="worlds at a time")
    parser.add_argument(
        "--again", action="store_true", help="hunt worlds that are made already again, as the hunt is now"
    )
    parser.add_argument("--note", default="", help="kept with the numbers: which revisions made and hunted the worlds")
    parser.add_argument("--write", action="store_true", help="replace the data files of the package")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
