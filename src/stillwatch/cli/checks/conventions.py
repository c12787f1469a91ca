"""Which conventions suspects' answers follow: their secret, and whether the policy and the deployment fit together."""

from __future__ import annotations

from pathlib import Path

from stillwatch.cli.checks.files import policy_in
from stillwatch.cli.checks.result import Result, fault, guarded, ok, warning
from stillwatch.pseudonym import Secret
from stillwatch.running.deployment import Deployment, Places
from stillwatch.running.unserved import unserved_markers

CHECK = "markers"


def conventions(deployment: Deployment, where: Places, secret_file: Path) -> list[Result]:
    """The secret of the draws, which no other use may share, and how many conventions the policy gives."""
    policy = policy_in(where.policy)
    if where.markers is None:
        found = unserved_markers(policy, where)
        return [warning(CHECK, found.said, found.remedy)] if found else []
    file, others = where.markers, (secret_file, where.alliance_secret, where.tickets)
    return guarded(CHECK, lambda: [_looked_at(file, others, policy.degrade.markers, deployment)])


def _looked_at(file: Path, others: tuple[Path | None, ...], count: int, deployment: Deployment) -> Result:
    drawn = Secret.load_drawn(file)
    for other in others:
        if other is not None and other.exists() and Secret.load(other).id == drawn.id:
            said = f"{file} is the same secret as {other}: an auditor of markers could open what is kept under it"
            return fault(CHECK, said, "Make one of its own with `stillwatch secret new FILE`")
    if not count:
        return warning(CHECK, f"{file} is named, and the policy gives nobody any", "Set markers of its [degrade]")
    whose = "a campaign's accounts share a draw" if deployment.markers.campaigns else "each account has its draw"
    return ok(CHECK, f"{count} at the step degrade, epoch {deployment.markers.epoch}, {whose}")
