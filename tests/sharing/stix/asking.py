"""Libraries of others are asked in a process of their own (`oracle.py`).

OpenCTI's client wants older releases of what other tests need. `STILLWATCH_PYCTI` may name the Python of an environment
of its own, made by `python -m venv E && E/bin/pip install pycti`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.sharing.stix.oracle import MISSING

PACKAGES = {
    "validator": "'stix2-validator<3.3'",
    "stix2": "stix2",
    "misp": "misp-stix",
    "misp_made": "misp-stix",
    "opencti": "pycti",
}


@cache
def asked(oracle: str, document: str) -> Any:
    """What a library of somebody else's makes of a document, in a process of its own."""
    program = os.environ.get("STILLWATCH_PYCTI", sys.executable) if oracle == "opencti" else sys.executable
    command = [program, "-W", "ignore", str(Path(__file__).parent / "oracle.py"), oracle]
    done = subprocess.run(command, input=document, capture_output=True, text=True)  # noqa: S603 - our own program
    if done.returncode == MISSING:
        pytest.skip(f"needs {PACKAGES[oracle]} of PyPI: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
