"""From publishing at one member to a match at the others, and from a withdrawal to everybody's acknowledgement.

Everything is a process, as in `make alliance`, whose worlds and hunts are used where `--scratch` names its folder. A
publishes its campaign anew, round after round; B and C follow the hub, and ask which of their own rings it is as soon
as something came. Seconds are by the clock, from before A's command starts, and so depend on the machine.
"""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from queue import Queue

import numpy as np

from benchmarks.figures import Figure
from stillwatch.demo.alliance import PROVIDERS, SIGNERS, Alliance, command, ended

ROUNDS = 12
OWN = ("campaign", "indicator", "relationship", "report")
"""What a member may withdraw; techniques and identities are told alike by everybody."""
MATCH_SECONDS, ACKNOWLEDGED_SECONDS = 60, 300
_LONGEST_SECONDS = 600


def run(scratch: Path) -> Iterator[Figure]:
    """Two lines: publish to match at both, withdrawal to the last acknowledgement."""
    alliance = Alliance(scratch / "alliance")
    with alliance.joined(), ExitStack() as open_until_the_end:
        followers = {name: open_until_the_end.enter_context(_Follower(alliance, name)) for name in PROVIDERS}
        rounds = [_published(alliance, followers) for _ in range(ROUNDS)]
        yield _figure("publish at A to match at B and C", [s for taken, _ in rounds for s in taken], MATCH_SECONDS)
        own = [id for id in rounds[-1][1] if id.split("--")[0] in OWN]
        withdrawn = [_withdrawn(alliance, id) for id in own]
        yield _figure("withdrawal to the last acknowledgement", withdrawn, ACKNOWLEDGED_SECONDS)


class _Follower:
    """`stillwatch share pull --follow` of a member; a line for each pull."""

    def __init__(self, alliance: Alliance, name: str) -> None:
        follow = command("share", "pull", "--follow", "--member", alliance.file(name))
        self._process = subprocess.Popen(follow, stdout=subprocess.PIPE, text=True)  # noqa: S603 - ours
        self._lines: Queue[str] = Queue()

    def __enter__(self) -> _Follower:
        threading.Thread(target=self._read, daemon=True).start()
        self._lines.get(timeout=_LONGEST_SECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        with self._process, ended(self._process):
            pass

    def news(self) -> None:
        """Wait until a pull brought something new."""
        while self._lines.get(timeout=_LONGEST_SECONDS).startswith("0 new"):
            pass

    def _read(self) -> None:
        for line in self._process.stdout or ():
            self._lines.put(line)


def _published(alliance: Alliance, followers: dict[str, _Follower]) -> tuple[list[float], list[str]]:
    """Seconds to the match at B and at C, and the ids of what was told."""
    findings, ledger = alliance.hunt("a")
    campaign = next(one["id"] for one in json.loads(findings.read_text())["campaigns"] if one["verdict"] == "campaign")
    proposed = alliance.share("a", "propose", findings, campaign, "--nexus", "fraud", "--ledger", ledger)
    for signer, role in SIGNERS.items():
        alliance.approve(proposed["digest"], signer, role)
    begun = time.monotonic()

    def matched(name: str) -> float:
        followers[name].news()
        matches = alliance.share(name, "match", *alliance.hunt(name))["matches"]
        assert any(match["published"] in proposed["ids"] for match in matches), matches
        return time.monotonic() - begun

    with ThreadPoolExecutor() as readers:
        seconds = [readers.submit(matched, name) for name in ("b", "c")]
        alliance.share("a", "publish", proposed["digest"])
    followers["a"].news()
    return [one.result() for one in seconds], list(proposed["ids"])


def _withdrawn(alliance: Alliance, id: str) -> float:
    """Seconds until all three, who follow, have acknowledged that A withdraws an object."""
    begun = time.monotonic()
    alliance.share("a", "revoke", id)
    while len(alliance.share("a", "acknowledged", id)["acknowledged_by"]) < len(PROVIDERS):
        time.sleep(0.2)
    return time.monotonic() - begun


def _figure(case: str, seconds: Sequence[float], target: int) -> Figure:
    median, p95 = np.quantile(seconds, [0.5, 0.95])
    found = f"median {median:.1f} s, 95 % {p95:.1f} s, most {max(seconds):.1f} s, of {len(seconds)}"
    return Figure("alliance", case, found=found, target=f"95 % <= {target} s", is_met=bool(p95 <= target))
