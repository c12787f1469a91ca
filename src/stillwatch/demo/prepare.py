"""What a demonstration needs before it starts: keys, a policy, a benign ledger, and the past of who will be live.

Prepared once a day: the live traffic continues a history that ends *now*, so another day needs another one.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from stillwatch.demo.cast import CAMPAIGN, DAYS, benign_cast, live_cast
from stillwatch.demo.history import write_ledger
from stillwatch.demo.identities import Credentials
from stillwatch.demo.policy import POLICY
from stillwatch.errors import InputError
from stillwatch.pseudonym import Secret
from stillwatch.world.stage import DAY_US

VERSION = 1
"""Of what is prepared; raised when the cast changes, so that nothing old is continued."""

Tell = Callable[[str, float], None]
"""Told a step's name and the share of it that is done."""


class Cast(msgspec.Struct, frozen=True):
    """What makes the same cast again. `now_us`: the end of its history; `scale`: see `cast.live_cast`."""

    seed: int
    scale: float
    first_us: int
    now_us: int


@dataclass(frozen=True, slots=True)
class Prepared:
    """Where everything lies. `truth` says which live accounts are whose, for whoever watches and for nobody else.

    `played` is where a population keeps how far it came, so that the next one goes on from there.
    """

    directory: Path
    cast: Cast

    @property
    def keys_file(self) -> Path:
        return self.directory / "keys.jsonl"

    @property
    def policy_file(self) -> Path:
        return self.directory / "policy.toml"

    @property
    def secret_file(self) -> Path:
        return self.directory / "deployment.key"

    @property
    def ledger(self) -> Path:
        return self.directory / "ledger"

    @property
    def benign_ledger(self) -> Path:
        return self.directory / "benign"

    @property
    def truth(self) -> Path:
        return self.directory / "truth.json"

    @property
    def played(self) -> Path:
        return self.directory / "played.json"


_FILE = "prepared.json"


def prepare(
    directory: Path,
    progress: Tell = lambda step, share: None,
    *,
    seed: int = 1,
    scale: float = 1.0,
    now_us: int | None = None,
) -> Prepared:
    """Everything, below `directory`, made now or earlier on the same day. `now_us`: the time, UTC; the clock's if None.

    Stopped half-way it leaves nothing that counts as prepared, and the next call begins again.
    """
    now = time.time_ns() // 1_000 if now_us is None else now_us
    today = now - now % DAY_US
    cast = Cast(seed, scale, today - (DAYS - 1) * DAY_US, now)
    day = time.strftime("%Y-%m-%d", time.gmtime(today // 1_000_000))
    home = directory / f"{day}.{VERSION}.{seed}.{scale:g}"  # short: a socket below it has a path of 107 bytes at most
    if (home / _FILE).exists():
        return read(home)
    if home.exists():
        shutil.rmtree(home)
    home.mkdir(parents=True, mode=0o700)
    made = Prepared(home, cast)
    _make(made, progress)
    keep(cast, home / _FILE)
    return made


def read(home: Path) -> Prepared:
    """What was prepared in `home`. Raises `InputError`."""
    try:
        return Prepared(home, msgspec.json.decode((home / _FILE).read_bytes(), type=Cast))
    except (OSError, msgspec.DecodeError) as error:
        raise InputError(f"{home} holds no prepared demonstration: {error}", "Let `prepare` make it again") from None


def keep(value: msgspec.Struct, file: Path) -> None:
    """Write as JSON; a reader finds all of it or what was there before."""
    partial = file.with_name(f".{file.name}.partial")
    partial.write_bytes(msgspec.json.encode(value))
    partial.replace(file)


def _make(made: Prepared, progress: Tell) -> None:
    secret = Secret.create(made.secret_file)
    made.policy_file.write_text(POLICY, encoding="utf-8")
    _write_people(made, Credentials(secret))
    cast = made.cast
    live = live_cast(cast.seed, cast.first_us, cast.scale)
    write_ledger(made.ledger, live, cast.now_us, cast.seed, secret, lambda share: progress("history", share))
    benign = benign_cast(cast.seed, cast.first_us - DAYS * DAY_US, cast.scale)
    write_ledger(
        made.benign_ledger, benign, cast.first_us, cast.seed, secret, lambda share: progress("benign log", share)
    )


def _write_people(made: Prepared, credentials: Credentials) -> None:
    """The gateway's keys, and who is who."""
    lines, classes = [], dict[str, list[str]]()
    for actor in live_cast(made.cast.seed, made.cast.first_us, made.cast.scale):
        lines += [msgspec.json.encode(credentials.holder(account)) for account in actor.accounts]
        classes.setdefault(actor.label, []).extend(account.account for account in actor.accounts)
    made.keys_file.write_bytes(b"\n".join(lines) + b"\n")
    campaign = classes.pop(CAMPAIGN)
    made.truth.write_text(json.dumps({"campaign": campaign, "classes": classes}, indent=1) + "\n", encoding="utf-8")
