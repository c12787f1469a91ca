"""A desk: an account with its set-up, from which exchanges are sent."""

from __future__ import annotations

from dataclasses import dataclass, replace

from stillwatch.world.account import Account, open_account
from stillwatch.world.chance import Chance
from stillwatch.world.sent import Ask, Sent
from stillwatch.world.stage import Stage
from stillwatch.world.wire.setup import Setup, draw_setup


@dataclass(frozen=True, slots=True)
class Desk:
    """Who sends, and with what."""

    account: Account
    setup: Setup

    def send(
        self, ts_us: int, ask: Ask, answer: str, *, address: str = "", campaign: str = "", finish: str = "stop"
    ) -> Sent:
        """An exchange of this desk; its habitual parameters hold where the request sets none."""
        own = replace(ask, parameters={**self.setup.parameters, **ask.parameters})
        return Sent(
            ts_us, self.account, self.setup, own, answer, address or self.account.addresses[0], campaign, finish
        )


def person_desk(chance: Chance, stage: Stage) -> Desk:
    """Somebody's own account at a front end or with a script."""
    return Desk(open_account(chance, stage), draw_setup(chance, stage))


def program_desk(chance: Chance, stage: Stage) -> Desk:
    """A program's account, mostly on rented machines."""
    return Desk(open_account(chance, stage, hosted=True), draw_setup(chance, stage, program=True))
