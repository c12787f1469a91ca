"""The page of clauses says what the tests say."""

from __future__ import annotations

from tests.sharing.hub.clauses import PAGE, clauses, page, shown


def test_the_page_is_current() -> None:
    """Otherwise: python -m tests.sharing.hub.clauses > docs/taxii-conformance.md"""
    assert PAGE.read_text("utf-8") == page()


def test_every_clause_is_shown_or_says_why_not() -> None:
    """A requirement that nobody looks at is not one."""
    assert [name for name, about in clauses().items() if name not in shown() and "untested" not in about] == []


def test_nineteen_of_twenty_binding_requirements_are_shown() -> None:
    """The share that is claimed for the page."""
    musts = [name for name, about in clauses().items() if about["level"] == "must"]
    assert sum(name in shown() for name in musts) >= 0.95 * len(musts)
