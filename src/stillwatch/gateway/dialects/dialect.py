"""All that the guard knows of one wire format, and which one a path speaks.

dialect = dialect_of("/v1/chat/completions")
asked = dialect.asked(body, path)                      # before admission
body = dialect.treated(body, decision.treatment)       # what goes on
counter = dialect.counter(asked, is_stream, budget)    # while the answer comes
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from stillwatch.decision.policy import Treatment
from stillwatch.exchange.dialect import dialect_of_path
from stillwatch.gateway.dialects import (
    anthropic_messages,
    gemini,
    hiding,
    openai_chat,
    openai_completions,
    openai_embeddings,
    openai_responses,
)
from stillwatch.gateway.dialects.asked import NOTHING, Asked
from stillwatch.gateway.dialects.counting import Answer, Counter, Used
from stillwatch.gateway.dialects.hiding import Edit, Value
from stillwatch.gateway.dialects.plain_path import is_plain
from stillwatch.gateway.dialects.refusals import ANTHROPIC, GEMINI, OPENAI, Form

_LONGEST_PATH = 2048
"""Chosen, as in `exchange.dialect`: longer than any documented path."""
_ASKS = frozenset({b"POST"})
_LISTS = frozenset({b"GET", b"HEAD"})


def _unread(body: bytes) -> Used | None:
    """Of a format whose whole answers only its counter reads."""
    return None


@dataclass(frozen=True, slots=True)
class Dialect:
    """One wire format. `asked` and `treated` raise `BadRequest`; `form` says no and tells limits.

    `said` is what a counter would find in a whole answer that tells its usage, found sooner; None where it is not.

    A request by another method than `methods` is none of this format.
    """

    name: str
    asked: Callable[[bytes, str], Asked]
    treated: Callable[[bytes, Treatment], bytes]
    answer: Callable[[Asked], Answer]
    without_reasoning: Edit
    signs: tuple[bytes, ...]
    form: Form
    methods: frozenset[bytes] = _ASKS
    is_counted: bool = True
    said: Callable[[bytes], Used | None] = _unread

    def counter(self, asked: Asked, is_stream: bool, budget: int | None = None) -> Counter:
        """Counts an answer. `is_stream`: it is text/event-stream; `budget` in output tokens of all choices together."""
        return Counter(self.answer(asked), is_stream, budget)

    def hider(self) -> hiding.Hider:
        """Takes the reasoning out of one stream."""
        return hiding.Hider(self.without_reasoning, self.signs)

    def hidden(self, body: bytes) -> bytes:
        """A whole answer without reasoning."""
        return hiding.hidden(body, self.without_reasoning, self.signs)


def dialect_of(path: str, speaks_anthropic: bool = False) -> Dialect | None:
    """The dialect that a path belongs to, None for a path that no provider documents, or that servers read differently.

    `speaks_anthropic`: the request has an `anthropic-version` field, which alone tells whose list of models it wants.
    """
    return _found(path.partition("?")[0], speaks_anthropic) if len(path) <= _LONGEST_PATH else None


@lru_cache(maxsize=1024)
def _found(path: str, speaks_anthropic: bool) -> Dialect | None:
    name = dialect_of_path(path)
    if not is_plain(path) or name != dialect_of_path(path.lower()) or path.rstrip("/").endswith("/complete"):
        return None  # the last: Anthropic's calls before Messages, whose limit has a name that nobody reads here
    if name:
        return _DIALECTS[name]
    segments = path.rstrip("/").split("/")
    if "models" not in segments[-2:]:
        return None
    if speaks_anthropic:
        return uncounted("anthropic_models", ANTHROPIC, _LISTS)
    is_gemini = "v1beta" in segments
    return uncounted("gemini_models" if is_gemini else "openai_models", GEMINI if is_gemini else OPENAI, _LISTS)


def uncounted(name: str, form: Form, methods: frozenset[bytes] = _ASKS) -> Dialect:
    """What asks for no tokens and is left as it is; its body, if it has one, is read by nobody."""
    return Dialect(
        name, _asks_nothing, openai_embeddings.treated, openai_chat.Answer, _has_none, (), form, methods, False
    )  # fmt: skip


def _asks_nothing(body: bytes, path: str) -> Asked:
    """A list of models costs no tokens."""
    return NOTHING


def _has_none(value: Value) -> bool:
    return True


_DIALECTS = {
    dialect.name: dialect
    for dialect in (
        Dialect(
            "openai_chat", openai_chat.asked, openai_chat.treated, openai_chat.Answer,
            openai_chat.without_reasoning, openai_chat.SIGNS, OPENAI, said=openai_chat.said,
        ),
        Dialect(
            "openai_completions", openai_completions.asked, openai_completions.treated, openai_completions.answer,
            openai_chat.without_reasoning, openai_chat.SIGNS, OPENAI, said=openai_chat.said,
        ),
        Dialect(
            "openai_responses", openai_responses.asked, openai_responses.treated, openai_responses.Answer,
            openai_responses.without_reasoning, openai_responses.SIGNS, OPENAI,
        ),
        Dialect(
            "openai_embeddings", openai_embeddings.asked, openai_embeddings.treated, openai_chat.Answer,
            _has_none, (), OPENAI,
        ),
        Dialect(
            "anthropic_messages", anthropic_messages.asked, anthropic_messages.treated, anthropic_messages.Answer,
            anthropic_messages.without_reasoning, anthropic_messages.SIGNS, ANTHROPIC,
        ),
        Dialect(
            "gemini", gemini.asked, gemini.treated, gemini.Answer, gemini.without_reasoning, gemini.SIGNS, GEMINI,
        ),
    )
}  # fmt: skip
