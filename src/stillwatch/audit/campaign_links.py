"""From an account's key to the campaign that a hunt found it in.

A key names an account by its pseudonym, and a hunt's findings by its name. Only who holds the deployment's secret can
make the one of the other, so a report without it names nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from stillwatch.errors import InputError


class _Account(msgspec.Struct, frozen=True):
    account: str
    campaign: str | None


class _Findings(msgspec.Struct, frozen=True):
    accounts: tuple[_Account, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """An account by its own name, and the campaign it is of."""

    account: str
    campaign: str


def linked(findings: Mapping[str, Any], pseudonym: Callable[[str], str]) -> dict[str, Link]:
    """Accounts of campaigns by their pseudonyms. Raises `InputError` where `findings` are not those of a hunt."""
    try:
        said = msgspec.convert(findings, _Findings)
    except msgspec.ValidationError as error:
        raise InputError(f"these are no findings of a hunt: {error}", "Name its findings.json") from None
    return {pseudonym(one.account): Link(one.account, one.campaign) for one in said.accounts if one.campaign}
