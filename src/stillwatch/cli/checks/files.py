"""Files that the deployment reads: whether they can be read, say what they should, and are closed to others."""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from stillwatch.cli.checks.result import Result, fault, guarded, ok, warning
from stillwatch.cli.terminal import counted
from stillwatch.decision.journal import verify
from stillwatch.decision.policy import Policy
from stillwatch.errors import StillwatchError
from stillwatch.gateway import tls
from stillwatch.gateway.configuration import Listen
from stillwatch.gateway.keys import Keys
from stillwatch.ledger.ledger import Ledger
from stillwatch.pseudonym import Secret
from stillwatch.sketch.record import identity

_SOON_DAYS = 14
"""Chosen: half of what a certificate of 30 days lives."""


def policy(file: Path | None) -> list[Result]:
    """The policy that requests are held to."""

    def look() -> list[Result]:
        if file is None:
            return [warning("policy", "none is named: nobody is limited", "Name one in [files] (docs/policy.md)")]
        found = Policy.load(file)
        if not found.limits:
            return [warning("policy", f"{file} limits nobody", "Add [[limit]] tables (docs/policy.md)")]
        return [ok("policy", f"{file}: {counted(len(found.limits), 'limit')}"), *_others("policy", file, may_read=True)]

    return guarded("policy", look)


def policy_in(file: Path | None) -> Policy:
    """The policy for checks of other things: an empty one where there is none, or none that can be read."""
    try:
        return Policy.load(file) if file else Policy()
    except StillwatchError:
        return Policy()


def keys(file: Path | None) -> list[Result]:
    """Who may ask. The file holds digests, so who reads it cannot call, but sees who your customers are."""

    def look() -> list[Result]:
        if file is None:
            return [ok("keys", "no file is named: the upstream decides which keys are good")]
        Keys.load(file)
        lines = [line for line in file.read_bytes().splitlines() if line.strip()]
        if not lines:
            return [warning("keys", f"{file} holds none: nobody may ask", "Add a line for each key (docs/gateway.md)")]
        return [ok("keys", f"{file}: {counted(len(lines), 'key')}"), *_others("keys", file)]

    return guarded("keys", look)


def secret(file: Path) -> list[Result]:
    """The deployment's secret, under which names are kept."""

    def look() -> list[Result]:
        if not file.exists():
            said = f"there is none at {file} yet: one is made at first use"
            return [warning("secret", said, "Then keep a copy of it")]
        return [ok("secret", f"{file}, public id {Secret.load(file).id}")]

    return guarded("secret", look)


def alliance(file: Path | None) -> list[Result]:
    """The secret that members of an alliance have in common; nothing where there is none."""

    def look() -> list[Result]:
        return [ok("alliance secret", f"{file}, public id {Secret.load(file).id}")] if file else []

    return guarded("alliance secret", look)


def benign(directory: Path | None, traced: Path, secret_file: Path, alliance_file: Path | None) -> list[Result]:
    """What honest traffic looks like: a ledger of its own, whole, and made under the same secret."""

    def look() -> list[Result]:
        if directory is None:
            return [ok("benign ledger", "none is named: the tracer acts on nobody by itself")]
        if directory.resolve() == traced.resolve():
            said = f"{directory} is the ledger that is traced: a campaign in it would count as a common tool"
            return [fault("benign ledger", said, "Make another of benign logs with `stillwatch sketch`")]
        counts = Ledger.open(directory, identity=_made_under(secret_file, alliance_file)).counts()
        if not counts.exchanges:
            return [warning("benign ledger", f"{directory} holds nothing", "Sketch logs of honest traffic into it")]
        return [ok("benign ledger", f"{directory}: {counted(counts.exchanges, 'exchange')}")]

    return guarded("benign ledger", look)


def journal(file: Path) -> list[Result]:
    """The record of decisions: every entry follows from the one before."""

    def look() -> list[Result]:
        if not file.exists():
            return [ok("journal", f"{file} is not there yet: nothing was decided")]
        entries, head = verify(file)
        said = f"{file}: {counted(entries, 'entry') if entries == 1 else f'{entries:,} entries'}, head {head[:16]}"
        return [ok("journal", said), *_others("journal", file)]

    return guarded("journal", look)


def ledger(directory: Path, secret_file: Path, alliance_file: Path | None) -> list[Result]:
    """The sketches: readable, whole, and made under the secret that is configured."""

    def look() -> list[Result]:
        if not (directory / "ledger.json").exists():
            return [ok("ledger", f"{directory} is not there yet: the observer makes it")]
        found = Ledger.open(directory, identity=_made_under(secret_file, alliance_file))
        counts = found.counts()
        if counts.lost:
            remedy = "See its quarantine/, and the disk"
            return [warning("ledger", f"{directory}: {counted(counts.lost, 'exchange')} lost to damage", remedy)]
        return [ok("ledger", f"{directory}: {counted(counts.exchanges, 'exchange')} of {counted(counts.days, 'day')}")]

    return guarded("ledger", look)


def certificate(listen: Listen, now: datetime) -> list[Result]:
    """What clients are shown where the gateway speaks TLS itself."""

    def look() -> list[Result]:
        if tls.of_server(listen) is None:
            return []
        shown = x509.load_pem_x509_certificates(Path(listen.certificate).read_bytes())[0]
        left = (shown.not_valid_after_utc - now).days
        said = f"{listen.certificate} is valid until {shown.not_valid_after_utc.astimezone(UTC):%Y-%m-%d}"
        if left < 0:
            return [fault("certificate", said, "Renew it: clients refuse it")]
        if left < _SOON_DAYS:
            return [warning("certificate", said, "Renew it, and send the gateway SIGHUP")]
        return [ok("certificate", said), *_others("certificate's key", Path(listen.key or listen.certificate))]

    return guarded("certificate", look)


def _made_under(secret_file: Path, alliance_file: Path | None) -> dict[str, str] | None:
    """What a ledger of this deployment says of its secrets; None before there is one."""
    if not secret_file.exists():
        return None
    return identity(Secret.load(secret_file).id, Secret.load(alliance_file).id if alliance_file else "")


def _others(check: str, file: Path, may_read: bool = False) -> list[Result]:
    """What other users of the machine may do with it, and should not."""
    mode = file.stat().st_mode
    if mode & (stat.S_IWGRP | stat.S_IWOTH):
        return [fault(check, f"{file} can be written by others", f"Run: chmod go-w {file}")]
    if mode & (stat.S_IRGRP | stat.S_IROTH) and not may_read:
        return [warning(check, f"{file} can be read by others", f"Run: chmod 600 {file}")]
    return []
