"""A hook of LiteLLM's proxy: `callbacks: stillwatch.doors.litellm.guard` in its configuration.

LiteLLM says who asks (its keys, users, teams) and what; the gate admits or refuses before a model is asked, and what is
withheld is taken from the parameters. Answers are counted as LiteLLM hands them to the client, a stream event by event;
who leaves pays for what left. Refusals are in LiteLLM's own form, with our fields. Fails closed: 503 if the gate fails.

Known weakness: what LiteLLM itself adds to a call (fallbacks that a client names, retries) is neither seen nor counted,
and where a client leaves a call that is not streamed, its reservation ends by its expiry.

Source: LiteLLM 1.106, litellm/integrations/custom_logger.py and litellm/proxy/utils.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from itertools import count
from typing import Any
from urllib.parse import urlsplit

import msgspec
from litellm.integrations.custom_logger import CustomLogger
from litellm.proxy._types import ProxyException

from stillwatch.decision.core import LONGEST_ANSWER_SECONDS
from stillwatch.doors.configuration import configured
from stillwatch.doors.litellm_answer import WatchedAnswer, block_of, chunks_at_end, chunks_of
from stillwatch.doors.others import passes
from stillwatch.doors.station import Station, delayed
from stillwatch.gateway.guard import Answer, Cut, End, Header, Request
from stillwatch.gateway.identity import Identity, Mode

_WHO = Identity(mode=Mode.HEADERS, trusted=("127.0.0.1",))
"""How the gate is told whom LiteLLM has checked: by fields that this module makes, and nobody else."""
_OURS = frozenset(
    name.lower() for name in (_WHO.account, _WHO.organization, _WHO.payment, _WHO.key, _WHO.network, "x-forwarded-for")
)
_MARK = "stillwatch_exchange"
_GRACE_SECONDS = 30.0
"""After LiteLLM logged a call as done. Chosen: its answer is with the client by then, or never will be."""
_LONGEST_SECONDS = LONGEST_ANSWER_SECONDS
"""After so long a call of which nobody tells the end counts as left."""


class Hook(CustomLogger):  # type: ignore[misc]  # LiteLLM ships no types
    """What LiteLLM's proxy calls; one instance for each of its processes."""

    def __init__(self, station: Station | None = None) -> None:
        super().__init__()
        self.station = station or Station(msgspec.structs.replace(configured(), identity=_WHO), "litellm")
        self._numbers = count(1)
        self._open: dict[str, WatchedAnswer] = {}

    async def async_pre_call_hook(
        self, user_api_key_dict: Any, cache: Any, data: dict[str, Any], call_type: str
    ) -> dict[str, Any]:
        """Let the call go on, with less where the policy withholds; or raise what LiteLLM makes a refusal of."""
        asked = data.get("proxy_server_request") or {}
        path, method = urlsplit(str(asked.get("url", ""))).path, str(asked.get("method", "POST"))
        if passes(self.station.door, path, method):
            return data
        if not self.station.is_up:
            await self.station.start()
        body, extra = _members(asked.get("body") or data)
        sent = msgspec.json.encode({**body, **extra}, enc_hook=str)
        request = Request(method.encode(), path.encode(), _headers(user_api_key_dict, asked), sent, "127.0.0.1")
        said = _twice_said(body, extra) or await self.station.ask(request)
        if isinstance(said, Answer):
            raise _refusal(said)
        await delayed(said)
        if request.body is not sent:
            _apply(data, {**body, **extra}, msgspec.json.decode(request.body))
        if said.observer is not None:
            self._keep(data, WatchedAnswer(said.observer, bool(body.get("stream"))))
        return data

    def _keep(self, data: dict[str, Any], exchange: WatchedAnswer) -> None:
        """Mark the call where hooks and log events find it. A mark of the client's own is written over."""
        while self._open and (oldest := next(iter(self._open.items())))[1].began < exchange.began - _LONGEST_SECONDS:
            self._end(oldest[0], End.CLIENT_LEFT)
        mark = str(next(self._numbers))
        self._open[mark] = exchange
        place = "litellm_metadata" if isinstance(data.get("litellm_metadata"), dict) else "metadata"
        data[place] = {**(data.get(place) or {}), _MARK: mark}

    def _of(self, data: Mapping[str, Any]) -> tuple[str, WatchedAnswer | None]:
        for place in ("litellm_metadata", "metadata"):
            mark = (data.get(place) or {}).get(_MARK)
            if mark is not None:
                return mark, self._open.get(mark)
        return "", None

    def _end(self, mark: str, cause: End) -> None:
        exchange = self._open.pop(mark, None)
        if exchange is not None:
            exchange.end(cause)

    async def async_post_call_response_headers_hook(
        self, data: dict[str, Any], user_api_key_dict: Any, response: Any, request_headers: Any = None
    ) -> dict[str, str] | None:
        """The client's own limits, beside LiteLLM's."""
        _, exchange = self._of(data)
        if exchange is None or response is None:
            return None
        return {name.decode("latin-1"): value.decode("latin-1") for name, value in exchange.head()}

    async def async_post_call_success_hook(self, data: dict[str, Any], user_api_key_dict: Any, response: Any) -> Any:
        """A whole answer: counted, and without what is hidden."""
        mark, exchange = self._of(data)
        if exchange is None or exchange.is_stream or not hasattr(response, "model_dump_json"):
            return response
        body = response.model_dump_json(exclude_none=True).encode()
        said = exchange.passed(body, is_last=True)
        exchange.end(End.COMPLETE)
        asyncio.get_running_loop().call_later(_GRACE_SECONDS, self._open.pop, mark, None)  # its head is asked for later
        if isinstance(said, bytes) and said and said != body:
            return type(response)(**msgspec.json.decode(said))
        return response

    async def async_post_call_streaming_iterator_hook(
        self, user_api_key_dict: Any, response: AsyncIterator[Any], request_data: dict[str, Any]
    ) -> AsyncGenerator[Any, None]:
        """A stream, event by event; ended well where its budget is reached."""
        mark, exchange = self._of(request_data)
        if exchange is None:
            async for chunk in response:
                yield chunk
            return
        cause = End.UPSTREAM_FAILED
        try:
            async for chunk in response:
                block = block_of(chunk)
                said = exchange.passed(block, is_last=False)
                if isinstance(said, Cut):
                    cause = End.CUT
                    for ending in chunks_of(said.last, chunk):
                        yield ending
                    return
                for passed in [chunk] if said == block else chunks_of(said, chunk):
                    yield passed
            for passed in chunks_at_end(exchange.passed(b"", is_last=True)):
                yield passed
            cause = End.COMPLETE
        except (asyncio.CancelledError, GeneratorExit):
            cause = End.CUT if cause is End.CUT else End.CLIENT_LEFT
            raise
        finally:
            self._end(mark, cause)

    async def async_post_call_failure_hook(
        self, request_data: dict[str, Any], original_exception: Exception, user_api_key_dict: Any, **more: Any
    ) -> None:
        """No answer came."""
        self._end(self._of(request_data)[0], End.UPSTREAM_FAILED)

    async def async_log_success_event(
        self, kwargs: dict[str, Any], response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        """The model is done; if nobody takes the answer soon, its client is gone."""
        mark, _ = self._of(kwargs.get("litellm_params") or {})
        if mark:
            asyncio.get_running_loop().call_later(_GRACE_SECONDS, self._end, mark, End.CLIENT_LEFT)

    async def async_log_failure_event(
        self, kwargs: dict[str, Any], response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        """LiteLLM may try again: the failure hook says when it has given up."""


def _members(body: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The parameters, and those that LiteLLM adds to the call from `extra_body`."""
    extra = body.get("extra_body")
    own = {name: value for name, value in body.items() if name not in {"extra_body", "metadata", "litellm_metadata"}}
    return own, dict(extra) if isinstance(extra, dict) else {}


def _twice_said(body: Mapping[str, Any], extra: Mapping[str, Any]) -> Answer | None:
    """The refusal of a parameter that is said in two places: which of them counts is LiteLLM's to know."""
    twice = sorted(body.keys() & extra.keys())
    if not twice:
        return None
    error = {"message": f"'{twice[0]}' is said twice, in the body and in extra_body.", "type": "invalid_request_error"}
    return Answer(400, (), msgspec.json.encode({"error": {**error, "param": twice[0]}}))


def _apply(data: dict[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Take from the call what the gate took from its body, wherever it was said."""
    extra = data.get("extra_body")
    for name in before.keys() | after.keys():
        if name in after and after[name] == before.get(name):
            continue
        place = extra if isinstance(extra, dict) and name in extra else data
        if name in after:
            place[name] = after[name]
        else:
            place.pop(name, None)


def _headers(who: Any, asked: Mapping[str, Any]) -> list[Header]:
    """The client's fields, without any that names somebody, and those that say whom LiteLLM has checked."""
    key = str(getattr(who, "token", None) or getattr(who, "api_key", None) or "")
    named = {
        _WHO.account: getattr(who, "user_id", None) or getattr(who, "team_id", None) or key,
        _WHO.organization: getattr(who, "org_id", None) or getattr(who, "team_id", None),
        _WHO.key: key,
    }
    given = [(str(name), str(value)) for name, value in (asked.get("headers") or {}).items()]
    fields = [*[pair for pair in given if pair[0].lower().replace("_", "-") not in _OURS], *named.items()]
    return [(name.encode(), str(value).encode()) for name, value in fields if value]


def _refusal(answer: Answer) -> Exception:
    """What LiteLLM makes its own error body of, with our fields."""
    error = msgspec.json.decode(answer.body).get("error", {})
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in answer.headers}
    headers.pop("content-type", None)
    code = error.get("code")
    refusal: Exception = ProxyException(
        message=error.get("message", "The request was refused."),
        type=error.get("type", "server_error"),
        param=error.get("param"),
        code=answer.status,
        headers=headers,
        openai_code=code if isinstance(code, str) else None,
    )
    return refusal


def __getattr__(name: str) -> Hook:
    """`guard`, made when LiteLLM asks for it: importing this module must not need a configuration."""
    if name != "guard":
        raise AttributeError(name)
    globals()["guard"] = made = Hook()
    return made
