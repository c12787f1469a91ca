"""How people talk: openings and replies in a manner of their own, about subjects of their own, with pasted texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from stillwatch.world import facts
from stillwatch.world.chance import Chance
from stillwatch.world.text.answers import answer
from stillwatch.world.text.frames import fill
from stillwatch.world.text.lexicon import Subject
from stillwatch.world.text.questions import question

_OPENINGS: Mapping[str, tuple[str, ...]] = {
    "en": (
        "hi, quick question about {a} for {x}",
        "I need some help with {d}. It's mainly {a}, and maybe {b}.",
        "what would you do about {a} (it's for {w})",
        "So my {a} again... {b} is driving me mad. Any ideas?",
        "Can you make me a short list for {a}? It's for {w}, I only have {n} euros.",
        "Is it normal that {a} takes {n} days?",
        "please rewrite this so it sounds friendlier: 'the {a} can't stay like this, sort out {b} by {t}'",
        "{a} or {b} first? {x} starts in {n} days",
        "Explain {a} to me like I've never done {d} before",
        "My sister {w} says {a} doesn't matter. True?",
        "I tried {a} on {t} and it went wrong after {n} minutes. What did I miss?",
        "{a}??",
        "been reading up on {d} all evening, still don't get {a}",
        "How would you plan {n} hours of {d} around {a} and {b}?",
        "Need a polite text to {w} about the {a}",
        "pros and cons: {a} vs {b}",
        "Is {a} worth the money? I do this just for fun.",
        "Reminder list please. {t}, {a}, {b}. Nothing fancy.",
        "Settle a bet with {w}: {a} comes before {b}, right?",
        "My {a} looks weird, kind of like {b}. Should I worry?",
        "we talked about {x} before. new problem: {a}",
        "what's the polite way to say no to {w} about {a}",
        "Give me {n} questions I should ask about {a} on {t}.",
        "For {x} in {p} I have to sort out {a}, {b} and {c}. Where do I begin?",
        "Draft an email to {w}: {a} is late, {b} is fine, next step {t}",
        "name ideas for a {d} thing in {p}? something with {a}",
    ),
    "es": (
        "hola, una duda sobre {a} para {x}",
        "necesito ayuda con {d}, sobre todo con {a}",
        "¿es normal que {a} tarde {n} días?",
        "mi amiga {w} dice que {a} no importa, ¿es verdad?",
        "¿qué hago primero, {a} o {b}?",
        "escríbeme un mensaje amable para {w} sobre {a}",
        "intenté {a} en {p} y salió mal a los {n} minutos",
    ),
    "de": (
        "hallo, kurze Frage zu {a} für {x}",
        "ich brauche Hilfe bei {d}, vor allem {a}",
        "ist es normal, dass {a} {n} Tage dauert?",
        "{w} meint, {a} sei egal. Stimmt das?",
        "erst {a} oder erst {b}?",
        "schreib mir bitte eine freundliche Nachricht an {w} wegen {a}",
        "hab {a} in {p} probiert, ging nach {n} Minuten schief",
    ),
    "fr": (
        "bonjour, petite question sur {a} pour {x}",
        "j'ai besoin d'aide en {d}, surtout {a}",
        "c'est normal que {a} prenne {n} jours ?",
        "{w} dit que {a} n'a pas d'importance, c'est vrai ?",
        "d'abord {a} ou {b} ?",
        "écris un message poli à {w} à propos de {a}",
        "j'ai essayé {a} à {p} et ça a raté au bout de {n} minutes",
    ),
    "zh": (
        "你好, 请问{a}和{x}有关系吗",
        "我在学{d}, {a}总是弄不懂",
        "{a}要{n}天正常吗",
        "{w}说{a}不重要, 对吗",
        "先做{a}还是先做{b}",
        "帮我给{w}写一条关于{a}的消息",
        "我在{p}试了{a}, {n}分钟后就出错了",
    ),
}
_REPLIES: Mapping[str, tuple[str, ...]] = {
    "en": (
        "ok and {a}?",
        "hm, that didn't work. I forgot to say there's also {b}",
        "thanks! and how long does it take",
        "shorter please",
        "can you put that in a table",
        "what about {a} on {t}?",
        "no I meant {a}, not {b}",
        "and if I only have {n} of them?",
        "why?",
        "great, one last thing: {a} with {b}, good idea or not",
        "could you say that in simple words",
        "{w} disagrees, she'd start with {a}",
        "sounds like a lot. what's the minimum",
        "Done! Now {b}.",
        "how do you know?",
        "I only have until {t}",
        "that's what I did last time and {a} got worse",
        "lol fair enough. and for {x}",
        "And what does that cost, roughly? {n} euros?",
        "Write it as a message I can send to {w}",
        "does that also hold for {b} in {p}",
        "wait, which one is {a} again",
    ),
    "es": ("¿y {a}?", "más corto, por favor", "gracias, ¿y con {b}?", "no, me refería a {a}", "¿por qué?"),
    "de": ("und {a}?", "bitte kürzer", "danke, und bei {b}?", "nein, ich meinte {a}", "warum?"),
    "fr": ("et {a} ?", "plus court stp", "merci, et avec {b} ?", "non, je parlais de {a}", "pourquoi ?"),
    "zh": ("那{a}呢", "短一点", "谢谢, {b}也一样吗", "不是, 我说的是{a}", "为什么"),
}
_SYSTEMS = (
    "Be brief. I read on my phone in {p}.",
    "Talk to me like a patient friend called {w}, no bullet points.",
    "I am dyslexic: short sentences, simple words.",
    "Metric units. I live in {p}.",
    "Always give me one concrete next step about {d}.",
    "You know {d}. Address me as {w}.",
    "You are a helpful assistant.",
)
_MANNERISMS = 7  # chosen: nobody speaks in all of these ways


class Talker:
    """Somebody's manner of talking about some subjects. `say_first` opens a dialogue, `say_next` goes on."""

    def __init__(self, chance: Chance, subjects: Sequence[Subject]) -> None:
        self._chance, self._subjects = chance, subjects
        language = subjects[0].language
        self._openings = chance.sample(_OPENINGS[language], _MANNERISMS)
        self._replies = chance.sample(_REPLIES[language], _MANNERISMS)
        self._lower = chance.happens(0.4)
        self._asks_properly = chance.uniform(0.1, 0.6)
        self.system = fill(chance.zipf(_SYSTEMS[::-1]), subjects[0], chance) if chance.happens(0.3) else ""

    def subject(self) -> Subject:
        """What the next dialogue is about, the first subject most."""
        return self._chance.zipf(self._subjects)

    def say_first(self, subject: Subject) -> str:
        """The first turn, sometimes with a text of the person's own pasted below."""
        chance = self._chance
        if chance.happens(self._asks_properly):
            said = question(subject, chance)
        else:
            said = fill(chance.pick(self._openings), subject, chance)
        return self._typed(said) + self._pasted(subject)

    def say_next(self, subject: Subject) -> str:
        """A later turn."""
        return self._typed(fill(self._chance.pick(self._replies), subject, self._chance))

    def answer(self, subject: Subject) -> str:
        """What the model says to it: 160 tokens in the median (chosen)."""
        return answer(subject, int(self._chance.lognormal(160.0, 0.8)), self._chance)

    def _typed(self, text: str) -> str:
        return text.lower() if self._lower else text

    def _pasted(self, subject: Subject) -> str:
        if not self._chance.happens(facts.PASTED_SHARE):
            return ""
        return "\n\n" + answer(subject, int(self._chance.lognormal(220.0, 0.7)), self._chance)
