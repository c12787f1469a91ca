"""What a door is told: one TOML file, named by the variable `STILLWATCH_DOOR` where a host takes no arguments.

policy = "policy.toml"                         # limits and steps (docs/policy.md); none if left out
keys = "keys.jsonl"                            # whose key is whose; or [identity], as the gateway's (docs/gateway.md)
journal = "journal.jsonl"                      # verdicts, followed as they are given and lifted; none if left out
observer = "/run/stillwatch/observer.sock"     # who takes settled exchanges; none if left out
others = "read"                                # what becomes of paths that no dialect knows: read, pass, refuse
unguarded = ["/tokenize"]                      # of these, paths that pass whatever the method
body_bytes = 33554432                          # a longer request is refused
[listen]                                       # of doors that are services of their own: as the gateway's
port = 9001
[store]                                        # limits that several processes and machines share
redis = "redis://127.0.0.1:6379/0"

Relative paths are relative to the file.
"""

from __future__ import annotations

import os
import tomllib
from enum import StrEnum
from pathlib import Path

import msgspec

from stillwatch.errors import UsageError
from stillwatch.gateway.configuration import Count, Listen, Seconds
from stillwatch.gateway.identity import Identity, Mode
from stillwatch.guarding.store import Store

DOOR_VARIABLE = "STILLWATCH_DOOR"


class Others(StrEnum):
    """What becomes of requests to paths that no dialect knows."""

    READ = "read"  # GET, HEAD and OPTIONS pass: no model answers them; the rest is refused
    PASS = "pass"  # noqa: S105 - all pass, no password
    REFUSE = "refuse"


class Door(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One door's configuration; its paths are absolute once it was read."""

    keys: str = ""
    identity: Identity = Identity()
    policy: str = ""
    journal: str = ""
    observer: str = ""
    store: Store = Store()
    listen: Listen = Listen(port=9001)
    others: Others = Others.READ
    unguarded: tuple[str, ...] = ()
    body_bytes: Count = 32 * 1024 * 1024  # as the gateway's
    buffered_bytes: Count = 512 * 1024 * 1024  # bodies of all requests that are being read; above: 503
    body_seconds: Seconds = 120.0  # for a body to arrive; above: 408, as the gateway


def read(file: Path) -> Door:
    """The configuration in a TOML file. Raises `UsageError` that names the key."""
    try:
        said = msgspec.convert(tomllib.loads(file.read_text(encoding="utf-8")), Door)
    except OSError as error:
        raise UsageError(f"the configuration {file} cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise UsageError(f"{file}: {error}", "See docs/doors.md for the keys") from None
    if not said.keys and said.identity.mode is Mode.KEYS:
        raise UsageError(
            f"{file} names no keys, so nobody could be told from anybody", "Say keys = FILE, or [identity]"
        )
    named = {name: getattr(said, name) for name in ("keys", "policy", "journal", "observer")}
    base = file.absolute().parent
    return msgspec.structs.replace(said, **{name: str(base / path) for name, path in named.items() if path})


def configured() -> Door:
    """The configuration that the environment names. Raises `UsageError` where it names none."""
    named = os.environ.get(DOOR_VARIABLE)
    if not named:
        raise UsageError(f"{DOOR_VARIABLE} names no file", "Let it name the door's TOML file; see docs/doors.md")
    return read(Path(named))
