"""The Redis that nodes share limits through: reachable, of a version that serves, and not set to forget."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping
from typing import Any

from stillwatch.cli.checks.result import Result, fault, not_checked, ok, warning

CHECK = "store"
PATIENCE_SECONDS = 3.0
OLDEST = (7, 0)
_TRIES = 5
_SLOW_SECONDS = 0.005
"""Chosen: a request whose limits are nearly used up waits for one exchange."""


def store(url: str) -> list[Result]:
    """Ask Redis about itself. No address and no password is told."""
    try:
        import redis
        from redis.backoff import NoBackoff
        from redis.exceptions import NoPermissionError
        from redis.retry import Retry
    except ModuleNotFoundError:
        return [fault(CHECK, "its client is not installed", "Install stillwatch[redis]")]
    try:
        with redis.Redis.from_url(
            url,
            socket_timeout=PATIENCE_SECONDS,
            socket_connect_timeout=PATIENCE_SECONDS,
            retry=Retry(NoBackoff(), 0),
        ) as client:
            info: Mapping[str, Any] = client.info()
            return [*judged(info), *_speed(client)]
    except ValueError:
        return [fault(CHECK, "its address is none", "Give redis://HOST:PORT/DB or rediss://")]
    except redis.AuthenticationError:
        remedy = "Put both into its address: redis://NAME:WORD@HOST"
        return [fault(CHECK, "it refuses the name or password", remedy)]
    except redis.TimeoutError:
        return [fault(CHECK, f"it does not answer within {PATIENCE_SECONDS:.0f} s", "Is it started, and let in?")]
    except NoPermissionError:
        return [not_checked(CHECK, "it does not let us ask about itself", "Allow the user the commands info and ping")]
    except redis.ConnectionError:  # its text holds the address
        return [fault(CHECK, "it cannot be reached", "Is it started, and let in?")]
    except redis.RedisError as error:
        return [fault(CHECK, f"it answers with an error ({type(error).__name__})", "See its logs")]


def judged(info: Mapping[str, Any]) -> list[Result]:
    """What it says of itself (`INFO`)."""
    said = str(info.get("redis_version", "0"))
    results = [ok(CHECK, f"Redis {said}")]
    version = tuple(int(part) for part in said.split(".")[:2] if part.isdigit())
    if version < OLDEST:
        results = [fault(CHECK, f"it is Redis {said}", "Shared limits need Redis 7.0 or newer")]
    if info.get("role") == "slave":
        results.append(fault(CHECK, "it is a replica and takes no writes", "Name the primary"))
    eviction = info.get("maxmemory_policy", "noeviction")
    if eviction != "noeviction":
        remedy = "Set maxmemory-policy noeviction: a bucket that is evicted is a limit forgotten"
        results.append(warning(CHECK, f"it evicts keys ({eviction})", remedy))
    if info.get("rdb_last_bgsave_status", "ok") != "ok":
        remedy = "Make room on its disk: it refuses writes meanwhile (stop-writes-on-bgsave-error)"
        results.append(warning(CHECK, "it could not save its data", remedy))
    if not info.get("aof_enabled"):
        results.append(ok(CHECK, "it keeps no append-only file: after a crash nodes restore what they saw last"))
    return results


def latency(seconds: float) -> Result:
    """How long it takes to answer."""
    said = f"it answers in {seconds * 1000:.1f} ms"
    if seconds > _SLOW_SECONDS:
        return warning(CHECK, said, "Run it nearer: the same machine, or the same network")
    return ok(CHECK, said)


def _speed(client: Any) -> list[Result]:
    taken = []
    for _ in range(_TRIES):
        began = time.perf_counter()
        client.ping()
        taken.append(time.perf_counter() - began)
    return [latency(statistics.median(taken))]
