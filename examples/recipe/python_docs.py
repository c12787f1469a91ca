"""Real documents that may be redistributed: Python's own reference pages and docstrings (PSF Licence 2.0).

Both ship with every Python, so nothing is fetched. Their wording follows the Python that runs the recipe; the
committed logs were made with the version that SOURCES.md names.
"""

import importlib
import inspect
import pydoc_data.topics
import re

_MODULES = re.findall(
    r"[\w.]+",
    "argparse asyncio bisect calendar collections concurrent.futures configparser contextlib csv datetime decimal "
    "difflib email.message fractions functools gzip hashlib heapq http.client io itertools json logging math "
    "multiprocessing pathlib pickle queue random re sched secrets shelve shutil socket sqlite3 statistics string "
    "subprocess tarfile tempfile textwrap threading tkinter tokenize trace turtle typing unittest urllib.parse uuid "
    "wave weakref xml.dom zipfile",
)
_MINIMUM_CHARACTERS = 400  # chosen: shorter pages give a chunk that is all heading


def reference_pages() -> dict[str, str]:
    """The pages of the language reference by name, in plain text."""
    pages: dict[str, str] = dict(pydoc_data.topics.topics)
    return {name: _without_addresses(text) for name, text in sorted(pages.items()) if len(text) >= _MINIMUM_CHARACTERS}


def library_pages() -> dict[str, str]:
    """One page a module of the standard library: its docstring and those of its public functions and classes."""
    pages = {}
    for name in _MODULES:
        try:
            module = importlib.import_module(name)
        except ImportError:  # a Python without Tk or sqlite is still a Python
            continue
        parts = [inspect.getdoc(module) or ""]
        for member in sorted(getattr(module, "__all__", None) or vars(module)):
            documented = getattr(module, member, None)
            if not member.startswith("_") and (inspect.isfunction(documented) or inspect.isclass(documented)):
                parts.append(f"{member}\n\n{inspect.getdoc(documented) or ''}")
        text = _without_addresses("\n\n".join(parts))
        if len(text) >= _MINIMUM_CHARACTERS:
            pages[name] = text[:6000]
    return pages


def public_names(page: str) -> list[str]:
    """The words of a library page that look like names of functions or classes."""
    return sorted({line for line in page.split("\n") if re.fullmatch(r"[A-Za-z][A-Za-z_]{3,24}", line)})


def _without_addresses(text: str) -> str:
    """Authors' e-mail addresses, numeric hosts and temporary paths in docstrings have no place in a public log."""
    return re.sub(r"[\w.+-]+@[\w.-]+|\d{1,3}(?:\.\d{1,3}){3}|/tmp/tmp\w+", "[address]", text)
