"""`stillwatch share report`: what each quarter held in the whole alliance, as far as its members may know."""

from __future__ import annotations

from contextlib import closing
from urllib.parse import quote

import msgspec

from stillwatch.cli.faults import faults_as_errors
from stillwatch.cli.options import Json
from stillwatch.cli.share.member import Member
from stillwatch.cli.transparency import tell
from stillwatch.errors import InputError
from stillwatch.sharing.alliance.transparency_report import Report
from stillwatch.sharing.connection import Connection
from stillwatch.sharing.member.configuration import Membership

_TIMEOUT_SECONDS = 60.0
_LARGEST_BYTES = 4_000_000
"""Two kilobytes a quarter and collection."""


@faults_as_errors()
def report(member: Member, as_json: Json = False) -> None:
    """Print the hub's transparency report.

    Example: stillwatch share report --member share.toml
    """
    of = Membership(member)
    hub = Connection("a hub", of.hub, of.credential(), _TIMEOUT_SECONDS, _LARGEST_BYTES, of.ca_file)
    with closing(hub):
        status, _, answer = hub.ask("GET", f"/{quote(of.root)}/alliance/totals/", None, {})
    try:
        found = msgspec.json.decode(answer, type=Report) if status == 200 else None
    except (msgspec.MsgspecError, UnicodeDecodeError):
        found = None
    if found is None:
        raise InputError(f"the hub gives no report (status {status})", "Ask its operator")
    tell(found, as_json)
