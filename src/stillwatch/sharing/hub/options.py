"""What an operator decides about how a hub answers."""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT_PAGE = 1000
"""Objects: some 0.5 MB of indicators, sent in a few milliseconds."""


@dataclass(frozen=True, slots=True)
class Options:
    """`page` is the most objects of a page; `public_url` is where members reach the hub, if not where it listens."""

    page: int = DEFAULT_PAGE
    public_url: str = ""
