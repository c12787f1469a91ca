"""What each step does to a request, and who is held to what: one TOML file, checked as a whole before it is used.

[[limit]]                    # for everybody; as many as you like
level = "account"            # key, account, organization, payment, network
measure = "requests"         # requests, input_tokens, output_tokens, new_information, concurrent
quantity = 600
window = "1m"                # s, m, h, d
burst = 60                   # at once; the whole quantity if not said
hard = false                 # true, for output_tokens: an answer ends where nothing is left; else it is owed

[[limit]]
level = "campaign"           # all accounts of a campaign together
measure = "new_information"
quantity = 2000
window = "1d"

[delay]                      # what an account at step DELAY waits before its request goes on
seconds = 2.0

[degrade]                    # what an account at step DEGRADE gets less of; what is left out stays as it was
logprobs = false
most_choices = 1
most_output_tokens = 1024
reasoning = "hide"           # keep, hide
mark_strength = 2.0          # of the watermark, where there is one
markers = 5                  # conventions that its answers follow (docs/markers.md); none if not said

[verify]                     # what an account at step VERIFY is told
message = "Please verify your organisation at https://example.com/verify."

[tracer]                     # what the tracer does by itself; "none" leaves it to people (docs/tracer.md)
act = "degrade"              # with campaigns whose evidence supports action
shown = "none"               # with campaigns that are shown for people to review
joined = "delay"             # with accounts that newly send the wrapper of a campaign under a verdict
days = 7                     # until such a verdict ends, unless a look still supports it
joined_days = 1              # likewise, for accounts that joined
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from stillwatch.decision.verdict import LONGEST_VERDICT_US, Step
from stillwatch.errors import UsageError
from stillwatch.limits.limit import Level, Limit, Measure
from stillwatch.watermark.conventions import MOST_MARKERS

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_WINDOW = re.compile(r"([1-9][0-9]{0,8})([smhd])")


class Reasoning(StrEnum):
    """What becomes of a model's reasoning in an answer."""

    KEEP = "keep"
    HIDE = "hide"


@dataclass(frozen=True, slots=True)
class Treatment:
    """What is taken from a request and its answer; None and True leave it as it was."""

    logprobs: bool = True
    most_choices: int | None = None
    most_output_tokens: int | None = None
    reasoning: Reasoning = Reasoning.KEEP
    mark_strength: float | None = None
    markers: int = 0


UNTOUCHED = Treatment()
_VERIFY_MESSAGE = "This account must be verified before it can go on. Contact support."
_CAUTIOUS = Treatment(logprobs=False, most_choices=1, most_output_tokens=1024, reasoning=Reasoning.HIDE)


@dataclass(frozen=True, slots=True)
class Automatic:
    """Steps that the tracer takes by itself, None for none, and after how many days they end."""

    act: Step | None = Step.DEGRADE
    shown: Step | None = None
    joined: Step | None = Step.DELAY
    days: float = 7.0
    joined_days: float = 1.0


@dataclass(frozen=True, slots=True)
class Policy:
    """Limits for everybody, and what the steps of a verdict mean. The default limits nobody without a verdict."""

    limits: tuple[Limit, ...] = ()
    delay_seconds: float = 2.0
    degrade: Treatment = _CAUTIOUS
    verify_message: str = _VERIFY_MESSAGE
    tracer: Automatic = Automatic()

    def treatment(self, step: Step) -> Treatment:
        """What is taken from a request at `step`."""
        return self.degrade if step is Step.DEGRADE else UNTOUCHED

    @classmethod
    def load(cls, file: Path) -> Policy:
        """The policy in `file`. Raises `UsageError` that names what is wrong in it."""
        return cls.read(file)[0]

    @classmethod
    def read(cls, file: Path) -> tuple[Policy, bytes]:
        """The policy in `file`, and the bytes that say it. Raises `UsageError` that names what is wrong in it."""
        try:
            said = file.read_bytes()
            return cls.parse(tomllib.loads(said.decode("utf-8"))), said
        except OSError as error:
            raise UsageError(f"the policy {file} cannot be read: {error.strerror}") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
            raise UsageError(f"the policy {file} is not one: {error}", "See docs/policy.md") from None

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> Policy:
        """The policy that these values say. Raises `msgspec.ValidationError` or `UsageError`."""
        said = msgspec.convert(values, _File)
        return cls(
            tuple(limit.made() for limit in said.limit),
            said.delay.seconds,
            Treatment(**msgspec.structs.asdict(said.degrade)) if said.degrade else _CAUTIOUS,
            said.verify.message,
            said.tracer.made(),
        )


_Positive = Annotated[int, msgspec.Meta(ge=1)]


class _Limit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    level: Level
    measure: Measure
    quantity: int
    window: str = "1m"
    burst: int | None = None
    hard: bool = False

    def made(self) -> Limit:
        window = _WINDOW.fullmatch(self.window)
        if window is None:
            raise UsageError(f"a limit has the window {self.window!r}", 'Write it as "30s", "1m", "12h" or "7d"')
        return Limit(self.level, self.measure, self.quantity, int(window[1]) * _UNITS[window[2]], self.burst, self.hard)


class _Delay(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    seconds: Annotated[float, msgspec.Meta(ge=0, le=60)] = 2.0


class _Degrade(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    logprobs: bool = True
    most_choices: _Positive | None = None
    most_output_tokens: _Positive | None = None
    reasoning: Reasoning = Reasoning.KEEP
    mark_strength: Annotated[float, msgspec.Meta(ge=0)] | None = None
    markers: Annotated[int, msgspec.Meta(ge=0, le=MOST_MARKERS)] = 0


class _Verify(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    message: str = _VERIFY_MESSAGE


_Days = Annotated[float, msgspec.Meta(gt=0, le=LONGEST_VERDICT_US / 86_400_000_000)]
_StepName = Literal["none", "allow", "delay", "degrade", "verify", "deny"]


class _Tracer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    act: _StepName = "degrade"
    shown: _StepName = "none"
    joined: _StepName = "delay"
    days: _Days = 7.0
    joined_days: _Days = 1.0

    def made(self) -> Automatic:
        act, shown, joined = (
            None if name == "none" else Step[name.upper()] for name in (self.act, self.shown, self.joined)
        )
        return Automatic(act, shown, joined, self.days, self.joined_days)


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    limit: list[_Limit] = []
    delay: _Delay = _Delay()
    degrade: _Degrade | None = None
    verify: _Verify = _Verify()
    tracer: _Tracer = _Tracer()
