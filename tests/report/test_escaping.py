"""Account names are chosen by attackers: nowhere do they become markup, script or a trick of the eye."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass, replace
from typing import Any

import pytest

from stillwatch.report.page import page
from stillwatch.report.wording import visible

from . import sample_reviews
from .markup import Markup

SHAPES = (
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "</style><style>*{display:none}</style>",
    '" onmouseover="alert(1)" x="',
    "' autofocus onfocus='alert(1)",
    "<!--",
    "-->",
    "]]>",
    "</title><svg onload=alert(1)>",
    "</textarea><img src=x onerror=alert(1)>",
    "javascript:alert(1)",
    "{{ 7 * 191 }}{% raw %}",
    "&lt;b&gt;&quot;",
    "\u2028alert(1)\u2029",
)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_hostile_text_adds_no_element_and_no_attribute_anywhere(shape: str) -> None:
    """The page with the attack in every text has the same elements and attributes as with a harmless word."""
    harmless, attacked = (_outline(page(_filled(sample_reviews.hostile(), text))) for text in ("name", shape))
    assert attacked == harmless


@pytest.mark.parametrize("shape", SHAPES)
def test_a_hostile_text_is_shown_as_it_is(shape: str) -> None:
    """Escaped once and not twice: an analyst must be able to search for what the log says."""
    markup = Markup(page(_filled(sample_reviews.hostile(), shape)))
    shown = visible(shape)
    assert any("".join(element.texts) == shown for element in markup.all("bdi"))
    assert "1337" not in markup.one("main").text


def test_names_in_script_data_cannot_end_the_script() -> None:
    """In the JSON block no name holds a character that HTML would read, and the names read back."""
    markup = Markup(page(_filled(sample_reviews.hostile(), "</script><!--&'")))
    data = "".join(markup.one("script", id="rings").texts)
    assert not set("<>&'") & set(data)
    assert json.loads(data)[0]["names"][0] == "</script><!--&'"


def test_characters_that_deceive_the_eye_are_spelt_out() -> None:
    """A right-to-left override, a null and an unpaired surrogate are seen for what they are."""
    html = page(sample_reviews.hostile())
    assert not set("\u202e\x00\ud800") & set(html)
    assert "\\u202etxt.exe\\u0000\\ud800" in html


def test_a_name_without_end_takes_one_line() -> None:
    """Ten thousand letters are clipped in the middle; both ends stay, as names often differ at the end."""
    html = page(_filled(sample_reviews.hostile(), "a" * 10_000 + "-end"))
    assert "a" * 1_001 not in html
    assert "\u2026" in html
    assert "-end" in html


def _outline(html: str) -> list[tuple[str, tuple[str, ...]]]:
    return [(element.tag, tuple(element.attributes)) for element in Markup(html).elements if element.tag != "text"]


def _filled(value: Any, text: str) -> Any:
    """The same review with the hostile text, wherever it stands, exchanged for another."""
    if isinstance(value, str):
        return text if value.startswith(sample_reviews.HOSTILE) else value
    if isinstance(value, tuple):
        return tuple(_filled(item, text) for item in value)
    if isinstance(value, dict):
        return {_filled(key, text): _filled(item, text) for key, item in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{part.name: _filled(getattr(value, part.name), text) for part in fields(value)})
    return value
