"""Programming tasks and small pieces of code about a subject."""

from __future__ import annotations

from stillwatch.world.chance import Chance
from stillwatch.world.text.frames import fill, frames_of
from stillwatch.world.text.lexicon import Subject

LANGUAGES = ("Python", "Go", "TypeScript", "Rust", "Java", "SQL", "C++", "Kotlin")
_PLACES = (" It belongs to {x}.", " Package {x}, version {n}.", " {w} reviews it for {x}.", " Name the module {x}.")
_STEMS = ("load", "merge", "count", "rank", "split", "check", "scan", "fit", "pack", "trace", "sum", "map")


def coding_task(subject: Subject, chance: Chance) -> str:
    """A task for a programmer."""
    frame = chance.pick(frames_of("coding")).replace("{l}", chance.zipf(LANGUAGES))
    if "{x}" not in frame:
        frame += chance.pick(_PLACES)
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
