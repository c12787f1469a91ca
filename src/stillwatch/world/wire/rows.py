"""Exchanges as rows of exchange log v1."""

from __future__ import annotations

from typing import Any

import msgspec

from stillwatch.world import facts
from stillwatch.world.chance import Chance
from stillwatch.world.sent import Sent
from stillwatch.world.text.answers import tokens_of
from stillwatch.world.wire.dialects import DIALECTS

_ERRORS = (429, 429, 500, 503)


def row_of(sent: Sent, seed: int) -> dict[str, Any]:
    """The log's row. Its id and the few failures that everybody meets are chance of the seed, account and moment."""
    chance = Chance(seed, sent.account.account, sent.ts_us)
    dialect = DIALECTS[sent.setup.dialect]
    model = sent.setup.model_at(sent.ts_us)
    path, body = (sent.ask.path, sent.ask.body) if sent.ask.body is not None else dialect.request(sent.ask, model)
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
    answered = tokens_of(sent.answer)
    response = dialect.response(sent, model, asked, answered, chance)
    usage = {"input_tokens": asked, "output_tokens": answered}
    return row | {"status": 200, "response": response, "usage": usage}


def _headers(sent: Sent, length: int) -> list[list[str]]:
    return [[name, str(length) if value == "{l}" else value] for name, value in sent.setup.headers]
