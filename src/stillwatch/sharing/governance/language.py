"""Whether the other rules can read a sentence at all: they know English in Latin letters."""

from __future__ import annotations

import re
import unicodedata

_FOREIGN = frozenset((
    "der", "die", "das", "und", "nicht", "mit", "fur", "wir", "unser", "unsere", "ihre", "sind", "wird", "werden",
    "auf", "le", "les", "des", "une", "est", "nous", "notre", "nos", "leur", "avec", "pour", "dans", "sur", "qui",
    "sont", "el", "los", "las", "una", "nuestro", "nuestra", "nuestros", "nuestras", "con", "para", "por", "del",
    "que", "son", "il", "gli", "della", "nostro", "nostra", "nostri", "sono", "di", "che", "de", "het", "een",
    "niet", "met", "onze", "voor", "zijn", "os", "uma", "nosso", "nossa", "nossos", "com", "nao", "sao", "och",
    "att", "inte", "vara", "som", "ar", "jest", "nie", "sie", "nasz", "bizim", "ve", "icin", "kami", "untuk",
    "dengan", "yang", "women", "gongsi", "jiage", "ist", "bei", "uns", "im", "aus", "zum", "zur", "den", "dem", "ein",
    "eine", "haben", "hat", "wurde", "bitte", "nach", "alle", "uber", "bis", "vom", "kein", "keine", "ils", "elle",
    "je", "du", "au", "aux", "ce", "ces", "cette", "par", "plus", "pas", "ont", "ete", "mais", "vous", "votre", "vos",
    "chez", "merci", "nuestros", "es", "esta", "estas", "estos", "este", "sus", "su", "lo", "vamos", "tambien", "pero",
    "hay", "unas", "unos", "muy", "sin", "favor", "ya", "se", "ha", "han", "al", "non", "anche", "per", "dal", "nel",
    "questo", "questi", "sul", "gia", "piu", "abbiamo", "hanno", "op", "aan", "wij", "ze", "hebben", "geen", "naar",
    "bij", "um", "em", "mais", "pelo", "pela", "esse", "essa", "eles", "temos", "foi", "det", "vi", "har", "pa", "till",
    "ikke", "av", "og", "til", "oraz", "przez", "dla", "jak", "bir", "bu", "ile", "dan", "ini", "akan", "wo", "tamen",
))  # fmt: skip
_ENGLISH = frozenset((
    "a", "an", "and", "are", "as", "at", "by", "for", "from", "in", "is", "it", "of", "on", "or", "that", "the",
    "through", "to", "under", "with",
))  # fmt: skip
_WORD = re.compile(r"[^\W\d_]+")
_LATIN_AT_LEAST = 0.9
_FOREIGN_AT_MOST = 2
"""Words. Chosen: names hold one now and then ('Los Angeles', 'de facto')."""


def is_readable(heard: str) -> bool:
    """False for `spoken` text of another alphabet or another language, as far as its short words tell."""
    letters = [c for c in heard if c.isalpha()]
    latin = sum(unicodedata.name(c, "").startswith("LATIN") for c in letters)
    words = _WORD.findall(heard)
    foreign, english = (sum(word in of for word in words) for of in (_FOREIGN - _ENGLISH, _ENGLISH))
    is_english = (foreign <= english and foreign < max(_FOREIGN_AT_MOST, english)) or foreign == 0
    return latin >= _LATIN_AT_LEAST * len(letters) and is_english
