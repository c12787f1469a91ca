"""A hub's folder for its alliance, and the parts that work from it.

grounds.toml    the legal bases in force (governance.basis); looked at for each object, so a change counts at once
names.txt       optional: names of companies that no sentence may hold, one a line; mode 600, as it says who takes part
webhooks.json   optional: members' addresses for notices, as `stillwatch hub webhook` writes it
record.jsonl    the record, a hash chain
totals.json     how much was published in each quarter, for the transparency report
record.key      the hub's signing key (mode 600), made at the first start
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from starlette.applications import Starlette

from stillwatch.errors import SecretError, StillwatchError, UsageError
from stillwatch.running.notifying import begin_notifying
from stillwatch.sharing.alliance import webhooks
from stillwatch.sharing.alliance.access import Access
from stillwatch.sharing.alliance.admission import EXTRACTION, ExtractionAdmission
from stillwatch.sharing.alliance.app import with_alliance
from stillwatch.sharing.alliance.endpoints import Alliance
from stillwatch.sharing.alliance.news import News
from stillwatch.sharing.alliance.publications import Publications
from stillwatch.sharing.alliance.record import Record
from stillwatch.sharing.alliance.standings import Standings
from stillwatch.sharing.alliance.tag_sets import TagSets
from stillwatch.sharing.alliance.totals import FILE, Totals
from stillwatch.sharing.alliance.webhooks import Webhook
from stillwatch.sharing.governance.basis import Grounds
from stillwatch.sharing.hub.app import application, now_us
from stillwatch.sharing.hub.authentication import Authentication
from stillwatch.sharing.hub.failures import Failures
from stillwatch.sharing.hub.options import Options
from stillwatch.sharing.hub.site import Site
from stillwatch.sharing.signing import load_key, make_key
from stillwatch.storage.hub.alliance import AllianceTables
from stillwatch.storage.hub.store import HubStore

NAMES = "names.txt"
_OTHERS = 0o077
"""What everybody but the owner may do with a file."""
Read = TypeVar("Read")
_log = logging.getLogger(__name__)


def governed_application(
    objects: HubStore,
    alliance: AllianceTables,
    record: Record,
    folder: Path,
    options: Options,
    monotonic: Callable[[], float],
) -> Starlette:
    """The hub with the alliance's rules and endpoints."""
    grounds = reread(folder / "grounds.toml", Grounds.load, Grounds())
    nobody: tuple[str, ...] = ()
    names = reread(folder / NAMES, _names, nobody)
    admission = ExtractionAdmission(alliance, grounds, names, lambda: datetime.now(UTC).date())
    hub = application(objects, options, {EXTRACTION: admission})
    authentication = Authentication(objects, Failures(monotonic), now_us)
    access = Access(authentication, Site(objects, options.public_url), objects, alliance)
    standings = Standings(alliance)
    totals = Totals(folder / FILE, now_us)
    publications = Publications(access, TagSets(objects, now_us), standings, totals)
    news = News(objects, alliance)
    no_hooks: tuple[Webhook, ...] = ()
    hooks = reread(folder / webhooks.FILE, webhooks.webhooks, no_hooks)
    begin_notifying(folder, objects, alliance, news, hooks, signing_key(folder / "record.key"))
    return with_alliance(hub, Alliance(access, objects, alliance, record, totals, standings, news), publications)


def opened_record(folder: Path) -> Record:
    """The hub's record, and the key that signs its heads."""
    return Record(folder / "record.jsonl", signing_key(folder / "record.key"), now_us)


def prepare(folder: Path) -> str:
    """Check the folder before anything is served, make what it lacks; returns the key of the record as hex.

    Raises `UsageError` where the legal bases are missing or broken: an alliance without a ground shares nothing; and
    where others on the machine can read who takes part.
    """
    Grounds.load(folder / "grounds.toml")
    names = folder / NAMES
    if names.exists() and names.stat().st_mode & _OTHERS:
        raise UsageError(f"{names} says who takes part, and others on this machine can read it", f"chmod 600 {names}")
    return signing_key(folder / "record.key").public_key().public_bytes_raw().hex()


def signing_key(file: Path) -> Ed25519PrivateKey:
    """The signing key of a file, made if there is none. Raises `SecretError`."""
    with suppress(SecretError):
        return make_key(file)
    return load_key(file)


def reread(file: Path, read: Callable[[Path], Read], otherwise: Read) -> Callable[[], Read]:
    """What a file says, read again whenever it changes. Gone or broken it says `otherwise`, and the log says so."""
    held: tuple[tuple[int, int] | None, Read] = ((-1, -1), otherwise)

    def now() -> Read:
        nonlocal held
        stamp = _stamp(file)
        if stamp != held[0]:
            held = stamp, _read(file, read, otherwise) if stamp else otherwise
        return held[1]

    return now


def _stamp(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _read(file: Path, read: Callable[[Path], Read], otherwise: Read) -> Read:
    try:
        return read(file)
    except (StillwatchError, OSError, ValueError) as error:
        _log.error("%s is not in force: %s", file.name, error)
        return otherwise


def _names(file: Path) -> tuple[str, ...]:
    return tuple(line.strip() for line in file.read_text("utf-8").splitlines() if line.strip())
