"""`stillwatch up`: one command starts all of it, one Ctrl-C stops all of it, and nothing that dies stays dead."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from stillwatch.ledger.ledger import Ledger

from .deployments import Up, lives, model, until, up


@pytest.fixture
def upstream() -> Generator[int]:
    with model() as port:
        yield port


def observed(home: Path) -> int:
    """How many exchanges the ledger below `home` holds."""
    ledger = home / "ledger"
    return Ledger.open(ledger).counts().exchanges if (ledger / "ledger.json").exists() else 0


def guarding(upstream: int, home: Path) -> list[str]:
    return ["--upstream", f"http://127.0.0.1:{upstream}", "--port", "0", "--metrics-port", "0", "--home", str(home)]


def configured(upstream: int, home: Path, more: str = "") -> list[str]:
    """A deployment without a tracer, which these tests do not need."""
    file = home.parent / "stillwatch.toml"
    file.write_text(
        f"[gateway.listen]\nport = 0\n[gateway.upstream]\nport = {upstream}\n[tracer]\non = false\n"
        f"[metrics]\nport = 0\n"
        f'[files]\nhome = "{home}"\n{more}'
    )
    return ["--config", str(file)]


def stillwatch(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "stillwatch.cli.main", *arguments], capture_output=True, text=True, check=False
    )


def test_an_exchange_goes_through_and_is_in_the_ledger_and_ctrl_c_leaves_nothing_behind(
    upstream: int, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    with up(tmp_path, *guarding(upstream, home)) as running:
        parts = running.parts()
        assert parts.keys() == {"gateway", "observe", "trace", "metrics"}
        assert running.ask().json()["choices"][0]["message"]["content"] == "The miller."
        until(lambda: observed(home) == 1)
        assert running.end() == 0
        assert not any(lives(pid) for pid in parts.values())
    with up(tmp_path, *guarding(upstream, home)) as again:
        again.ask()
        until(lambda: observed(home) == 2)


def test_what_is_asked_in_the_last_moment_is_observed(upstream: int, tmp_path: Path) -> None:
    home = tmp_path / "home"
    with up(tmp_path, *configured(upstream, home)) as running:
        for _ in range(20):
            running.ask()
        assert running.end(signal.SIGTERM) == 0
    assert observed(home) == 20


def test_what_is_killed_is_started_again(upstream: int, tmp_path: Path) -> None:
    home = tmp_path / "home"
    with up(tmp_path, *configured(upstream, home)) as running:
        before = running.parts()
        os.kill(before["observe"], signal.SIGKILL)
        until(lambda: running.parts().get("observe", before["observe"]) != before["observe"])

        def is_observed_again() -> bool:
            running.ask()
            return observed(home) > 0

        until(is_observed_again)


def test_everything_ends_with_an_up_that_is_killed(upstream: int, tmp_path: Path) -> None:
    with up(tmp_path, *configured(upstream, tmp_path / "home")) as running:
        parts = running.parts()
        running.process.kill()
        running.process.wait()
        until(lambda: not any(lives(pid) for pid in parts.values()))


def test_a_second_one_in_the_same_home_is_told_so(upstream: int, tmp_path: Path) -> None:
    arguments = configured(upstream, tmp_path / "home")
    with up(tmp_path, *arguments) as running:
        second = stillwatch("up", *arguments)
        assert second.returncode == 2
        assert "a deployment is running already" in second.stderr
        assert running.ask().status_code == 200


def test_a_port_that_is_taken_is_named(upstream: int, tmp_path: Path) -> None:
    taken = [
        "--upstream",
        "http://127.0.0.1:1",
        "--port",
        str(upstream),
        "--metrics-port",
        "0",
        "--home",
        str(tmp_path / "home"),
    ]
    done = stillwatch("up", *taken)
    assert done.returncode == 3
    assert f"127.0.0.1:{upstream}" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://a", "http://a/v1", "http://a:99999"])
def test_an_upstream_that_is_no_address_is_an_error(url: str, tmp_path: Path) -> None:
    done = stillwatch("up", "--upstream", url, "--home", str(tmp_path))
    assert done.returncode == 2
    assert url in done.stderr


def account_of(running: Up, home: Path, tmp_path: Path) -> str:
    """How the gateway names the customer who has the key of `ask`."""
    import hashlib

    return f"key-{hashlib.sha256(b'sk-1').hexdigest()[:16]}"


def test_a_verdict_is_in_force_within_seconds_and_undone_by_one_command(upstream: int, tmp_path: Path) -> None:
    home = tmp_path / "home"
    journal = ["--journal", str(home / "journal.jsonl")]
    with up(tmp_path, *configured(upstream, home)) as running:
        account = account_of(running, home, tmp_path)
        assert running.ask().status_code == 200
        given = stillwatch("verdict", "give", account, "--step", "deny", "--reason", "a test", *journal)
        assert given.returncode == 0, given.stderr
        until(lambda: running.ask().status_code == 403)
        assert running.ask(key="sk-2").status_code == 200
        stillwatch("verdict", "lift", given.stdout.split(":")[0], "--reason", "the test goes on", *journal)
        until(lambda: running.ask().status_code == 200)


def test_a_policy_is_read_again_when_it_changes_unless_it_is_none(upstream: int, tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    limit = '[[limit]]\nlevel = "account"\nmeasure = "requests"\nquantity = {}\nwindow = "1d"\n'
    policy.write_text(limit.format(1_000_000))
    with up(tmp_path, *configured(upstream, tmp_path / "home", f'policy = "{policy}"\n')) as running:
        assert running.ask().status_code == 200
        policy.write_text("no policy at all")
        assert running.ask().status_code == 200
        policy.write_text(limit.format(1))
        until(lambda: running.ask().status_code == 429)
