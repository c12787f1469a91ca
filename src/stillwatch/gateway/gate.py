"""The guard itself: the decision core put into the path of the data plane.

A request is admitted or refused before a byte of it goes on. Fails closed: a path that no dialect knows, a body that
nobody can read, a key that nobody holds go nowhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import count
from time import perf_counter
from typing import NamedTuple

from stillwatch.decision.core import Context, Core, Decision, Now
from stillwatch.decision.policy import Policy, Treatment
from stillwatch.gateway.dialects.asked import NOTHING, Asked
from stillwatch.gateway.dialects.bad_request import BadRequest
from stillwatch.gateway.dialects.dialect import Dialect, dialect_of
from stillwatch.gateway.dialects.rate_fields import retry_after
from stillwatch.gateway.dialects.refusals import OPENAI, Form
from stillwatch.gateway.dialects.reply import Fault, Refused
from stillwatch.gateway.dialects.standing_limits import is_shown, spent
from stillwatch.gateway.guard import Answer, Header, Passage, Request, Waiting
from stillwatch.gateway.identity import Caller, Callers, Identity
from stillwatch.gateway.keys import Keys
from stillwatch.gateway.settling import Clock, Observe, Settling
from stillwatch.limits.ladder import OUTPUT
from stillwatch.limits.leased import StoreAway
from stillwatch.limits.limit import NANOSECONDS
from stillwatch.observing.frames import Learned
from stillwatch.telemetry.counts import BAD_REQUEST, LIMITED, NO_DIALECT, NOT_FOUND, UNKNOWN_KEY, GateCounts

USUAL_OUTPUT_TOKENS = 1_024
"""Reserved for an answer that sets itself no limit. Chosen: most answers are shorter; what is longer takes more."""
WHOLE_OUTPUT_TOKENS = 4_096
"""The same, and the most, of an answer that is not streamed where a limit is hard. Chosen: longer than most answers."""
_UNCOMPRESSED = (b"Accept-Encoding", b"identity")
"""What is compressed cannot be counted while it streams."""


class Gate:
    """One worker's guard. `observe` takes settled exchanges and must not wait; `worker` makes their ids its own."""

    def __init__(
        self,
        core: Core,
        keys: Keys,
        clock: Clock,
        observe: Observe,
        worker: str = "w",
        identity: Identity | None = None,
    ) -> None:
        self.core = core
        self._callers = Callers(identity or Identity(), keys)
        self._clock = clock
        self._observe = observe
        self._worker = worker
        self._numbers = count(1)
        self._tended_ns = 0
        self.counts = GateCounts()

    def adopt(self, policy: Policy | None = None, keys: Keys | None = None) -> None:
        """Hold to another policy, or know other keys, from the next request on; what is under way ends as it began."""
        if policy is not None:
            self.core.adopt(policy)
        if keys is not None:
            self._callers.keys = keys

    def learned(self, learned: Learned) -> None:
        """Charge what the observer found new in an exchange to all that its account is held to now."""
        context = Context(
            learned.account,
            key=learned.key,
            organization=learned.organization,
            payment=learned.payment,
            network=learned.network,
        )
        self.core.learn(context, learned.units, self._clock())

    def on_request(self, request: Request) -> Answer | Passage | Waiting:
        """Admit or refuse; where a shared limit has to be asked of the store, later."""
        begun = perf_counter()
        now = self._clock()
        if now.ns - self._tended_ns > NANOSECONDS:
            self._tended_ns = now.ns
            self.core.expire(now)
        headers = {name.lower(): value for name, value in request.headers}
        path = request.target.decode("ascii", "replace")
        dialect = dialect_of(path, b"anthropic-version" in headers)
        if dialect is None:
            self.counts.requests[NO_DIALECT][NOT_FOUND] += 1
            return _answer(OPENAI, Refused(Fault.NOT_FOUND), now)
        caller = self._callers.caller(request, headers)
        if caller is None:
            self.counts.requests[dialect.name][UNKNOWN_KEY] += 1
            return _answer(dialect.form, Refused(Fault.UNKNOWN_KEY), now)
        self._callers.strip(request)
        try:
            asked = dialect.asked(request.body, path)
        except BadRequest as error:
            return self._bad_request(dialect, error, now)
        return self._decided(_Asking(request, dialect, caller, asked, begun), now)

    def _decided(self, asking: _Asking, now: Now) -> Answer | Passage | Waiting:
        context = _context(asking, self.core.is_hard)
        decision = self.core.decide(context, now)
        if decision.is_open:
            return Waiting(self._decided_later(asking, context, now))
        return self._said(asking, context, decision, now)

    async def _decided_later(self, asking: _Asking, context: Context, now: Now) -> Answer | Passage:
        decision = await self.core.decide_asking(context, now)
        return self._said(asking, context, decision, self._clock())

    def _said(self, asking: _Asking, context: Context, decision: Decision, now: Now) -> Answer | Passage:
        dialect = asking.dialect
        if decision.is_admitted:
            said = self._passed(asking, decision, now)
        else:
            outcome = decision.step if decision.refusal is None else LIMITED
            self.counts.requests[dialect.name][outcome] += 1
            said = self._refused(dialect.form, context, decision, now)
        self.counts.guard_seconds.observe(perf_counter() - asking.begun)
        return said

    def _passed(self, asking: _Asking, decision: Decision, now: Now) -> Answer | Passage:
        request, dialect = asking.request, asking.dialect
        sent = request.body
        try:
            request.body = dialect.treated(sent, _capped(asking.asked, decision))
        except BadRequest as error:
            self.core.settle(decision, now, (1, 0, 0, 0))
            return self._bad_request(dialect, error, now)
        settling = Settling(
            self.core,
            decision,
            dialect,
            asking.asked,
            self._clock,
            self._observe,
            f"{self._worker}-{next(self._numbers)}",
            asking.caller,
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
        refusal = decision.refusal
        if refusal is None:
            return _answer(form, Refused.decided(decision, None, self.core.policy.verify_message), now)
        told = spent(refusal, self.core.ladder(context, now).buckets, now.ns)
        if isinstance(refusal, StoreAway) and is_shown(refusal.limit):
            return _answer(form, Refused(Fault.UNAVAILABLE), now, retry_after(told))
        return _answer(form, Refused.decided(decision, told), now)

    def _bad_request(self, dialect: Dialect, error: BadRequest, now: Now) -> Answer:
        self.counts.requests[dialect.name][BAD_REQUEST] += 1
        return _answer(dialect.form, Refused.bad_request(error), now)


class _Asking(NamedTuple):
    """One request on its way to a decision. `begun` is in seconds of `perf_counter`."""

    request: Request
    dialect: Dialect
    caller: Caller
    asked: Asked
    begun: float


def _context(asking: _Asking, is_hard: bool) -> Context:
    caller, asked = asking.caller, asking.asked
    most = asked.most_output_tokens
    if most is None:
        most = 0 if asked is NOTHING else USUAL_OUTPUT_TOKENS if asked.is_stream or not is_hard else WHOLE_OUTPUT_TOKENS
    return Context(
        caller.account,
        key=caller.key,
        organization=caller.organization,
        payment=caller.payment,
        network=caller.network,
        input_tokens=asked.input_tokens,
        output_tokens=most * asked.choices,
    )


def _capped(asked: Asked, decision: Decision) -> Treatment:
    """The treatment; of an answer that cannot be cut while it comes, no more is asked for than a hard limit gave."""
    treatment, made = decision.treatment, decision.reservation
    if made is None or made.ladder.most_output is None or asked.is_stream or asked is NOTHING:
        return treatment
    most = max(made.reserved[OUTPUT] // asked.choices, 1)
    if asked.most_output_tokens is not None and asked.most_output_tokens <= most:
        return treatment
    if treatment.most_output_tokens is not None and treatment.most_output_tokens <= most:
        return treatment
    return replace(treatment, most_output_tokens=most)


def _answer(form: Form, refused: Refused, now: Now, more: Sequence[Header] = ()) -> Answer:
    reply = form.refused(refused, now.us)
    return Answer(reply.status, (*reply.headers, *more), reply.body)
