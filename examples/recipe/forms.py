"""Answers in a prescribed form: JSON for a schema, question-answer lists, ratings.

Only what the clients in this folder ask for is supported: JSON Schema with objects, arrays, enumerations, numbers,
booleans, strings, `anyOf` and local references.
"""

import json
import random
import re
from collections.abc import Mapping, Sequence
from typing import Any

from recipe import prose

_PAIR = re.compile(r'"question":\s*"((?:[^"\\]|\\.)*)",\s*"answer":\s*"((?:[^"\\]|\\.)*)"')


def fill(schema: Mapping[str, Any], words: Sequence[str], rng: random.Random) -> Any:
    """A JSON value that satisfies `schema`, its strings taken from `words`."""
    return _fill(schema, schema, "", words, rng)


def _fill(
    schema: Mapping[str, Any], root: Mapping[str, Any], name: str, words: Sequence[str], rng: random.Random
) -> Any:
    if "$ref" in schema:
        return _fill(_follow(root, schema["$ref"]), root, name, words, rng)
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            return _fill(rng.choice(schema[choice]), root, name, words, rng)
    if "allOf" in schema:
        return _fill(schema["allOf"][0], root, name, words, rng)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return rng.choice(schema["enum"])
    kind = schema.get("type", "string")
    if isinstance(kind, list):
        kind = kind[0]
    if kind == "object":
        properties = schema.get("properties", {})
        return {key: _fill(part, root, key, words, rng) for key, part in properties.items()}
    if kind == "array":
        count = rng.randint(max(1, schema.get("minItems", 1)), min(4, schema.get("maxItems", 3)))
        return [_fill(schema.get("items", {}), root, name, words, rng) for _ in range(count)]
    if kind in ("integer", "number"):
        low, high = int(schema.get("minimum", 1)), int(schema.get("maximum", 5))
        return rng.randint(low, high) if kind == "integer" else round(rng.uniform(low, high), 2)
    if kind == "boolean":
        return rng.random() < 0.6
    return None if kind == "null" else _text(name, words, rng)


def _follow(root: Mapping[str, Any], reference: str) -> Mapping[str, Any]:
    part = root
    for step in reference.lstrip("#/").split("/"):
        part = part[step]
    return part


def _text(name: str, words: Sequence[str], rng: random.Random) -> str:
    lowered = name.lower()
    if any(hint in lowered for hint in ("date", "day")):
        return f"2026-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"
    if any(hint in lowered for hint in ("summary", "reason", "note", "explan", "answer", "descri", "analysis")):
        return prose.sentence(words, rng)
    return " ".join(rng.sample(list(words), min(len(words), rng.randint(1, 3)))) if words else "none given"


def question_answer_pairs(source: str, count: int, rng: random.Random) -> str:
    """A JSON list of `count` question-answer pairs about the text `source`."""
    words = prose.content_words(source, limit=60)
    asks = ("What does the text say about {}?", "How is {} used?", "Why does {} matter?", "When is {} needed?")
    pairs = [
        {
            "question": rng.choice(asks).format(rng.choice(words or ["this"])),
            "answer": prose.sentence(words, rng),
        }
        for _ in range(count)
    ]
    return json.dumps(pairs)


def rated_pairs(prompt: str, rng: random.Random) -> str:
    """The question-answer pairs found in `prompt`, each with a rating."""
    rated = [
        {"question": json.loads(f'"{question}"'), "answer": json.loads(f'"{answer}"'), "rating": rng.randint(5, 9)}
        for question, answer in _PAIR.findall(prompt)
        if not question.startswith(("Exact", "Q1", "Q2"))
    ]
    return json.dumps(rated)
