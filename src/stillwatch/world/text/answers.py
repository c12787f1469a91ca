"""Answers of a plausible length: sentences about the subject. No language model; only varied, on topic and as long."""

from __future__ import annotations

from collections.abc import Mapping

from stillwatch.world.chance import Chance
from stillwatch.world.text.frames import fill, frames_of, sentence_case
from stillwatch.world.text.lexicon import Subject

CHARS_A_TOKEN = 4.0  # chosen: about four characters of English a token, as providers' documentation says


def _sentences(language: str) -> tuple[str, ...]:
    """The sentence frames of a language."""
    return frames_of("sentences") if language == "en" else _OTHER_SENTENCES[language]


_OTHER_SENTENCES: Mapping[str, tuple[str, ...]] = {
    "es": (
        "en la práctica {a} depende de {b}",
        "conviene empezar por {a} y revisar {b} antes de tocar {c}",
        "el error habitual es confundir {a} con {b}",
        "si cambia {a}, también lo hace {c}, aproximadamente {n} veces",
        "por ejemplo, con {n} casos de {a} se obtiene {m}",
        "en {p} se trata {a} de otra manera",
    ),
    "de": (
        "in der Praxis hängt {a} von {b} ab",
        "am besten beginnt man mit {a} und prüft {b}, bevor es um {c} geht",
        "der häufigste Fehler ist, {a} mit {b} zu verwechseln",
        "ändert sich {a}, so folgt {c} nach etwa {n} Schritten",
        "zum Beispiel ergeben {n} Fälle von {a} den Wert {m}",
        "in {p} wird {a} anders gehandhabt",
    ),
    "fr": (
        "en pratique {a} dépend de {b}",
        "mieux vaut commencer par {a} et vérifier {b} avant {c}",
        "l'erreur habituelle est de confondre {a} et {b}",
        "si {a} change, {c} suit au bout de {n} étapes",
        "par exemple, {n} cas de {a} donnent {m}",
        "à {p}, {a} se traite autrement",
    ),
    "zh": (
        "实际上{a}取决于{b}",
        "建议先看{a}, 再检查{b}, 最后处理{c}",
        "常见的错误是把{a}当成{b}",
        "如果{a}变化, {c}大约在{n}步之后跟着变化",
        "例如{n}例{a}对应{m}",
        "在{p}, {a}的做法有所不同",
    ),
}


def answer(subject: Subject, tokens: int, chance: Chance) -> str:
    """Sentences about `subject` of about so many tokens."""
    frames, wanted, said, length = _sentences(subject.language), tokens * CHARS_A_TOKEN, [], 0.0
    stop, blank = ("。", "") if subject.language == "zh" else (".", " ")
    while length < wanted:
        sentence = sentence_case(fill(chance.pick(frames), subject, chance)) + stop
        said.append(sentence)
        length += len(sentence) * (3.0 if subject.language == "zh" else 1.0) + 1
    return blank.join(said)


def tokens_of(text: str) -> int:
    """About how many tokens a text has."""
    wide = sum(c > "\u2e7f" for c in text) if not text.isascii() else 0
    return max(1, int((len(text) - wide) / CHARS_A_TOKEN) + wide)
