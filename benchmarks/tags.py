"""Ten thousand blind tags from raw identifier to match: wall time, bytes and CPU, the key service in its own process.

End to end is what a member does who has 10,000 suspects: spell, blind, send full batches over loopback HTTP, check
proofs, unblind, read the downloaded set and compare. The set holds as many tags, half of which are the member's.
"""

from __future__ import annotations

import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import tag_sets
from benchmarks.figures import Figure
from stillwatch.sharing.tags import key_file, register
from stillwatch.sharing.tags.asking import Asker, RemoteKey
from stillwatch.sharing.tags.epochs import DAY_SECONDS, Calendar
from stillwatch.sharing.tags.identifier import Kind
from stillwatch.sharing.tags.normalise import identifier
from stillwatch.sharing.tags.pins import Pins
from stillwatch.sharing.tags.service import Rules
from stillwatch.sharing.tags.suite import Suite
from stillwatch.sharing.tags.tag_set import PublishedTag, Tag, TagSet
from stillwatch.sharing.tags.transport import HttpTransport

TAGS = 10_000
ROUNDS = 3
TARGET_SECONDS = 10.0
TARGET_BYTES = 1_000_000
_UNTIL_S = 4_000_000_000


@dataclass
class Weighed:
    """A transport that counts the bytes of bodies in both directions."""

    inner: HttpTransport
    size: int = 0

    def post(self, path: str, body: bytes, headers: dict[str, str]) -> bytes:
        answer = self.inner.post(path, body, headers)
        self.size += len(body) + len(answer)
        return answer


def run() -> Iterator[Figure]:
    """Wall seconds (median of three), bytes of one run, and what the service's CPU did for each evaluation."""
    suite = Suite()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        keys = key_file.EpochKeys.create(home / key_file.FILE, Calendar(_today_s()), suite)
        token = register.Register.create(home / register.FILE).admit("member-01")
        with _serving(home) as url:
            weighed = Weighed(HttpTransport(url, token))
            pins = Pins("operator", (keys.pin(0),))
            asker = Asker(suite, [RemoteKey(weighed, pins, suite)], Rules().batch_points)
            published = _published(asker)
            runs = [_end_to_end(asker, weighed, published) for _ in range(ROUNDS)]
            weighed.inner.close()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    wall = statistics.median(seconds for seconds, _, _ in runs)
    cpu = statistics.median(seconds for _, seconds, _ in runs)
    size = runs[0][2]
    is_fast, is_small = wall <= TARGET_SECONDS, size <= TARGET_BYTES
    yield Figure(
        "tags", "10,000 end to end, member", TAGS, cpu, 0, 0, f"{wall:.2f} s wall", f"<= {TARGET_SECONDS:g} s", is_fast
    )
    yield Figure("tags", "10,000 end to end, bytes", 0, 0, 0, 0, f"{size:,} bytes", f"<= {TARGET_BYTES:,}", is_small)
    yield Figure("tags", "key service, with its start", TAGS * (ROUNDS + 1), spent)
    yield from tag_sets.run()


def _end_to_end(asker: Asker, weighed: Weighed, published: bytes) -> tuple[float, float, int]:
    weighed.size = 0
    wall, cpu = time.perf_counter(), time.process_time()
    own = asker.tags([identifier(Kind.EMAIL, _raw(number)) for number in range(TAGS)], 0)
    found = TagSet.decode(published).matches(own, time.time())
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    assert len(found) == TAGS // 2, "not every shared identifier matched"
    return wall, cpu, weighed.size + len(published)


def _published(asker: Asker) -> bytes:
    """Another member's set: half of it is ours, from the middle on."""
    theirs = asker.tags([identifier(Kind.EMAIL, _raw(number + TAGS // 2)) for number in range(TAGS)], 0)
    return TagSet.of(0, (_as_published(tag) for tag in theirs)).encode()


def _as_published(tag: Tag) -> PublishedTag:
    return PublishedTag(tag, 50, _UNTIL_S)


def _raw(number: int) -> str:
    return f"Trial{number:06}+signup@Example.com"


@contextmanager
def _serving(home: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "stillwatch.cli.main", "tags", "serve", str(home), "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own command
    assert process.stdout is not None
    try:
        found = re.search(r"http://\S+", process.stdout.readline())
        assert found, "the key service did not start"
        yield found[0]
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def _today_s() -> int:
    now_s = int(time.time())
    return now_s - now_s % DAY_SECONDS
