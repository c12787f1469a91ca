"""The floors of ARCHITECTURE.md hold, no module escapes them, and a proxy worker loads no analytics."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "stillwatch"
ANALYTICS = ("duckdb", "ibis", "pandas", "igraph", "leidenalg")


def floors() -> list[set[str]]:
    """The names on each floor, from the top, as pyproject.toml states them."""
    linter = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    layers = next(contract for contract in linter["contracts"] if contract["id"] == "floors")["layers"]
    return [{name.strip(" ()") for name in layer.replace("|", ":").split(":")} for layer in layers]


def test_modules_import_only_from_floors_below() -> None:
    """Every import contract of pyproject.toml is kept; the linter's report says which import breaks one.

    In a process of its own: the linter's way of logging silences every logger that its process already has.
    """
    program = "import sys; from importlinter.cli import lint_imports_command as lint; lint()"
    told = ["--config", str(ROOT / "pyproject.toml"), "--no-cache", "--no-logo"]
    linted = subprocess.run([sys.executable, "-c", program, *told], cwd=ROOT, capture_output=True, text=True)  # noqa: S603 - our own words
    assert linted.returncode == 0, linted.stdout + linted.stderr


def test_every_module_and_folder_has_a_floor() -> None:
    """A new file or folder is given its place: the linter sees packages only, so folders are counted here."""
    present = {
        entry.stem
        for entry in PACKAGE.iterdir()
        if (entry.suffix == ".py" and entry.stem != "__init__") or (entry.is_dir() and any(entry.rglob("*.py")))
    }
    assert present <= set().union(*floors())


def test_every_folder_is_a_package_that_the_linter_can_see() -> None:
    """A folder without `__init__.py` would import what it likes."""
    folders = {file.parent for file in PACKAGE.rglob("*.py")}
    assert [str(f.relative_to(ROOT)) for f in sorted(folders) if not (f / "__init__.py").exists()] == []


@pytest.mark.parametrize("module", ["stillwatch.exchange.dialect", "stillwatch.sketch.sketcher"])
def test_a_proxy_worker_loads_no_analytics(module: str) -> None:
    """Reading and sketching an exchange must not cost a worker the memory of an analytics engine."""
    program = f"import sys, {module}; print(*sorted(set({ANALYTICS!r}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)  # noqa: S603 - our own program
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "", "")
