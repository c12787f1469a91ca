"""A hub's notices to members' webhooks, sent by one of its processes: whoever has the lock of the alliance's folder."""

from __future__ import annotations

import fcntl
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from stillwatch.sharing.alliance.news import News
from stillwatch.sharing.alliance.notice import notice
from stillwatch.sharing.alliance.notifying import Governed, Notifier, Send
from stillwatch.sharing.alliance.outward import post
from stillwatch.sharing.alliance.webhooks import Webhook
from stillwatch.sharing.hub.app import now_us
from stillwatch.sharing.hub.store import Store

_LOCK = "webhooks.lock"


def begin_notifying(
    folder: Path,
    objects: Store,
    alliance: Governed,
    news: News,
    hooks: Callable[[], Iterable[Webhook]],
    key: Ed25519PrivateKey,
) -> None:
    """Begin a thread that notifies until the process ends, once no other process of the hub does."""

    def run() -> None:
        with (folder / _LOCK).open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            Notifier(objects, alliance, news, hooks, signed_by(key)).run(threading.Event())

    threading.Thread(target=run, name="notifying", daemon=True).start()


def signed_by(key: Ed25519PrivateKey) -> Send:
    """Sends notices that are signed with the hub's key."""

    def send(to: Webhook, collection: str) -> None:
        post(to.url, notice(to.member, to.root, collection, now_us(), key), to.allows_private)

    return send
