"""What the end of an audit is given: the document for machines, the page for people, links to campaigns, a PDF."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import msgspec
import typer

from stillwatch.audit.campaign_links import linked
from stillwatch.audit.channels import Channel, combined
from stillwatch.audit.dossier import Dossier
from stillwatch.audit.finding import Refused
from stillwatch.audit.outcome import OnRecord, evalue
from stillwatch.audit.outcome import page as page_of
from stillwatch.audit.record import committed, frozen
from stillwatch.cli.audit_markers import document as markers_document
from stillwatch.cli.audit_markers import tested
from stillwatch.cli.printing import printed
from stillwatch.cli.terminal import counted, print_json, say
from stillwatch.decision.journal import Journal, verify
from stillwatch.errors import InputError, UsageError
from stillwatch.pseudonym import Pseudonymiser, Secret

MarkersFolder = Annotated[
    Path | None, typer.Option("--markers", help="The folder of `audit probe`: both channels in one report.")
]
Findings = Annotated[
    Path | None, typer.Option("--findings", help="findings.json of a hunt: says which campaign an account is of.")
]
FindingsSecret = Annotated[
    Path | None, typer.Option("--secret", help="The deployment's secret, which alone resolves pseudonyms.")
]
Names = Annotated[bool, typer.Option("--names", help="Also the accounts' own names, for whoever may see them.")]
Pdf = Annotated[bool, typer.Option("--pdf", help="Also audit.pdf, where Chromium is installed.")]


class Wanted(NamedTuple):
    """What beside the finding itself was asked for."""

    book: Journal
    markers: Path | None
    markers_secret: Path | None
    findings: Path | None
    secret: Path | None
    names: bool
    pdf: bool


def on_record(book: Journal, dossier: Dossier) -> OnRecord:
    """What the journal holds of an audit. Raises `StillwatchError` where it is broken, or the plan is not in it."""
    entry = frozen(book, dossier.plan)
    _, head = verify(book.file, entry.digest)
    return OnRecord(entry, {one.digest: where for one, where in committed(book)}, head)


def deliver(folder: Path, told: dict[str, Any], wanted: Wanted, *, as_json: bool) -> None:
    """Write the document, the page and, where asked for, its PDF; say on the terminal what came out."""
    link(told, wanted.findings, wanted.secret, names=wanted.names)
    _add_markers(told, wanted)
    (folder / "audit.json").write_bytes(msgspec.json.format(msgspec.json.encode(told), indent=1) + b"\n")
    (folder / "audit.html").write_text(page_of(told), "utf-8")
    if wanted.pdf:
        printed(folder / "audit.html", folder / "audit.pdf")
    if as_json:
        print_json(told)
        return
    for reason in told["refused"]:
        say(f"No p-value: {reason}.")
    for one in told["keys"]:
        _say_key(one, len(told["keys"]))
    for one in told["avoided"]:
        if one["answer"] == "avoided":
            whose = f"key of {one['account']}" if one["account"] else "the fleet's key"
            say(f"{whose}, epoch {one['epoch']}: avoided; p {one['adjusted']:.2g} among {len(told['avoided'])} keys")
    for one in told.get("together", ()):
        say(f"{one['account']}: marks and markers together, e-value {evalue(one['log_e'])}")
    say(f"Report: {folder / ('audit.pdf' if wanted.pdf else 'audit.html')}")


def _say_key(one: dict[str, Any], keys: int) -> None:
    whose = f"key of {one['account']}" if one["account"] else "the fleet's key"
    p = "cannot tell" if one["adjusted"] is None else f"p {one['adjusted']:.2g} among {counted(keys, 'key')}"
    of = f", campaign {one['campaign']}" if one["campaign"] else ""
    say(f"{whose}{of}, epoch {one['epoch']}: {one['answer']}; {p} ({one['cells']:,} cells)")


def link(told: dict[str, Any], findings: Path | None, secret: Path | None, *, names: bool) -> None:
    """Say of each account's key which campaign the account is of, for whoever holds the deployment's secret."""
    links = {}
    if findings is not None:
        if secret is None:
            raise UsageError("findings name accounts and keys their pseudonyms", "Give the deployment's --secret")
        pseudonym = Pseudonymiser(Secret.load(secret), "account")
        links = linked(_document(findings), lambda name: f"{pseudonym(name):016x}")
    for one in told["keys"]:
        found = links.get(one["account"])
        one["campaign"] = found.campaign if found else None
        one["name"] = found.account if found and names else None


def _add_markers(told: dict[str, Any], wanted: Wanted) -> None:
    """Put the second channel beside the first, and both together where an account is in both."""
    told["markers"], told["together"] = None, []
    if wanted.markers is None:
        return
    if wanted.markers_secret is None:
        raise UsageError("markers are drawn under a secret of their own", "Give --markers-secret")
    plan, found = tested(wanted.markers, Secret.load(wanted.markers_secret), wanted.book)
    if plan.suspect != told["suspect"]:
        raise InputError(f"{wanted.markers} is a probing of {plan.suspect!r}, and this audit is of {told['suspect']!r}")
    told["markers"] = markers_document(plan, found)
    if isinstance(found, Refused):
        return
    marked = {one["account"]: one["log_e"] for one in told["keys"] if one["account"] and one["log_e"] is not None}
    for one in found.accounts:
        if one.account in marked:
            both = [Channel("tokens", "marks", marked[one.account]), Channel("markers", "conventions", one.log_e)]
            channels = [asdict(channel) for channel in both]
            told["together"].append({"account": one.account, "log_e": combined(both), "channels": channels})


def _document(file: Path) -> dict[str, Any]:
    try:
        said: dict[str, Any] = json.loads(file.read_text("utf-8"))
    except ValueError:
        raise InputError(f"{file} is not JSON", "Name the findings.json that a hunt wrote") from None
    return said
