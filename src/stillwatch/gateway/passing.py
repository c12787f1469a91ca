"""Paths that no dialect reads and that are served all the same: files, batches, audio. Closed unless they are listed.

[paths]
pass = ["/v1/files", "/v1/batches"]     # and what lies below them, whatever the method

Who asks is checked, requests are limited and verdicts hold; bodies go both ways as they are, of any kind. Known
weakness: nobody counts tokens there and nobody observes. A batch has the model answer without a limit of tokens, and
`GET /v1/responses/ID` fetches an answer that was made in the background.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from stillwatch.decision.core import Core, Decision
from stillwatch.exchange.dialect import dialect_of_path
from stillwatch.gateway.dialects.dialect import Dialect, uncounted
from stillwatch.gateway.dialects.plain_path import is_plain
from stillwatch.gateway.dialects.refusals import ANTHROPIC, OPENAI, Form
from stillwatch.gateway.dialects.standing_limits import shown
from stillwatch.gateway.guard import End, HeadChange, Header
from stillwatch.gateway.settling import Clock
from stillwatch.limits.ladder import NOTHING
from stillwatch.telemetry.counts import GateCounts

PASSED = "passed"
"""The name of the dialects that are none."""
_OPENAI, _ANTHROPIC = uncounted(PASSED, OPENAI), uncounted(PASSED, ANTHROPIC)
_Path = Annotated[str, msgspec.Meta(pattern=r"^/[^?#]*[^/?#]$")]


class Paths(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, rename={"listed": "pass"}):
    """A table of the file; a key that it does not know is an error. Paths begin with a slash and end without one."""

    listed: tuple[_Path, ...] = ()

    def dialect(self, target: str, method: bytes, speaks_anthropic: bool = False) -> Dialect | None:
        """The dialect that is none, for a path that is listed; None for others.

        What a model is asked at a path that a dialect reads never passes here, in whatever letters it is written.
        """
        path = target.partition("?")[0]
        if not any(path == one or path.startswith(one + "/") for one in self.listed) or not is_plain(path):
            return None
        if method == b"POST" and dialect_of_path(path.lower()):
            return None
        return _ANTHROPIC if speaks_anthropic else _OPENAI


class Passed:
    """The data plane's observer of an answer that nobody reads."""

    __slots__ = ("_clock", "_core", "_counts", "_decision", "_form")

    def __init__(self, core: Core, decision: Decision, form: Form, clock: Clock, counts: GateCounts) -> None:
        self._core, self._decision, self._form, self._clock, self._counts = core, decision, form, clock, counts

    def on_head(self, status: int, headers: list[Header]) -> HeadChange | None:
        now, made = self._clock(), self._decision.reservation
        return HeadChange(self._form.admitted(shown(made.ladder.buckets, now.ns), now.us)) if made else None

    def on_body(self, block: bytes) -> bytes:
        if self._decision.reservation is not None:
            self._decision.reservation.is_alive = True
        return block

    def on_last(self) -> bytes:
        return b""

    def on_end(self, cause: End, delivered_bytes: int) -> None:
        used = NOTHING if cause is End.NOT_SENT else (1, 0, 0, 0)
        self._core.settle(self._decision, self._clock(), used)
        self._counts.ended[End.CLIENT_LEFT if cause is End.NOT_SENT else cause] += 1
