"""`stillwatch hub`: serve a TAXII 2.1 hub, and keep its members."""

from __future__ import annotations

import os
import secrets
import time
from pathlib import Path
from typing import Annotated

import typer

from stillwatch.cli.faults import faults_as_errors
from stillwatch.cli.hub_held import app as held
from stillwatch.cli.hub_report import report
from stillwatch.cli.hub_signer import app as signers
from stillwatch.cli.hub_store import move, status
from stillwatch.cli.hub_webhook import app as webhooks
from stillwatch.cli.options import Json
from stillwatch.cli.options_hub import Store, opened, place_of
from stillwatch.cli.terminal import counted, print_json, say
from stillwatch.errors import UsageError
from stillwatch.sharing.hub.markings import Tlp
from stillwatch.sharing.hub.members import Member, Role, check_name
from stillwatch.sharing.hub.options import DEFAULT_PAGE
from stillwatch.sharing.hub.passwords import hashed
from stillwatch.sharing.hub.seed import Sown, read_seed, sow
from stillwatch.sharing.hub.tokens import digest, make_token
from stillwatch.storage.hub.opening import open_store
from stillwatch.storage.hub.store import HubStore

app = typer.Typer(help="A TAXII 2.1 server for trust groups.", no_args_is_help=True)
members = typer.Typer(help="Who may come in.", no_args_is_help=True)
app.add_typer(members, name="member")
app.add_typer(signers, name="signer")
app.add_typer(held, name="held")
app.command("status")(status)
app.command("move")(move)
app.add_typer(webhooks, name="webhook")
app.command()(report)

_DAY_US = 86_400_000_000
_SHORTEST_PASSWORD = 8
_PASSWORD_VARIABLE = "STILLWATCH_MEMBER_PASSWORD"  # noqa: S105 - the name of a variable


@app.callback()
def _hub() -> None:
    """A TAXII 2.1 server for trust groups (docs/hub.md)."""


