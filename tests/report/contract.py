"""A strict checker of the part of JSON Schema that findings.schema.json uses; an unknown keyword is an error."""

from __future__ import annotations

from typing import Any

KINDS: dict[str, Any] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "null": type(None),
}
DESCRIBING = {"$schema", "$id", "$defs", "title", "description"}


def problems(value: Any, schema: dict[str, Any], root: dict[str, Any], at: str = "$") -> list[str]:
    """What is wrong with `value`, with its place; nothing where the contract is kept."""
    found: list[str] = []
    for keyword, wanted in schema.items():
        if keyword not in DESCRIBING:
            found += CHECKS[keyword](value, wanted, schema, root, at)
    return found


def _type(value: Any, wanted: Any, schema: dict[str, Any], root: dict[str, Any], at: str) -> list[str]:
    kinds = wanted if isinstance(wanted, list) else [wanted]
    fits = any(isinstance(value, KINDS[kind]) for kind in kinds) and not isinstance(value, bool)
    return [] if fits else [f"{at} is not {wanted}"]


def _properties(value: Any, wanted: Any, schema: dict[str, Any], root: dict[str, Any], at: str) -> list[str]:
    return [p for key, part in wanted.items() if key in value for p in problems(value[key], part, root, f"{at}.{key}")]


def _additional(value: Any, wanted: Any, schema: dict[str, Any], root: dict[str, Any], at: str) -> list[str]:
    extra = sorted(set(value) - set(schema.get("properties", {})))
    if wanted is False:
        return [f"{at}.{key} is not in the contract" for key in extra]
    return [p for key in extra for p in problems(value[key], wanted, root, f"{at}.{key}")]


def _items(value: Any, wanted: Any, schema: dict[str, Any], root: dict[str, Any], at: str) -> list[str]:
    return [p for place, item in enumerate(value) for p in problems(item, wanted, root, f"{at}[{place}]")]


def _ref(value: Any, wanted: Any, schema: dict[str, Any], root: dict[str, Any], at: str) -> list[str]:
    return problems(value, root["$defs"][wanted.removeprefix("#/$defs/")], root, at)


def _required(value: Any, wanted: Any, schema: dict[str, Any], root: dict[str, Any], at: str) -> list[str]:
    return [f"{at}.{key} is missing" for key in wanted if key not in value]


def _enum(value: Any, wanted: Any, schema: dict[str, Any], root: dict[str, Any], at: str) -> list[str]:
    return [] if value in wanted else [f"{at} is none of {wanted}"]


def _const(value: Any, wanted: Any, schema: dict[str, Any], root: dict[str, Any], at: str) -> list[str]:
    return [] if value == wanted else [f"{at} is not {wanted}"]


def _minimum(value: Any, wanted: Any, schema: dict[str, Any], root: dict[str, Any], at: str) -> list[str]:
    return [] if value >= wanted else [f"{at} is below {wanted}"]


def _maximum(value: Any, wanted: Any, schema: dict[str, Any], root: dict[str, Any], at: str) -> list[str]:
    return [] if value <= wanted else [f"{at} is above {wanted}"]


CHECKS: dict[str, Any] = {
    "type": _type,
    "required": _required,
    "properties": _properties,
    "additionalProperties": _additional,
    "items": _items,
    "$ref": _ref,
    "enum": _enum,
    "const": _const,
    "minimum": _minimum,
    "maximum": _maximum,
}
