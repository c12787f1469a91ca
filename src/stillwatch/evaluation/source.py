"""Which code a result rests on, as a digest: of a module and of all modules of this package that it imports.

So a result is computed again when the hunt has changed, and kept when only a page has. Imports inside functions count.
What other packages compute is not seen: after an upgrade of numpy or scikit-learn results are taken as they are.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import stillwatch

SKETCHING = "stillwatch.sketching.run"
"""What every ledger rests on."""
_PACKAGE = Path(stillwatch.__file__).parent


@cache
def source_digest(*modules: str) -> str:
    """16 hexadecimal digits of the source of these modules and of what they import."""
    found = hashlib.blake2b(digest_size=8)
    for file in sorted(set().union(*map(imported_files, modules))):
        found.update(hashlib.blake2b(file.read_bytes()).digest())
    return found.hexdigest()


def imported_files(module: str) -> set[Path]:
    """The module's own file, and those of this package that it imports, near and far."""
    seen: set[Path] = set()
    waiting = _files(module) or [_origin(module)]
    while waiting:
        file = waiting.pop()
        if file not in seen:
            seen.add(file)
            waiting += _imported(file)
    return seen


def _imported(file: Path) -> Iterator[Path]:
    """Files of this package that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        yield from (path for name in names for path in _files(name))


def _files(name: str) -> list[Path]:
    """Where a module of this package lies; nothing for a name inside a module, and for other packages."""
    package, *inside = name.split(".")
    if package != stillwatch.__name__:
        return []
    path = _PACKAGE.joinpath(*inside)
    return [file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()]


def _origin(module: str) -> Path:
    """The file of a module of somebody else's, as a detector's may be."""
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"{module} has no file that its results could be known by", name=module)
    return Path(spec.origin)
