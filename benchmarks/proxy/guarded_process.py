"""The gateway of a deployment with everything on, as a process of its own: `HOME PORT UPSTREAM_PORT`.

Everything: a file of keys, limits on four levels, answers counted while they stream, exchanges handed to observation.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

from stillwatch.gateway.configuration import Configuration, Listen, Upstream
from stillwatch.gateway.worker import listening_socket, run
from stillwatch.running.deployment import Deployment, Files, Places, places
from stillwatch.running.working import working

KEY = "sk-benchmark-0123456789"
_KEYS = 10_000
"""Others that hold a key. Chosen: so many accounts are a provider of some size."""
_LIMIT = '[[limit]]\nlevel = "%s"\nmeasure = "%s"\nquantity = 1000000000000\n'
_LIMITS = (
    ("key", "requests"),
    ("account", "requests"),
    ("account", "input_tokens"),
    ("account", "output_tokens"),
    ("organization", "requests"),
    ("network", "requests"),
)
"""So generous that none of them refuses: what is measured is looking."""


def deployment(home: Path, port: int, upstream_port: int) -> tuple[Deployment, Places]:
    """What runs, and where; `home` is filled with its files."""
    (home / "run").mkdir(parents=True, exist_ok=True)
    (home / "policy.toml").write_text("".join(_LIMIT % limit for limit in _LIMITS))
    lines = [_holder(f"sk-other-{number}", f"account-{number}") for number in range(_KEYS)]
    (home / "keys.jsonl").write_text("\n".join([*lines, _holder(KEY, "measured")]))
    gateway = Configuration(listen=Listen(port=port), upstream=Upstream(port=upstream_port))
    made = Deployment(gateway=gateway, files=Files(home=str(home), policy="policy.toml", keys="keys.jsonl"))
    return made, places(made, home)


def _holder(key: str, account: str) -> str:
    digest = hashlib.sha256(key.encode()).hexdigest()
    return json.dumps({"sha256": digest, "account": account, "organization": "organization", "payment": "payment"})


if __name__ == "__main__":
    whole, where = deployment(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
    run(whole.gateway, lambda _: working(whole, where), listening_socket(whole.gateway))
