"""Tables that are each in order, and cannot be meant together."""

from __future__ import annotations

import pytest

from stillwatch.cli.checks import fits
from stillwatch.gateway.configuration import Bounds, Configuration, Listen, Upstream
from stillwatch.gateway.identity import Identity, Mode
from stillwatch.guarding.store import Store
from stillwatch.running.deployment import Metrics

from .said import all_said, states


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (Identity(), "ok"),
        (Identity(mode=Mode.HEADERS, trusted=("10.0.0.0/8",)), "ok"),
        (Identity(mode=Mode.HEADERS), "fault"),
        (Identity(trusted=("10.0.0.0/33",)), "fault"),
        (Identity(mode=Mode.HEADERS, trusted=("10.0.0.1", "::/0")), "fault"),
        (Identity(trusted=("0.0.0.0/0",)), "warning"),
    ],
)
def test_who_is_believed(said: Identity, expected: str) -> None:
    assert states(fits.identity(said)) == [expected]


def test_a_trust_in_everybody_is_named() -> None:
    found = fits.identity(Identity(mode=Mode.HEADERS, trusted=("10.0.0.1", "::/0")))
    assert "::/0 is trusted, which is everybody" in all_said(found)


@pytest.mark.parametrize(
    ("store", "expected"),
    [
        (Store(), []),
        (Store(redis="redis://a"), ["ok"]),
        (Store(redis="redis://a", nodes=5_000), ["fault"]),
        (Store(redis="redis://a", namespace="a:b"), ["fault"]),
    ],
)
def test_how_limits_are_shared(store: Store, expected: list[str]) -> None:
    assert states(fits.shared(store)) == expected


@pytest.mark.parametrize(
    ("listen", "to", "expected"),
    [
        ("127.0.0.1", "127.0.0.1", ["fault"]),
        ("::", "localhost", ["fault"]),
        ("::", "10.0.0.7", []),
        ("127.0.0.1", "10.0.0.7", []),
    ],
)
def test_a_gateway_that_asks_itself(listen: str, to: str, expected: list[str]) -> None:
    """Same port: whether it is the same machine decides."""
    gateway = Configuration(listen=Listen(host=listen, port=8_000), upstream=Upstream(host=to, port=8_000))
    assert states(fits.path(gateway)) == expected
    assert fits.path(Configuration(listen=Listen(port=8_001))) == []


def test_what_other_machines_can_read() -> None:
    assert fits.exposed(Configuration(), Metrics()) == []
    everywhere = Configuration(listen=Listen(host="0.0.0.0"))  # noqa: S104 - never listened at
    assert "keys travel to 0.0.0.0:8080 in the clear" in all_said(fits.exposed(everywhere, Metrics()))
    behind_tls = Configuration(listen=Listen(host="0.0.0.0", certificate="c.pem"))  # noqa: S104 - as above
    assert fits.exposed(behind_tls, Metrics()) == []
    assert states(fits.exposed(Configuration(), Metrics(host="10.0.0.7"))) == ["warning"]
    assert fits.exposed(Configuration(), Metrics(on=False, host="10.0.0.7")) == []


def test_bodies_fit_into_their_bounds_and_these_into_the_machine() -> None:
    gigabyte = 1 << 30
    assert states(fits.memory(Configuration(), 16 * gigabyte)) == ["ok"]
    assert states(fits.memory(Configuration(workers=8), 4 * gigabyte)) == ["warning"]
    small = Configuration(bounds=Bounds(buffered_bytes=1_000_000))
    found = fits.memory(small)
    assert states(found) == ["fault"]
    assert "1,000,000" in all_said(found)
