"""The generator behind every mark: AES-128 of a context and a token's block, sixteen cells at a time.

Cell (context, token) has byte `token % 16` of AES(key, context || token // 16), both 64-bit little-endian. A block
cipher under a secret key is a pseudorandom permutation of its blocks, which no number of marked tokens tells from
random bytes short of breaking AES; processors have instructions for it, so the colours of a whole vocabulary cost
some 20 microseconds, and no cache of them is needed.
"""

from __future__ import annotations

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Words = NDArray[np.uint64]

_CELLS = 16
"""Of a block."""
_SHIFT = np.uint64(4)
_REST = np.uint64(_CELLS - 1)
UNIFORM_DOMAIN = np.uint64(1 << 63)
"""Set in the second half of a block where whole blocks are drawn, so that they are none of the cells'."""


class Prf:
    """Keyed bytes of cells. One owner: it holds a cipher's state."""

    __slots__ = ("_encryptor",)

    def __init__(self, key: bytes) -> None:
        """`key`: 16 bytes."""
        # ECB on purpose: blocks are distinct inputs of a pseudorandom function, not a message.
        self._encryptor = Cipher(AES(key), ECB()).encryptor()  # noqa: S305 - see above

    def rows(self, contexts: Words, vocabulary: int) -> Bytes:
        """The bytes of all cells of these contexts, (contexts, vocabulary)."""
        blocks = -(-vocabulary // _CELLS)
        inputs = np.empty((len(contexts), blocks, 2), np.dtype("<u8"))
        inputs[:, :, 0] = contexts[:, None]
        inputs[:, :, 1] = np.arange(blocks, dtype=np.uint64)
        return self._encrypted(inputs).reshape(len(contexts), blocks * _CELLS)[:, :vocabulary]

    def cells(self, contexts: Words, tokens: Words) -> Bytes:
        """The bytes of these cells, one for each pair; both arrays have one shape."""
        flat = tokens.ravel()
        inputs = np.empty((flat.size, 2), np.dtype("<u8"))
        inputs[:, 0] = contexts.ravel()
        inputs[:, 1] = flat >> _SHIFT
        drawn = self._encrypted(inputs).reshape(-1, _CELLS)
        found: Bytes = drawn[np.arange(flat.size), flat & _REST].reshape(tokens.shape)
        return found

    def uniforms(self, contexts: Words, tokens: Words) -> NDArray[np.float64]:
        """A number in (0, 1) for each of these cells, independent of their bytes: 53 bits and a half."""
        inputs = np.empty((tokens.size, 2), np.dtype("<u8"))
        inputs[:, 0] = contexts.ravel()
        inputs[:, 1] = tokens.ravel() | UNIFORM_DOMAIN
        words = self._encrypted(inputs).view(np.dtype("<u8"))[::2] >> np.uint64(11)
        drawn: NDArray[np.float64] = (words.astype(np.float64) + 0.5) * 2.0**-53
        return drawn.reshape(tokens.shape)

    def _encrypted(self, inputs: Words) -> Bytes:
        if not inputs.size:
            return np.empty(0, np.uint8)
        return np.frombuffer(self._encryptor.update(inputs.data.cast("B")), np.uint8)
