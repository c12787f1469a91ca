"""Three providers and a hub on this machine, each command a process of its own: from a detection to a whole record.

    python -m stillwatch.demo.alliance OUT          (make alliance)

One simulated world is dealt to three providers, a third of all accounts each, so an operator has accounts at all of
them. Each hunts its own log under its own secret and the alliance's. A tells of what it found, B and C recognise it in
their own sketches and act by a verdict of their own, C disputes, B too, A withdraws, all acknowledge, the verdicts are
lifted, and the record is checked. What takes long (world,
hunts) is kept in OUT and done once; the sharing begins afresh each time.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any

PROVIDERS = ("a", "b", "c")
SIGNERS = {"ana": "security", "ben": "legal"}
COLLECTION = "5f4d7b1e-0c8a-4f3b-9b7d-2a6c1e8f9d30"
WORLD = ("small", "--seed", "3")
GROUNDS = """[basis.example]
title = "An example, in force here and nowhere else"
from = 2020-01-01
until = 2099-01-01
classes = ["campaign", "indicator", "report", "relationship", "sighting", "opinion", "note"]
"""


class Alliance:
    """The demonstration in one folder."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self._store = out / "hub" / "hub.sqlite"
        self._given: dict[str, str] = {}

    def run(self) -> None:
        """Everything, in order."""
        with self.joined():
            self._round()

    @contextmanager
    def joined(self) -> Generator[None]:
        """Three providers that have hunted, and are members of a hub that runs until the block ends."""
        self._worlds()
        for name in PROVIDERS:
            self._hunted(name)
        for old in ("hub", *(f"member-{name}" for name in PROVIDERS)):
            shutil.rmtree(self._out / old, ignore_errors=True)
        with self._hub() as (url, record_key):
            for name in PROVIDERS:
                self._joins(name, url, record_key)
            yield

    def _worlds(self) -> None:
        world = self._out / "world"
        if not (world / "truth.json").exists():
            say("1. A world of honest customers and six campaigns is made (two minutes, once)")
            stillwatch("world", *WORLD, "--out", world)
        if not (self._out / "c.jsonl.gz").exists():
            _deal(world / "exchanges.jsonl.gz", self._out)

    def _hunted(self, name: str) -> None:
        out = self._out / f"hunt-{name}"
        if (out / "findings.json").exists():
            return
        say(f"2. Provider {name} hunts its own log")
        for key in (self._secret(name), self._secret("alliance")):
            if not key.exists():
                stillwatch("secret", "new", key)
        secrets = ("--secret", self._secret(name), "--alliance-secret", self._secret("alliance"))
        log, benign = self._out / f"{name}.jsonl.gz", self._out / "world" / "benign.jsonl.gz"
        stillwatch("hunt", log, "--calibrate", benign, "--out", out, *secrets)

    @contextmanager
    def _hub(self) -> Generator[tuple[str, str]]:
        say("3. The hub begins")
        folder = self._out / "hub"
        (folder / "alliance").mkdir(parents=True)
        (folder / "alliance" / "grounds.toml").write_text(GROUNDS)
        collection = {
            "id": COLLECTION,
            "title": "Signals",
            "profile": "extraction",
            "can_read": True,
            "can_write": True,
        }
        root = {"name": "alliance", "title": "The alliance", "collections": [collection]}
        (folder / "seed.json").write_text(json.dumps({"api_roots": [root]}))
        serve = command("hub", "serve", "--port", "0", "--seed", folder / "seed.json", "--store", self._store)
        serve += ["--alliance", str(folder / "alliance")]
        with (folder / "log").open("w") as log:
            hub = subprocess.Popen(serve, stdout=subprocess.PIPE, stderr=log, text=True, env=_unbuffered())  # noqa: S603 - ours
            with hub, ended(hub) as said:
                url, key = said.readline().split()[-1], said.readline().split()[-1]
                yield url.removesuffix("/taxii2/"), key

    def _joins(self, name: str, url: str, record_key: str) -> None:
        """The member's folder, and what the hub's operator registers of it."""
        folder, member = self._out / f"member-{name}", f"member-{name}"
        folder.mkdir()
        store = ("--store", self._store)
        token = json.loads(
            stillwatch("hub", "member", "add", member, "--token", "--root", "alliance", "--json", *store)
        )
        (folder / "hub.token").touch(mode=0o600)
        (folder / "hub.token").write_text(token["token"])
        for signer, role in {**SIGNERS, "machine": "machine"}.items():
            key = stillwatch("share", "key", signer, folder / f"{signer}.key").split()[-1]
            stillwatch("hub", "signer", "add", member, signer, role, key, *store)
        (folder / "grounds.toml").write_text(GROUNDS)
        (folder / "share.toml").write_text(
            f'hub = "{url}"\nroot = "alliance"\ncollection = "{COLLECTION}"\nmember = "{member}"\n'
            f'credential = "hub.token"\nsecret = "{self._secret(name).absolute()}"\nrecord_key = "{record_key}"\n'
            'contest_url = "https://provider.example/contest"\nlegal_basis = "example"\nlegal_basis_date = 2026-01-01\n'
            'grounds = "grounds.toml"\n'
        )

    def _round(self) -> None:
        findings, ledger = self.hunt("a")
        campaign = next(c for c in json.loads(findings.read_text())["campaigns"] if c["verdict"] == "campaign")
        of = f"{campaign['objective']}, {len(campaign['accounts'])} accounts, which it keeps to itself"
        say(f"4. A proposes {campaign['id']} ({of})")
        proposed = self.share("a", "propose", findings, campaign["id"], "--nexus", "fraud", "--ledger", ledger)
        for signer, role in SIGNERS.items():
            say(f"5. {signer} ({role}) reads it and signs its digest {proposed['digest'][:12]}")
            self.approve(proposed["digest"], signer, role)
        say(f"6. A publishes: {self.share('a', 'publish', proposed['digest'])['taken']} objects taken")
        claim = next(id for id in proposed["ids"] if id.startswith("campaign--"))
        self.share("a", "pull")
        for name in ("b", "c"):
            self._recognises(name)
        self._is_disputed(claim)
        self._is_withdrawn(claim)

    def _recognises(self, name: str) -> None:
        self.share(name, "pull")
        for match in self.share(name, "match", *self.hunt(name))["matches"]:
            carry = f"{match['carrying']} of its {match['accounts']} accounts carry the template"
            say(f"7. {name.upper()} pulls, and knows the ring: its own {match['ring']}: {carry}; it is reviewed first")
            self._acts(name, match["ring"], match["published"])

    def _acts(self, name: str, ring: str, published: str) -> None:
        """A person at the provider looks at the ring's own evidence, and slows its accounts down for a week."""
        campaigns = json.loads(self.hunt(name)[0].read_text())["campaigns"]
        accounts = next(one["accounts"] for one in campaigns if one["id"] == ring)
        why = ("--reason", f"Reviewed here: one template, one pool of work. A partner told of it as {published}.")
        given = stillwatch("verdict", "give", *accounts, *why, "--campaign", ring, "--by", "zoe", *self._journal(name))
        self._given[name] = given.split(":")[0]
        say(f"   zoe at {name.upper()} reviews it and decides: {given.strip()}")

    def _is_disputed(self, claim: str) -> None:
        say(f"8. The alliance's score is {self._score('b', claim)['score']}")
        self.share("b", "sight", claim, "--exchanges", "900")
        say(f"   B has seen it too: {self._score('a', claim)['score']}")
        self.share("c", "dispute", claim)
        say(f"   C disputes: {self._score('a', claim)['score']}")
        self.share("b", "dispute", claim)
        score = self._score("a", claim)
        say(f"   B comes to doubt it as well: {score['score']}, {'suspended' if score['suspended'] else 'standing'}")

    def _is_withdrawn(self, claim: str) -> None:
        self.share("a", "revoke", claim)
        for name in PROVIDERS:
            self.share(name, "pull")
        said = ", ".join(self.share("a", "acknowledged", claim)["acknowledged_by"])
        say(f"9. A withdraws; acknowledged by {said}")
        for name, verdict in self._given.items():
            why = ("--reason", "The partner withdrew; nobody here wants to stand behind it alone.", "--by", "zoe")
            say(f"   At {name.upper()} {stillwatch('verdict', 'lift', verdict, *why, *self._journal(name)).strip()}")
        for name in PROVIDERS:
            checked = self.share(name, "verify")
            say(f"   {name.upper()} checks the record: {checked['entries']} entries, unbroken")

    def _score(self, name: str, claim: str) -> Any:
        self.share(name, "pull")
        return next(one for one in self.share(name, "inbox")["claims"] if one["id"] == claim)

    def approve(self, digest: str, signer: str, role: str) -> None:
        """A signer of A puts its name to a proposal."""
        key = self.file("a").with_name(f"{signer}.key")
        signs = ("--as", signer, "--role", role, "--key", key, "--digest", digest)
        stillwatch("share", "approve", digest[:12], *signs, "--member", self.file("a"))

    def _journal(self, name: str) -> tuple[str, Path]:
        return "--journal", self.file(name).with_name("journal.jsonl")

    def _secret(self, name: str) -> Path:
        return self._out / f"{name}.key"

    def hunt(self, name: str) -> tuple[Path, Path]:
        """Findings and sketches of a provider's hunt."""
        out = self._out / f"hunt-{name}"
        return out / "findings.json", next(out.glob("sketches-*"))

    def share(self, name: str, *arguments: str | Path) -> Any:
        """The JSON of `stillwatch share ...` at a provider."""
        return json.loads(stillwatch("share", *arguments, "--member", self.file(name), "--json"))

    def file(self, name: str) -> Path:
        """A provider's membership."""
        return self._out / f"member-{name}" / "share.toml"


