"""The pages of docs/ say what the code says: every worked example is run, and each family's page is whole."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = sorted((*ROOT.glob("*.md"), *DOCS.rglob("*.md")))
WITH_EXAMPLES = [page for page in PAGES if ">>> " in page.read_text(encoding="utf-8")]
FAMILIES = sorted(page for page in (DOCS / "families").glob("*.md") if page.name != "README.md")


def shown(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", WITH_EXAMPLES, ids=shown)
def test_every_worked_example_gives_what_the_page_says(page: Path) -> None:
    """Each page's examples are run in order, as `python -m doctest` would."""
    result = doctest.testfile(str(page), module_relative=False, encoding="utf-8")
    assert result.failed == 0
    assert result.attempted > 0


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_every_python_block_is_an_example_that_is_run(page: Path) -> None:
    """Code without a prompt would be shown and never tried."""
    blocks = re.findall(r"^```python\n(.*?)^```$", page.read_text(encoding="utf-8"), re.M | re.S)
    assert [block for block in blocks if not block.startswith(">>> ")] == []


@pytest.mark.parametrize("page", FAMILIES, ids=shown)
@pytest.mark.parametrize(
    "part",
    [
        r"^>>> ",
        r"^## Null, assumption\nNull: ",
        r"\bAssumed:\s",
        r"^    \S.* = |^    \S.* > ",
        r"^## (?:Blind|When it is blind)$",
    ],
    ids=["worked example", "null", "assumption", "formula", "when it is blind"],
)
def test_the_page_of_a_family_is_whole(page: Path, part: str) -> None:
    """Who weighs a family's word finds an example to check by hand, and where the family must not be believed."""
    assert re.search(part, page.read_text(encoding="utf-8"), re.M)
