"""Whether what the tables say can be meant together: who is believed, who can read, how much is held, where it goes."""

from __future__ import annotations

import ipaddress
import os

from stillwatch.cli.checks.result import Result, fault, guarded, ok, warning
from stillwatch.gateway.configuration import Configuration
from stillwatch.gateway.identity import Callers, Identity, Mode
from stillwatch.gateway.keys import Keys
from stillwatch.guarding.store import Store
from stillwatch.running.deployment import Metrics

_ALL = 0
"""The length of a network's prefix that holds every address."""
_MOST_SHARE = 0.5
"""Of the machine's memory for bodies. Chosen: the rest is for the observer, the tracer and the system."""


def identity(said: Identity) -> list[Result]:
    """Who is believed to say who asks."""

    def look() -> list[Result]:
        Callers(said, Keys([]))
        open_to = [text for text in said.trusted if ipaddress.ip_network(text, strict=False).prefixlen == _ALL]
        if open_to and said.mode is Mode.HEADERS:
            remedy = "Name the addresses of the layer in front alone: whoever connects says who he is"
            return [fault("identity", f"{', '.join(open_to)} is trusted, which is everybody", remedy)]
        if open_to:
            remedy = "Name the addresses of the layer in front alone: limits of networks bind whom a client names"
            return [warning("identity", f"{', '.join(open_to)} is trusted, which is everybody", remedy)]
        by = "header fields" if said.mode is Mode.HEADERS else "API keys"
        return [ok("identity", f"by {by}; {len(said.trusted)} trusted networks in front")]

    return guarded("identity", look)


def shared(store: Store) -> list[Result]:
    """Whether nodes can share limits as it is said; whether the store is there is asked of the store."""

    def look() -> list[Result]:
        from stillwatch.storage.keys import Keys as StoreKeys

        StoreKeys(store.namespace)
        going_on = ", ".join(store.sharing.open_levels) or "none"
        said = f"{store.nodes} nodes in {store.namespace}; without it these levels go on: {going_on}"
        return [ok("shared limits", said)]

    return guarded("shared limits", look) if store.redis else []


def path(gateway: Configuration) -> list[Result]:
    """Whether requests go to somebody else than ourselves."""
    listen, to = gateway.listen, gateway.upstream
    if listen.port and listen.port == to.port and (to.host == listen.host or _is_any(listen.host, to.host)):
        remedy = "Name the model API's own address as upstream.host and port"
        return [fault("path", f"the upstream {to.host}:{to.port} is the gateway itself: requests go round", remedy)]
    return []


def exposed(gateway: Configuration, metrics: Metrics) -> list[Result]:
    """What other machines can read."""
    found = []
    if not _is_loopback(gateway.listen.host) and not gateway.listen.certificate:
        said = f"clients' keys travel to {gateway.listen.host}:{gateway.listen.port} in the clear"
        found.append(warning("exposure", said, "Name a certificate in [gateway.listen], or end TLS in front of it"))
    if metrics.on and not _is_loopback(metrics.host):
        said = f"numbers of all customers together can be read at {metrics.host}:{metrics.port} by who reaches it"
        found.append(warning("exposure", said, "Let only your Prometheus reach it, or set metrics.host to 127.0.0.1"))
    return found


def memory(gateway: Configuration, machine_bytes: int | None = None) -> list[Result]:
    """Whether bodies that are held fit into their bounds, and these into the machine."""
    bounds = gateway.bounds
    if bounds.body_bytes > bounds.buffered_bytes:
        said = f"a body may have {bounds.body_bytes:,} bytes, and all together {bounds.buffered_bytes:,}"
        return [fault("memory", said, "Raise bounds.buffered_bytes, or lower bounds.body_bytes: large ones get 503")]
    there = machine_bytes or os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    most = bounds.buffered_bytes * gateway.workers
    if most > there * _MOST_SHARE:
        said = f"{gateway.workers} workers may hold {most / 1e9:.1f} GB of bodies; the machine has {there / 1e9:.1f}"
        return [warning("memory", said, "Lower bounds.buffered_bytes or workers")]
    return [ok("memory", f"at most {most / 1e9:.1f} GB of bodies are held")]


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_any(listen: str, to: str) -> bool:
    """Whether one listens at every address and the other is this machine's own."""
    return listen in {"0.0.0.0", "::", ""} and _is_loopback(to)  # noqa: S104 - compared, not listened at
