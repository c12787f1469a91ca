"""Bare questions and instructions: a core, perhaps an opening, a condition and a setting, in five languages.

The number of different questions is the product of the parts, the terms and the numbers; of 10,000 no two are equal.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from stillwatch.world.chance import Chance
from stillwatch.world.text.frames import fill, sentence_case
from stillwatch.world.text.lexicon import Subject

_CORES = (
    "what is the difference between {a} and {b}",
    "how does {a} work when {b} is out of reach",
    "why does {a} matter more than {b} at {n} units",
    "explain {a} to a beginner using {b} as the example",
    "which of {a}, {b} and {c} should be learnt first",
    "derive the main result about {a} from first principles",
    "list {n} common mistakes people make with {a}",
    "give a worked example of {a} with the numbers {n} and {m}",
    "compare {a} with {b} in a short table",
    "what would change about {a} if {b} doubled",
    "write a short essay on {a} for {w}, who knows only {b}",
    "how would an expert in {d} approach {a}",
    "summarise what is known about {a} in {n} words",
    "is it true that {a} rules out {b}",
    "design an exercise on {a} whose answer is {n}",
    "at {p}, {w} counts {n} cases of {a} and {m} of {b}. What follows",
    "when does {a} fail, and how can one tell it from {b}",
    "translate the idea of {a} into the language of {b}",
    "who first described {a}, and what did {b} have to do with it",
    "estimate how long {a} takes for {n} people at {p}",
    "what evidence would convince a sceptic about {a}",
    "turn these notes into a paragraph: {a}; {b}; {n} days; {w} disagrees",
    "how do {a} and {c} interact once {b} is fixed",
    "plan {n} hours of study that lead from {a} to {b}",
    "what are the limits of {a} in {d}",
    "prove or refute: whenever {a} holds, {b} holds as well",
    "rank {a}, {b} and {c} by cost for a team of {n}",
    "why do textbooks treat {a} before {b}",
    "describe {a} without using the word {b}",
    "a shop in {p} sells {n} items concerning {a} at {m} each; {w} buys a third of them. How much is that",
    "what should {w} check before relying on {a}",
    "write {n} quiz questions about {a} with answers",
    "find the error: {w} says {a} needs {n} times as much {b}",
    "how can {a} be measured to within {n} percent",
    "give two arguments for and two against {a} in {p}",
    "what is the history of {a} since {b} became common",
    "sketch a diagram of {a} in words",
    "which assumptions about {b} does {a} rest on",
    "continue the story: on {t} in {p}, {w} found {x} and thought of {a}",
    "what does {x} mean in the context of {a}",
    "suggest a name and a one-line description for a tool that handles {a}",
    "if {n} of {m} samples show {a}, how sure can one be about {b}",
    "how is {a} taught at {p} and what would improve it",
    "convert {n} units of {a} into what {b} needs",
    "what happens to {c} between {a} and {b}",
    "outline a talk on {a} for {n} listeners at {p}",
    "how expensive is {a} compared with {b} over {n} years",
    "write a letter to {w} that explains {a} politely",
    "is {n} a plausible value for {a}",
    "what would {w} in {p} need to start with {a}",
)
_OPENINGS = (
    "I am preparing something on {d}: ",
    "For a course in {p}: ",
    "Quick one. ",
    "A colleague asked me this: ",
    "Consider {b}. ",
    "Suppose that {w} has {n} of them. ",
    "Given what is known about {c}, ",
    "In {d}, ",
    "Assume {m} trials. ",
    "Following up on {x}: ",
    "You know {d} well. ",
    "Here is a problem from {p}. ",
)
_CONDITIONS = (
    " Keep it under {n} words.",
    " Use an example from {p}.",
    " Mention {c}.",
    " Assume that {c} is constant.",
    " Do not use formulas.",
    " Show each step.",
    " Answer for somebody aged {n}.",
    " Give numbers.",
    " Say how sure you are.",
    " Leave {b} aside.",
    " End with a question for {w}.",
    " Use {n} bullet points at most.",
    " Take {x} as the running example.",
    " State your assumptions about {c}.",
)


class _Tongue(NamedTuple):
    """Parts of questions in one language; a core that ends in `?` is a question."""

    openings: tuple[str, ...]
    cores: tuple[str, ...]
    conditions: tuple[str, ...]
    stops: tuple[str, str]


_OTHERS: Mapping[str, _Tongue] = {
    "es": _Tongue(
        ("Para el proyecto {x}: ", "Caso {n}, {p}. ", "{w} pregunta lo siguiente. ", "Tema {d}, ejercicio {n}: ", ""),
        (
            "¿cuál es la diferencia entre {a} y {b}?",
            "explica {a} paso a paso con {n} y {m} como datos",
            "¿por qué importa {a} cuando falta {b}?",
            "resume lo que se sabe sobre {a} y {b} en {n} palabras",
            "¿cómo prepararía {w} una clase sobre {a} en {p}?",
            "compara {a}, {b} y {c} en una tabla",
            "si {w} tiene {n} casos de {a} y {m} de {b}, ¿qué se puede concluir?",
            "escribe {n} preguntas de examen sobre {a} y {c}",
            "¿qué errores son frecuentes al tratar {a} en {p}?",
            "demuestra que {a} no depende de {b} si {c} vale {n}",
            "¿de qué manera influye {b} en {a} después de {n} días?",
            "{x} promete mejorar {a}; razona si es creíble",
            "calcula cuánto cuesta {a} para {n} personas a {m} euros cada una",
            "ordena de mayor a menor importancia: {c}, {a}, {b}",
            "hay {n} maneras de abordar {a}; elige dos y defiéndelas",
            "convierte este apunte en un párrafo: {a}; {b}; {w}; {n} horas",
            "imagina que {b} desaparece: ¿qué sería de {a}?",
            "redacta una carta a {w} donde se aclare {a}",
            "encuentra el fallo: según {w}, {a} exige {n} veces más {b}",
            "¿quién introdujo {a} y qué papel tuvo {c}?",
        ),
        (
            "Justifica la respuesta.",
            "Usa {n} frases.",
            "Menciona {c}.",
            "Da un ejemplo de {p}.",
            "Sin fórmulas, {w} no las lee.",
        ),
        (".", "?"),
    ),
    "de": _Tongue(
        ("Für {x}: ", "Aufgabe {n}, {p}. ", "{w} fragt Folgendes. ", "Thema {d}, Blatt {n}: ", ""),
        (
            "was unterscheidet {a} von {b}?",
            "erkläre {a} Schritt für Schritt mit den Werten {n} und {m}",
            "warum kommt es bei {a} auf {b} an?",
            "fasse in {n} Wörtern zusammen, was man über {a} und {b} weiß",
            "wie würde {w} in {p} an {a} herangehen?",
            "vergleiche {a}, {b} und {c} in einer Tabelle",
            "{w} zählt {n} Fälle von {a} und {m} von {b}. Was folgt daraus?",
            "formuliere {n} Prüfungsfragen zu {a} und {c}",
            "welche Fehler macht man bei {a} besonders oft, wenn {b} fehlt?",
            "zeige, dass {a} von {b} unabhängig ist, wenn {c} den Wert {n} hat",
            "auf welche Weise wirkt {b} nach {n} Tagen auf {a}?",
            "{x} verspricht besseres {a}; prüfe, ob das glaubhaft ist",
            "berechne die Kosten von {a} für {n} Personen zu je {m} Euro",
            "ordne nach Bedeutung: {c}, {a}, {b}",
            "es gibt {n} Wege zu {a}; wähle zwei und verteidige sie",
            "mach aus dieser Notiz einen Absatz: {a}; {b}; {w}; {n} Stunden",
            "angenommen, {b} fiele weg: was würde aus {a}?",
            "schreibe {w} einen Brief, der {a} verständlich macht",
            "finde den Fehler: laut {w} braucht {a} das {n}-fache an {b}",
            "wer hat {a} eingeführt, und welche Rolle spielte {c}?",
        ),
        (
            "Begründe das.",
            "Höchstens {n} Sätze.",
            "Gehe auf {c} ein.",
            "Mit Beispiel aus {p}.",
            "Ohne Formeln, {w} mag keine.",
        ),
        (".", "?"),
    ),
    "fr": _Tongue(
        ("Pour {x} : ", "Exercice {n}, {p}. ", "{w} demande ceci. ", "Sujet {d}, fiche {n} : ", ""),
        (
            "quelle est la différence entre {a} et {b} ?",
            "explique {a} pas à pas avec les valeurs {n} et {m}",
            "pourquoi {a} dépend-il de {b} ?",
            "résume en {n} mots ce que l'on sait sur {a} et {b}",
            "comment {w} aborderait-il {a} à {p} ?",
            "compare {a}, {b} et {c} dans un tableau",
            "{w} observe {n} cas de {a} et {m} de {b} : que peut-on en conclure ?",
            "rédige {n} questions d'examen sur {a} et {c}",
            "quelles erreurs fait-on souvent avec {a} à {p} ?",
            "montre que {a} ne dépend pas de {b} si {c} vaut {n}",
            "de quelle façon {b} agit-il sur {a} au bout de {n} jours ?",
            "{x} promet d'améliorer {a} ; est-ce crédible ?",
            "calcule le coût de {a} pour {n} personnes à {m} euros chacune",
            "classe par importance : {c}, {a}, {b}",
            "il y a {n} approches de {a} ; choisis-en deux et défends-les",
            "fais un paragraphe de ces notes : {a} ; {b} ; {w} ; {n} heures",
            "imagine que {b} disparaisse : que deviendrait {a} ?",
            "écris à {w} une lettre qui éclaire {a}",
            "trouve l'erreur : selon {w}, {a} exige {n} fois plus de {b}",
            "qui a introduit {a}, et quel fut le rôle de {c} ?",
        ),
        (
            "Justifie.",
            "En {n} phrases.",
            "Parle aussi de {c}.",
            "Donne un exemple à {p}.",
            "Sans formule, {w} n'en veut pas.",
        ),
        (".", "?"),
    ),
    "zh": _Tongue(
        ("关于{x}: ", "第{n}题, {p}。", "{w}问: ", "{d}练习{n}: ", ""),
        (
            "{a}和{b}有什么区别?",
            "请一步一步推导{a}, 已知数据是{n}和{m}",
            "为什么{a}会受到{b}的影响, 样本数为{n}?",
            "请用{n}个字概括{a}和{b}",
            "{w}在{p}应该怎样处理{a}?",
            "请列表比较{a}、{b}和{c}, 共{n}项",
            "{w}观察到{n}例{a}和{m}例{b}, 能得出什么结论?",
            "请围绕{a}和{c}出{n}道题并给出答案",
            "初学者在{a}上常犯哪{n}种错误?",
            "证明当{c}等于{n}时{a}与{b}无关",
            "{n}天以后{b}对{a}还有作用吗?",
            "{x}声称改进了{a}, 这可信吗?",
            "{n}个人做{a}, 每人{m}元, 一共多少?",
            "按重要性排列{c}、{a}、{b}",
            "处理{a}的办法有{n}种, 选两种并辩护",
            "把笔记写成一段话: {a}; {b}; {w}; {n}小时",
            "假如没有{b}, {a}会怎样?",
            "给{w}写信讲清楚{a}",
            "找错: {w}认为{a}需要{n}倍的{b}",
            "{a}是谁提出的, {c}起了什么作用?",
        ),
        ("请说明理由。", "不超过{n}句。", "也要提到{c}。", "举一个{p}的例子。", "不要用公式, {w}看不懂。"),
        ("。", "?"),
    ),
}


_NARROWER: Mapping[str, tuple[str, ...]] = {
    "en": (" It concerns {x}.", " I have {n} minutes, {w} has {m}.", " See {x}, section {n}.", " ({x}, {p})"),
    "es": ("Se trata de {x}.", "Tengo {n} minutos y {w} tiene {m}.", "Véase {x}, apartado {n}.", "({x}, {p})"),
    "de": ("Es geht um {x}.", "Ich habe {n} Minuten, {w} hat {m}.", "Siehe {x}, Abschnitt {n}.", "({x}, {p})"),
    "fr": ("Il s'agit de {x}.", "J'ai {n} minutes, {w} en a {m}.", "Voir {x}, section {n}.", "({x}, {p})"),
    "zh": ("涉及{x}。", "我有{n}分钟, {w}有{m}分钟。", "见{x}第{n}节。", "({x}, {p})"),
}


def question(subject: Subject, chance: Chance) -> str:
    """One question or instruction about `subject`, in its language. One without a number is narrowed down by a name."""
    said = _english(subject, chance) if subject.language == "en" else _other(subject, chance)
    if any(map(str.isdigit, said)) and chance.happens(_BROAD_SHARE):
        return said
    blank = " " if subject.language in ("es", "de", "fr") else ""
    return said + blank + fill(chance.pick(_NARROWER[subject.language]), subject, chance)


_BROAD_SHARE = 0.7  # chosen


def _english(subject: Subject, chance: Chance) -> str:
    opens = chance.happens(0.4)
    opening = fill(chance.pick(_OPENINGS), subject, chance) if opens else ""
    core = fill(chance.pick(_CORES), subject, chance)
    asks = core.startswith(("wh", "how", "is ")) or "What" in core or "How" in core
    conditions = chance.sample(_CONDITIONS, chance.pick((0, 1, 1, 2) if opens else (1, 1, 1, 2)))
    said = sentence_case(opening + core) + ("?" if asks else ".")
    return said + "".join(fill(condition, subject, chance) for condition in conditions)


def _other(subject: Subject, chance: Chance) -> str:
    tongue = _OTHERS[subject.language]
    opening = fill(chance.pick(tongue.openings), subject, chance)
    core = fill(chance.pick(tongue.cores), subject, chance)
    stop, mark = tongue.stops
    conditions = [
        fill(c, subject, chance)
        for c in chance.sample(tongue.conditions, chance.pick((1, 1, 1, 2) if opening else (2, 2, 3)))
    ]
    blank = "" if subject.language == "zh" else " "
    return blank.join([sentence_case(opening + core) + ("" if core.endswith(mark) else stop), *conditions])
