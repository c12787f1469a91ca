"""What a tag is of: a kind and one spelling. Two members who spell an identifier alike get one tag, or none."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

_DOMAIN = b"stillwatch/identifier/1"


class Kind(StrEnum):
    """What is tagged. The words are those of the published vectors; their order is that of a tag set's file."""

    EMAIL = "email"
    PHONE = "phone"
    IPV4 = "ipv4"
    IPV6 = "ipv6-64"
    DOMAIN = "domain"
    PAYMENT = "payment"
    DEVICE = "device"
    ASN = "asn"
    HANDLE = "handle"


@dataclass(frozen=True, slots=True)
class Identifier:
    """A normalised identifier (`normalise.identifier` makes one). Its value is never printed."""

    kind: Kind
    value: str = field(repr=False)

    @property
    def data(self) -> bytes:
        """What the function is evaluated at. A kind in front: the handle `7` is not the autonomous system 7."""
        return b"\0".join((_DOMAIN, self.kind.encode(), self.value.encode()))
