"""An answer that is still arriving: its choices, calls, finish reasons and usage, in any wire format's order.

Finish reasons are put into one vocabulary: stop, length, tool_calls, content_filter, error; a reason that is
none of these is kept as the provider wrote it. Text is collected in pieces and joined once.
"""

from __future__ import annotations

from collections.abc import Hashable

from stillwatch.exchange.record import Response, Usage

NO_USAGE = Usage()


class Choice:
    """One of the answers to one request."""

    __slots__ = ("calls", "finish_reason", "reasonings", "texts")

    def __init__(self) -> None:
        self.finish_reason = ""
        self.texts: list[str] = []
        self.reasonings: list[str] = []
        self.calls: set[Hashable] = set()

    def add_text(self, piece: str) -> None:
        """The next piece of visible text."""
        if piece:
            self.texts.append(piece)

    def add_reasoning(self, piece: str) -> None:
        """The next piece of reasoning that the provider shows."""
        if piece:
            self.reasonings.append(piece)

    def note_call(self, key: Hashable) -> None:
        """A tool call, told apart from the others by `key`; its pieces may repeat the key."""
        self.calls.add(key)

    def finish(self, reason: str) -> None:
        """Why this choice ended. A refusal that was noted before stands."""
        if self.finish_reason != "content_filter":
            self.finish_reason = reason


class Answer:
    """All choices of one answer. One owner: the assembler of one wire format."""

    __slots__ = ("_choices", "_failed", "is_closed", "usage")

    def __init__(self) -> None:
        self.usage = NO_USAGE
        self.is_closed = False  # the closing event was seen
        self._failed = False
        self._choices: dict[int, Choice] = {}

    def choice(self, index: int) -> Choice:
        """The choice at `index`, begun if it is new."""
        found = self._choices.get(index)
        if found is None:
            found = self._choices[index] = Choice()
        return found

    def fail(self) -> None:
        """The provider reported an error, before or within the answer."""
        self._failed = True

    def response(self, is_whole: bool) -> Response:
        """The answer as a record. A stream is complete when it was closed or every choice gave its reason."""
        parts = [self._choices[index] for index in sorted(self._choices)]
        reasons = [part.finish_reason for part in parts if part.finish_reason]
        is_finished = bool(parts) and len(reasons) == len(parts)
        return Response(
            text="\n".join(["".join(part.texts) for part in parts]),
            reasoning="\n".join(["".join(part.reasonings) for part in parts if part.reasonings]),
            choices=len(parts),
            tool_calls=sum([len(part.calls) for part in parts]),
            finish_reason="error" if self._failed else reasons[0] if reasons else "",
            is_complete=is_whole or self.is_closed or self._failed or is_finished,
            usage=self.usage,
        )
