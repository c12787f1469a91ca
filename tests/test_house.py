"""The repository stays fit to enter: no private paths, no dead links, no nameless files, nothing left undone."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest
import typer.main

import stillwatch
from stillwatch.cli.app import app

ROOT = Path(__file__).parent.parent
NOT_OURS = {"build", "dist", "out", "__pycache__"}
NAMELESS = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "v2"}

# Each pattern is spelled so that it does not match itself: a letter in brackets.
FORBIDDEN = {
    "the address of a package index": r"[p]ypi\.org|[p]ythonhosted|[n]pmjs|deb\.[d]ebian",
    "an option that names a package index": r"--(?:extra-)?[i]ndex-url|--[f]ind-links",
    "a path of somebody's machine": r"(?<![\w.~-])/(?:[r]oot|[w]ork|[h]ome/\w+|[U]sers/\w+)/[\w.]",
    "something left undone": r"\b(?:TO[D]O|FIX[M]E|XX[X])\b",
}


def files_of_the_repository() -> list[Path]:
    """The tracked files; in a copy without git, every file outside build products."""
    try:
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S607 - git of the PATH
        names = [name for name in listed.stdout.split("\0") if name]
    except (FileNotFoundError, subprocess.CalledProcessError):
        relative = (path.relative_to(ROOT) for path in ROOT.rglob("*"))
        names = [str(path) for path in relative if not any(p in NOT_OURS or p.startswith(".") for p in path.parts)]
    return [ROOT / name for name in names if (ROOT / name).is_file()]


def text_of(file: Path) -> str:
    """The file's text; empty for one that is not text."""
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


FILES = files_of_the_repository()
MODULES = [file for file in FILES if file.suffix == ".py"]
PAGES = [file for file in FILES if file.suffix == ".md"]


def shown(file: Path) -> str:
    """The path as a reader of the report would type it."""
    return str(file.relative_to(ROOT))


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_holds(what: str) -> None:
    """What belongs to one machine, or is unfinished, does not enter the repository."""
    pattern = re.compile(FORBIDDEN[what])
    found = [
        f"{shown(file)}:{number}"
        for file in FILES
        for number, line in enumerate(text_of(file).splitlines(), start=1)
        if pattern.search(line)
    ]
    assert found == []


def test_every_module_says_what_is_in_it() -> None:
    """A module opens with a docstring."""
    assert [shown(m) for m in MODULES if m.stat().st_size and not ast.get_docstring(ast.parse(text_of(m)))] == []


def test_every_file_is_named_after_its_idea() -> None:
    """`utils` and its kin name no idea."""
    nameless = [
        shown(file)
        for file in FILES
        if NAMELESS & {part.lower() for part in (*file.relative_to(ROOT).parts[:-1], file.stem)}
    ]
    assert nameless == []


def test_make_explains_every_target() -> None:
    """`make` alone lists what there is, so each target that a person may call has its line."""
    makefile = text_of(ROOT / "Makefile")
    public = {name for line in re.findall(r"^\.PHONY:(.*)$", makefile, re.M) for name in line.split()} - {"FORCE"}
    explained = set(re.findall(r"^([a-z]+):.*## \S", makefile, re.M))
    assert public == explained


def heading_anchors(page: Path) -> set[str]:
    """The fragments that a link to this page may carry, made as code hosts make them from headings."""
    headings = re.findall(r"^#+ (.+)$", text_of(page), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def test_every_link_between_pages_resolves() -> None:
    """A link to a file of the repository leads to one, and its fragment to a heading there."""
    dead = []
    for page in PAGES:
        for target in re.findall(r"\[[^\]]*\]\(([^)\s]+)\)", text_of(page)):
            if re.match(r"[a-z]+:", target):
                continue
            path, _, fragment = target.partition("#")
            leads_to = (page.parent / path).resolve() if path else page
            if not leads_to.exists() or (fragment and fragment not in heading_anchors(leads_to)):
                dead.append(f"{shown(page)} -> {target}")
    assert dead == []


def test_every_page_that_the_code_names_exists() -> None:
    """A docstring that sends its reader to docs/ sends them to a page."""
    named = [(file, page) for file in FILES for page in re.findall(r"\bdocs/[\w./-]+?\.md\b", text_of(file))]
    assert [f"{shown(file)} -> {page}" for file, page in named if not (ROOT / page).exists()] == []


def test_the_changelog_opens_with_this_version() -> None:
    """Who installs a version can read what it brings."""
    versions = re.findall(r"^## (\d+\.\d+\.\d+)", text_of(ROOT / "CHANGELOG.md"), re.M)
    assert versions[:1] == [stillwatch.__version__]


def test_every_command_is_described() -> None:
    """Each command has its heading in docs/commands.md, and nothing else has."""
    described = set(re.findall(r"^## stillwatch ([a-z]+)$", text_of(ROOT / "docs" / "commands.md"), re.M))
    commands = typer.main.get_command(app()).commands  # type: ignore[attr-defined]  # a group, as `app` has several commands
    assert described == set(commands)
