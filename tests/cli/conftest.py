"""The command line in this process: quick, with a home of its own, and with what it wrote to either stream."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from stillwatch.cli.main import run

SECRET_HEX = f"{20_260_302:064x}"


@dataclass(frozen=True)
class Done:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str


Stillwatch = Callable[..., Done]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home with a secret, as the working directory; nothing of the user's own configuration."""
    key = tmp_path / "config" / "stillwatch" / "deployment.key"
    key.parent.mkdir(parents=True)
    key.write_text(SECRET_HEX)
    key.chmod(0o600)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in ("STILLWATCH_SECRET_FILE", "STILLWATCH_ALLIANCE_SECRET_FILE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def stillwatch(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Stillwatch:
    """`stillwatch` with these arguments."""

    def call(*arguments: str | Path) -> Done:
        monkeypatch.setattr(sys, "argv", ["stillwatch", *map(str, arguments)])
        capsys.readouterr()
        try:
            run()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        said = capsys.readouterr()
        return Done(code, said.out, said.err)

    return call


@pytest.fixture
def hunt(stillwatch: Stillwatch) -> Stillwatch:
    """`stillwatch hunt` in this process alone, into `out` unless told otherwise."""

    def call(*arguments: str | Path) -> Done:
        out = () if "--out" in arguments else ("--out", "out")
        return stillwatch("hunt", "--workers", "1", *out, *arguments)

    return call


def pytest_configure(config: pytest.Config) -> None:
    """Ibis 12 calls a DuckDB method that DuckDB 2 has renamed; remove this once Ibis calls the new one."""
    config.addinivalue_line("filterwarnings", "ignore:fetch_arrow_table:DeprecationWarning")
