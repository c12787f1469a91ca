"""`decide` before the model, `settle` after it.

The core looks up and counts; it computes no verdict, reads no clock, and waits for nothing but, in `decide_asking`, for
the store of shared limits. Every door asks it in the same way, so what one door allows no other refuses.
"""

from __future__ import annotations

from msgspec import Struct

from stillwatch.decision.policy import UNTOUCHED, Policy, Treatment
from stillwatch.decision.verdict import Standing, Step, Verdicts
from stillwatch.limits.ladder import Costs, Ladder, Refusal
from stillwatch.limits.leased import Unleased
from stillwatch.limits.limit import NANOSECONDS
from stillwatch.limits.meters import Meters, Names
from stillwatch.limits.reservation import Reservation, Reservations

LONGEST_ANSWER_SECONDS = 900
"""After so long an answer that nobody settled counts as lost. Chosen: longer than providers' own time-outs (600 s)."""


class Now(Struct, frozen=True, gc=False):
    """One moment on two clocks: `ns` never goes back and measures limits, `us` is UTC since 1970 and ends verdicts."""

    ns: int
    us: int


class Context(Struct, frozen=True, gc=False):
    """Who asks, and what it may cost. Names are those of the provider's own accounts; None where there is none."""

    account: str
    key: str | None = None
    organization: str | None = None
    payment: str | None = None
    network: str | None = None
    input_tokens: int = 0
    output_tokens: int = 0


class Decision(Struct, frozen=True):
    """What happens to a request.

    `delay_seconds` it waits before it goes on, with `treatment` applied; or it is refused: because of `refusal`, where
    a limit stands in the way, or of its `standing`. `reservation` is what `settle` needs, None for a refused request.
    """

    step: Step
    delay_seconds: float = 0.0
    treatment: Treatment = UNTOUCHED
    refusal: Refusal | None = None
    standing: Standing | None = None
    reservation: Reservation | None = None

    @property
    def is_admitted(self) -> bool:
        return self.reservation is not None

    @property
    def is_open(self) -> bool:
        """Not decided: this process holds too little of a shared limit, and `Core.decide_asking` has to ask."""
        return isinstance(self.refusal, Unleased)

    @property
    def retry_after_seconds(self) -> float | None:
        """After how long the request would pass; None where nobody can say."""
        return self.refusal.wait_ns / NANOSECONDS if self.refusal and self.refusal.wait_ns else None


class Core:
    """The decision core of one process: policy, verdicts and meters. Each is replaced as a whole, between requests."""

    def __init__(self, policy: Policy, verdicts: Verdicts | None = None, meters: Meters | None = None) -> None:
        """`meters` of this policy's limits where others share them (`storage.shared`); else it keeps its own."""
        self.policy = policy
        self.verdicts = verdicts or Verdicts()
        self.meters = Meters(policy.limits) if meters is None else meters
        self.is_hard = any(limit.is_hard for limit in policy.limits)
        self.reservations = Reservations(LONGEST_ANSWER_SECONDS * NANOSECONDS)

    def ladder(self, context: Context, now: Now) -> Ladder:
        """The limits that bind who asks, those of a campaign among them."""
        return self._ladder(context, self.verdicts.standing(context.account, now.us), now)

    def decide(self, context: Context, now: Now) -> Decision:
        """What happens to this request; what it may cost is reserved if it is admitted."""
        standing = self.verdicts.standing(context.account, now.us)
        if standing is not None and standing.step >= Step.VERIFY:
            return Decision(standing.step, standing=standing)
        ladder = self._ladder(context, standing, now)
        return self._decision(standing, self.reservations.reserve(ladder, costs_of(context, ladder), now.ns))

    def admit(self, account: str, names: Names, costs: Costs, now: Now) -> Reservation | None:
        """What `decide` reserves where nothing is to be said about `account` and no limit is hard or in the way.

        None where anything is: then nothing has changed, and `decide` says what. `names` are as `Meters.ladder` takes
        them, and of no campaign. This is the way of most requests, without what makes a decision of it.
        """
        if self.verdicts.standing(account, now.us) is not None:
            return None
        ladder = self.meters.ladder(names, now.ns)
        if ladder.most_output is not None:
            return None
        made = self.reservations.reserve(ladder, costs, now.ns)
        return made if isinstance(made, Reservation) else None

    async def decide_asking(self, context: Context, now: Now) -> Decision:
        """`decide`, asking other processes where this one holds too little. Waits a bounded time (docs/limits.md).

        Cancelled, it has reserved nothing.
        """
        standing = self.verdicts.standing(context.account, now.us)
        if standing is not None and standing.step >= Step.VERIFY:
            return Decision(standing.step, standing=standing)
        ladder = self._ladder(context, standing, now)
        made = await self.meters.reserve(self.reservations, ladder, costs_of(context, ladder))
        return self._decision(standing, made)

    def _decision(self, standing: Standing | None, made: Reservation | Refusal) -> Decision:
        step = standing.step if standing else Step.ALLOW
        if isinstance(made, Refusal):
            return Decision(Step.DENY, refusal=made, standing=standing)
        if standing is None:
            return Decision(Step.ALLOW, reservation=made)
        delay = self.policy.delay_seconds if step is Step.DELAY else 0.0
        return Decision(step, delay, self.policy.treatment(step), standing=standing, reservation=made)

    def extend(self, decision: Decision, tokens: int, now: Now) -> int:
        """Reserve up to so many more output tokens for an answer that overruns; 0 where a hard limit has none left."""
        made = decision.reservation
        if made is None:
            return 0
        granted = self.reservations.extend(made, tokens, now.ns)
        if made.ladder.most_output is not None:
            self.meters.ask_ahead(made.ladder, (0, 0, tokens, 0))
        return granted

    def settle(self, decision: Decision, now: Now, used: Costs | None = None) -> None:
        """Put what an admitted request used in the place of what it reserved; again changes nothing."""
        if decision.reservation is not None:
            self.reservations.settle(decision.reservation, now.ns, used)

    def expire(self, now: Now) -> int:
        """Settle what nobody settled in time; how many were. To be called about once a second."""
        return self.reservations.expire(now.ns)

    def learn(self, context: Context, new_information: int, now: Now) -> None:
        """Count what an exchange asked about that was new: known only after it was sketched."""
        self.ladder(context, now).settle((0, 0, 0, 0), (0, 0, 0, new_information), now.ns)

    def _ladder(self, context: Context, standing: Standing | None, now: Now) -> Ladder:
        campaign = standing.campaign if standing else None
        names = (context.key, context.account, context.organization, context.payment, context.network, campaign)
        return self.meters.ladder(names, now.ns)

    def adopt(self, policy: Policy) -> None:
        """Hold to another policy from the next request on; what was taken of limits that stay is not forgotten."""
        self.policy = policy
        self.is_hard = any(limit.is_hard for limit in policy.limits)
        self.meters.replace(policy.limits)


def costs_of(context: Context, ladder: Ladder) -> Costs:
    """What a request may cost. Of a hard limit at most all: beyond, its answer is cut, and has not to be refused."""
    output = context.output_tokens
    if ladder.most_output is not None and output > ladder.most_output:
        output = ladder.most_output
    return 1, context.input_tokens, output, 0
