"""A cast's request as bytes: path, header fields and body as its client program writes them, under its own key."""

from __future__ import annotations

from dataclasses import dataclass, replace

import msgspec

from stillwatch.world.sent import Sent
from stillwatch.world.text.answers import tokens_of
from stillwatch.world.wire.dialects import DIALECTS
from stillwatch.world.wire.effort import PARAMETER, with_effort

_REDACTED = "REDACTED"  # what stands for a key in the world's header fields
_KEY_FIELDS = {"authorization": "Bearer ", "x-api-key": "", "x-goog-api-key": ""}


@dataclass(frozen=True, slots=True)
class Ready:
    """One request, whole. `wants_reasoning`: the answer should carry some."""

    data: bytes
    wants_reasoning: bool


def ready(sent: Sent, seed: int, key: str, host: str) -> Ready:
    """The request of one exchange. The query tells our model how long an answer the cast expects."""
    model = sent.setup.model_at(sent.ts_us)
    ask = replace(sent.ask, parameters=with_effort(sent.ask.parameters, model, sent.account.account, seed))
    path, document = DIALECTS[sent.setup.dialect].request(ask, model)
    body = msgspec.json.encode(document)
    own = {"host": host, "content-length": str(len(body))}
    fields = [f"{name}: {own.get(name) or _with_key(name, value, key)}" for name, value in sent.setup.headers]
    head = f"POST {path}?tokens={tokens_of(sent.answer)} HTTP/1.1\r\n" + "\r\n".join(fields) + "\r\n\r\n"
    return Ready(head.encode("latin-1") + body, PARAMETER in ask.parameters)


def _with_key(name: str, value: str, key: str) -> str:
    return value.replace(_REDACTED, _KEY_FIELDS.get(name, "") + key)
