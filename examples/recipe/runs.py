"""The runs that make the log: which client, on what seeds, for whom, at what time of day.

Two campaigns, each an operator's single job divided among accounts that share nothing visible; and four honest
populations: people who chat, one organisation's assistant, organisations that read letters, and evaluators.
"""

import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from recipe import day_curve, instructions, organisations, people, python_docs
from recipe.local_api import Recorded
from recipe.population import Account, Population

RELAY = "relay"  # the token of a job whose operator sends all requests through a relay that rotates keys

Sent = tuple[int, Account, Recorded]
Schedule = Callable[[Sequence[Recorded], dict[str, Account], random.Random], list[Sent]]


@dataclass(frozen=True)
class Run:
    """One job of one client: its seeds, its accounts by token, and how it is laid out in simulated time."""

    name: str
    label: str
    client: str
    script: str
    job: dict[str, Any]
    accounts: dict[str, Account]
    schedule: Schedule


def all_runs(seed: int) -> list[Run]:
    """Every run, built from `seed` alone."""
    population = Population(seed)
    return [
        worked_answers(population, seed),
        textbook_questions(population, seed),
        chats(population, seed),
        library_desk(population, seed),
        letter_readers(population, seed),
        evaluators(population),
    ]


def worked_answers(population: Population, seed: int) -> Run:
    """Campaign: distilabel evolves and answers 640 instructions; a relay spreads the requests over 36 accounts."""
    accounts = {f"{RELAY}-{i}": population.stranger() for i in range(36)}
    job = {"key": RELAY, "instructions": instructions.instructions(640, seed)}
    script = "distilabel_evolve_and_answer"
    return Run("worked-answers", "campaign", "distilabel", script, job, accounts, _rotated)


def textbook_questions(population: Population, seed: int) -> Run:
    """Campaign: synthetic-data-kit turns a reference work into questions; 24 accounts get a share of the pages each."""
    accounts = {f"share-{i}": population.stranger() for i in range(24)}
    pages = list(_sections(python_docs.reference_pages()).items())
    random.Random(seed).shuffle(pages)  # noqa: S311 - variety, no secret
    shares = [
        {"key": token, "documents": dict(pages[number * 4 : number * 4 + 4])} for number, token in enumerate(accounts)
    ]
    script = "synthetic_data_kit_qa"
    job = {"shares": shares}
    return Run("textbook-questions", "campaign", "synthetic-data-kit", script, job, accounts, _unattended)


def chats(population: Population, seed: int) -> Run:
    """Honest: 110 people who chat about their own lives with the `llm` tool."""
    rng = random.Random(seed + 1)  # noqa: S311 - variety, no secret
    accounts = {f"person-{i}": population.stranger() for i in range(110)}
    said = [(token, people.person(rng)) for token in accounts]
    job = {"people": [{"key": t, "system": p.system, "conversations": p.conversations} for t, p in said]}
    return Run("chats", "honest", "llm", "llm_chat", job, accounts, _conversations)


def library_desk(population: Population, seed: int) -> Run:
    """Honest: one organisation's assistant over its documentation, asked by eight of its own keys."""
    rng = random.Random(seed + 2)  # noqa: S311 - variety, no secret
    tokens = [f"desk-{i}" for i in range(8)]
    accounts = dict(zip(tokens, population.colleagues(8), strict=True))
    pages = python_docs.library_pages()
    asked = [{"key": token, "questions": [_desk_question(pages, rng) for _ in range(35)]} for token in tokens]
    job = {"documents": pages, "questions": asked}
    return Run("library-desk", "honest", "llama-index", "llama_index_rag", job, accounts, _questions)


def letter_readers(population: Population, seed: int) -> Run:
    """Honest: eight independent organisations, two keys each, extract records from their own letters."""
    rng = random.Random(seed + 3)  # noqa: S311 - variety, no secret
    accounts: dict[str, Account] = {}
    described = []
    for number, organisation in enumerate(organisations.ORGANISATIONS):
        tokens = [f"letters-{number}-{desk}" for desk in range(2)]
        accounts |= dict(zip(tokens, population.colleagues(2), strict=True))
        senders = [{"key": t, "letters": [organisations.letter(organisation, rng) for _ in range(55)]} for t in tokens]
        settings = {name: getattr(organisation, name) for name in ("model", "system", "record", "fields")}
        described.append(settings | {"senders": senders})
    job = {"organisations": described}
    return Run("letter-readers", "honest", "instructor", "instructor_extract", job, accounts, _office)


def evaluators(population: Population) -> Run:
    """Honest: eight independent organisations put the same forty public questions to their assistant and judge it."""
    accounts = {f"evaluator-{i}": population.stranger() for i in range(len(_ASSISTANTS))}
    tested = [
        {"key": token, "model": model, "system": system, "rubric": rubric}
        for token, (model, system, rubric) in zip(accounts, _ASSISTANTS, strict=True)
    ]
    job = {"first": 0, "count": 40, "organisations": tested}
    return Run("evaluators", "honest", "pydantic-evals", "pydantic_evals_questions", job, accounts, _one_sitting)


