"""Asks a suspect every question of a plan, no faster than told, and goes on where it was.

Rate limits are waited for and counted. A suspect that goes on refusing to talk ends the run with what it has said, and
the same command asks the rest later.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue

from stillwatch.audit.answers import Answer, Answers, Outcome
from stillwatch.audit.endpoint import Endpoint, Reply, TryAgain
from stillwatch.audit.protocol import digest_of_prompts
from stillwatch.errors import InputError

TRIES = 8
"""For one question. Chosen: with pauses that double from a second this is two minutes, as long as limits by the minute
need."""
REJECTED_AT_FIRST = 10
"""So many rejections before any answer are of the request's form, and not of what is asked."""
_Came = tuple[int, Reply | Exception, int]
"""A question's number, its reply or why there is none, and how often it was waited for."""
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
    left, came = SimpleQueue[int](), SimpleQueue[_Came]()
    for number in (numbers := [number for number in range(len(prompts)) if number not in asked]):
        left.put(number)
    for _ in range(min(at_once, len(numbers))):
        # Daemons: a suspect that holds a connection open must not hold up the end of the command.
        threading.Thread(target=_ask_on, args=(left, came, prompts, endpoint, pace), daemon=True).start()
    kept = _Kept(prompts, answers, now_us, tell)
    failed: Exception | None = None
    for _ in numbers:
        if (one := _next(came, failed)) is None:
            break
        number, reply, waits = one
        if isinstance(reply, Exception):
            failed = failed or reply
            while not left.empty():
                left.get()
            continue
        kept.take(number, reply, waits)
    if failed is not None:
        raise failed
    kept.end()


class _Kept:
    """Answers as they come. Rejections wait for the first answer that is none: then they are of single questions."""

    def __init__(
        self, prompts: Sequence[str], answers: Answers, now_us: Callable[[], int], tell: Callable[[int], None]
    ) -> None:
        self._prompts = prompts
        self._answers = answers
        self._now_us = now_us
        self._tell = tell
        self._waiting: list[tuple[int, Reply, int]] = []
        self._is_understood = any(answer.outcome is not Outcome.REJECTED for answer in answers.all)

    def take(self, number: int, reply: Reply, waits: int) -> None:
        """Keep it, or let it wait. Raises `InputError` where the first ones are all rejected: none of them is kept."""
        self._waiting.append((number, reply, waits))
        self._is_understood |= reply.outcome is not Outcome.REJECTED
        if self._is_understood:
            self.end()
        elif len(self._waiting) == REJECTED_AT_FIRST:
            raise InputError(
                f"the endpoint rejects the first {REJECTED_AT_FIRST} questions ({reply.finish}); none of that was kept",
                "Check --model and --most-tokens, and run it again",
            )

    def end(self) -> None:
        """Keep what waits."""
        for number, reply, waits in self._waiting:
            prompt = self._prompts[number]
            self._answers.add(_answer(number, prompt, reply, waits, self._answers.digest, self._now_us()))
            self._tell(len(self._answers.all))
        self._waiting.clear()


def _next(came: SimpleQueue[_Came], failed: Exception | None) -> _Came | None:
    """What comes next; after a failure only what has come beside it, which is kept."""
    try:
        return came.get(block=failed is None)
    except Empty:
        return None


def _ask_on(
    left: SimpleQueue[int], came: SimpleQueue[_Came], prompts: Sequence[str], endpoint: Endpoint, pace: Pace
) -> None:
    """Ask what is left, one after the other."""
    while True:
        try:
            number = left.get_nowait()
        except Empty:
            return
        try:
            came.put((number, *_ask(endpoint, prompts[number], pace)))
        except Exception as error:  # raised where all is put together
            came.put((number, error, 0))
            return


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
