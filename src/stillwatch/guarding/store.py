"""Limits that processes and machines share: what a file says of their store, and the meters made of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from stillwatch.decision.policy import Policy
from stillwatch.gateway.configuration import Count
from stillwatch.limits.limit import Level
from stillwatch.limits.sharing import Sharing

if TYPE_CHECKING:
    from stillwatch.storage.shared import SharedMeters


class Store(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of a file (docs/limits.md). Without `redis` each process keeps limits of its own."""

    redis: str = ""
    namespace: str = "stillwatch"  # 1 to 16 letters and digits
    nodes: Count = 8  # the most processes of all machines together
    open_levels: tuple[Level, ...] = ()  # which go on without the store; others refuse

    @property
    def sharing(self) -> Sharing:
        """How nodes share limits. Raises `UsageError` for what cannot work together."""
        return Sharing(nodes=self.nodes, open_levels=frozenset(self.open_levels))


def shared_meters(policy: Policy, store: Store) -> SharedMeters | None:
    """Meters that processes share, not yet started; None where there is no store. Its client loads where it is used.

    Raises `StillwatchError` for an address or a namespace that is none.
    """
    if not store.redis:
        return None
    from stillwatch.storage.keys import Keys
    from stillwatch.storage.link import Link
    from stillwatch.storage.shared import SharedMeters

    sharing = store.sharing
    return SharedMeters(policy.limits, sharing, Link(store.redis, sharing.timeout_seconds), Keys(store.namespace))