@contextmanager
def ended(process: subprocess.Popen[str]) -> Generator[IO[str]]:
    """What the process prints, and its end by SIGTERM when the block ends."""
    try:
        yield process.stdout or sys.stdin
    finally:
        process.terminate()


def command(*arguments: str | Path) -> list[str]:
    """`stillwatch` with these arguments, as a program of this interpreter."""
    return [sys.executable, "-m", "stillwatch.cli.main", *map(str, arguments)]


def stillwatch(*arguments: str | Path) -> str:
    """What the command printed; its errors go on to stderr and end the demonstration."""
    done = subprocess.run(command(*arguments), stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603 - ours
    if done.returncode:
        sys.stderr.write(done.stdout)
        raise SystemExit(done.returncode)
    return done.stdout


def say(line: str) -> None:
    """One line of the story."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _deal(log: Path, out: Path) -> None:
    """Each account, whole, to one of three logs."""
    names = [out / f"{name}.jsonl.gz" for name in PROVIDERS]
    with ExitStack() as closed_at_the_end:
        lines = closed_at_the_end.enter_context(gzip.open(log, "rt"))
        parts = [closed_at_the_end.enter_context(gzip.open(f"{name}.part", "wt", compresslevel=3)) for name in names]
        for line in lines:
            account = json.loads(line)["account"].encode()
            parts[hashlib.sha256(account).digest()[0] % len(parts)].write(line)
    for name in names:
        Path(f"{name}.part").replace(name)


def _unbuffered() -> dict[str, str]:
    return {**os.environ, "PYTHONUNBUFFERED": "1"}


def main() -> None:
    """Run it in the folder that is named."""
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "out") / "alliance"
    out.mkdir(parents=True, exist_ok=True)
    try:
        Alliance(out).run()
    except KeyboardInterrupt:
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
