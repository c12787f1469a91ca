"""A suspect behind an endpoint: speaks words of the made-up language, and misbehaves as it is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np

from stillwatch.experiments.student import Student


class Suspect:
    """Answers with what a student says after the last word of a question. `faults` are answered first, in order."""

    def __init__(self, student: Student, length: int = 200, faults: tuple[int, ...] = ()) -> None:
        self.student, self.length = student, length
        self.faults = list(faults)
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []
        self._lock = threading.Lock()

    def answer(self, question: str) -> dict[str, object]:
        if "refuse" in question:
            return {"message": {"content": None, "refusal": "No."}, "finish_reason": "stop"}
        seed = int(question.rsplit(" ", 1)[1])
        said = self.student.answers(np.array([seed % 800]), self.length, np.random.default_rng(seed))[0]
        return {"message": {"content": " ".join(map(str, said))}, "finish_reason": "length"}

    def reply(self, body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, object]]:
        with self._lock:
            if self.faults:
                return self.faults.pop(0), {}
            question = json.loads(body)["messages"][0]["content"]
            self.asked.append(question)
            self.headers.append(headers)
            return 200, {"model": "suspect-1", "choices": [self.answer(question)]}

    retry_after = "0"

    def written(self, said: dict[str, object]) -> bytes:
        """The body."""
        return json.dumps(said).encode()

    def length_told(self, body: bytes) -> int:
        """What the head says of it."""
        return len(body)

    @contextmanager
    def served(self) -> Generator[str]:
        """Its base address."""
        suspect = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, said = suspect.reply(body, dict(self.headers))
                encoded = suspect.written(said)
                self.send_response(status)
                self.send_header("Content-Length", str(suspect.length_told(encoded)))
                self.send_header("Retry-After", suspect.retry_after)
                self.end_headers()
                self.wfile.write(encoded)

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/v1"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
