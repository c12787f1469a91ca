"""Domains and their terms, names and places, in five languages: what texts are about.

`words/LANGUAGE.txt` holds a domain a line, `domain: term, term, ...`. Written for this project and dedicated to the
public domain (CC0-1.0).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from stillwatch.world.chance import Chance

LANGUAGES = ("en", "es", "de", "fr", "zh")


@dataclass(frozen=True, slots=True)
class Domain:
    """A field of knowledge or of life, and what one talks about in it."""

    name: str
    terms: tuple[str, ...]


@cache
def domains(language: str = "en") -> tuple[Domain, ...]:
    """All domains of a language, in the order of its file."""
    text = files("stillwatch.world").joinpath("words", f"{language}.txt").read_text(encoding="utf-8")
    rows = (line.split(": ", 1) for line in text.splitlines() if line)
    return tuple(Domain(name, tuple(terms.split(", "))) for name, terms in rows)


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


NAMES: Mapping[str, tuple[str, ...]] = {
    "en": _words(
        "Amara Bjorn Carla Dmitri Esra Farid Greta Hanif Imke Jorge Kavya Lars Mirela Ngozi Oskar Priya Quentin "
        "Rosa Sunil Tilda Umar Vesna Wanda Ximena Yusuf Zora Aled Bronagh Cosimo Dagny Elodie Fergus Gita Hollis "
        "Ines Jarek Keiko Lucian Maeve Nadim Orla Piet Ruth Soren Tamsin Ulla Viktor Wim Yara Zeno"
    ),
    "es": ("Lucía", "Andrés", "Marisol", "Íñigo", "Beatriz", "Tomás", "Noelia", "Ramón", "Paula", "Ezequiel"),
    "de": ("Anke", "Björn", "Claudia", "Detlef", "Friederike", "Holger", "Ilse", "Jürgen", "Katrin", "Uwe"),
    "fr": ("Adèle", "Benoît", "Camille", "Étienne", "Gaëlle", "Hugo", "Manon", "Noémie", "Rémi", "Sylvie"),
    "zh": ("小林", "王老师", "李工", "阿梅", "张先生", "陈姐", "刘医生", "小赵", "周同学", "吴经理"),
}
PLACES = _words(
    "Ghent Tartu Leeds Graz Cork Aarhus Girona Bari Nairobi Recife Pune Osaka Tromso Izmir Lodz Cebu Quito "
    "Dakar Perth Halifax Tbilisi Porto Basel Turku Lyon Malaga Kassel Utrecht Split Cusco Hobart Tampere Lviv "
    "Mysore"
)
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday", "the weekend", "the 3rd")
_SYLLABLES = _words(
    "ba be bra ce cor da del di dru e fa fen fi ga gli gor ha hel i ja jo ka kel kri la lin lo ma mer mi na "
    "nev no o pa per pli qua ra ren ro sa sel sti ta ter tri u va vel vi wo xa yor za zel"
)


def coined(chance: Chance) -> str:
    """A word that nobody else has: the name of a product, a shop, a file."""
    return "".join(chance.pick(_SYLLABLES) for _ in range(chance.between(2, 4))).capitalize()


@dataclass(frozen=True, slots=True)
class Subject:
    """What one owner talks about: a domain's terms in the owner's order of preference, and names of the owner's own."""

    language: str
    domain: str
    terms: tuple[str, ...]
    people: tuple[str, ...]
    places: tuple[str, ...]
    things: tuple[str, ...]

    def term(self, chance: Chance) -> str:
        """A term, the preferred ones more often (Zipf)."""
        return chance.zipf(self.terms)


def own_subject(chance: Chance, language: str = "en", domain: Domain | None = None) -> Subject:
    """A subject of somebody's own: the domain's terms as this owner prefers them, and names nobody else uses."""
    base = domain or chance.pick(domains(language))
    return Subject(
        language,
        base.name,
        tuple(chance.shuffled(base.terms)),
        tuple(chance.sample(NAMES[language], 4)),
        tuple(chance.sample(PLACES, 3)),
        tuple(coined(chance) for _ in range(4)),
    )


def whole_domain(chance: Chance, language: str = "en", domain: Domain | None = None) -> Subject:
    """A subject as a curriculum sees it: every term, name and place may occur."""
    base = domain or chance.pick(domains(language))
    things = tuple(coined(chance) for _ in range(2))
    return Subject(language, base.name, tuple(chance.shuffled(base.terms)), NAMES[language], PLACES, things)