@app.command()
@faults_as_errors(ends_itself=True)
def serve(
    store: Store = None,
    seed: Annotated[Path | None, typer.Option(help="Put this seed file into the store first.", exists=True)] = None,
    host: Annotated[str, typer.Option(help="The address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535)] = 8470,
    workers: Annotated[int, typer.Option(help="Processes that share the port.", min=1, max=64)] = 1,
    page: Annotated[int, typer.Option(help="The most objects of a page.", min=1, max=100_000)] = DEFAULT_PAGE,
    public_url: Annotated[str, typer.Option(help="Where members reach this hub, if elsewhere than here.")] = "",
    certificate: Annotated[Path | None, typer.Option(help="TLS: the certificate chain, PEM.", exists=True)] = None,
    key: Annotated[Path | None, typer.Option(help="TLS: its private key, PEM.", exists=True)] = None,
    client_authority: Annotated[
        Path | None, typer.Option(help="Only clients with a certificate of these authorities, PEM.", exists=True)
    ] = None,
    behind_proxy: Annotated[bool, typer.Option(help="TLS ends in front of this hub: plain HTTP anywhere.")] = False,
    alliance: Annotated[
        Path | None, typer.Option(help="The alliance's folder (docs/governance.md): its rules and its record.")
    ] = None,
    end_every: Annotated[
        float, typer.Option(help="Seconds after which what has ended is deleted again.", min=1, max=3600)
    ] = 300.0,
) -> None:
    """Serve until SIGTERM.

    Example: stillwatch hub serve --seed hub.json --port 8470
    """
    if (certificate is None) != (key is None) or (client_authority and not certificate):
        raise UsageError("TLS needs --certificate and --key, --client-authority needs both", "Give them together")
    try:
        from stillwatch.running.alliance import prepare
        from stillwatch.running.hub import HubServer, listen
        from stillwatch.running.hub import serve as serve_hub
    except ModuleNotFoundError as error:
        raise UsageError(f"a hub needs {error.name}", "Run: pip install 'stillwatch[hub]'") from None
    place = place_of(store)
    server = HubServer(
        place,
        host,
        port,
        workers,
        page,
        public_url,
        certificate,
        key,
        client_authority,
        behind_proxy,
        alliance,
        end_every,
    )
    listening = listen(server)
    _sow(open_store(place), seed)
    scheme = "https" if certificate else "http"
    record_key = prepare(alliance) if alliance else ""
    say(f"The hub takes requests at {scheme}://{_shown(host)}:{listening.getsockname()[1]}/taxii2/")
    if record_key:
        say(f"Members check the record under the key {record_key}")
    serve_hub(server, listening)


@app.command()
@faults_as_errors()
def seed(
    file: Annotated[Path, typer.Argument(help="A seed file (docs/hub.md).", exists=True)],
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Put users, API roots, collections and objects into the store; a hub that runs sees them at once.

    Example: stillwatch hub seed hub.json
    """
    sown = _sow(opened(store), file)
    if as_json:
        print_json({"members": sown.members, "objects": sown.objects})
    else:
        say(f"New: {counted(sown.members, 'member')}, {counted(sown.objects, 'object')}.")


@members.command()
@faults_as_errors()
def add(
    name: Annotated[str, typer.Argument(help="What the hub and the other members call it.")],
    role: Annotated[str, typer.Option(help="reader, writer or admin.")] = "writer",
    clearance: Annotated[str, typer.Option(help="The highest TLP level that it is shown.")] = "amber+strict",
    root: Annotated[list[str] | None, typer.Option(help="An API root to join; may be repeated.")] = None,
    certificate: Annotated[str, typer.Option(help="SHA-256 of the client certificate it has to come with.")] = "",
    token: Annotated[bool, typer.Option("--token", help="Make a bearer token instead of a password.")] = False,
    token_days: Annotated[int, typer.Option(help="The token is good for so many days.", min=1, max=3650)] = 365,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Add a member, or give one that exists a new password, role and clearance; prints its secret, once.

    A password is taken from STILLWATCH_MEMBER_PASSWORD if that is set, else made.

    Example: stillwatch hub member add member-07 --root trustgroup1
    """
    kept = opened(store)
    password = "" if token else _password()
    secret = make_token() if token else password
    kept.put_member(_member(name, role, clearance, password, certificate), root or [])
    if token:
        kept.put_token(digest(secret), name, root or None, _now_us() + token_days * _DAY_US)
    kind = "token" if token else "password"
    if as_json:
        print_json({"member": name, kind: secret})
    else:
        say(f"{name} is a member. Its {kind}, which is not shown again: {secret}")


@members.command("list")
@faults_as_errors()
def list_(store: Store = None, as_json: Json = False) -> None:
    """List members, those that are revoked too."""
    known = opened(store).members()
    if as_json:
        print_json({"members": [_as_json(member, is_revoked) for member, is_revoked in known]})
        return
    for member, is_revoked in known:
        state = "revoked" if is_revoked else f"{member.role.value}, up to {member.clearance.label}"
        say(f"{member.name}  {state}")
    if not known:
        say("The hub has no members.")


@members.command()
@faults_as_errors()
def revoke(name: Annotated[str, typer.Argument(help="The member.")], store: Store = None) -> None:
    """End a member's password and tokens; its next request is refused by every process of the hub.

    Example: stillwatch hub member revoke member-07
    """
    opened(store).revoke(name)
    say(f"{name} is revoked. What it contributed stays.")


def _sow(kept: HubStore, file: Path | None) -> Sown:
    return sow(read_seed(file), kept, _now_us()) if file else Sown(0, 0)


def _member(name: str, role: str, clearance: str, password: str, certificate: str) -> Member:
    try:
        credential = hashed(password) if password else ""
        return Member(
            check_name(name), Role(role), Tlp.named(clearance), credential, certificate.lower().replace(":", "")
        )
    except ValueError as error:
        raise UsageError(str(error), "Roles are reader, writer, admin; levels are those of TLP 2.0") from None


def _password() -> str:
    given = os.environ.get(_PASSWORD_VARIABLE)
    if given is not None and len(given) < _SHORTEST_PASSWORD:
        raise UsageError(f"the password has fewer than {_SHORTEST_PASSWORD} characters", "Take a longer one, or none")
    return given or secrets.token_urlsafe(18)


def _as_json(member: Member, is_revoked: bool) -> dict[str, object]:
    return {
        "name": member.name,
        "role": member.role.value,
        "clearance": member.clearance.label,
        "is_revoked": is_revoked,
        "has_password": bool(member.credential),
        "certificate": member.certificate,
    }


def _now_us() -> int:
    return time.time_ns() // 1000


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host
