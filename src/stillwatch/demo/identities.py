"""Who the accounts of a cast are on this machine: API keys, and addresses of loopback in the place of real ones.

All of 127.0.0.0/8 is this machine's (RFC 6890, 2.2.2), so every account can connect from an address of its own, and the
guard sees networks as it would see them outside. Addresses of one network stay in one /24.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from ipaddress import ip_address, ip_network

from stillwatch.gateway.keys import KeyHolder
from stillwatch.pseudonym import Secret
from stillwatch.world.account import Account

_FIRST_NETWORK, _HOSTS = 256, 254  # from 127.1.0.0/24 on, so that 127.0.0.1 is nobody's
_NETWORK_BITS = {4: 24, 6: 48}  # what counts as one network, as in sketches


class Loopback:
    """Addresses of loopback for a cast's, each given once, in the order in which they are asked for."""

    def __init__(self, accounts: Iterable[Account]) -> None:
        self._hosts: dict[str, str] = {}
        self._networks: dict[str, list[int]] = {}
        self._next = _FIRST_NETWORK
        for account in accounts:
            for address in account.addresses:
                self._give(address)

    def __getitem__(self, address: str) -> str:
        """The address of loopback for one of the cast's. Raises `KeyError` for another."""
        return self._hosts[address]

    def _give(self, address: str) -> None:
        if address in self._hosts:
            return
        known = self._networks.setdefault(_network(address), [])
        if len(known) % _HOSTS == 0:
            self._next += 1
        known.append(self._next if len(known) % _HOSTS == 0 else known[-1])
        self._hosts[address] = f"127.{known[-1] >> 8}.{known[-1] & 255}.{(len(known) - 1) % _HOSTS + 1}"


def _network(address: str) -> str:
    bits = _NETWORK_BITS[ip_address(address).version]
    return str(ip_network(f"{address}/{bits}", strict=False))


class Credentials:
    """API keys of a cast, made of the deployment's secret so that none lies on disk."""

    def __init__(self, secret: Secret) -> None:
        self._secret = secret

    def key(self, account: Account) -> str:
        """The account's key."""
        return f"sk-demo-{self._secret.derive(f'stillwatch/demo/api-key/{account.account}', 16).hex()}"

    def holder(self, account: Account) -> KeyHolder:
        """What the gateway's file of keys says of it."""
        digest = hashlib.sha256(self.key(account).encode()).hexdigest()
        return KeyHolder(digest, account.account, account.organization, account.payment)
