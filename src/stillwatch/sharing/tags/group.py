"""The prime-order group of the tags: ristretto255 (RFC 9496), by libsodium.

Only canonical encodings travel, as 32 bytes. What comes from outside goes through `element` or `scalar` first, which
refuse what RFC 9497 (2.1, 4.1) refuses: other lengths, encodings that are not canonical or no group element, the
identity, and scalars not below the order. Operations take what these two returned; libsodium's are constant in time.

The wheel `rbcl` bundles libsodium and unpacks it to a temporary file at each start, which it would leave behind.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NewType, Protocol

from stillwatch.errors import StillwatchError, UsageError

ELEMENT_BYTES = 32
SCALAR_BYTES = 32
UNIFORM_BYTES = 64
"""What `element_of` and `scalar_of` reduce: twice the order's length, so no value is likelier than another."""
ORDER = 2**252 + 27742317777372353535851937790883648493  # RFC 9496, 4.4
_IDENTITY = bytes(ELEMENT_BYTES)

Element = NewType("Element", bytes)
Scalar = NewType("Scalar", bytes)


class ElementInvalid(StillwatchError):
    """Bytes from outside are no usable element or scalar of the group. The bytes themselves are not repeated."""


class Group(Protocol):
    """A prime-order group whose elements and scalars are canonical byte strings."""

    def element(self, encoded: bytes) -> Element:
        """A checked element. Raises `ElementInvalid`."""

    def scalar(self, encoded: bytes) -> Scalar:
        """A checked scalar, which may be 0. Raises `ElementInvalid`."""

    def element_of(self, uniform: bytes) -> Element:
        """64 uniform bytes as an element whose logarithm nobody knows."""

    def scalar_of(self, uniform: bytes) -> Scalar:
        """64 uniform bytes, little-endian, modulo the order."""

    def random(self) -> Scalar:
        """A scalar in 1 .. order - 1 from the system's randomness."""

    def times(self, scalar: Scalar, element: Element) -> Element: ...

    def base_times(self, scalar: Scalar) -> Element: ...

    def plus(self, one: Element, other: Element) -> Element: ...

    def inverse(self, scalar: Scalar) -> Scalar: ...

    def scalar_times(self, one: Scalar, other: Scalar) -> Scalar: ...

    def scalar_minus(self, one: Scalar, other: Scalar) -> Scalar: ...


class Ristretto255:
    """`Group` by libsodium. Raises `UsageError` where the wheel `rbcl` is not installed."""

    def __init__(self) -> None:
        try:
            import rbcl
        except ImportError:
            raise UsageError("blind tags need rbcl", "Run: pip install 'stillwatch[tags]'") from None
        Path(sys.modules["rbcl._sodium"].lib_path).unlink(missing_ok=True)  # loaded: the file itself is not needed
        self._is_valid = rbcl.crypto_core_ristretto255_is_valid_point
        self.element_of = rbcl.crypto_core_ristretto255_from_hash
        self.scalar_of = rbcl.crypto_core_ristretto255_scalar_reduce
        self.random = rbcl.crypto_core_ristretto255_scalar_random
        self._times = rbcl.crypto_scalarmult_ristretto255
        self._base_times = rbcl.crypto_scalarmult_ristretto255_base
        self.plus = rbcl.crypto_core_ristretto255_add
        self.inverse = rbcl.crypto_core_ristretto255_scalar_invert
        self.scalar_times = rbcl.crypto_core_ristretto255_scalar_mul
        self.scalar_minus = rbcl.crypto_core_ristretto255_scalar_sub

    def element(self, encoded: bytes) -> Element:
        """Check, in this order: length, not the identity, canonical and in the group. Raises `ElementInvalid`."""
        if len(encoded) != ELEMENT_BYTES:
            raise ElementInvalid(f"a group element has {ELEMENT_BYTES} bytes and this one {len(encoded)}")
        if encoded == _IDENTITY:
            raise ElementInvalid("a group element is the identity, under which every key looks alike")
        if not self._is_valid(encoded):
            raise ElementInvalid("32 bytes are no canonical encoding of a group element")
        return Element(encoded)

    def scalar(self, encoded: bytes) -> Scalar:
        """Check the length and that the number is below the order. Raises `ElementInvalid`."""
        if len(encoded) != SCALAR_BYTES:
            raise ElementInvalid(f"a scalar has {SCALAR_BYTES} bytes and this one {len(encoded)}")
        if int.from_bytes(encoded, "little") >= ORDER:
            raise ElementInvalid("a scalar is not below the group's order")
        return Scalar(encoded)

    def times(self, scalar: Scalar, element: Element) -> Element:
        """`scalar * element`. Raises `ElementInvalid` where that is the identity."""
        try:
            return Element(self._times(scalar, element))
        except RuntimeError:
            raise ElementInvalid("a product in the group is the identity") from None

    def base_times(self, scalar: Scalar) -> Element:
        """`scalar * generator`. Raises `ElementInvalid` where that is the identity."""
        try:
            return Element(self._base_times(scalar))
        except RuntimeError:
            raise ElementInvalid("a product in the group is the identity") from None
