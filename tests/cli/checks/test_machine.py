"""Clocks, disks, addresses and bounds of the machine."""

from __future__ import annotations

import resource
import shutil
import socket
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from telemetry.processes import Teller

from stillwatch.cli.checks import address, clock, disk, system
from stillwatch.cli.checks.result import State
from stillwatch.telemetry.exporter import Exporter

from .said import all_said, states

CHECK_DISK = """
import os, resource, signal, sys
from pathlib import Path
from stillwatch.cli.checks.disk import disk
if sys.argv[2] == "as nobody" and os.getuid() == 0:
    os.setuid(65534)
if sys.argv[2] == "with no room":
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
for result in disk("ledger", Path(sys.argv[1])):
    print(result.state, result.said, result.remedy, sep="; ")
"""


def checked_disk(place: Path, how: str) -> str:
    """What a process of its own finds."""
    command = [sys.executable, "-c", CHECK_DISK, str(place), how]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own program
    return done.stdout


def test_a_clock_that_cannot_be_right_is_a_fault() -> None:
    assert states(clock.wall(datetime(2026, 11, 21, tzinfo=UTC))) == ["ok"]
    assert states(clock.wall(datetime(1970, 1, 1, tzinfo=UTC))) == ["fault"]
    assert states(clock.wall(datetime(2106, 2, 7, tzinfo=UTC))) == ["fault"]


def test_a_clock_that_jumps_is_a_warning() -> None:
    assert clock.steps(3.2, 3.1) == []
    assert "jumped by -3600.0 s" in all_said(clock.steps(-3597.0, 3.0))


def test_the_kernel_is_asked_for_a_time_service_and_its_answer_understood() -> None:
    assert {result.state for result in clock.synchronisation()} <= {State.OK, State.WARNING, State.NOT_CHECKED}
    assert states(clock.synchronised(state=0, status=0x2001, most_us=8_000)) == ["ok"]
    assert states(clock.synchronised(state=5, status=0, most_us=0)) == ["warning"]
    assert states(clock.synchronised(state=0, status=0x40, most_us=16_000_000)) == ["warning"]


def test_room_and_speed_are_judged() -> None:
    place = Path("/x")
    assert states(disk.room("disk", place, 5 << 30, None)) == ["ok"]
    assert states(disk.room("disk", place, 500 << 20, None)) == ["warning"]
    assert states(disk.room("disk", place, 1 << 20, None)) == ["fault"]
    assert states(disk.room("disk", place, 5 << 30, 9)) == ["warning"]
    assert states(disk.speed("disk", place, 0.001)) == ["ok"]
    assert states(disk.speed("disk", place, 0.4)) == ["warning"]


def test_what_is_not_there_yet_is_asked_of_the_nearest_above_it(tmp_path: Path) -> None:
    asked = disk.places({"journal": tmp_path / "a" / "b", "ledger": tmp_path / "c", "run directory": Path("/")})
    assert asked == {tmp_path: "journal, ledger", Path("/"): "run directory"}


def test_a_disk_is_written_to_and_nothing_is_left(tmp_path: Path) -> None:
    before = sorted(tmp_path.iterdir())
    assert "fault" not in states(disk.disk("ledger", tmp_path))
    assert sorted(tmp_path.iterdir()) == before


def test_a_place_that_may_not_be_written_is_a_fault(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)
    assert checked_disk(closed, "as nobody").startswith(f"fault; {closed} cannot be written: Permission denied; Let ")


def test_a_full_disk_is_a_fault(tmp_path: Path) -> None:
    assert checked_disk(tmp_path, "with no room") == f"fault; {tmp_path} is full; Make room\n"


def test_a_disk_that_is_really_full_is_a_fault(tmp_path: Path) -> None:
    """On a tmpfs of 1 MB in a mount namespace of its own, where the machine permits one."""
    if shutil.which("unshare") is None:
        pytest.skip("no unshare on this machine")
    script = 'mount -t tmpfs -o size=1m none "$1" && { cat /dev/zero > "$1/ballast"; exec "$2" -c "$3" "$1" -; }'
    command = ["unshare", "-rm", "sh", "-c", script, "sh", str(tmp_path), sys.executable, CHECK_DISK]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own program
    if "unshare:" in done.stderr or "mount:" in done.stderr:
        pytest.skip("this machine permits no mount namespaces")
    assert done.stdout == f"fault; {tmp_path} is full; Make room\n"


def test_an_address_is_free_ours_or_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert states(address.address("gateway", "127.0.0.1", port, is_running=False)) == ["fault"]
        assert "is ours" in all_said(address.address("gateway", "127.0.0.1", port, is_running=True))
        assert not address.is_exporter("127.0.0.1", 1)
    assert states(address.address("gateway", "127.0.0.1", port, is_running=False)) == ["ok"]
    assert states(address.address("gateway", "127.0.0.1", 0, is_running=False)) == ["ok"]


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "no.such.host.invalid"])
def test_an_address_of_another_machine_is_a_fault(host: str) -> None:
    assert states(address.address("gateway", host, 8080, is_running=True)) == ["fault"]


def test_an_exporter_of_ours_is_known_by_its_answer(tmp_path: Path) -> None:
    exporter = Exporter(tmp_path, port=0)
    thread = threading.Thread(target=exporter.serve)
    thread.start()
    assert address.is_exporter(*exporter.address)
    exporter.close()
    thread.join()
    assert not address.is_exporter(*exporter.address)


def test_a_socket_is_free_ours_or_left_behind(tmp_path: Path) -> None:
    file = tmp_path / "observer.sock"
    assert "is free" in all_said(address.observer_socket(file))
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(file))
        assert "left behind" in all_said(address.observer_socket(file))
        listening.listen()
        assert "is ours" in all_said(address.observer_socket(file))
    file.unlink()
    file.write_text("")
    assert "left behind" in all_said(address.observer_socket(file))


def test_living_processes_are_known_and_not_disturbed(tmp_path: Path) -> None:
    with Teller(tmp_path) as worker:
        assert address.living_roles(tmp_path) == {"worker"}
        worker.count(1)
        worker.kill()
        assert address.living_roles(tmp_path) == set()
    assert address.living_roles(tmp_path / "none") == set()


def test_open_files_are_compared_with_connections() -> None:
    assert states(system.open_files(100, 100, hard=1_000)) == ["ok"]
    assert "Raise it to 2,200" in all_said(system.open_files(1_000, 1_000, hard=1_024))
    assert states(system.open_files(10**6, 10**6, hard=resource.RLIM_INFINITY)) == ["ok"]


def test_waiting_connections_are_compared_with_the_kernels_bound(tmp_path: Path) -> None:
    file = tmp_path / "somaxconn"
    assert states(system.waiting_connections(128, file)) == ["not checked"]
    file.write_text("128\n")
    assert states(system.waiting_connections(128, file)) == ["ok"]
    assert "sysctl net.core.somaxconn=1024" in all_said(system.waiting_connections(1024, file))


def test_versions_are_told() -> None:
    assert all_said(system.versions("uvloop", "httptools")).startswith("ok: uvloop ")
    assert states(system.versions("no-such-package")) == ["fault"]
