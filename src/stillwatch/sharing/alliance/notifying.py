"""Telling members by their webhooks that something is new, beside the hub's work and never in its way.

One thread looks; each member's notices leave in a thread of its own, so that a slow one delays nobody. What is new in a
collection while a notice waits is the same notice. A failed one is tried again, later each time, and then given up: the
member polls, too. Nothing is kept over a restart but the addresses: afterwards each member is told once.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from stillwatch.sharing.alliance.news import News
from stillwatch.sharing.alliance.outward import NotDelivered
from stillwatch.sharing.alliance.webhooks import Webhook
from stillwatch.sharing.hub.members import Member
from stillwatch.sharing.hub.store import Collection, Store, StoreBusy

LOOK_SECONDS = 0.5
BACKOFF_SECONDS = (1.0, 4.0, 16.0, 60.0)
"""Waits between five attempts. Chosen: a restart of the member's side is bridged, and after it the member polls."""
_log = logging.getLogger("stillwatch.hub")


class Governed(Protocol):
    """Which collections are under the alliance's rules."""

    def governed(self) -> Sequence[str]: ...


Send = Callable[[Webhook, str], None]
"""Sends a notice about the collection of this id. Raises `NotDelivered`."""


class Courier:
    """One webhook's notices: of each collection one at most waits. Its thread ends with `stop`."""

    def __init__(self, to: Webhook, send: Send, backoff_seconds: Sequence[float] = BACKOFF_SECONDS) -> None:
        self._to = to
        self._send = send
        self._backoff_seconds = backoff_seconds
        self._changed = threading.Condition()
        self._waiting: dict[str, None] = {}
        self._is_stopped = False
        threading.Thread(target=self._run, name="webhook", daemon=True).start()

    def tell(self, collection: str) -> None:
        """Have a notice sent; returns at once."""
        with self._changed:
            self._waiting[collection] = None
            self._changed.notify()

    def stop(self) -> None:
        """Send no more; what is being sent is finished."""
        with self._changed:
            self._is_stopped = True
            self._changed.notify()

    def _run(self) -> None:
        while (collection := self._next()) is not None:
            self._deliver(collection)

    def _next(self) -> str | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._is_stopped)
            if self._is_stopped:
                return None
            collection = next(iter(self._waiting))
            del self._waiting[collection]
            return collection

    def _deliver(self, collection: str) -> None:
        problem = self._problem(collection)
        for wait_seconds in self._backoff_seconds:
            if problem and not self._stops_within(wait_seconds):
                problem = self._problem(collection)
        if problem:
            _log.warning("%s was not told of news: %s", self._to.member, problem)

    def _problem(self, collection: str) -> str:
        """Why a notice could not be sent; empty if it was."""
        try:
            self._send(self._to, collection)
        except NotDelivered as error:
            return error.problem
        return ""

    def _stops_within(self, seconds: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self._is_stopped, seconds)


class Notifier:
    """Looks for news of each webhook's member; `hooks` is asked each time, so that a change counts at once."""

    def __init__(
        self, objects: Store, store: Governed, news: News, hooks: Callable[[], Iterable[Webhook]], send: Send
    ) -> None:
        self._objects = objects
        self._store = store
        self._news = news
        self._hooks = hooks
        self._send = send
        self._couriers: dict[Webhook, Courier] = {}
        self._looked_us: dict[tuple[Webhook, str], int] = {}

    def run(self, stopping: threading.Event) -> None:
        """Until `stopping` is set."""
        while not stopping.wait(LOOK_SECONDS):
            try:
                self.look()
            except StoreBusy as error:
                _log.warning("members were not told of news, next time: %s", error)
        self._keep(())

    def look(self) -> None:
        """Have each member told of what is new for it since the last look."""
        hooks = tuple(self._hooks())
        self._keep(hooks)
        for hook in hooks:
            for collection in self._new_for(hook):
                self._couriers[hook].tell(collection)

    def _keep(self, hooks: Iterable[Webhook]) -> None:
        """A courier for each webhook, and none for those that are gone."""
        for gone in self._couriers.keys() - set(hooks):
            self._couriers.pop(gone).stop()
            self._looked_us = {key: us for key, us in self._looked_us.items() if key[0] != gone}
        for hook in hooks:
            if hook not in self._couriers:
                self._couriers[hook] = Courier(hook, self._send)

    def _new_for(self, hook: Webhook) -> list[str]:
        """Ids of collections with news; of a member that was revoked or left the root there are none."""
        member = self._objects.member(hook.member)
        if member is None or hook.root not in {root.name for root in self._objects.roots(member)}:
            return []
        governed = set(self._store.governed())
        readable = [one for one in self._objects.collections(hook.root, member) if one.can_read and one.id in governed]
        return [one.id for one in readable if self._is_new(hook, member, one)]

    def _is_new(self, hook: Webhook, member: Member, collection: Collection) -> bool:
        at = hook, collection.id
        is_new, self._looked_us[at] = self._news.after(collection, member, self._looked_us.get(at, 0))
        return is_new
