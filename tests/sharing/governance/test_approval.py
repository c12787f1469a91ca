"""Two people other than the author approve exact bytes, or nothing leaves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from stillwatch.sharing.governance.approval import Approval, NotApproved, Signer, approve, require_approvals
from stillwatch.sharing.governance.canonical import digest

OBJECT = {"type": "campaign", "name": "Ring of graders", "confidence": 50}
KEYS = {name: Ed25519PrivateKey.generate() for name in ("ana", "ben", "cem", "dan")}
ROLES = {"ana": "security", "ben": "security", "cem": "legal", "dan": "sales"}
SIGNERS = {name: Signer(name, ROLES[name], key.public_key().public_bytes_raw()) for name, key in KEYS.items()}


OTHER = {"type": "indicator", "name": "Template of the ring"}


def by(*names: str, author: str = "tracer") -> list[Approval]:
    return [approve([OBJECT, OTHER], author, name, ROLES[name], KEYS[name]) for name in names]


@pytest.mark.parametrize("document", [OBJECT, OTHER])
def test_two_signers_who_did_not_write_it_are_enough(document: dict[str, object]) -> None:
    """For each object of the set that they approved."""
    require_approvals(document, by("ana", "cem"), SIGNERS)


@pytest.mark.parametrize("names", [(), ("ana",), ("ana", "ana")])
def test_fewer_are_not(names: tuple[str, ...]) -> None:
    """One person twice is one person."""
    with pytest.raises(NotApproved, match="of 2 people"):
        require_approvals(OBJECT, by(*names), SIGNERS)


def test_an_author_does_not_approve() -> None:
    with pytest.raises(NotApproved, match="ana wrote it"):
        by("ana", author="ana")


def test_two_who_approved_each_others_work_are_one_for_each() -> None:
    """Signers of different authors' proposals do not add up."""
    with pytest.raises(NotApproved, match="1 of 2"):
        require_approvals(OBJECT, [*by("ana", author="ben"), *by("ben", author="ana")], SIGNERS)


@pytest.mark.parametrize("change", [{"confidence": 85}, {"name": "Ring of graders "}, {"x": None}])
def test_a_change_voids_every_approval(change: dict[str, object]) -> None:
    with pytest.raises(NotApproved, match="0 of 2"):
        require_approvals({**OBJECT, **change}, by("ana", "ben"), SIGNERS)


@pytest.mark.parametrize("change", [{"author": "other"}, {"digests": (digest(OBJECT),)}, {"signature": "zz"}])
def test_an_approval_that_was_changed_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(NotApproved, match="not of this"):
        require_approvals(OBJECT, [replace(by("ana")[0], **change), *by("ben")], SIGNERS)


def test_sales_may_not_approve() -> None:
    with pytest.raises(NotApproved, match="role sales"):
        by("dan")


def test_a_role_that_the_register_does_not_know_them_in_is_refused() -> None:
    """Who claims another role signed another sentence."""
    claimed = approve([OBJECT], "tracer", "dan", "security", KEYS["dan"])
    with pytest.raises(NotApproved, match="dan may not"):
        require_approvals(OBJECT, [*by("ana", "ben"), claimed], SIGNERS)


def test_a_stranger_and_a_borrowed_name_are_refused() -> None:
    stranger = approve([OBJECT], "tracer", "eve", "security", Ed25519PrivateKey.generate())
    borrowed = approve([OBJECT], "tracer", "ben", "security", KEYS["cem"])
    for approval in (stranger, borrowed):
        with pytest.raises(NotApproved):
            require_approvals(OBJECT, [*by("ana"), approval], SIGNERS)
