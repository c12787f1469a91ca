"""Exchanges as rows of exchange log v1."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec

from stillwatch.world.chance import Chance
from stillwatch.world.sent import Ask, Sent
from stillwatch.world.text.answers import tokens_of
from stillwatch.world.text.reasoning import reasoning
from stillwatch.world.wire.dialects import DIALECTS, Reply, dialect_of
from stillwatch.world.wire.effort import PARAMETER, reasoning_tokens, with_effort
from stillwatch.world.wire.failures import status_of


def row_of(sent: Sent, seed: int) -> dict[str, Any]:
    """The log's row. Its id, failures and reasoning are chance of the seed, the account and the moment."""
    chance = Chance(seed, sent.account.account, sent.ts_us)
    model = sent.setup.model_at(sent.ts_us)
    ask = replace(sent.ask, parameters=with_effort(sent.ask.parameters, model, sent.account.account, seed))
    spoken, path, body = _asked(ask, sent.setup.dialect, model)
    encoded = msgspec.json.encode(body)
    row: dict[str, Any] = {"ts_us": sent.ts_us, "id": f"ex-{chance.hex(13)}"} | _sender(sent)
    row |= {"method": "POST", "path": path, "headers": _headers(sent, len(encoded)), "body": msgspec.Raw(encoded)}
    row["status"] = status_of(sent, seed)
    if row["status"] != 200:
        return row
    asked = len(encoded) // 5 + 8  # JSON around the text is no tokens
    if not spoken:
        return row | {"usage": {"input_tokens": asked, "output_tokens": 0}}
    reply = _reply(sent, ask, model, asked, chance)
    usage = {"input_tokens": asked, "output_tokens": reply.answered}
    if reply.reasoning:
        usage["reasoning_tokens"] = reply.reasoned
    return row | {"response": DIALECTS[spoken].response(reply, chance), "usage": usage}


def _sender(sent: Sent) -> dict[str, Any]:
    account = sent.account
    said: dict[str, Any] = {
        "account": account.account,
        "organization": account.organization,
        "api_key": account.api_key,
        "ip": sent.address,
        "asn": account.asn,
        "country": account.country,
        "payment": account.payment,
        "account_created_us": account.account_created_us,
    }
    return said | ({"declared_use": account.declared_use} if account.declared_use else {})


def _asked(ask: Ask, dialect: str, model: str) -> tuple[str, str, dict[str, Any]]:
    """Dialect, path and body; a real client's own body keeps all but the model's name."""
    if ask.body is not None:
        return dialect_of(ask.path), ask.path, {**ask.body, "model": model}
    return (dialect, *DIALECTS[dialect].request(ask, model))


def _reply(sent: Sent, ask: Ask, model: str, asked: int, chance: Chance) -> Reply:
    effort = ask.parameters.get(PARAMETER) if ask.body is None else None
    thought = reasoning(sent.answer, reasoning_tokens(effort, chance), chance) if effort else ""
    reasoned = tokens_of(thought) if thought else 0
    answered = tokens_of(sent.answer) + reasoned
    return Reply(model, sent.ts_us, sent.answer, sent.finish, thought, asked, answered, reasoned)


def _headers(sent: Sent, length: int) -> list[list[str]]:
    return [[name, str(length) if value == "{l}" else value] for name, value in sent.ask.headers or sent.setup.headers]
