"""One exchange before it is put on the wire: who asks what, with which client, and what comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from stillwatch.world.account import Account
from stillwatch.world.wire.setup import Setup

Turns = tuple[tuple[str, str], ...]
"""`(role, text)` of a dialogue, without the system text."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A request in no particular dialect. `parameters` are named as in OpenAI chat completions."""

    turns: Turns
    system: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    """A real client's own body, sent as it is in place of all this."""
    path: str = ""
    """The path that goes with `body`."""
    headers: tuple[tuple[str, str], ...] = ()
    """The client's own headers, in place of the sender's, where a capture has them."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A request, its answer and the moment. `campaign` names who harvests it; empty where nobody does."""

    ts_us: int
    account: Account
    setup: Setup
    ask: Ask
    answer: str
    address: str
    campaign: str = ""
    finish: str = "stop"
    refused: int = 0
    """The status with which a provider refuses a banned account; 0 for everybody else."""
