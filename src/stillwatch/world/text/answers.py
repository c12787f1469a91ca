"""Answers of a plausible length: sentences about the subject. No language model; only varied, on topic and as long."""

from __future__ import annotations

from collections.abc import Mapping

from stillwatch.world.chance import Chance
from stillwatch.world.text.frames import fill, sentence_case
from stillwatch.world.text.lexicon import Subject

CHARS_A_TOKEN = 4.0  # chosen: about four characters of English a token, as providers' documentation says

_SENTENCES: Mapping[str, tuple[str, ...]] = {
    "en": (
        "in practice {a} matters once {b} changes",
        "start with {a} and check {b} before touching {c}",
        "the usual mistake is to treat {a} as {b}; what counts is {c}",
        "{c} follows from {a} and {b} taken together",
        "a sound rule of thumb is to repeat {a} only when needed",
        "if {a} grows, {b} responds and {c} has to be planned again",
        "the first reacts quickly, {b} only after {n} steps",
        "two points decide here: {a}, and how {c} is recorded",
        "nothing about {a} is unusual, but {b} hangs together with {c} more than people expect",
        "most handbooks describe {a} first and come to {b} later",
        "perhaps surprisingly, {c} reacts to {b} and not to {a}",
        "what remains open is how far {a} carries over to {b}",
        "as an example, take {a} with {n} units of {b}",
        "measured at {p}, {a} came to {n}, against {m} for {b}",
        "strictly speaking {a} is limited by {c}, since small differences add up",
        "therefore the value for {a} is about {n}, give or take {m} percent",
        "{w} would put it this way: no {a} without {b}",
        "it helps to write down {a}, then {b}, and only then to decide about {c}",
        "that leaves {a}, which is easy to overlook at first",
        "compare both cases: with {b} the result is {n}, without it {m}",
    ),
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
    frames, wanted, said, length = _SENTENCES[subject.language], tokens * CHARS_A_TOKEN, [], 0.0
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
