"""`stillwatch tags`: the key service of blind tags, and a member's evaluations and comparisons (docs/tags.md)."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated

import typer

from stillwatch.cli.faults import faults_as_errors
from stillwatch.cli.options import Json
from stillwatch.cli.terminal import counted, print_json, say
from stillwatch.errors import UsageError

app = typer.Typer(help="Blind tags: the key service, and what members ask of it.", no_args_is_help=True)

Home = Annotated[Path, typer.Argument(help="The key service's directory.", show_default=False)]
Name = Annotated[str, typer.Argument(help="The member's pseudonym, as member-07.", show_default=False)]
Services = Annotated[
    list[str], typer.Option("--service", help="A key service's address; repeat it for a second operator.")
]
PinFiles = Annotated[list[Path], typer.Option("--pins", help="The operator's file of keys, in the same order.")]
Member = Annotated[
    Path, typer.Option("--member", envvar="STILLWATCH_MEMBER", help="The membership's file (docs/sharing.md).")
]
TokenFiles = Annotated[list[Path], typer.Option("--token", help="A file with this member's token, in the same order.")]


@app.callback()
def _tags() -> None:
    """Blind tags: the key service, and what members ask of it."""


@app.command()
@faults_as_errors()
def init(
    home: Home, epoch_days: Annotated[int, typer.Option(min=30, max=90, help="How long a key lives.")] = 60
) -> None:
    """Make a key service: its own key file (mode 600) and its register. The first epoch begins today at 00:00 UTC.

    Example: stillwatch tags init /srv/tags
    """
    from stillwatch.sharing.tags import key_file, register
    from stillwatch.sharing.tags.epochs import DAY_SECONDS, Calendar
    from stillwatch.sharing.tags.suite import Suite

    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    now_s = int(time.time())
    calendar = Calendar(now_s - now_s % DAY_SECONDS, epoch_days)
    key_file.EpochKeys.create(home / key_file.FILE, calendar, Suite())
    register.Register.create(home / register.FILE)
    say(f"Made a key service in {home}. Copies of {key_file.FILE} in backups outlive the epochs: keep none.")


@app.command()
@faults_as_errors()
def member(
    home: Home, name: Name, remove: Annotated[bool, typer.Option("--remove", help="No longer.")] = False
) -> None:
    """Print a new token for a member, which voids an older one; or remove a member, at once.

    Example: stillwatch tags member /srv/tags member-07
    """
    from stillwatch.sharing.tags import register

    found = register.Register.open(home / register.FILE)
    if remove:
        found.remove(name)
        say(f"{name} is no member any more.")
    else:
        say(found.admit(name))


@app.command()
@faults_as_errors()
def members(home: Home) -> None:
    """List the members."""
    from stillwatch.sharing.tags import register

    for name in register.Register.open(home / register.FILE).members():
        say(name)


@app.command()
@faults_as_errors()
def pins(
    home: Home,
    operator: Annotated[str, typer.Option(help="The name by which members know this service.")],
    epochs: Annotated[int, typer.Option(min=1, max=24, help="How many, from the present one on.")] = 4,
) -> None:
    """Print the public keys that members pin: hand the file over by another way than the service.

    Example: stillwatch tags pins /srv/tags --operator keys.example > keys.example.json
    """
    import msgspec

    from stillwatch.sharing.tags import key_file
    from stillwatch.sharing.tags.pins import Pins
    from stillwatch.sharing.tags.suite import Suite

    keys = key_file.EpochKeys.load(home / key_file.FILE, Suite())
    first = keys.calendar.epoch_at(time.time())
    found = Pins(operator, tuple(keys.pin(epoch) for epoch in range(first, first + epochs)))
    typer.echo(msgspec.json.format(msgspec.json.encode(found)))


@app.command()
@faults_as_errors(ends_itself=True)
def serve(
    home: Home,
    host: Annotated[str, typer.Option(help="Another address than loopback needs a certificate.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one, which is said.")] = 8471,
    batch: Annotated[int, typer.Option(min=1, max=65535, help="Points in each batch.")] = 512,
    daily: Annotated[int, typer.Option(min=1, help="Batches a day, the same for every member.")] = 96,
    certificate: Annotated[Path | None, typer.Option(help="PEM chain for TLS.", show_default=False)] = None,
    key: Annotated[Path | None, typer.Option(help="PEM key for TLS.", show_default=False)] = None,
) -> None:
    """Evaluate blinded batches until SIGTERM or Ctrl-C. Runs apart from the hub's store, best at another operator.

    Example: stillwatch tags serve /srv/tags --host 0.0.0.0 --certificate chain.pem --key key.pem
    """
    from stillwatch.sharing.tags import key_file, register, serving
    from stillwatch.sharing.tags.service import KeyService, Rules, application
    from stillwatch.sharing.tags.suite import Suite

    if certificate is None and host not in ("127.0.0.1", "::1", "localhost"):
        raise UsageError("a key service on the network needs TLS", "Give --certificate and --key")
    suite = Suite()
    keys = key_file.EpochKeys.load(home / key_file.FILE, suite)
    found = register.Register.open(home / register.FILE)
    service = KeyService(keys, found, Rules(batch, daily), suite, time.time)
    scheme = "http" if certificate is None else "https"
    serving.serve(
        application(service), host, port, certificate, key, lambda bound: say(f"Serving {scheme}://{host}:{bound}")
    )


@app.command()
@faults_as_errors()
def ask(
    identifiers: Annotated[Path, typer.Argument(help="JSON lines of {kind, value}.", show_default=False)],
    tags: Annotated[Path, typer.Argument(help="Where each line's tag goes; goes on behind what is there.")],
    service: Services,
    pin: PinFiles,
    token: TokenFiles,
    paced: Annotated[
        bool, typer.Option("--paced", help="One full batch at each slot of the day, for ever, in any case.")
    ] = False,
) -> None:
    """Evaluate identifiers: one line of tags for each line of identifiers, in order; refused ones say why.

    Example: stillwatch tags ask suspects.jsonl tags.jsonl --service https://keys.example --pins keys.json --token token
    """
    from stillwatch.sharing.tags import spool

    spooled = spool.Spool(identifiers, tags)
    with spool.reached(service, pin, token) as found:
        if paced:
            spool.run_paced(spooled, found, time.time, time.sleep)
        done = spool.run_once(spooled, found, time.time())
    say(f"{counted(done, 'line')} evaluated.")


@app.command()
@faults_as_errors()
def download(
    tag_set: Annotated[Path, typer.Argument(help="Where the set goes; left alone if it is the hub's.")],
    member: Member,
    epoch: Annotated[int | None, typer.Option(min=0, help="Another epoch than the one in use.")] = None,
    pin: Annotated[Path | None, typer.Option("--pins", help="An operator's keys: the epoch in use.")] = None,
    as_json: Json = False,
) -> None:
    """Download the hub's whole set of an epoch, if it has changed. The hub does not learn what it is compared with.

    Example: stillwatch tags download tags.set --pins keys.example.json --member share.toml
    """
    from contextlib import closing
    from dataclasses import asdict

    from stillwatch.sharing.connection import Connection
    from stillwatch.sharing.member.configuration import Membership
    from stillwatch.sharing.tags import downloading
    from stillwatch.sharing.tags.pins import Pins

    if epoch is None:
        if pin is None:
            raise UsageError("which epoch's set is meant is not said", "Give --pins, or --epoch")
        epoch = Pins.load(pin).at(time.time()).epoch
    of, largest = Membership(member), downloading.LARGEST_SET_BYTES
    hub = Connection("a hub", of.hub, of.credential(), downloading.TIMEOUT_SECONDS, largest, of.ca_file)
    with closing(hub):
        found = downloading.download(hub, of.root, epoch, tag_set)
    if as_json:
        print_json(asdict(found))
    else:
        state = "downloaded" if found.is_new else "as it was"
        say(f"{counted(found.tags, 'tag')} of epoch {found.epoch}, {found.size:,} bytes, {state}.")


@app.command()
@faults_as_errors()
def match(
    tag_set: Annotated[Path, typer.Argument(help="The set, from `tags download`.", show_default=False)],
    tags: Annotated[Path, typer.Argument(help="Own tags, as `tags ask` wrote them.", show_default=False)],
) -> None:
    """Compare own tags with the whole set, here: one JSON line for each match, with the line it is of.

    Example: stillwatch tags match tags.set tags.jsonl
    """
    from stillwatch.sharing.tags import spool
    from stillwatch.sharing.tags.schedule import Comparison
    from stillwatch.sharing.tags.tag_set import TagSet
    from stillwatch.sharing.tags.written import own_tags

    found = TagSet.decode(tag_set.read_bytes())
    lines, own = own_tags(tags, found.epoch)
    matches = found.matches(own, time.time())
    spool.Spool(tags, tags).keep_comparison(Comparison(len(own), len(matches)))
    for one in matches:
        typer.echo(json.dumps({"line": lines[one.own], "kind": one.kind, "confidence": one.confidence}))


@app.command()
@faults_as_errors()
def log(service: Services, pin: PinFiles, token: TokenFiles) -> None:
    """Print how often each member asked: one JSON line a batch.

    Example: stillwatch tags log --service https://keys.example --pins keys.json --token token
    """
    from stillwatch.sharing.tags import spool

    with spool.reached(service, pin, token) as found:
        for line in spool.log_lines(found):
            typer.echo(json.dumps(line))
