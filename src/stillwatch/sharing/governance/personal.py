"""What identifies a person, an account or a machine, or opens something: found by its form, whatever is around it.

Checked on the text as written, because case and punctuation are part of these forms. Identifiers travel as blind tags,
infrastructure in the properties that are made for it; neither belongs into sentences.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from functools import cache

from stillwatch.sharing.governance.pattern_file import compiled

_DIGITS = re.compile(r"(?<!\w)(?:\d[ -]?){11,18}\d(?!\w)")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b")
_WORDS = re.compile(r"[A-Za-z0-9+/=_-]{20,}")
_SET_APART = re.compile(r"(?<!\S)(?:\S ){5,}\S(?!\S)")
_MOST_BITS = 3.6
"""Entropy of a word's characters. Long English compounds stay below 3.5, random letters and digits lie above 4."""


@dataclass(frozen=True, slots=True)
class Form:
    """A kind of thing that identifies or opens something."""

    name: str
    why: str
    patterns: tuple[re.Pattern[str], ...]

    def is_in(self, text: str) -> bool:
        """Whether `text` holds one."""
        return any(pattern.search(text) for pattern in self.patterns) or _BY_ARITHMETIC.get(self.name, _never)(text)


def forms_in(text: str) -> list[Form]:
    """What `text` holds that identifies or opens something."""
    text = unicodedata.normalize("NFKC", text)
    text = "".join(c for c in text if unicodedata.category(c) != "Cf")
    texts = (text, _SET_APART.sub(lambda found: found[0].replace(" ", ""), text))
    return [form for form in _forms() if any(form.is_in(one) for one in dict.fromkeys(texts))]


@cache
def _forms() -> tuple[Form, ...]:
    return tuple(Form(name, why, patterns) for name, why, patterns in compiled("forms.toml", "form"))


def _never(text: str) -> bool:
    return False


def _is_account_number(text: str) -> bool:
    digits = ("".join(c for c in found[0] if c.isdigit()) for found in _DIGITS.finditer(text))
    return any(map(_passes_luhn, digits)) or any(_is_iban(found[0].replace(" ", "")) for found in _IBAN.finditer(text))


def _passes_luhn(digits: str) -> bool:
    """ISO/IEC 7812-1, annex B."""
    doubled = (sum(divmod(2 * int(d), 10)) if i % 2 else int(d) for i, d in enumerate(reversed(digits)))
    return len(digits) >= 12 and sum(doubled) % 10 == 0


def _is_iban(text: str) -> bool:
    """ISO 13616: with the first four characters last and letters as numbers, it leaves 1 when divided by 97."""
    turned = "".join(str(int(c, 36)) for c in text[4:] + text[:4])
    return 15 <= len(text) <= 34 and int(turned) % 97 == 1


def _holds_random(text: str) -> bool:
    return any(_is_random(word[0]) for word in _WORDS.finditer(text))


def _is_random(word: str) -> bool:
    counts = Counter(word)
    bits = -sum(n / len(word) * math.log2(n / len(word)) for n in counts.values())
    return bits > _MOST_BITS and any(c.isdigit() for c in word) and any(c.isalpha() for c in word)


_BY_ARITHMETIC = {"number": _is_account_number, "secret": _holds_random}
