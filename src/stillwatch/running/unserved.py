"""What the policy asks for and the deployment cannot give. Told by the doctor and when a worker starts: answers would
come all the same, without it, and nobody would notice before an audit.
"""

from __future__ import annotations

from dataclasses import dataclass

from stillwatch.decision.policy import Policy
from stillwatch.running.deployment import Places


@dataclass(frozen=True, slots=True)
class Unserved:
    """`said` is a sentence without an end; `remedy` what to do about it."""

    said: str
    remedy: str


def unserved_marks(policy: Policy, where: Places) -> Unserved | None:
    """Marks in tokens that no engine hears of; None where nothing is amiss."""
    step = policy.degrade.mark_strength
    if not step or where.tickets is not None:
        return None
    remedy = "Name the secret of the engine in [files] tickets (docs/watermark.md), or leave mark_strength out"
    return Unserved(f"the policy marks at {step:g}, and no engine is told", remedy)


def unserved_markers(policy: Policy, where: Places) -> Unserved | None:
    """Conventions that nobody draws; None where nothing is amiss."""
    count = policy.degrade.markers
    if not count or where.markers is not None:
        return None
    remedy = "Name a secret of their own in [files] markers (docs/markers.md), or leave markers out"
    return Unserved(f"the policy asks for markers, {count} at the step degrade, and none are served", remedy)
