"""The command line in an empty folder, and students of marked and of clean answers."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from stillwatch.cli.main import run
from stillwatch.experiments.source import SUBJECTS, Source
from stillwatch.experiments.student import Student
from stillwatch.pseudonym import Secret
from stillwatch.watermark.keys import MasterKeys
from stillwatch.watermark.layers import Layers
from stillwatch.watermark.scheme import Scheme

TOKENIZER = "ab" * 32
HEX = hashlib.sha256(b"the provider of these tests").hexdigest()
WORDS = 800
Stillwatch = Callable[..., tuple[int, str, str]]


@pytest.fixture
def stillwatch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """The command line in this process, in an empty folder with a master secret: exit code and both streams."""
    (tmp_path / "marks.key").write_text(HEX)
    (tmp_path / "marks.key").chmod(0o600)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STILLWATCH_JOURNAL", str(tmp_path / "journal.jsonl"))

    def called(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["stillwatch", *arguments])
        code = 0
        try:
            run()
        except SystemExit as ended:
            code = int(ended.code or 0)
        said = capsys.readouterr()
        return code, said.out, said.err

    return called


KEYS = ("--master", "marks.key", "--tokenizer-digest", TOKENIZER, "--key", "acct-1", "--key", "acct-2")


def layers(account: str) -> Layers:
    made, scheme = MasterKeys(Secret(bytes.fromhex(HEX))), Scheme()
    return Layers(made.key(scheme, TOKENIZER), made.key(scheme, TOKENIZER, account=account))


@pytest.fixture(scope="session")
def source() -> Source:
    return Source(WORDS)


def taught(source: Source, marks: Layers | None, seed: int) -> Student:
    rng = np.random.default_rng(seed)
    return Student(source.answers(source.prompts(range(SUBJECTS), 800, rng), 40, rng, marks, 2.0), WORDS)


@pytest.fixture(scope="session")
def guilty(source: Source) -> Student:
    return taught(source, layers("acct-2"), 1)


@pytest.fixture(scope="session")
def clean(source: Source) -> Student:
    return taught(source, None, 2)
