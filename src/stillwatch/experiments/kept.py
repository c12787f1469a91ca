"""Steps of a long experiment: what one found is kept in a file, and a second run takes it as it is."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from stillwatch.report.atomic_file import write_atomically

Found = TypeVar("Found")
Tell = Callable[[str], None]


class Part(msgspec.Struct, Generic[Found], frozen=True, kw_only=True):
    """What one step found, and what it took."""

    cpu_seconds: int
    points: list[Found]


def kept(file: Path, step: Callable[[], Sequence[Found]], of: type[Found], tell: Tell) -> Part[Found]:
    """What the step finds, or found when it was run before."""
    if file.exists():
        return msgspec.json.decode(file.read_bytes(), type=Part[of])  # type: ignore[valid-type]  # known when it runs
    began = time.process_time()
    points = list(step())
    part = Part(cpu_seconds=round(time.process_time() - began), points=points)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(file, msgspec.json.encode(part).decode())
    tell(f"{file.stem}: {part.cpu_seconds} CPU seconds")
    return part
