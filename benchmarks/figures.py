"""Figures beside their targets: one table for the terminal and for `results.md`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table. Empty where a column does not apply; `is_met` None where there is no target."""

    benchmark: str
    case: str
    exchanges: int = 0
    cpu_seconds: float = 0.0
    peak_bytes: int = 0
    worker_peak_bytes: int = 0
    found: str = ""
    target: str = ""
    is_met: bool | None = None

    @property
    def rate(self) -> float:
        """Exchanges per CPU second."""
        return self.exchanges / self.cpu_seconds if self.cpu_seconds else 0.0


_HEADINGS = ("benchmark", "case", "exchanges", "CPU s", "per CPU s", "peak MB", "worker MB", "found", "target", "")
_IS_NUMBER = (False, False, True, True, True, True, True, False, False, False)


def markdown(figures: Sequence[Figure]) -> str:
    """The table, aligned so that it reads as text too."""
    rows = [_HEADINGS, *map(_cells, figures)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    line, *lines = ["| " + " | ".join(map(_pad, row, widths, _IS_NUMBER)) + " |" for row in rows]
    rule = "|".join(
        "-" * (width + 1) + (":" if right else "-") for width, right in zip(widths, _IS_NUMBER, strict=True)
    )
    return "\n".join([line, f"|{rule}|", *lines])


def as_json(figures: Sequence[Figure], machine: Mapping[str, str]) -> dict[str, object]:
    """The same for machines, with the rate that the table shows."""
    return {"machine": dict(machine), "figures": [asdict(f) | {"rate": round(f.rate, 1)} for f in figures]}


def _cells(figure: Figure) -> tuple[str, ...]:
    verdict = {None: "", True: "met", False: "MISSED"}[figure.is_met]
    return (
        figure.benchmark,
        figure.case,
        f"{figure.exchanges:,}" if figure.exchanges else "",
        f"{figure.cpu_seconds:.1f}" if figure.cpu_seconds else "",
        f"{figure.rate:,.0f}" if figure.rate else "",
        _megabytes(figure.peak_bytes),
        _megabytes(figure.worker_peak_bytes),
        figure.found,
        figure.target,
        verdict,
    )


def _megabytes(count: int) -> str:
    return f"{count / 1e6:,.0f}" if count else ""


def _pad(cell: str, width: int, is_number: bool) -> str:
    return cell.rjust(width) if is_number else cell.ljust(width)
