"""Where a hub's PostgreSQL is: a URL of libpq's without a password, since other users of the machine see commands.

libpq finds the password where it always does: in `~/.pgpass` or the file that PGPASSFILE or `passfile=` names (mode
600), or in PGPASSWORD. Beyond this machine, the connection has to be encrypted and the server known.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from stillwatch.errors import UsageError

_KNOWN_SERVER = frozenset({"verify-full", "verify-ca"})
"""Modes of libpq in which whoever answers has to show a certificate of an authority."""
_SECRET = frozenset({"password", "sslpassword", "oauth_client_secret"})


@dataclass(frozen=True, slots=True)
class PostgresUrl:
    """A URL that has been checked. As text it says where, and nothing else."""

    url: str

    def __str__(self) -> str:
        said = conninfo_to_dict(self.url)
        return f"postgresql://{said.get('host', '')}/{said.get('dbname', '')}"

    def with_ways(self, ways: Mapping[str, str]) -> str:
        """What libpq connects by: `ways` of ours wherever the URL does not say otherwise."""
        return make_conninfo("", **{**ways, **conninfo_to_dict(self.url)})


def checked_url(url: str) -> PostgresUrl:
    """The URL; raises `UsageError` if it is none, holds a password, or leads elsewhere in the clear."""
    try:
        said = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        raise UsageError("the store is no URL of PostgreSQL", "Like postgresql://hub@/hub (docs/hub.md)") from None
    if _SECRET & said.keys():
        raise UsageError(
            "the URL of the store holds a password, which everybody on this machine sees in the list of processes",
            "Change that password, and put the new one into ~/.pgpass or a file that PGPASSFILE names (mode 600)",
        )
    mode = said.get("sslmode") or os.environ.get("PGSSLMODE")
    if mode not in _KNOWN_SERVER and not all(map(_is_here, _hosts(said))):
        raise UsageError(
            "the store is on another machine, and the hub would speak to whoever answers",
            "Add sslmode=verify-full to the URL, and sslrootcert=FILE for an authority of your own",
        )
    return PostgresUrl(url)


def _hosts(said: Mapping[str, object]) -> list[str]:
    """Where libpq would connect to, by the URL or by its environment."""
    if said.get("service") or os.environ.get("PGSERVICE"):
        return ["of a service file"]
    named = [str(said.get(name) or os.environ.get(f"PG{name.upper()}", "")) for name in ("host", "hostaddr")]
    return [host for hosts in named for host in hosts.split(",")]


def _is_here(host: str) -> bool:
    if host in ("", "localhost") or host.startswith(("/", "@")):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
