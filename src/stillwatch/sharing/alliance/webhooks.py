"""Where members want to be told that something is new: addresses that the operator registered, in one file.

[{"member": "member-02", "root": "alliance", "url": "https://member.example/heard", "allows_private": false}]

Plain http is for this machine alone. That an address leads out of the hub's own network is looked at when a notice is
sent (`outward`), because names can change what they mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from stillwatch.errors import InputError, UsageError
from stillwatch.ledger.durable import write_file

FILE = "webhooks.json"
_LONGEST_URL = 500


class Webhook(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One member's address for one API root. `allows_private`: it may be in the hub's own network."""

    member: str
    root: str
    url: str
    allows_private: bool = False


def webhooks(file: Path) -> tuple[Webhook, ...]:
    """What is registered; nothing where there is no file. Raises `InputError` for one that is damaged."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=tuple[Webhook, ...])
    except FileNotFoundError:
        return ()
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InputError(f"{file} holds no webhooks: {error}", "See: stillwatch hub webhook list") from None


def registered(file: Path, one: Webhook) -> None:
    """Register an address; the member's older one for the root goes. Raises `UsageError` for one that will not do."""
    check_url(one.url)
    _write(file, [*_others(file, one.member, one.root), one])


def removed(file: Path, member: str, root: str) -> None:
    """Remove a member's address. Raises `UsageError` if there is none."""
    others = _others(file, member, root)
    if len(others) == len(webhooks(file)):
        raise UsageError(f"{member} has no webhook for {root}", "See: stillwatch hub webhook list")
    _write(file, others)


def check_url(url: str) -> None:
    """Raises `UsageError` unless it is https, or http to this machine, without user, query or fragment."""
    remedy = "Give one like https://member.example/heard"
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises where it is none
    except ValueError:
        raise UsageError(f"{url!r} is no address", remedy) from None
    if len(url) > _LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url or not parts.hostname:
        raise UsageError(f"{url[:_LONGEST_URL]!r} is no address", remedy)
    if parts.username is not None or parts.query or parts.fragment:
        raise UsageError("an address has no user, no query and no fragment", remedy)
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_here(parts.hostname)):
        raise UsageError("a notice to another machine goes by https only", remedy)


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _others(file: Path, member: str, root: str) -> list[Webhook]:
    return [one for one in webhooks(file) if (one.member, one.root) != (member, root)]


def _write(file: Path, found: Sequence[Webhook]) -> None:
    write_file(file, msgspec.json.format(msgspec.json.encode(found)), mode=0o600)
