"""Concrete parts chosen and put together; only the command line imports this.

What only a hunt needs (the engine, tracing, the report) is imported where a hunt starts: a process that sketches would
load it for nothing, and that took longer than to sketch five thousand exchanges.
"""

from __future__ import annotations

import errno
import hashlib
import shutil
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stillwatch.errors import InputError, LedgerError, SecretError, StorageFull, UsageError
from stillwatch.ledger.ledger import Ledger
from stillwatch.ledger.lock import WriterLock
from stillwatch.ledger.names import NameTable
from stillwatch.ledger.reservoir import Reservoir
from stillwatch.pseudonym import Secret
from stillwatch.readers.block import open_log
from stillwatch.readers.paths import LOG_SUFFIXES, STDIN, expand
from stillwatch.settings import default_secret_file
from stillwatch.sketch.record import identity
from stillwatch.sketch.sketcher import Sketcher
from stillwatch.sketching.run import SketchReport, sketch_logs

if TYPE_CHECKING:
    from stillwatch.campaigns.campaign import Review
    from stillwatch.campaigns.networks import Networks
    from stillwatch.campaigns.profiles import Profile
    from stillwatch.pipeline import Progress
    from stillwatch.sharing.member.partners import Partners
    from stillwatch.standing.look import Looked
    from stillwatch.standing.store import State

SketchProgress = Callable[[str, float, int, int], None]
"""Called with what is being read, the share read (0 .. 1), exchanges and rejected rows so far."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """The secrets of a deployment; `is_new` if its file was made just now."""

    deployment: Secret
    alliance: Secret | None
    file: Path
    is_new: bool


def load_secrets(named: Path | None, alliance: Path | None) -> Secrets:
    """The secret in the file that was named, which must exist, else in the default file, made at first use."""
    shared = Secret.load(alliance) if alliance else None
    if named is not None:
        return Secrets(Secret.load(named), shared, named, False)
    file = default_secret_file()
    if file.exists():
        return Secrets(Secret.load(file), shared, file, False)
    try:
        return Secrets(Secret.create(file), shared, file, True)
    except OSError as error:
        raise SecretError(
            f"no secret key file could be made at {file}: {error.strerror}", "Name one that exists with --secret FILE"
        ) from None


@dataclass(frozen=True, slots=True)
class Read:
    """Logs or a ledger, ready to be hunted."""

    ledger: Path
    rejected: int = 0
    rejections: tuple[str, ...] = ()
    damage: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a hunt found; with a state, what the look says of each campaign beside its review."""

    review: Review
    looked: Looked | None = None


@dataclass(frozen=True, slots=True)
class Around:
    """What a user knows around the logs: operators of earlier campaigns, who runs which network, what partners told."""

    profiles: Sequence[Profile] = ()
    networks: Networks | None = None
    partners: Partners | None = None


def read_around(
    profiles: Sequence[Path], networks: Path | None, secrets: Secrets, membership: Path | None = None
) -> Around:
    """Profiles in these files and folders, a database of networks, and the inbox of a member.

    Raises `InputError`, `SketchMismatch`, or `UsageError` for a membership that cannot be used here.
    """
    from stillwatch.campaigns.networks import open_networks
    from stillwatch.campaigns.profiles import read_profiles

    files = [file for path in profiles for file in (sorted(path.glob("*.json")) if path.is_dir() else [path])]
    if profiles and not files:
        raise InputError(
            f"no profile was found in {', '.join(map(str, profiles))}", "Profiles in a folder end in .json"
        )
    known = read_profiles(files, _identity(secrets))
    partners = read_partners(membership, secrets) if membership else None
    return Around(known, open_networks(networks) if networks else None, partners)


