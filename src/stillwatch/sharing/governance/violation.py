"""What the lint found: which rule, in which property, and why the rule is there. Never the words themselves."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Violation:
    """`where`: the path of a property, as in `description` or `external_references[0].description`."""

    where: str
    rule: str
    why: str

    def __str__(self) -> str:
        return f"{self.where}: {self.rule}: {self.why}"
