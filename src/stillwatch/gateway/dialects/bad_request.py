"""A request that the guard refuses to read, in words that its client may see."""

from __future__ import annotations

from stillwatch.errors import StillwatchError


class BadRequest(StillwatchError):
    """The body is no request, or says in two ways what a limit depends on. `parameter` is empty for the whole body."""

    def __init__(self, problem: str, parameter: str = "") -> None:
        super().__init__(problem, "Send one JSON object that the provider documents")
        self.parameter = parameter
