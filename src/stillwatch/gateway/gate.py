"""The guard itself: the decision core put into the path of the data plane.

A request is admitted or refused before a byte of it goes on. Fails closed: a path that no dialect knows, a body that
nobody can read, a key that nobody holds go nowhere.
"""

from __future__ import annotations

from itertools import count
from time import perf_counter

from stillwatch.decision.core import Context, Core, Decision, Now
from stillwatch.gateway.dialects.asked import Asked
from stillwatch.gateway.dialects.bad_request import BadRequest
from stillwatch.gateway.dialects.dialect import Dialect, dialect_of
from stillwatch.gateway.dialects.refusals import OPENAI, Form
from stillwatch.gateway.dialects.reply import Fault, Refused
from stillwatch.gateway.dialects.standing_limits import spent
from stillwatch.gateway.guard import Answer, Passage, Request
from stillwatch.gateway.keys import KeyHolder, Keys, key_of
from stillwatch.gateway.settling import Clock, Observe, Settling
from stillwatch.telemetry.counts import BAD_REQUEST, LIMITED, NO_DIALECT, NOT_FOUND, UNKNOWN_KEY, GateCounts

USUAL_OUTPUT_TOKENS = 1_024
"""Reserved for an answer that sets itself no limit. Chosen: most answers are shorter; what is longer is owed."""
_UNCOMPRESSED = (b"Accept-Encoding", b"identity")
"""What is compressed cannot be counted while it streams."""


class Gate:
    """One worker's guard. `observe` takes settled exchanges and must not wait; `worker` makes their ids its own."""

    def __init__(self, core: Core, keys: Keys, clock: Clock, observe: Observe, worker: str = "w") -> None:
        self.core = core
        self.keys = keys
        self._clock = clock
        self._observe = observe
        self._worker = worker
        self._numbers = count(1)
        self.counts = GateCounts()

    def on_request(self, request: Request) -> Answer | Passage:
        """Admit or refuse."""
        begun = perf_counter()
        now = self._clock()
        headers = {name.lower(): value for name, value in request.headers}
        path = request.target.decode("ascii", "replace")
        dialect = dialect_of(path, b"anthropic-version" in headers)
        if dialect is None:
            self.counts.requests[NO_DIALECT][NOT_FOUND] += 1
            return _answer(OPENAI, Refused(Fault.NOT_FOUND), now)
        holder = self.keys.holder(key_of(headers))
        outcomes = self.counts.requests[dialect.name]
        if holder is None:
            outcomes[UNKNOWN_KEY] += 1
            return _answer(dialect.form, Refused(Fault.UNKNOWN_KEY), now)
        try:
            asked = dialect.asked(request.body, path)
            said = self._decided(request, dialect, holder, asked, now)
        except BadRequest as error:
            outcomes[BAD_REQUEST] += 1
            return _answer(dialect.form, Refused.bad_request(error), now)
        self.counts.guard_seconds.observe(perf_counter() - begun)
        return said

    def _decided(
        self, request: Request, dialect: Dialect, holder: KeyHolder, asked: Asked, now: Now
    ) -> Answer | Passage:
        context = _context(request, holder, asked)
        decision = self.core.decide(context, now)
        if not decision.is_admitted:
            self.counts.requests[dialect.name][decision.step if decision.refusal is None else LIMITED] += 1
            return self._refused(dialect.form, context, decision, now)
        sent = request.body
        try:
            request.body = dialect.treated(sent, decision.treatment)
        except BadRequest:
            self.core.settle(decision, now, (1, 0, 0, 0))
            raise
        settling = Settling(
            self.core,
            decision,
            dialect,
            asked,
            self._clock,
            self._observe,
            f"{self._worker}-{next(self._numbers)}",
            holder,
            request,
            sent,
            self.counts,
            now.ns,
        )
        self.counts.requests[dialect.name][decision.step] += 1
        request.headers = [field for field in request.headers if field[0].lower() != b"accept-encoding"]
        request.headers.append(_UNCOMPRESSED)
        return Passage(settling, decision.delay_seconds)

    def _refused(self, form: Form, context: Context, decision: Decision, now: Now) -> Answer:
        told = None
        if decision.refusal is not None:
            told = spent(decision.refusal, self.core.ladder(context, now).buckets, now.ns)
        return _answer(form, Refused.decided(decision, told, self.core.policy.verify_message), now)


def _context(request: Request, holder: KeyHolder, asked: Asked) -> Context:
    most = USUAL_OUTPUT_TOKENS if asked.most_output_tokens is None else asked.most_output_tokens
    return Context(
        holder.account,
        key=holder.sha256,
        organization=holder.organization,
        payment=holder.payment,
        network=request.peer,
        input_tokens=asked.input_tokens,
        output_tokens=most * asked.choices,
    )


def _answer(form: Form, refused: Refused, now: Now) -> Answer:
    reply = form.refused(refused, now.us)
    return Answer(reply.status, reply.headers, reply.body)
