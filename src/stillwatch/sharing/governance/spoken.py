"""Text as a reader would hear it, so that a rule about words is not walked around by how they are spelled.

Undone are: compatibility forms and ligatures (NFKC), accents, invisible and directional characters, letters of other
alphabets that look like Latin ones, digits set for letters inside a word, letters set apart (p r i c e), and
punctuation inside words. Not undone: other languages (see `language`) and what only a person would understand.
"""

from __future__ import annotations

import re
import unicodedata
from importlib.resources import files

_LOOKALIKES = {
    ord(pair[0]): pair[1] for pair in files(__package__).joinpath("lookalikes.txt").read_text("utf-8").split()
}
"""Cyrillic and Greek small letters that pass for Latin ones (Unicode Technical Standard 39, confusables)."""
_DIGITS_FOR_LETTERS = str.maketrans("0134578@$", "oieastbas")
_ONE_AS_L = str.maketrans("0134578@$", "oleastbas")
_LETTER_BY_LETTER = re.compile(r"\b(?:[^\W\d_][ ._*-]){2,}[^\W\d_]\b")
_MIXED = re.compile(r"(?<![\w@$])(?=[\w@$]*[a-z])[a-z@$][a-z0-9@$]*[0-9@$][a-z0-9@$]*[a-z]\b")
_INSIDE = re.compile(r"(?<=[a-z])[*_·•|]+(?=[a-z])")


def spoken(text: str) -> str:
    """`text` in small Latin letters as far as it can be, white space as single spaces."""
    text = unicodedata.normalize("NFKD", text).casefold()
    text = "".join(c for c in text if unicodedata.category(c) not in ("Mn", "Cf", "Cc") or c.isspace())
    text = unicodedata.normalize("NFKC", text).translate(_LOOKALIKES)
    text = text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    text = _LETTER_BY_LETTER.sub(lambda found: re.sub(r"[ ._*-]", "", found[0]), text)
    text = _INSIDE.sub("", text)
    return " ".join(text.split())


def readings(text: str) -> tuple[str, ...]:
    """`spoken`, and where digits stand inside words, those words with the letters that they resemble.

    'pr1c3' is 'price' and 'b1ock' is 'block': a one is read both ways.
    """
    heard = spoken(text)
    read = (_with_letters(heard, letters) for letters in (_DIGITS_FOR_LETTERS, _ONE_AS_L))
    return tuple(dict.fromkeys((heard, *read)))


def _with_letters(heard: str, letters: dict[int, int]) -> str:
    return _MIXED.sub(lambda found: found[0].translate(letters), heard)
