"""Asks a suspect every question of a plan, no faster than told, and goes on where it was.

Rate limits are waited for and counted. A suspect that goes on refusing to talk ends the run with what it has said, and
the same command asks the rest later.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from stillwatch.audit.answers import Answer, Answers
from stillwatch.audit.endpoint import Endpoint, Reply, TryAgain
from stillwatch.audit.protocol import digest_of_prompts
from stillwatch.errors import InputError

TRIES = 8
"""For one question. Chosen: with pauses that double from a second this is two minutes, as long as limits by the minute
need."""
Now = Callable[[], float]
Pause = Callable[[float], object]


class Pace:
    """At most so many questions a second, however many threads ask. `now` in seconds, monotonic."""

    def __init__(self, a_second: float, now: Now, pause: Pause) -> None:
        self._gap, self._now, self.pause = 1 / a_second, now, pause
        self._next = now()
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Return when it is one's turn."""
        with self._lock:
            turn = max(self._next, self._now())
            self._next = turn + self._gap
        if (left := turn - self._now()) > 0:
            self.pause(left)


def ask_all(
    prompts: Sequence[str],
    answers: Answers,
    endpoint: Endpoint,
    pace: Pace,
    *,
    at_once: int,
    now_us: Callable[[], int],
    tell: Callable[[int], None],
) -> None:
    """Ask what `answers` lacks; each answer is kept as it comes. Raises `InputError` where the suspect stays silent."""
    asked = {answer.number for answer in answers.all}
    left = iter([number for number in range(len(prompts)) if number not in asked])
    pool = ThreadPoolExecutor(at_once)
    try:
        asking: dict[Future[tuple[Reply, int]], int] = {}
        while True:
            while len(asking) < at_once and (number := next(left, None)) is not None:
                asking[pool.submit(_ask, endpoint, prompts[number], pace)] = number
            if not asking:
                return
            finished = wait(asking, return_when=FIRST_COMPLETED).done
            # Those that failed come last, so that what was answered beside them is kept.
            for done in sorted(finished, key=lambda one: one.exception() is not None):
                number = asking.pop(done)
                answers.add(_answer(number, prompts[number], *done.result(), answers.digest, now_us()))
                tell(len(answers.all))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _ask(endpoint: Endpoint, prompt: str, pace: Pace) -> tuple[Reply, int]:
    """The reply, and how often it had to be waited for."""
    for tries in range(TRIES):
        pace.wait()
        try:
            return endpoint.ask(prompt), tries
        except TryAgain as error:
            why = str(error)
            pace.pause(2.0**tries if error.seconds is None else error.seconds)
    raise InputError(f"{why}, {TRIES} times", "What was answered is kept: run the same command later to ask the rest")


def _answer(number: int, prompt: str, reply: Reply, waits: int, previous: str, at_us: int) -> Answer:
    return Answer(
        number=number,
        prompt_digest=digest_of_prompts([prompt]),
        outcome=reply.outcome,
        text=reply.text,
        finish=reply.finish,
        model=reply.model,
        waits=waits,
        at_us=at_us,
        previous=previous,
    )
