"""Programming tasks and small pieces of code about a subject."""

from __future__ import annotations

from stillwatch.world.chance import Chance
from stillwatch.world.text.frames import fill
from stillwatch.world.text.lexicon import Subject

LANGUAGES = ("Python", "Go", "TypeScript", "Rust", "Java", "SQL", "C++", "Kotlin")
_TASKS = (
    "Write a {l} function `{f}` that models {a}: it takes {n} readings and returns those where {b} exceeds {m}.",
    "Implement in {l} a class {x} that stores {a} with {b} and answers range queries in logarithmic time.",
    "Given {n} intervals of {a}, merge those that touch and count how often {b} occurs. Use {l}; name it `{f}`.",
    "Parse lines such as '{a};{m};{b}' in {l}, reject malformed ones with a reason, and sum the column by {c}.",
    "Refactor this {l} design: one function reads {a}, validates {b} and writes {c}. Limit memory to {n} MB.",
    "Write a {l} program for {p} that schedules {n} jobs about {a} so that no two share {b}.",
    "Simulate {a} in {l} for {n} steps with noise {m}, and stop early once {b} settles.",
    "Find the bug: `{f}` in {l} returns {m} instead of {n} when {a} is empty and {b} is not.",
    "Write a {l} query that lists the {n} customers of {x} with the most {a} but no {b} since {t}.",
    "Design a thread-safe cache in {l} for {a} that evicts by {b} and holds {n} entries; call it {x}.",
)
_STEMS = ("load", "merge", "count", "rank", "split", "check", "scan", "fit", "pack", "trace", "sum", "map")


def coding_task(subject: Subject, chance: Chance) -> str:
    """A task for a programmer."""
    frame = chance.pick(_TASKS).replace("{l}", chance.zipf(LANGUAGES))
    return fill(frame.replace("{f}", function_name(subject, chance)), subject, chance)


def function_name(subject: Subject, chance: Chance) -> str:
    """A name such as `merge_bloom_filter`."""
    term = subject.term(chance).lower().replace("-", "_").replace("'", "").replace(" ", "_")
    return f"{chance.pick(_STEMS)}_{term}"


def source(subject: Subject, chance: Chance, lines: int) -> str:
    """So many lines of code of somebody's own, more or less."""
    written: list[str] = []
    while len(written) < lines:
        name, other = function_name(subject, chance), function_name(subject, chance)
        n, m = chance.between(2, 400), chance.between(2, 90)
        written += chance.pick(_BODIES)(name, other, n, m, chance.pick(subject.things).lower())
    return "\n".join(written)


def _filter(f: str, g: str, n: int, m: int, x: str) -> list[str]:
    return [
        f"def {f}(rows, limit={n}):",
        f"    kept = [r for r in rows if r.{x} > {m}]",
        f"    return {g}(kept)[:limit]",
    ]


def _keeper(f: str, g: str, n: int, m: int, x: str) -> list[str]:
    head = [f"class {x.title()}{m}:", f"    size = {n}", f"    def {f}(self, key):"]
    return [
        *head,
        f"        if key not in self.{x}:",
        f"            self.{x}[key] = {g}(key, {m})",
        "        return key",
    ]


def _caller(f: str, g: str, n: int, m: int, x: str) -> list[str]:
    head = [f"async def {f}(client):", f"    for attempt in range({m}):"]
    return [*head, f"        reply = await client.get('{x}/{g}', timeout={n})", f"    raise TimeoutError('{x}')"]


def _adder(f: str, g: str, n: int, m: int, x: str) -> list[str]:
    head = [f"{x.upper()} = {n}", f"def {f}(a, b):", f"    total = {g}(a) + {m} * b"]
    return [*head, f"    assert total < {x.upper()}", "    return total"]


_BODIES = (_filter, _keeper, _caller, _adder)
