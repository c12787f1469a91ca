"""What a demonstration needs before it starts: keys, a policy, a benign ledger, and the past of who will be live.

Prepared once a day: the live traffic continues a history that ends *now*, so another day needs another one.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
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


class Prepared(msgspec.Struct, frozen=True):
    """Where everything lies. `truth` says which live accounts are whose; nobody but a reader of the demo sees it.

    `now_us`: the end of the history. `first_us` and `seed` make the same cast again.
    """

    directory: Path
    keys_file: Path
    policy_file: Path
    secret_file: Path
    ledger: Path
    benign_ledger: Path
    truth: Path
    seed: int
    first_us: int
    now_us: int


_FILE = "prepared.json"


def prepare(
    directory: Path, progress: Tell = lambda step, share: None, *, seed: int = 1, now_us: int | None = None
) -> Prepared:
    """Everything below `directory`, made now or earlier on the same day. `now_us`: UTC since 1970, the clock's if None.

    Stopped half-way it leaves nothing that counts as prepared, and the next call begins again.
    """
    now = time.time_ns() // 1_000 if now_us is None else now_us
    today = now - now % DAY_US
    home = directory / f"{time.strftime('%Y-%m-%d', time.gmtime(today // 1_000_000))}-v{VERSION}-seed{seed}"
    if (home / _FILE).exists():
        return read(home)
    if home.exists():
        shutil.rmtree(home)
    home.mkdir(parents=True, mode=0o700)
    made = Prepared(
        directory=home,
        keys_file=home / "keys.jsonl",
        policy_file=home / "policy.toml",
        secret_file=home / "deployment.key",
        ledger=home / "ledger",
        benign_ledger=home / "benign",
        truth=home / "truth.json",
        seed=seed,
        first_us=today - (DAYS - 1) * DAY_US,
        now_us=now,
    )
    _make(made, progress)
    partial = home / f".{_FILE}.partial"
    partial.write_bytes(msgspec.json.encode(made, enc_hook=str))
    partial.replace(home / _FILE)
    return made


def read(home: Path) -> Prepared:
    """What was prepared in `home`. Raises `InputError`."""
    try:
        return msgspec.json.decode((home / _FILE).read_bytes(), type=Prepared, dec_hook=lambda kind, value: kind(value))
    except (OSError, msgspec.DecodeError) as error:
        raise InputError(f"{home} holds no prepared demonstration: {error}", "Let `prepare` make it again") from None


def _make(made: Prepared, progress: Tell) -> None:
    secret = Secret.create(made.secret_file)
    made.policy_file.write_text(POLICY, encoding="utf-8")
    _write_people(made, Credentials(secret))
    live = live_cast(made.seed, made.first_us)
    write_ledger(made.ledger, live, made.now_us, made.seed, secret, lambda share: progress("history", share))
    benign = benign_cast(made.seed, made.first_us - DAYS * DAY_US)
    write_ledger(
        made.benign_ledger, benign, made.first_us, made.seed, secret, lambda share: progress("benign log", share)
    )


def _write_people(made: Prepared, credentials: Credentials) -> None:
    """The gateway's keys, and who is who."""
    lines, classes = [], dict[str, list[str]]()
    for actor in live_cast(made.seed, made.first_us):
        lines += [msgspec.json.encode(credentials.holder(account)) for account in actor.accounts]
        classes.setdefault(actor.label, []).extend(account.account for account in actor.accounts)
    made.keys_file.write_bytes(b"\n".join(lines) + b"\n")
    campaign = classes.pop(CAMPAIGN)
    made.truth.write_text(json.dumps({"campaign": campaign, "classes": classes}, indent=1) + "\n", encoding="utf-8")
