"""The endpoint as Prometheus, a load balancer and a stranger see it."""

from __future__ import annotations

import math
import os
import queue
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as plain

from stillwatch.errors import UsageError
from stillwatch.telemetry import exporter
from stillwatch.telemetry.catalogue import CATALOGUE, Kind, Over
from stillwatch.telemetry.exporter import Exporter, serve
from stillwatch.telemetry.gathering import Numbers
from stillwatch.telemetry.histogram import Histogram
from stillwatch.telemetry.publish import Publisher

from .processes import Endpoint, Teller, served

UP = ("stillwatch_upstream_up",)


@pytest.fixture
def endpoint(tmp_path: Path) -> Iterator[Endpoint]:
    with served(tmp_path) as endpoint:
        yield endpoint


@pytest.fixture
def all_numbers(tmp_path: Path) -> Iterator[Publisher]:
    """A process that tells one number of every family."""
    numbers: Numbers = {}
    for metric in CATALOGUE.values():
        if metric.over is not Over.EACH and metric.name != "stillwatch_build_info":
            told = Histogram(metric.bounds)
            told.observe(0.3)
            histogram = [told.sum, *told.counts]
            numbers[metric.name, *metric.labels] = histogram if metric.kind is Kind.HISTOGRAM else 1
    publisher = Publisher(tmp_path, "worker", lambda: numbers)
    yield publisher
    publisher.close()