_ASSISTANTS = (
    ("gpt-4o", "You complete Python functions for the students of our evening school.", "The code is correct."),
    ("gpt-4o-mini", "Complete the function. Only code, no explanation.", "The function passes the given examples."),
    ("gpt-4o", "You are the pair programmer inside our editor plug-in.", "Correct, readable, no needless imports."),
    ("gpt-4o", "Finish the code in the house style: type hints, early returns.", "Follows the docstring exactly."),
    ("gpt-4o-mini", "You help actuaries with short scripts.", "The answer would run as it stands."),
    ("gpt-4o", "Answer with the finished function and one line on its complexity.", "Correct and complexity is right."),
    ("gpt-4o-mini", "You are a coding tutor. Give the solution, then one hint for practice.", "Helps a beginner."),
    ("gpt-4o", "Code assistant of a robotics start-up. Prefer the standard library.", "No third-party packages used."),
)
_DESK_QUESTIONS = (
    "How do I use {a} from {m}?",
    "what's the difference between {a} and {b} in {m}",
    "Does {m}.{a} raise anything I have to catch?",
    "Example for {a} please, we need it in the nightly job",
    "Is {a} thread safe?",
    "Which arguments does {a} take?",
    "{m}: {a} or {b} for large files?",
    "Why would {a} return None",
    "Can {a} be used with a context manager?",
)


def _desk_question(pages: dict[str, str], rng: random.Random) -> str:
    module = rng.choice(sorted(pages))
    names = python_docs.public_names(pages[module])
    first, second = rng.sample(names, 2) if len(names) > 1 else (module, module)
    return rng.choice(_DESK_QUESTIONS).format(m=module, a=first, b=second)


def _sections(pages: dict[str, str], size: int = 4500) -> dict[str, str]:
    """Pages cut into sections of about `size` characters, at blank lines."""
    sections: dict[str, str] = {}
    for name, text in pages.items():
        part = ""
        for block in text.split("\n\n"):
            if len(part) > size:
                sections[f"{name}-{len(sections)}"], part = part, ""
            part += block + "\n\n"
        if len(part) > size / 4:
            sections[f"{name}-{len(sections)}"] = part
    return sections


# Schedules: recorded requests to moments in the simulated week.


def _rotated(recorded: Sequence[Recorded], accounts: dict[str, Account], rng: random.Random) -> list[Sent]:
    """A relay takes the next free account for every request, so that neighbours in the job part company."""
    moments = day_curve.moments(len(recorded), day_curve.UNATTENDED, 0, rng)
    pool: list[Account] = []
    sent = []
    for moment, request in zip(moments, recorded, strict=True):
        if not pool:
            pool = rng.sample(list(accounts.values()), len(accounts))
        sent.append((moment, pool.pop(), request))
    return sent


def _unattended(recorded: Sequence[Recorded], accounts: dict[str, Account], rng: random.Random) -> list[Sent]:
    """Every account works on its own share at any hour."""
    return _each_account(recorded, accounts, lambda rows: day_curve.moments(len(rows), day_curve.UNATTENDED, 0, rng))


def _office(recorded: Sequence[Recorded], accounts: dict[str, Account], rng: random.Random) -> list[Sent]:
    """Letters are read when the office is open."""
    return _each_account(
        recorded, accounts, lambda rows: day_curve.moments(len(rows), day_curve.OFFICE, rng.choice((0, 1, 2)), rng)
    )


def _conversations(recorded: Sequence[Recorded], accounts: dict[str, Account], rng: random.Random) -> list[Sent]:
    """People chat by their own time of day; a request without earlier answers opens a conversation."""

    def moments(rows: Sequence[Recorded]) -> list[int]:
        opens = [not any(m["role"] == "assistant" for m in row.body["messages"]) for row in rows]
        return day_curve.bursts(_lengths(opens), day_curve.PEOPLE, rng.choice((-8, -5, 0, 1, 2, 5, 9)), 67.0, rng)

    return _each_account(recorded, accounts, moments)


def _questions(recorded: Sequence[Recorded], accounts: dict[str, Account], rng: random.Random) -> list[Sent]:
    """A question causes the lookup of its embedding and, within a second, the answer; indexing is one long burst."""

    def moments(rows: Sequence[Recorded]) -> list[int]:
        after_answer = [True] + [row.path.endswith("/chat/completions") for row in rows[:-1]]
        return day_curve.bursts(_lengths(after_answer), day_curve.OFFICE, 1, 0.6, rng)

    return _each_account(recorded, accounts, moments)


def _one_sitting(recorded: Sequence[Recorded], accounts: dict[str, Account], rng: random.Random) -> list[Sent]:
    """An evaluation runs from end to end, some time in office hours."""
    return _each_account(recorded, accounts, lambda rows: day_curve.bursts([len(rows)], day_curve.OFFICE, 1, 1.5, rng))


def _each_account(
    recorded: Sequence[Recorded], accounts: dict[str, Account], moments: Callable[[Sequence[Recorded]], list[int]]
) -> list[Sent]:
    rows: dict[str, list[Recorded]] = defaultdict(list)
    for request in recorded:
        rows[request.token].append(request)
    return [
        (moment, accounts[token], request)
        for token, sent in rows.items()
        for moment, request in zip(moments(sent), sent, strict=True)
    ]


def _lengths(opens: Sequence[bool]) -> list[int]:
    """Lengths of the groups that begin where `opens` is true; the first request opens one in any case."""
    lengths: list[int] = []
    for number, first in enumerate(opens):
        if first or number == 0:
            lengths.append(0)
        lengths[-1] += 1
    return lengths
