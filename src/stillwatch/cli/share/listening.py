"""`stillwatch share listen`: pull at once when the hub says that something is new, and every so often anyway."""

from __future__ import annotations

import json
import ssl
import sys
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from stillwatch.cli.faults import faults_as_errors
from stillwatch.cli.options import Json
from stillwatch.cli.share.member import Member, hub_of, inbox_of, now_us
from stillwatch.cli.terminal import complain, say
from stillwatch.errors import UsageError
from stillwatch.sharing.alliance.listening import Listener
from stillwatch.sharing.alliance.notice import Notices
from stillwatch.sharing.member.configuration import Membership
from stillwatch.sharing.member.hub_client import HubUnreachable
from stillwatch.sharing.member.pulling import ClockOff, Pulled
from stillwatch.sharing.member.pulling import pull as pulled_from
from stillwatch.sharing.signing import load_key

_HERE = ("127.0.0.1", "::1", "localhost")


@faults_as_errors()
def listen(
    member: Member,
    host: Annotated[str, typer.Option(help="The address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one, which is said.")] = 8472,
    certificate: Annotated[Path | None, typer.Option(help="TLS: the certificate chain, PEM.", exists=True)] = None,
    key: Annotated[Path | None, typer.Option(help="TLS: its private key, PEM.", exists=True)] = None,
    behind_proxy: Annotated[bool, typer.Option(help="TLS ends in front of it: plain HTTP anywhere.")] = False,
    every: Annotated[float, typer.Option(min=1, help="Seconds after which it pulls without being told.")] = 15.0,
    as_json: Json = False,
) -> None:
    """Take in what comes as the hub tells of it (`stillwatch hub webhook add`), until it is stopped.

    Example: stillwatch share listen --host 0.0.0.0 --certificate chain.pem --key key.pem --member share.toml
    """
    of = Membership(member)
    context = _context(host, certificate, key, behind_proxy)
    notices = Notices(of.member, of.root, of.record_key)
    with hub_of(of) as hub, closing(inbox_of(of)) as inbox, closing(Listener(host, port, notices, context)) as listener:
        machine = load_key(of.folder / "machine.key")
        complain(f"Notices are heard at port {listener.port}.")
        is_told = False
        while True:
            try:
                _tell(pulled_from(hub, inbox, of.member, machine, now_us()), is_told, as_json)
            except (HubUnreachable, ClockOff) as error:
                complain(str(error))
            is_told = listener.heard(every)


def _context(host: str, certificate: Path | None, key: Path | None, behind_proxy: bool) -> ssl.SSLContext | None:
    if (certificate is None) != (key is None):
        raise UsageError("TLS needs --certificate and --key", "Give them together")
    if certificate is None and not behind_proxy and host not in _HERE:
        raise UsageError(f"{host} can be reached from elsewhere, and hubs speak https", "Give --certificate and --key")
    if certificate is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    return context


def _tell(found: Pulled, is_told: bool, as_json: bool) -> None:
    """One line for each pull that brought something."""
    counts = asdict(found)
    if not any(counts.values()):
        return
    if as_json:
        sys.stdout.write(json.dumps({"told": is_told, **counts}) + "\n")
        sys.stdout.flush()
    else:
        say(", ".join(f"{number} {word}" for word, number in counts.items()))
