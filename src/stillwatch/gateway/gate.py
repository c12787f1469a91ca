"""The guard itself: the decision core put into the path of the data plane.

A request is admitted or refused before a byte of it goes on. Fails closed: a path that no dialect knows, a body that
nobody can read, a key that nobody holds go nowhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from time import perf_counter
from typing import NamedTuple

from stillwatch.decision.core import Context, Core, Decision, Now, costs_of
from stillwatch.decision.policy import Policy, Treatment
from stillwatch.decision.verdict import Step
from stillwatch.exchange.request_fields import MAX_COUNT
from stillwatch.gateway.admitted import Admitted
from stillwatch.gateway.arrival import Arrival
from stillwatch.gateway.conventions import Conventions
from stillwatch.gateway.dialects.asked import ARGUMENTS, NOTHING, Asked
from stillwatch.gateway.dialects.bad_request import BadRequest
from stillwatch.gateway.dialects.content_type import require_json
from stillwatch.gateway.dialects.dialect import Dialect, dialect_of
from stillwatch.gateway.dialects.rate_fields import retry_after
from stillwatch.gateway.dialects.refusals import GEMINI, OPENAI, Form
from stillwatch.gateway.dialects.reply import Fault, Refused
from stillwatch.gateway.dialects.standing_limits import is_shown, spent
from stillwatch.gateway.guard import Answer, Header, Observer, Passage, Request, Waiting
from stillwatch.gateway.hygiene import combined
from stillwatch.gateway.identity import Callers, Identity
from stillwatch.gateway.keys import Keys, take_key_from_query
from stillwatch.gateway.marking import Marking, with_argument, without_ticket
from stillwatch.gateway.passing import PASSED, Passed, Paths
from stillwatch.gateway.settling import Clock, Desk, Observe, Settling
from stillwatch.limits.ladder import OUTPUT
from stillwatch.limits.leased import StoreAway
from stillwatch.limits.limit import NANOSECONDS
from stillwatch.observing.frames import Learned
from stillwatch.telemetry.counts import BAD_REQUEST, LIMITED, NO_DIALECT, NOT_FOUND, UNKNOWN_KEY, GateCounts
from stillwatch.watermark.ticket import HEADER

USUAL_OUTPUT_TOKENS = 1_024
"""Reserved for an answer that sets itself no limit. Chosen: most answers are shorter; what is longer takes more."""
WHOLE_OUTPUT_TOKENS = 4_096
"""The same, and the most, of an answer that is not streamed where a limit is hard. Chosen: longer than most answers."""
_UNCOMPRESSED = (b"Accept-Encoding", b"identity")
"""What is compressed cannot be counted while it streams."""
_ALLOW = int(Step.ALLOW)
_REMEMBERED_HEADS = 4_096
"""Chosen: some MB; a worker's busy clients are fewer, and the heads of others are looked at each time."""
_MOST_REMEMBERED_FIELDS = 40
_MOST_REMEMBERED_BYTES = 2_048
"""Of a head: those of SDKs have half of it. Larger ones are looked at each time, or one client could fill 200 MB."""


