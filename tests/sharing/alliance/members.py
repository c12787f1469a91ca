"""Members of an alliance for tests: folders, keys and tokens at a hub that runs, and their commands."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from stillwatch.cli.app import app
from stillwatch.errors import StillwatchError
from stillwatch.pseudonym import Secret
from stillwatch.running.alliance import prepare
from tests.sharing.governance.test_rules import FINDINGS
from tests.sharing.hub.serving import Served

COLLECTION = "5f4d7b1e-0c8a-4f3b-9b7d-2a6c1e8f9d30"
MEMBERS = ("member-01", "member-02", "member-03")
SIGNERS = (("ana", "security"), ("ben", "legal"))
GROUNDS = """
[basis.act]
title = "An act for tests"
from = 2020-01-01
until = 2099-01-01
classes = ["campaign", "indicator", "report", "relationship", "sighting", "opinion", "note"]
"""


def command(*arguments: str | Path, code: int = 0) -> str:
    """What a command printed; it has to end with `code`."""
    words = [str(argument) for argument in arguments]
    done = CliRunner().invoke(app(words), words)
    wrong = done.exception
    assert (wrong.exit_code if isinstance(wrong, StillwatchError) else done.exit_code) == code, (done.output, wrong)
    return done.stdout


@dataclass
class Member:
    """A member with its folder, at a hub."""

    folder: Path
    served: Served

    def share(self, *arguments: str | Path, code: int = 0) -> Any:
        """The JSON of `stillwatch share ...`."""
        printed = command("share", *arguments, *self.file, "--json", code=code)
        return json.loads(printed[: printed.rindex("}") + 1]) if "}" in printed else printed

    @property
    def file(self) -> tuple[str | Path, ...]:
        """The option that names its file."""
        return "--member", self.folder / "share.toml"

    def approve(self, digest: str, *names: str) -> None:
        """These signers put their names to a proposal."""
        for name in names:
            role = dict(SIGNERS)[name]
            key = self.folder / f"{name}.key"
            said = ("--as", name, "--role", role, "--key", key, "--digest", digest, *self.file)
            command("share", "approve", digest[:12], *said)

    def propose(self) -> Any:
        """The campaign of the findings, proposed."""
        (self.folder / "findings.json").write_text(json.dumps(FINDINGS))
        return self.share("propose", self.folder / "findings.json", "campaign-1", "--nexus", "fraud")


def joined(folder: Path, name: str, served: Served, alliance: Path) -> Member:
    """A member's folder, and what the operator registers of it."""
    folder.mkdir()
    store = str(served.store)
    for signer, role in (*SIGNERS, ("machine", "machine")):
        key = command("share", "key", signer, folder / f"{signer}.key").split()[-1]
        command("hub", "signer", "add", name, signer, role, key, "--store", store)
    token = json.loads(
        command("hub", "member", "add", name, "--token", "--json", "--root", "alliance", "--store", store)
    )
    (folder / "hub.token").write_text(token["token"])
    (folder / "hub.token").chmod(0o600)
    Secret.create(folder / "deployment.key")
    (folder / "grounds.toml").write_text(GROUNDS)
    (folder / "share.toml").write_text(
        f'hub = "{served.url}"\nroot = "alliance"\ncollection = "{COLLECTION}"\nmember = "{name}"\n'
        f'credential = "hub.token"\nsecret = "deployment.key"\nrecord_key = "{prepare(alliance)}"\n'
        'contest_url = "https://provider.example/contest"\nlegal_basis = "act"\nlegal_basis_date = 2026-01-01\n'
        'grounds = "grounds.toml"\nnames = ["Contoso"]\n'
    )
    return Member(folder, served)
