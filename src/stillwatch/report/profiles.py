"""Profiles of the campaigns that a hunt found, one file each, to know their operators by in another hunt."""

from __future__ import annotations

from pathlib import Path

import msgspec

from stillwatch.campaigns.campaign import Review
from stillwatch.campaigns.profiles import as_json
from stillwatch.report.atomic_file import write_atomically

_OURS = "C-*.json"  # a file that was given an operator's name is its owner's, and stays


def write_profiles(review: Review, folder: Path) -> None:
    """Write `folder`/ID.json for each campaign that leaves something behind, in place of an earlier hunt's.

    Rings that are only watched have none: they would name honest people after each other.
    """
    made = {c.id: c.profile for c in review.campaigns if c.profile is not None and c.verdict == "campaign"}
    if made:
        folder.mkdir(exist_ok=True)
    for name, profile in made.items():
        write_atomically(folder / f"{name}.json", as_json(msgspec.structs.replace(profile, name=name)))
    for old in folder.glob(_OURS):
        if old.stem not in made:
            old.unlink()
