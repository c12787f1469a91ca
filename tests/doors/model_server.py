"""A stand-in of vLLM's OpenAI server: FastAPI on uvicorn, middleware added as vLLM adds what `--middleware` names.

The loop of `add_middleware` follows `build_app` of vllm/entrypoints/openai/api_server.py, commit 0001948 (after 0.16).
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import json
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from fastapi import FastAPI, Request, WebSocket
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse, PlainTextResponse, StreamingResponse

WORDS = ["Rye ", "is ", "ground ", "by ", "the ", "miller."]
_BASE = {"id": "c1", "created": 1, "model": "m"}
_USAGE = {"prompt_tokens": 12, "completion_tokens": 6, "total_tokens": 18}


@dataclass
class Model:
    """What the server saw, and how it behaves. `go` lets a stream go on past its third word; `left`: streams ended."""

    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    go: asyncio.Event = field(default_factory=asyncio.Event)
    waits: bool = False
    fails: bool = False
    sent: int = 0
    started: int = 0
    stopped: int = 0
    closed: asyncio.Event = field(default_factory=asyncio.Event)


def app_of(model: Model, middleware: Sequence[str] = ()) -> FastAPI:
    """The server's app, with middleware named by class paths as on vLLM's command line."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        model.started += 1
        yield
        model.stopped += 1

    app = FastAPI(lifespan=lifespan)

    @app.get("/health")
    async def health() -> PlainTextResponse:
        return PlainTextResponse("well")

    @app.post("/tokenize")
    async def tokenize(request: Request) -> JSONResponse:
        return JSONResponse({"tokens": [1, 2]})

    @app.get("/v1/models")
    async def models() -> JSONResponse:
        return JSONResponse({"object": "list", "data": [{"id": "m", "object": "model", "created": 1, "owned_by": "x"}]})

    @app.post("/v1/chat/completions", response_model=None)
    async def chat(request: Request) -> JSONResponse | StreamingResponse:
        asked = await request.json()
        model.bodies.append(asked)
        model.headers.append(dict(request.headers))
        if model.fails:
            raise RuntimeError("the engine is dead")
        if asked.get("stream"):
            has_usage = (asked.get("stream_options") or {}).get("include_usage", False)
            return StreamingResponse(_events(model, has_usage), media_type="text/event-stream")
        message = {"role": "assistant", "content": "".join(WORDS), "reasoning_content": "The mill turns."}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return JSONResponse({**_BASE, "object": "chat.completion", "choices": [choice], "usage": _USAGE})

    @app.websocket("/v1/realtime")
    async def realtime(socket: WebSocket) -> None:
        await socket.accept()

    @app.websocket("/ws")
    async def echo(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text(await socket.receive_text())

    app.add_middleware(CORSMiddleware, allow_origins=["*"], allow_methods=["*"], allow_headers=["*"])
    for name in middleware:
        module_path, object_name = name.rsplit(".", 1)
        imported = getattr(importlib.import_module(module_path), object_name)
        if inspect.isclass(imported):
            app.add_middleware(imported)
        elif inspect.iscoroutinefunction(imported):
            app.middleware("http")(imported)
        else:
            raise ValueError(f"Invalid middleware {name}. Must be a function or a class.")
    return app


async def _events(model: Model, has_usage: bool) -> AsyncIterator[str]:
    try:
        for number, word in enumerate(WORDS):
            if model.waits and number == 3:
                await model.go.wait()
            end = "stop" if number == len(WORDS) - 1 else None
            choice = {"index": 0, "delta": {"content": word}, "finish_reason": end}
            model.sent += 1
            yield f"data: {json.dumps({**_BASE, 'object': 'chat.completion.chunk', 'choices': [choice]})}\n\n"
        if has_usage:
            last = {**_BASE, "object": "chat.completion.chunk", "choices": [], "usage": _USAGE}
            yield f"data: {json.dumps(last)}\n\n"
        yield "data: [DONE]\n\n"
    finally:
        model.closed.set()


@asynccontextmanager
async def served(app: Any, **settings: Any) -> AsyncIterator[int]:
    """A real uvicorn on a free port of loopback, for the length of a test; yields the port."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        config = uvicorn.Config(app, log_level="critical", lifespan="on", ws="websockets-sansio", **settings)
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve([bound]))
        while not server.started:
            if task.done():
                await task
            await asyncio.sleep(0.005)
        try:
            yield bound.getsockname()[1]
        finally:
            server.should_exit = True
            await task
