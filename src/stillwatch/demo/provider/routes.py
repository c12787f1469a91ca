"""From a request's path to the format that answers it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

import msgspec

from stillwatch.demo.provider import anthropic, chat, completions, embeddings, gemini, responses
from stillwatch.demo.provider.errors import Provider, error
from stillwatch.demo.provider.mind import Mind
from stillwatch.demo.provider.misbehaviour import Misbehaviour
from stillwatch.demo.provider.reply import Reply, whole
from stillwatch.demo.provider.wish import BadWish, Body

Fields = Mapping[bytes, bytes]
"""Header fields by their names in lower case."""
Answering = Callable[[Body, Mind, str], Reply]
_MADE_SECONDS = 1_788_739_200  # when the models came out: 7 September 2026, the first day of the simulated worlds
MODELS = ("sonata-3", "sonata-2", "sonata-2-mini", "sonata-1.5")
"""What is listed; any other name is answered too."""
_GEMINI = re.compile(r"/v1(?:beta|alpha)?/(?:models|tunedModels)/([^/:]+):(\w+)")
_LENGTH = re.compile(r"(?:^|&)tokens=(\d{1,9})(?:&|$)")
_LONGEST_TOKENS = 32_768
"""Of the query parameter `tokens`, by which a client says how long an answer it wants. Chosen."""
_ENDINGS: tuple[tuple[str, Answering, Provider], ...] = (
    ("/chat/completions", chat.reply, Provider.OPENAI),
    ("/completions", completions.reply, Provider.OPENAI),
    ("/responses", responses.reply, Provider.OPENAI),
    ("/embeddings", embeddings.reply, Provider.OPENAI),
    ("/messages/count_tokens", anthropic.counted, Provider.ANTHROPIC),
    ("/messages", anthropic.reply, Provider.ANTHROPIC),
)
_decode = msgspec.json.Decoder(dict[str, Any]).decode


class Routes:
    """The whole API of our model."""

    def __init__(self, mind: Mind) -> None:
        self._mind = mind
        self._numbers = count(1)

    def answer(self, path: str, query: str, body: bytes, wanted: Misbehaviour, fields: Fields) -> Reply:
        """The reply to one request with these header fields; faults are told in the provider's own form."""
        provider = _provider(path, fields)
        if wanted.how == "status":
            return error(provider, wanted.status, f"You asked for {wanted.status}.")
        try:
            asked = _LENGTH.search(query)
            mind = self._mind.of_length(min(int(asked[1]), _LONGEST_TOKENS)) if asked else self._mind
            return self._found(path, query, body, provider, mind)
        except msgspec.DecodeError as fault:
            return error(provider, 400, f"The body is no JSON object: {fault}.")
        except RecursionError:
            return error(provider, 400, "The body is nested too deeply.")
        except BadWish as fault:
            return error(provider, 400, f"{fault}.")

    def _found(self, path: str, query: str, body: bytes, provider: Provider, mind: Mind) -> Reply:
        name = f"demo{next(self._numbers):08x}"
        for ending, answering, _ in _ENDINGS:
            if path.endswith(ending):
                return answering(_decode(body), mind, name)
        asked = _GEMINI.fullmatch(path)
        if asked is not None:
            return self._gemini(asked[1], asked[2], query, _decode(body), name, mind)
        if "/models" in path:
            return _models(path, provider)
        return error(provider, 404, f"There is no {path[:200]} here.")

    def _gemini(self, model: str, method: str, query: str, body: Body, name: str, mind: Mind) -> Reply:
        if method == "streamGenerateContent":
            return gemini.streamed(model, body, mind, name, as_events="alt=sse" in query)
        known = {
            "generateContent": gemini.reply,
            "countTokens": gemini.counted,
            "embedContent": gemini.embedding,
            "batchEmbedContents": gemini.embeddings,
        }
        if method not in known:
            return error(Provider.GEMINI, 404, f"Models here have no method {method[:100]}.")
        return known[method](model, body, mind, name)


def _provider(path: str, fields: Fields) -> Provider:
    """Whose form is spoken: told by the path or, of a list of models, by fields that one provider's clients send."""
    for ending, _, provider in _ENDINGS:
        if path.endswith(ending):
            return provider
    if b"anthropic-version" in fields:
        return Provider.ANTHROPIC
    is_google = b"x-goog-api-key" in fields or path.startswith("/v1beta") or _GEMINI.fullmatch(path)
    return Provider.GEMINI if is_google else Provider.OPENAI


def _models(path: str, provider: Provider) -> Reply:
    """One model, or all; in this provider's form."""
    asked = path.rpartition("/models")[2].strip("/")
    one, many = _FORMS[provider]
    return whole(one(asked) if asked else many([one(name) for name in MODELS]), 0)


def _openai_model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": _MADE_SECONDS, "owned_by": "demo"}


def _anthropic_model(name: str) -> dict[str, Any]:
    return {"type": "model", "id": name, "display_name": name, "created_at": "2026-09-07T00:00:00Z"}


def _gemini_model(name: str) -> dict[str, Any]:
    return {"name": f"models/{name}", "displayName": name, "supportedGenerationMethods": ["generateContent"]}


def _openai_list(data: list[dict[str, Any]]) -> dict[str, Any]:
    return {"object": "list", "data": data}


def _anthropic_list(data: list[dict[str, Any]]) -> dict[str, Any]:
    return {"data": data, "has_more": False, "first_id": data[0]["id"], "last_id": data[-1]["id"]}


def _gemini_list(data: list[dict[str, Any]]) -> dict[str, Any]:
    return {"models": data}


_FORMS = {
    Provider.OPENAI: (_openai_model, _openai_list),
    Provider.ANTHROPIC: (_anthropic_model, _anthropic_list),
    Provider.GEMINI: (_gemini_model, _gemini_list),
}
