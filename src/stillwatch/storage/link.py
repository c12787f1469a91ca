"""A node's connection to Redis: one, with a bounded wait for everything (`patience`).

The library connects, logs in, encrypts and parses replies; commands come packed (`wire`). Anything that goes wrong
closes the connection, so that a late reply can never be taken for another's.
"""

from __future__ import annotations

from collections.abc import Mapping

from redis import exceptions
from redis.asyncio import ConnectionPool
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from stillwatch.errors import StoreError, UsageError
from stillwatch.storage import wire
from stillwatch.storage.patience import patience

OLDEST = (7, 0)
"""Prescribed: before 7, writes after TIME are not replicated as effects by default."""
CONNECT_SECONDS = 2.0
"""Chosen: logging in, and loading two scripts, over a slow network; nobody waits for it but the node's own task."""


class Unreachable(Exception):
    """The store did not answer in time or as expected; carries a word on why. Levels fail open or closed."""


class Link:
    """One connection, which connects again when it is next used. `url` is redis://, rediss:// or unix://."""

    def __init__(self, url: str, timeout_seconds: float, scripts: Mapping[str, str] | None = None) -> None:
        self._timeout = timeout_seconds
        self._scripts = scripts or {"batch": wire.BATCH_SCRIPT, "join": wire.JOIN_SCRIPT}
        try:
            self._pool = ConnectionPool.from_url(url, protocol=2, retry=Retry(NoBackoff(), 0), socket_timeout=None)
        except ValueError as error:
            raise UsageError("the address of the store is none", "Give redis://HOST:PORT/DB or rediss://") from error
        self._connection: AbstractConnection | None = None

    async def ask(self, command: bytes) -> object:
        """The reply to one packed command. Raises `Unreachable`, or `StoreError` where a person must help."""
        try:
            connection = self._connection or await self._connected()
            async with patience(self._timeout):
                return await self._answer(connection, command)
        except BaseException as error:
            await self.close()
            if isinstance(error, (OSError, exceptions.RedisError)):  # a time-out is an OSError
                raise _explained(error) from error
            raise

    async def close(self) -> None:
        """Close the connection; the next question opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.disconnect(nowait=True)

    async def _answer(self, connection: AbstractConnection, command: bytes) -> object:
        await connection.send_packed_command(command, check_health=False)
        return await connection.read_response()

    async def _connected(self) -> AbstractConnection:
        connection: AbstractConnection = self._pool.make_connection()  # type: ignore[no-untyped-call]  # not annotated there
        self._connection = connection
        async with patience(CONNECT_SECONDS):
            await connection.connect()  # type: ignore[no-untyped-call]  # not annotated there
            _check_version(await self._answer(connection, wire.command(b"INFO", b"server")))
            for script in self._scripts.values():
                await self._answer(connection, wire.command(b"SCRIPT", b"LOAD", script.encode()))
        return connection


def _check_version(info: object) -> None:
    lines = info.decode().splitlines() if isinstance(info, bytes) else []
    said = next((line.partition(":")[2] for line in lines if line.startswith("redis_version:")), "0")
    version = tuple(int(part) for part in said.split(".")[:2] if part.isdigit())
    if version < OLDEST:
        raise StoreError(f"the store is Redis {said}", "Shared limits need Redis 7.0 or newer")


def _explained(error: Exception) -> Exception:
    """What a person must mend, as `StoreError`; what may pass, as `Unreachable`. Never the address or the password."""
    if isinstance(error, exceptions.AuthenticationError) or "NOAUTH" in str(error) or "WRONGPASS" in str(error):
        return StoreError("the store refuses the name or password", "Put both into its address: redis://NAME:WORD@HOST")
    if isinstance(error, exceptions.NoPermissionError):
        return StoreError(
            "the store does not permit a command", "Allow the user evalsha, script|load, info and its keys"
        )
    if "WRONGTYPE" in str(error):
        return StoreError(
            "a key of shared limits holds something else", "Give limits a namespace or database of their own"
        )
    return Unreachable(type(error).__name__)
