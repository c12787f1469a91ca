"""How pages are made of templates: everything printed passes one door, and what every page begins with is shared."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

_OWN = "stillwatch.report"


def environment(package: str, door: Callable[[str], str], filters: Iterable[Callable[..., object]]) -> Environment:
    """Templates of a package, and `head.html` of this one. A filter is called by its function's name.

    `door`: what text from outside passes, whatever the place it is printed in; autoescaping then keeps it text.
    Compiling costs more than an ordinary page: keep what is returned.
    """
    made = Environment(
        loader=ChoiceLoader([PackageLoader(name) for name in dict.fromkeys((package, _OWN))]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=lambda value: door(value) if isinstance(value, str) and not isinstance(value, Markup) else value,
    )
    made.filters |= {one.__name__: one for one in filters}
    return made
