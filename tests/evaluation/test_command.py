"""`stillwatch evaluate` by the real command line's parts: figures, resumption, bad input."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from stillwatch.cli.main import run
from stillwatch.evaluation.detectors.hunt import Stillwatch
from stillwatch.evaluation.detectors.volume import Volume

Evaluate = Callable[..., tuple[int, str, str]]


@pytest.fixture
def evaluate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Evaluate:
    """`stillwatch evaluate` with these arguments, in a home of its own; returns code, stdout, stderr."""
    key = tmp_path / "deployment.key"
    key.write_text(f"{20_260_303:064x}")
    key.chmod(0o600)
    monkeypatch.setenv("STILLWATCH_SECRET_FILE", str(key))
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["stillwatch", "evaluate", "--workers", "1", *map(str, arguments)])
        capsys.readouterr()
        try:
            run()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


FEW = ("--baselines", "volume", "--looks", "2")


@pytest.mark.long
def test_figures_pages_and_going_on(evaluate: Evaluate, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One run finds what there is and writes both files; a second one computes nothing anew."""
    # 1. The hunt shows both campaigns and nobody else, volume finds neither. 21 honest accounts let nobody be acted on.
    code, out, err = evaluate(directory, "--out", "out", *FEW, "--json")
    assert (code, err) == (0, "")
    document = json.loads(out)
    assert document == json.loads(Path("out/evaluation.json").read_text())
    assert document["schema"] == "stillwatch.evaluation/1"
    figures = {one["name"]: one["figures"] for one in document["detectors"]}
    assert {name: one["campaigns"][0]["listed"]["successes"] for name, one in figures.items()} == {
        "stillwatch": 2,
        "volume": 0,
    }
    assert figures["stillwatch"]["campaigns"][0]["acted"]["successes"] == 0
    assert figures["stillwatch"]["operating_point"]["honest_shown"]["successes"] == 0
    assert figures["stillwatch"]["operating_point"]["honest"]["successes"] == 0
    assert {name: one["leaks"][0]["is_half_listed"] for name, one in figures.items()} == {
        "stillwatch": True,
        "volume": False,
    }

    # 2. The page states the figures.
    page = Path("out/evaluation.html").read_text()
    assert "Stillwatch acts on 0 of 2 campaigns at a false-discovery rate of 1 %, and shows people 2" in page
    assert "0 of 21" in page
    assert "no false-positive rate finer than 4.8\u00a0%" in page

    # 3. Going on: results are there, so no detector is asked again, and the files are the same.
    monkeypatch.setattr(Stillwatch, "learned", _nobody)
    monkeypatch.setattr(Volume, "learned", _nobody)
    assert evaluate(directory, "--out", "out", *FEW, "--json")[1] == out
    assert Path("out/evaluation.html").read_text() == page

    # 4. A person gets a table.
    code, out, err = evaluate(directory, "--out", "out", *FEW)
    assert (code, err) == (0, "")
    assert "Volume threshold" in out
    assert "2/2" in out
    assert "Accounts of campaigns found at a false-positive rate of" in out
    assert "Rings: B-cubed precision 1.00, recall 1.00." in out
    assert "Honest accounts shown as a campaign: 0 of 21 (0 % to 16 %)." in out
    assert "accounts an exchange, times those at E0" in out
    assert "Stillwatch shows people 2/2 with every family, 0/2 without division of work" in out
    assert "evaluation.html" in out


def _nobody(*_: object) -> None:
    raise AssertionError("computed again")


def test_a_directory_without_a_truth_is_named(evaluate: Evaluate, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    code, out, err = evaluate("empty", "--out", "out")
    assert (code, out) == (3, "")
    assert "empty is no world: it has no truth.json" in err
    assert "stillwatch world" in err
    assert not (tmp_path / "out").exists()


def test_a_world_without_its_log_is_named(evaluate: Evaluate, directory: Path, tmp_path: Path) -> None:
    shutil.copytree(directory, tmp_path / "w")
    (tmp_path / "w" / "exchanges.jsonl.gz").unlink()
    code, _, err = evaluate("w", "--out", "out")
    assert code == 3
    assert "w has no exchanges.jsonl.gz" in err


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"schema": "stillwatch.truth/9"}, "is of the form 'stillwatch.truth/9'"),
        ({"campaigns": [{"id": 1}]}, "campaigns[0].id"),
        ({"classes": 3}, "$.classes"),
    ],
)
def test_a_truth_in_another_form_is_refused_with_its_place(
    evaluate: Evaluate, directory: Path, tmp_path: Path, change: dict[str, object], said: str
) -> None:
    shutil.copytree(directory, tmp_path / "w")
    truth = tmp_path / "w" / "truth.json"
    truth.write_text(json.dumps(json.loads(truth.read_text()) | change))
    code, _, err = evaluate("w", "--out", "out")
    assert code == 3
    assert said in err
    assert "truth.json" in err


def test_a_baseline_that_there_is_not_is_wrong_usage(evaluate: Evaluate, directory: Path) -> None:
    code, _, err = evaluate(directory, "--out", "out", "--baselines", "magic")
    assert code == 2
    assert "no baseline 'magic'" in err
    assert "volume" in err
