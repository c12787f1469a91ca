"""The comparison on windows of traffic; see `WindowRow`."""

from __future__ import annotations

import msgspec

from stillwatch.evaluation.bounds import Rate


class WindowRow(msgspec.Struct, frozen=True):
    """Windows of `size` exchanges of which `share` harvest: how many of them a test notices."""

    test: str
    size: int
    share: float
    flagged: Rate
