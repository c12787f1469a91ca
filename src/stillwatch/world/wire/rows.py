"""Exchanges as rows of exchange log v1."""

from __future__ import annotations

from typing import Any

import msgspec

from stillwatch.world import facts
from stillwatch.world.chance import Chance
from stillwatch.world.sent import Sent
from stillwatch.world.text.answers import tokens_of
from stillwatch.world.wire.dialects import DIALECTS, dialect_of

_ERRORS = (429, 429, 500, 503)


def row_of(sent: Sent, seed: int) -> dict[str, Any]:
    """The log's row. Its id and the few failures that everybody meets are chance of the seed, account and moment."""
    chance = Chance(seed, sent.account.account, sent.ts_us)
    model = sent.setup.model_at(sent.ts_us)
    spoken, path, body = _asked(sent, model)
    encoded = msgspec.json.encode(body)
    account = sent.account
    row: dict[str, Any] = {
        "ts_us": sent.ts_us,
        "id": f"ex-{chance.hex(13)}",
        "account": account.account,
        "organization": account.organization,
        "api_key": account.api_key,
        "ip": sent.address,
        "asn": account.asn,
        "country": account.country,
        "payment": account.payment,
        "account_created_us": account.account_created_us,
    }
    if account.declared_use:
        row["declared_use"] = account.declared_use
    row |= {"method": "POST", "path": path, "headers": _headers(sent, len(encoded)), "body": msgspec.Raw(encoded)}
    if chance.happens(facts.ERROR_SHARE):
        return row | {"status": chance.pick(_ERRORS)}
    asked = len(encoded) // 5 + 8  # JSON around the text is no tokens
    if not spoken:
        return row | {"status": 200, "usage": {"input_tokens": asked, "output_tokens": 0}}
    answered = tokens_of(sent.answer)
    response = DIALECTS[spoken].response(sent, model, asked, answered, chance)
    return row | {"status": 200, "response": response, "usage": {"input_tokens": asked, "output_tokens": answered}}


def _asked(sent: Sent, model: str) -> tuple[str, str, dict[str, Any]]:
    """Dialect, path and body; a real client's own body keeps all but the model's name."""
    ask = sent.ask
    if ask.body is not None:
        return dialect_of(ask.path), ask.path, {**ask.body, "model": model}
    return (sent.setup.dialect, *DIALECTS[sent.setup.dialect].request(ask, model))


def _headers(sent: Sent, length: int) -> list[list[str]]:
    return [[name, str(length) if value == "{l}" else value] for name, value in sent.setup.headers]