def test_an_empty_deployment_is_served(endpoint: Endpoint) -> None:
    """The exporter may be started first."""
    status, headers, text = endpoint.ask("/metrics")
    assert (status, headers["Content-Type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert {family.name for family in plain(text)} >= {"stillwatch_requests", "stillwatch_processes"}


@pytest.mark.usefixtures("all_numbers")
def test_what_is_exported_keeps_the_rules_that_promtool_checks(endpoint: Endpoint) -> None:
    """Help for all, `_total` for counters and for nothing else, base units, no reserved labels, buckets that rise."""
    families = list(plain(endpoint.ask("/metrics")[2]))
    assert len(families) == len(CATALOGUE)
    for family in families:
        metric = CATALOGUE[family.name + ("_total" if family.type == "counter" else "")]
        assert family.documentation == metric.help
        assert family.type == (metric.kind if metric.kind is not Kind.INFO else "gauge")
        assert not family.name.endswith(("_count", "_sum", "_bucket", "_milliseconds", "_ms", "_kilobytes", "_total"))
        for sample in family.samples:
            expected = {"role", "pid"} if metric.over is Over.EACH else set(metric.labels)
            assert set(sample.labels) - {"le"} == expected
            assert not any(name.startswith("__") or name in ("job", "instance") for name in sample.labels)
            assert math.isfinite(sample.value)
        counts = [sample.value for sample in family.samples if sample.name.endswith("_bucket")]
        assert counts == sorted(counts)
        assert (family.type == "histogram") == bool(counts)


@pytest.mark.usefixtures("all_numbers")
def test_openmetrics_is_spoken_to_who_asks_for_it(endpoint: Endpoint) -> None:
    accept = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"
    _, headers, text = endpoint.ask("/metrics", accept=accept)
    assert headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
    assert text.endswith("# EOF\n")
    assert {family.type for family in openmetrics(text)} == {"counter", "gauge", "histogram", "info"}


@pytest.mark.parametrize("accept", ["text/plain;version=x.y", "*/*", ";;,,=", "text/html"])
def test_who_asks_for_anything_else_gets_the_plain_format(endpoint: Endpoint, accept: str) -> None:
    status, headers, _ = endpoint.ask("/metrics", accept=accept)
    assert (status, headers["Content-Type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")


def test_a_version_that_a_reader_makes_up_is_not_repeated(endpoint: Endpoint) -> None:
    _, headers, _ = endpoint.ask("/metrics", accept="application/openmetrics-text;version=x.y")
    assert "version=1.0.0" in headers["Content-Type"]


def test_head_tells_what_get_would(endpoint: Endpoint) -> None:
    status, headers, body = endpoint.ask("/metrics", "HEAD")
    assert (status, body) == (200, "")
    assert int(headers["Content-Length"]) > 1_000


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_other_methods_are_told_which_are_understood(endpoint: Endpoint, method: str) -> None:
    status, headers, _ = endpoint.ask("/metrics", method)
    assert (status, headers["Allow"]) == (405, "GET, HEAD")


def test_other_paths_are_not_found(endpoint: Endpoint) -> None:
    assert endpoint.ask("/")[0] == endpoint.ask("/metrics/../x")[0] == endpoint.ask("/", "HEAD")[0] == 404
    assert endpoint.ask("/metrics?x=1")[0] == 200


def test_what_is_no_http_is_survived(endpoint: Endpoint) -> None:
    with socket.create_connection(("127.0.0.1", endpoint.port)) as stranger:
        stranger.sendall(b"\x16\x03\x01" + os.urandom(200) + b"\r\n\r\n")
        while stranger.recv(4096):
            pass
    assert endpoint.ask("/healthz")[::2] == (200, "ok\n")


def test_readers_that_ask_for_nothing_do_not_keep_others_out(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each holds a place until its time is up."""
    monkeypatch.setattr(exporter._Handler, "timeout", 0.1)
    idle = [socket.create_connection(("127.0.0.1", endpoint.port)) for _ in range(2 * exporter.MOST_READERS)]
    assert endpoint.ask("/metrics")[0] == 200
    for connection in idle:
        connection.close()


def test_totals_never_fall_while_workers_come_and_go_under_many_readers(tmp_path: Path) -> None:
    """Each reader sees counters that only rise, and the last one all that was counted."""
    series = ("stillwatch_requests_total", "openai_chat", "allow")
    is_over = threading.Event()
    with served(tmp_path) as endpoint:

        def reads() -> list[float]:
            seen = []
            while not is_over.is_set():
                seen.append(endpoint.numbers().get(series, 0.0))
            return seen

        with ThreadPoolExecutor(4) as pool:
            readers = [pool.submit(reads) for _ in range(4)]
            for _ in range(3):
                with Teller(tmp_path) as one, Teller(tmp_path) as other:
                    for _ in range(20):
                        one.count(1)
                        other.count(2)
                    one.kill()
                    other.end()
            is_over.set()
            for seen in [reader.result() for reader in readers]:
                assert len(seen) > 1
                assert seen == sorted(seen)
        assert endpoint.numbers()[series] == 180


def test_a_second_exporter_on_the_port_is_told_so(endpoint: Endpoint, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"cannot be served at 127.0.0.1:{endpoint.port}: Address already in use"):
        Exporter(tmp_path, port=endpoint.port)


def test_serve_ends_when_it_is_told_to_and_gives_the_port_back(tmp_path: Path) -> None:
    stop = threading.Event()
    ports: queue.Queue[int] = queue.Queue()
    thread = threading.Thread(target=serve, args=(tmp_path, "127.0.0.1", 0, stop, ports.put))
    thread.start()
    port = ports.get()
    assert Endpoint(port).ask("/healthz")[0] == 200
    stop.set()
    thread.join()
    Exporter(tmp_path, port=port).close()


def test_ready_means_workers_that_talk_and_an_upstream_that_answers(tmp_path: Path) -> None:
    numbers: Numbers = {UP: 1}
    with served(tmp_path) as endpoint:
        assert endpoint.ask("/readyz")[0] == 503
        worker = Publisher(tmp_path, "worker", lambda: numbers)
        assert endpoint.ask("/readyz")[0] == 200
        numbers[UP] = 0
        worker.publish()
        status, _, said = endpoint.ask("/readyz")
        assert status == 503
        assert '"upstream": "unreachable"' in said
        worker.close()
        assert endpoint.ask("/readyz")[0] == 503
        assert endpoint.ask("/healthz")[0] == 200


def test_a_deployment_whose_workers_are_stuck_is_not_ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They live and say nothing."""
    worker = Publisher(tmp_path, "worker", lambda: {UP: 1})
    with served(tmp_path) as endpoint:
        later = time.monotonic() + exporter.STALE_SECONDS + 1
        monkeypatch.setattr(time, "monotonic", lambda: later)
        status, _, said = endpoint.ask("/readyz")
        assert (status, '"stuck": 1' in said) == (503, True)
        assert endpoint.numbers()["stillwatch_silent_seconds", "worker"] > exporter.STALE_SECONDS
    worker.close()


def test_what_workers_say_alike_is_not_added_up(tmp_path: Path) -> None:
    told: Numbers = {("stillwatch_verdicts_in_force", "deny"): 3, ("stillwatch_journal_entries_total",): 9}
    info: Numbers = {("stillwatch_policy_info", "abc"): 1, ("stillwatch_store_up",): 1}
    one = Publisher(tmp_path, "worker", lambda: {**told, **info})
    other = Publisher(tmp_path, "worker", lambda: {**told, **info, ("stillwatch_store_up",): 0})
    with served(tmp_path) as endpoint:
        numbers = endpoint.numbers()
        assert numbers["stillwatch_verdicts_in_force", "deny"] == 3
        assert numbers["stillwatch_journal_entries_total",] == 9
        assert numbers["stillwatch_policy_info", "abc"] == 1
        assert numbers["stillwatch_store_up",] == 0
        assert numbers["process_resident_memory_bytes", str(os.getpid()), "worker"] > 1e6
    one.close()
    other.close()


def test_it_listens_on_loopback_unless_told_otherwise(tmp_path: Path) -> None:
    made = Exporter(tmp_path, port=0)
    assert made.address[0] == "127.0.0.1"
    made.close()