def read_partners(membership: Path, secrets: Secrets) -> Partners:
    """What stands in a member's inbox now. Raises `UsageError` without an alliance's secret, or with another one."""
    from stillwatch.sharing.member.asking import partners_of

    if secrets.alliance is None:
        raise UsageError(
            "what partners published is under the alliance's secret, and none was named",
            "Name it with --alliance-secret; logs and benign logs are sketched under it",
        )
    return partners_of(membership, secrets.deployment, time.time_ns() // 1000)


def check_engine(url: str) -> None:
    """Raises `UsageError` where `url` names no engine that could be used: known before hours of sketching."""
    import duckdb

    from stillwatch.ledger.engines import connect

    try:
        connect(url).disconnect()
    except duckdb.Error as error:
        raise UsageError(f"the engine {url} cannot be opened: {str(error).splitlines()[0]}") from None


def check_inputs(logs: Sequence[Path], benign: Sequence[Path], out: Path) -> None:
    """Raises `InputError` for paths that hold no log, `UsageError` where a log is hunted and called benign at once."""
    hunted = {_fingerprint(file) for file in _logs_of(logs, out)}
    for file in _logs_of(benign, out) if benign else ():
        if _fingerprint(file) in hunted:
            raise UsageError(
                f"{file} is hunted and called benign at once: a campaign in it would count as a common tool",
                "Calibrate on another log",
            )


@contextmanager
def one_hunt_at_a_time(out: Path) -> Generator[None]:
    """Two hunts would overwrite each other's findings, so the second in `out` gets a `LedgerError`."""
    lock = WriterLock(out)
    if not lock.try_acquire():
        raise LedgerError(f"another hunt is writing into {out}", "Wait until it has ended, or name another --out")
    try:
        yield
    finally:
        lock.release()


@contextmanager
def kept_state(directory: Path | None, out: Path, secrets: Secrets, alpha: float) -> Generator[State | None]:
    """The register of campaigns in `directory`, held while a hunt runs; None where none is kept.

    Raises `LedgerError` while another run holds it, `UsageError` for another rate than it was begun with.
    """
    if directory is None:
        yield None
        return
    from stillwatch.standing.store import standing

    if directory.resolve() == out.resolve():
        raise UsageError(f"{directory} is named for the state and for what a hunt writes", "Name another --state")
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        kind = StorageFull if error.errno == errno.ENOSPC else UsageError
        raise kind(f"the directory {directory} cannot be made: {error.strerror}", "Name another --state") from None
    with standing(directory, _identity(secrets), alpha) as state:
        if state.register.alpha != alpha:
            raise UsageError(
                f"the state {directory} was begun with --alpha {state.register.alpha}, and {alpha} was asked for",
                "Keep the rate for the life of a register, or begin another one",
            )
        yield state


def read_logs(
    paths: Sequence[Path],
    out: Path,
    kind: str,
    secrets: Secrets,
    workers: int | None,
    progress: SketchProgress,
) -> Read:
    """A ledger of exactly these logs below `out`, sketched now or by an earlier run; a ledger is used as it is."""
    if len(paths) == 1 and _is_ledger(paths[0]):
        return Read(paths[0])
    files = _logs_of(paths, out)
    directory = out / f"{kind}-{_name_of_set(files)}"
    if STDIN in files:
        _forget(directory)
    done = sketch_into(files, directory, secrets, workers, None, lambda *at: progress(kind, *at))
    return Read(directory, done.rejected, done.rejections, done.damage)


def sketch_into(
    paths: Sequence[Path],
    ledger: Path,
    secrets: Secrets,
    workers: int | None,
    reservoir: Reservoir | None,
    progress: Callable[[float, int, int], None],
) -> SketchReport:
    """Sketch these logs into the ledger at `ledger`; raises `InputError` if they hold no exchange at all."""
    done = sketch_logs(
        paths,
        ledger,
        secrets.deployment,
        alliance=secrets.alliance,
        workers=workers,
        reservoir=reservoir,
        progress=progress,
    )
    if done.exchanges == 0:
        first = f" ({done.rejected} rejected; {done.rejections[0]})" if done.rejections else ""
        raise InputError(f"the logs hold no exchange{first}", "Name logs in one of the formats of docs/formats.md")
    return done


def hunt_and_write(
    read: Read,
    benign: Read | None,
    out: Path,
    secrets: Secrets,
    engine: str,
    alpha: float,
    progress: Progress,
    state: State | None = None,
    around: Around | None = None,
) -> Outcome:
    """Hunt, and write findings.json, report.html and profiles into `out`; with a `state`, as its next look.

    A look is kept before it is told: what was acted on once counts, whatever happens to the files.
    """
    from stillwatch.ledger.engines import connect
    from stillwatch.ledger.view import View
    from stillwatch.pipeline import Hunt, look_again, review
    from stillwatch.report.findings import write_findings
    from stillwatch.report.page import write_report
    from stillwatch.report.profiles import write_profiles
    from stillwatch.tracing.ubiquitous import ubiquitous_values

    found = _identity(secrets)
    ledger = Ledger.open(read.ledger, identity=found)
    spill = out / "spill"
    view = View(ledger, connect(engine, temp_directory=spill))
    reference = Ledger.open(benign.ledger, identity=found) if benign else None
    honest = View(reference, connect(engine, temp_directory=spill)) if reference else None
    known = NameTable.open(read.ledger, secrets.deployment).names("account")
    hunt = Hunt(
        alpha=alpha,
        split_key=secrets.deployment.derive("stillwatch/day-split", 16),
        ignored=ubiquitous_values(Sketcher(secrets.deployment)),
        names=known,
        rejected=read.rejected,
        rejections=read.rejections,
        damage=read.damage or tuple(ledger.damage),
        identity=found,
        profiles=around.profiles if around else (),
        networks=around.networks if around else None,
        partners=around.partners if around else None,
    )
    if state is None:
        outcome = Outcome(review(view, honest, hunt, progress))
    else:
        register, looked = look_again(view, honest, hunt, state.register, progress)
        state.keep(register)
        outcome = Outcome(looked.review, looked)
    write_profiles(outcome.review, out / "profiles")
    write_findings(outcome.review, out / "findings.json")
    write_report(outcome.review, out / "report.html")
    return outcome


def _identity(secrets: Secrets) -> dict[str, str]:
    return identity(secrets.deployment.id, secrets.alliance.id if secrets.alliance else "")


def _logs_of(paths: Sequence[Path], out: Path) -> list[Path]:
    """The logs that these paths stand for, or the one ledger; what hunts themselves wrote below a folder is no log."""
    if len(paths) == 1 and _is_ledger(paths[0]):
        return [paths[0]]
    if any(_is_ledger(path) for path in paths):
        raise InputError("a ledger was named beside something else", "Name one ledger, or only logs")
    files = [file for path in paths for file in expand([path]) if file == path or not _is_written_by_us(file, out)]
    if not files:
        named = ", ".join(map(str, paths))
        raise InputError(f"no log was found in {named}", f"Logs in a folder end in {', '.join(LOG_SUFFIXES)}")
    return files


def _is_written_by_us(file: Path, out: Path) -> bool:
    return out.resolve() in file.resolve().parents or any(_is_ledger(parent) for parent in file.parents)


def _is_ledger(path: Path) -> bool:
    return (path / "ledger.json").exists()


def _fingerprint(file: Path) -> str:
    """What a log is known by, whatever it is called; standard input and ledgers by their names."""
    if file == STDIN or _is_ledger(file):
        return str(file.resolve())
    return open_log(file).fingerprint


def _name_of_set(files: Sequence[Path]) -> str:
    """A name for this set of logs by their content, so that another set never mixes with it."""
    prints = sorted("stdin" if file == STDIN else open_log(file).fingerprint for file in files)
    return hashlib.blake2b("\n".join(prints).encode(), digest_size=4).hexdigest()


def _forget(directory: Path) -> None:
    """Remove what was read of another standard input: nobody can tell by its name whether this is the same."""
    if directory.exists():
        with WriterLock(directory):
            shutil.rmtree(directory)
