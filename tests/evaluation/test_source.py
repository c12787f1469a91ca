"""A result rests on the source of its detector and of all that it imports, and on nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from stillwatch.evaluation import source
from stillwatch.evaluation.source import SKETCHING, imported_files, source_digest

PACKAGE = Path(source.__file__).parents[1]
HUNT, VOLUME = "stillwatch.evaluation.detectors.hunt", "stillwatch.evaluation.detectors.volume"


@pytest.mark.parametrize(
    "file",
    [
        "evaluation/detectors/hunt.py",
        "pipeline.py",
        "campaigns/judgement.py",
        "tracing/template.py",
        "stats/sample_split.py",
        "ledger/view.py",
    ],
)
def test_the_hunt_rests_on_its_whole_path(file: str) -> None:
    """From the detector down to the theorems."""
    assert PACKAGE / file in imported_files(HUNT)


@pytest.mark.parametrize("file", ["evaluation/page.py", "report/page.py", "world/simulate.py", "cli/evaluate.py"])
def test_the_hunt_does_not_rest_on_faces_and_simulators(file: str) -> None:
    """A page that changes costs no night of hunting."""
    assert (PACKAGE / file).is_file()
    assert PACKAGE / file not in imported_files(HUNT)


def test_a_baseline_does_not_rest_on_the_hunt() -> None:
    """What only the hunt imports may change without it."""
    assert PACKAGE / "pipeline.py" not in imported_files(VOLUME)
    assert source_digest(VOLUME) != source_digest(HUNT)


def test_sketches_rest_on_readers_and_wire_formats() -> None:
    """What is taken out of a log changes with any of them."""
    assert {PACKAGE / "readers/formats.py", PACKAGE / "exchange/anthropic_messages.py"} <= imported_files(SKETCHING)


def test_a_changed_line_anywhere_below_changes_the_digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The package in the test's hands: a imports b inside a function, c is nobody's."""
    folder = tmp_path / "stillwatch"
    folder.mkdir()
    (folder / "a.py").write_text("def f():\n    from stillwatch import b\n")
    for name in "bc":
        (folder / f"{name}.py").write_text("x = 1\n")
    monkeypatch.setattr(source, "_PACKAGE", folder)

    def digest() -> str:
        source_digest.cache_clear()
        return source_digest("stillwatch.a")

    before = digest()
    (folder / "c.py").write_text("x = 2\n")
    assert digest() == before
    (folder / "b.py").write_text("x = 2\n")
    assert digest() != before
    source_digest.cache_clear()


def test_a_module_of_somebody_elses_stands_for_itself() -> None:
    """A detector that is defined elsewhere, as in tests, is digested by its own file and what it takes from here."""
    files = imported_files(__name__)
    assert Path(__file__) in files
    assert PACKAGE / "evaluation/source.py" in files
