"""Who is told that something is new: members who may see it, and nobody else."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from stillwatch.sharing.alliance.admission import EXTRACTION
from stillwatch.sharing.alliance.news import News
from stillwatch.sharing.alliance.notifying import Notifier
from stillwatch.sharing.alliance.webhooks import Webhook
from stillwatch.sharing.hub.admission import OpenAdmission
from stillwatch.sharing.hub.markings import TLP2_IDS, Tlp
from stillwatch.storage.hub.opening import open_alliance
from tests.sharing.hub.trying import COLLECTION, OBJECTS, Hub, collection, indicator, seed

RED = next(id for id, level in TLP2_IDS.items() if level is Tlp.RED)
BOB = Webhook("bob", "alliance", "https://bob.example/")
RITA = Webhook("rita", "alliance", "https://rita.example/")


class Told:
    """A hub that notifies by hand, and whom it told so far."""

    def __init__(self, folder: Path) -> None:
        self.hub = Hub(folder, seed(collection(profile=EXTRACTION)), admissions={EXTRACTION: OpenAdmission()})
        store = open_alliance(folder / "hub.sqlite")
        self.news = News(self.hub.store, store)
        self.hooks: list[Webhook] = [BOB, RITA]
        self.told: list[str] = []
        self._one_more = threading.Semaphore(0)
        self.notifier = Notifier(self.hub.store, store, self.news, lambda: self.hooks, self._send)

    def _send(self, to: Webhook, collection: str) -> None:
        assert collection == COLLECTION
        self.told.append(to.member)
        self._one_more.release()

    def told_after_a_look(self, messages: int) -> list[str]:
        """Whom it told, once so many notices were sent."""
        self.notifier.look()
        for _ in range(messages):
            assert self._one_more.acquire(timeout=60)
        return sorted(self.told)

    def post(self, number: int, *markings: str) -> None:
        one = indicator(number, **({"object_marking_refs": list(markings)} if markings else {}))
        assert self.hub.member("alice").post(OBJECTS, one).json()["success_count"] == 1


@pytest.fixture
def told(tmp_path: Path) -> Told:
    return Told(tmp_path)


def test_what_a_member_may_not_see_is_no_news(told: Told) -> None:
    """Neither for a notice nor for a long poll; it looks on from behind it."""
    told.post(1, RED)
    assert told.told_after_a_look(0) == []
    bob = told.hub.store.member("bob")
    assert bob is not None
    (at,) = told.hub.store.collections("alliance", bob)
    is_new, place_us = told.news.after(at, bob, 0)
    assert not is_new
    assert place_us > 0
    told.post(2)
    assert told.news.after(at, bob, place_us)[0]
    assert told.told_after_a_look(2) == ["bob", "rita"]


def test_one_look_tells_once_of_many(told: Told) -> None:
    for number in range(5):
        told.post(number)
    assert told.told_after_a_look(2) == ["bob", "rita"]
    assert told.told_after_a_look(0) == ["bob", "rita"]


def test_who_was_revoked_or_struck_from_the_file_is_told_no_more(told: Told) -> None:
    """From the next look on; who comes back is told of what is there."""
    told.hub.store.revoke("rita")
    told.hooks = [RITA]
    told.post(1)
    assert told.told_after_a_look(0) == []
    told.hooks = [BOB]
    assert told.told_after_a_look(1) == ["bob"]
