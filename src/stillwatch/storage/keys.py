"""Names of the keys in the store: short, of equal length, and without the names of principals.

All keys carry one hash tag. Redis Cluster then keeps them on one node, which the atomic batch requires: a cluster adds
fail-over, not throughput. To spread load, give deployments or regions their own namespace.
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import blake2b

from stillwatch.errors import UsageError
from stillwatch.limits.limit import Limit

DIGEST_BYTES = 15
"""120 bits, 20 characters. Chosen: two of 10^12 names share a bucket with a chance below 10^-12."""
LONGEST_NAMESPACE = 16


class Keys:
    """The keys of one namespace. `secret` makes names unguessable for who can read the store."""

    def __init__(self, namespace: str = "limits", secret: bytes = b"") -> None:
        if not namespace.isascii() or not namespace.isalnum() or len(namespace) > LONGEST_NAMESPACE:
            raise UsageError("the namespace of shared limits is not a short word", "Use 1 to 16 letters and digits")
        self._prefix = f"{{{namespace}}}:".encode()
        self._secret = secret
        self.nodes = self._prefix + b"nodes"
        self.last = self._prefix + b"last"
        self.joined = self._prefix + b"joined"
        self.epoch = self._prefix + b"epoch"

    def of(self, limit: Limit, name: str) -> bytes:
        """The bucket of one principal under one limit. A limit that changes has new buckets."""
        said = f"{limit.level} {limit.measure} {limit.quantity} {limit.window_seconds} {limit.most_at_once} {name}"
        digest = blake2b(said.encode("utf-8", "surrogatepass"), digest_size=DIGEST_BYTES, key=self._secret)
        return self._prefix + b64encode(digest.digest(), altchars=b"-_")