class Gate:
    """One worker's guard. `observe` takes settled exchanges and must not wait; `worker` makes their ids its own.

    `marking`: tells the engine how answers are marked; None where nothing is. `conventions`: likewise of markers.
    """

    def __init__(
        self,
        core: Core,
        keys: Keys,
        clock: Clock,
        observe: Observe,
        worker: str = "w",
        identity: Identity | None = None,
        paths: Paths | None = None,
        marking: Marking | None = None,
        conventions: Conventions | None = None,
    ) -> None:
        self.core = core
        self._paths = paths or Paths()
        self._marking = marking
        self._conventions = conventions
        self._callers = Callers(identity or Identity(), keys)
        self._clock = clock
        self._tended_ns = 0
        self._arrivals: dict[_Head, Arrival] = {}
        self.counts = GateCounts()
        self._desk = Desk(core, clock, observe, worker, self.counts)

    def adopt(self, policy: Policy | None = None, keys: Keys | None = None) -> None:
        """Hold to another policy, or know other keys, from the next request on; what is under way ends as it began."""
        if policy is not None:
            self.core.adopt(policy)
        if keys is not None:
            self._callers.keys = keys
            self._arrivals.clear()

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
        known = request.known
        arrival = known.noted if known is not None else None
        if type(arrival) is not Arrival or arrival.peer != request.peer or arrival.keys is not self._callers.keys:
            arrival = self._looked_up(request, now)
            if isinstance(arrival, Answer):
                return arrival
            if known is not None:
                known.noted = arrival
        request.target, request.given = arrival.target, arrival.headers
        try:
            asked = arrival.dialect.asked(request.body, arrival.path)
        except BadRequest as error:
            return self._bad_request(arrival.dialect, error, now)
        said = self._plainly(request, arrival, asked, begun, now)
        if said is not None:
            return said
        request.headers = arrival.headers.copy()
        return self._decided(_Asking(request, arrival, asked, begun), now)

    def _plainly(self, request: Request, arrival: Arrival, asked: Asked, begun: float, now: Now) -> Passage | None:
        """What `_decided` says of a request that goes on as it came; None where anything is to be done about it."""
        dialect = arrival.dialect
        if self._marking is not None or dialect.name == PASSED:
            return None
        if asked.may_have_arguments and ARGUMENTS in request.body:
            return None
        costs = 1, asked.input_tokens, _output(asked, self.core.is_hard), 0
        made = self.core.admit(arrival.caller.account, arrival.names, costs, now)
        if made is None:
            return None
        self.counts.requests[dialect.name][_ALLOW] += 1
        self.counts.guard_seconds.observe(perf_counter() - begun)
        return Admitted(self._desk, arrival, asked, made, request.body, now.ns)

    def _looked_up(self, request: Request, now: Now) -> Arrival | Answer:
        head = (request.method, request.target, request.peer, tuple(request.headers))
        arrival = self._arrivals.get(head)
        if arrival is not None:
            return arrival
        arrived = self._arrived(request, now)
        return arrived if isinstance(arrived, Answer) else self._remembered(head, arrived)

    def _remembered(self, head: _Head, arrival: Arrival) -> Arrival:
        """What a head says depends on nothing else but keys and configuration, so it is looked at once."""
        _, target, _, fields = head
        size = len(target) + sum([len(name) + len(value) for name, value in fields])
        if size <= _MOST_REMEMBERED_BYTES and len(fields) <= _MOST_REMEMBERED_FIELDS:
            if len(self._arrivals) >= _REMEMBERED_HEADS:
                self._arrivals.clear()
            self._arrivals[head] = arrival
        return arrival

    def _arrived(self, request: Request, now: Now) -> Arrival | Answer:
        """Which dialect a request speaks and who asks, from its head alone."""
        headers = combined(request.headers)
        path = request.target.decode("ascii", "replace")
        dialect = self._dialect(path, request.method, b"anthropic-version" in headers)
        if dialect is None:
            self.counts.requests[NO_DIALECT][NOT_FOUND] += 1
            return _answer(OPENAI, Refused(Fault.NOT_FOUND), now)
        if dialect.form is GEMINI:
            take_key_from_query(request)
            headers = combined(request.headers)
        caller = self._callers.caller(request, headers)
        if caller is None:
            self.counts.requests[dialect.name][UNKNOWN_KEY] += 1
            return _answer(dialect.form, Refused(Fault.UNKNOWN_KEY), now)
        self._callers.strip(request)
        request.headers = without_ticket(request.headers)
        try:
            if dialect.is_counted:
                require_json(headers.get(b"content-type", b""))
        except BadRequest as error:
            return self._bad_request(dialect, error, now)
        fields = request.headers
        if dialect.name != PASSED:
            request.headers = [field for field in fields if field[0].lower() != b"accept-encoding"]
            request.headers.append(_UNCOMPRESSED)
        return Arrival.of(request, path, dialect, caller, fields, self._callers.keys)

    def _dialect(self, path: str, method: bytes, speaks_anthropic: bool) -> Dialect | None:
        found = dialect_of(path, speaks_anthropic)
        if found is not None and method in found.methods:
            return found
        return self._paths.dialect(path, method, speaks_anthropic)

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
        dialect = asking.arrival.dialect
        if decision.is_admitted:
            said = self._passed(asking, decision, now)
        else:
            outcome = decision.step if decision.refusal is None else LIMITED
            self.counts.requests[dialect.name][outcome] += 1
            said = self._refused(dialect.form, context, decision, now)
        self.counts.guard_seconds.observe(perf_counter() - asking.begun)
        return said

    def _passed(self, asking: _Asking, decision: Decision, now: Now) -> Answer | Passage:
        request, dialect, sent = asking.request, asking.arrival.dialect, asking.request.body
        observer: Observer
        if dialect.name == PASSED:
            observer = Passed(self.core, decision, dialect.form, self._clock, self.counts)
        else:
            try:
                request.body = dialect.treated(sent, _capped(asking.asked, decision))
                marked = self._marked(asking, decision, self._instructed(asking, decision), now)
            except BadRequest as error:
                self.core.settle(decision, now, (1, 0, 0, 0))
                return self._bad_request(dialect, error, now)
            observer = self._settling(asking, decision, sent, now)
            request.body = marked
        self.counts.requests[dialect.name][decision.step] += 1
        return Passage(observer, decision.delay_seconds)

    def _instructed(self, asking: _Asking, decision: Decision) -> bytes:
        """The body with its account's conventions, where the policy gives it any. Raises `BadRequest`."""
        request, arrival, count = asking.request, asking.arrival, decision.treatment.markers
        if self._conventions is None or not count:
            return request.body
        campaign = decision.standing.campaign if decision.standing else None
        account, dialect = arrival.caller.account, arrival.dialect.name
        return self._conventions.body(request.body, dialect, arrival.path, account, campaign, count)

    def _marked(self, asking: _Asking, decision: Decision, body: bytes, now: Now) -> bytes:
        """This body with the ticket of its answer, which the head of the request gets too. Raises `BadRequest`."""
        request, arrival = asking.request, asking.arrival
        if self._marking is None:
            return with_argument(body, arrival.dialect.name, None)
        strength, standing = decision.treatment.mark_strength, decision.standing
        campaign = standing.campaign if standing else None
        ticket = self._marking.ticket(arrival.caller.account, strength, now.us // 1_000_000, campaign)
        request.headers.append((HEADER, ticket.encode()))
        return self._marking.body(body, arrival.dialect.name, ticket)

    def _settling(self, asking: _Asking, decision: Decision, sent: bytes, now: Now) -> Settling:
        request, arrival = asking.request, asking.arrival
        is_same = request.body is sent
        asked = asking.asked if is_same else arrival.dialect.asked(request.body, arrival.observed_path)
        return Settling(self._desk, decision, arrival, asked, sent, now.ns)

    def _refused(self, form: Form, context: Context, decision: Decision, now: Now) -> Answer:
        refusal = decision.refusal
        if refusal is None:
            return _answer(form, Refused.decided(decision, None, self.core.policy.verify_message), now)
        ladder = self.core.ladder(context, now)
        told = spent(refusal, ladder.buckets, now.ns, costs_of(context, ladder))
        if isinstance(refusal, StoreAway) and is_shown(refusal.limit):
            return _answer(form, Refused(Fault.UNAVAILABLE), now, retry_after(told))
        return _answer(form, Refused.decided(decision, told), now)

    def _bad_request(self, dialect: Dialect, error: BadRequest, now: Now) -> Answer:
        self.counts.requests[dialect.name][BAD_REQUEST] += 1
        return _answer(dialect.form, Refused.bad_request(error), now)


_Head = tuple[bytes, bytes, str, tuple[Header, ...]]
"""Method, target, peer and fields."""


class _Asking(NamedTuple):
    """One request on its way to a decision. `begun` is in seconds of `perf_counter`."""

    request: Request
    arrival: Arrival
    asked: Asked
    begun: float


def _context(asking: _Asking, is_hard: bool) -> Context:
    caller, asked = asking.arrival.caller, asking.asked
    return Context(
        caller.account,
        key=caller.key,
        organization=caller.organization,
        payment=caller.payment,
        network=caller.network,
        input_tokens=asked.input_tokens,
        output_tokens=_output(asked, is_hard),
    )


def _output(asked: Asked, is_hard: bool) -> int:
    """How many output tokens are reserved for a request."""
    most = asked.most_output_tokens
    if most is None:
        most = 0 if asked is NOTHING else USUAL_OUTPUT_TOKENS if asked.is_stream or not is_hard else WHOLE_OUTPUT_TOKENS
    return min(most * asked.choices, MAX_COUNT)


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
