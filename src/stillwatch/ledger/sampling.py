"""Which exchanges of an account the reservoir keeps: a lottery that every process draws alike.

Each exchange has a rank, a keyed hash of its id; the lowest ranks of an account are kept. Nobody without the secret
can choose to be kept or not, and what is kept depends on neither the order of the logs nor who read them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from stillwatch.pseudonym import Secret

_ACCOUNTS_REMEMBERED = 200_000  # x ~300 B = 60 MB a process


class Ranking:
    """The rank of an exchange: lower wins."""

    def __init__(self, secret: Secret) -> None:
        self._key = secret.derive("stillwatch/reservoir-rank", 32)

    def __call__(self, exchange_id: int) -> int:
        """0 .. 2**63 - 1, uniform and unpredictable without the secret."""
        digest = hashlib.blake2b(exchange_id.to_bytes(8, "little"), digest_size=8, key=self._key).digest()
        return int.from_bytes(digest, "little") >> 1


class Sampler:
    """Says early which exchanges cannot win any more, so that their texts need not travel.

    It remembers the best ranks that it has seen of each account; forgetting them only lets more through, and the
    reservoir decides in the end. Of n exchanges of an account about `per_account * (1 + ln(n / per_account))` pass.
    """

    def __init__(self, secret: Secret, per_account: int) -> None:
        self._rank = Ranking(secret)
        self._per_account = per_account
        self._best: dict[int, list[int]] = {}

    def winners(self, exchanges: Iterable[tuple[int, int]]) -> list[int]:
        """Places of those (account, exchange id) pairs that may be among their account's lowest ranks."""
        return [place for place, (account, exchange_id) in enumerate(exchanges) if self._may_win(account, exchange_id)]

    def _may_win(self, account: int, exchange_id: int) -> bool:
        rank = self._rank(exchange_id)
        if len(self._best) >= _ACCOUNTS_REMEMBERED and account not in self._best:
            self._best.clear()
        best = self._best.setdefault(account, [])
        if rank in best:
            return True  # the same exchange again: the reservoir knows
        if len(best) >= self._per_account:
            if rank > best[-1]:
                return False
            best.pop()
        best.append(rank)
        best.sort()
        return True
