"""Prompts as developers write them for their own product: a role, a few rules, a form; each organisation its own."""

from __future__ import annotations

from stillwatch.world.chance import Chance
from stillwatch.world.text.frames import fill
from stillwatch.world.text.lexicon import Subject

_ROLES = (
    "You are the assistant of {x}, where customers ask about {a}.",
    "You work for {x} in {p}. Your field is {d}.",
    "{x} helps people with {a} and {b}. You {job}.",
    "Act as {x}'s desk for {d}.",
    "As part of {x} you {job}.",
    "Your name is {w}. You {job} for {x}.",
    "This is the back office of {x} ({p}). You {job}.",
    "Context: {d}, product {x}.",
    "You {job}. Readers know {a} but not {b}.",
    "Internal tool of {x}; the user is one of our {n} colleagues in {p}.",
    "{x} bot v{n}. Task: {job}.",
    "# {x}\nWe {job} for clients in {p}.",
    "You support the {d} team at {x}. You {job}.",
)
_RULES = (
    "Be brief.",
    "Never invent {a}.",
    "If {b} is missing, say so.",
    "Amounts in whole euros.",
    "Do not mention {c}.",
    "Quote the passage you rely on.",
    "Use the customer's own words for {a}.",
    "At most {n} words.",
    "Answer in English only.",
    "Dates as day and month.",
    "When in doubt about {b}, ask {w}.",
    "No greetings.",
    "Prefer {a} over {b}.",
    "Sentences of at most {n} words.",
    "Mark anything about {c} as urgent.",
    "Write for somebody who reads on a phone.",
    "Leave {b} to the specialists in {p}.",
    "Give one reason.",
    "Friendly, but no exclamation marks.",
    "Keep numbers exact.",
    "Escalate complaints about {a} to {w}.",
    "Only use what is given below.",
    "Skip items older than {n} days.",
    "If it concerns {x}, link to the handbook.",
    "Refuse politely what is not about {d}.",
    "Two paragraphs.",
)
_JOBS = {
    "answer": ("answer questions from documents", "look things up in our files", "reply from the knowledge base"),
    "extract": ("fill in records from letters", "turn messages into tickets", "read forms", "sort the mail"),
    "judge": ("rate replies of our bot", "check answers against our standard", "review what our assistant wrote"),
    "summarise": ("summarise reports", "write digests", "shorten minutes", "tag documents", "clean up descriptions"),
    "review": ("review pull requests", "look over diffs", "comment on code changes", "guard the main branch"),
    "translate": ("translate novels", "render manuals into another language", "translate our catalogue"),
    "teach": ("help pupils think for themselves", "tutor {d}", "explain homework step by step", "quiz students"),
    "chat": ("chat with visitors", "take questions from customers", "advise users", "write short texts on request"),
}


def own_prompt(subject: Subject, job: str, chance: Chance) -> str:
    """A system prompt that nobody else has."""
    role = chance.pick(_ROLES).replace("{job}", chance.pick(_JOBS[job]))
    rules = chance.sample(_RULES, chance.between(2, 7))
    glue = chance.pick((" ", "\n", "\n- "))
    return glue.join(fill(part, subject, chance) for part in (role, *rules))
