"""Conventions of a deployment: their key goes on record before the first is served."""

from __future__ import annotations

import time

from stillwatch.audit.marker_record import commit
from stillwatch.decision.journal import Journal
from stillwatch.gateway.conventions import Conventions
from stillwatch.pseudonym import Pseudonymiser, Secret
from stillwatch.running.deployment import Deployment, Places
from stillwatch.settings import default_secret_file
from stillwatch.watermark.conventions import ConventionKey


def conventions_of(deployment: Deployment, where: Places) -> Conventions | None:
    """What serves conventions; None without [files] markers. The journal holds the key's commitment when this returns.

    Raises `StillwatchError` for a secret that is none, or a journal that cannot be written: then nothing is served.
    """
    if where.markers is None:
        return None
    settings = deployment.markers
    key = ConventionKey(Secret.load_drawn(where.markers), settings.tenant, settings.epoch)
    commit(Journal(where.journal), key.commitment(), time.time_ns() // 1_000)
    pseudonym = Pseudonymiser(Secret.load(where.secret or default_secret_file()), "account")
    return Conventions(key, settings, lambda account: f"{pseudonym(account):016x}")
