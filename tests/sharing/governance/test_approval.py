"""Two people other than the author approve exact bytes, or nothing leaves."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from stillwatch.sharing.governance.approval import Approval, NotApproved, Signer, approve, require_approvals

OBJECT = {"type": "campaign", "name": "Ring of graders", "confidence": 50}
KEYS = {name: Ed25519PrivateKey.generate() for name in ("ana", "ben", "cem", "dan")}
ROLES = {"ana": "security", "ben": "security", "cem": "legal", "dan": "sales"}
SIGNERS = {name: Signer(name, ROLES[name], key.public_key().public_bytes_raw()) for name, key in KEYS.items()}


def by(*names: str) -> list[Approval]:
    return [approve(OBJECT, name, ROLES[name], KEYS[name]) for name in names]


def test_two_signers_who_did_not_write_it_are_enough() -> None:
    require_approvals(OBJECT, "tracer", by("ana", "cem"), SIGNERS)


@pytest.mark.parametrize("names", [(), ("ana",), ("ana", "ana")])
def test_fewer_are_not(names: tuple[str, ...]) -> None:
    """One person twice is one person."""
    with pytest.raises(NotApproved, match="of 2 people"):
        require_approvals(OBJECT, "tracer", by(*names), SIGNERS)


def test_an_author_does_not_approve() -> None:
    with pytest.raises(NotApproved, match="ana wrote it"):
        require_approvals(OBJECT, "ana", by("ana", "ben"), SIGNERS)


@pytest.mark.parametrize("change", [{"confidence": 85}, {"name": "Ring of graders "}, {"x": None}])
def test_a_change_voids_every_approval(change: dict[str, object]) -> None:
    with pytest.raises(NotApproved, match="not of this text"):
        require_approvals({**OBJECT, **change}, "tracer", by("ana", "ben"), SIGNERS)


def test_sales_may_not_approve() -> None:
    with pytest.raises(NotApproved, match="role sales"):
        approve(OBJECT, "dan", "sales", KEYS["dan"])


def test_a_role_that_the_register_does_not_know_them_in_is_refused() -> None:
    """Who claims another role signed another sentence."""
    claimed = approve(OBJECT, "dan", "security", KEYS["dan"])
    with pytest.raises(NotApproved, match="dan may not"):
        require_approvals(OBJECT, "tracer", [*by("ana", "ben"), claimed], SIGNERS)


def test_a_stranger_and_a_borrowed_name_are_refused() -> None:
    stranger = approve(OBJECT, "eve", "security", Ed25519PrivateKey.generate())
    borrowed = approve(OBJECT, "ben", "security", KEYS["cem"])
    for approval in (stranger, borrowed, replace(borrowed, signature="zz")):
        with pytest.raises(NotApproved):
            require_approvals(OBJECT, "tracer", [*by("ana"), approval], SIGNERS)
