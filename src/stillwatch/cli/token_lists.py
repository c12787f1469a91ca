"""Texts as lists of tokens: JSON Lines of token numbers, or of texts where their tokenizer is given."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from stillwatch.errors import InputError, UsageError
from stillwatch.watermark.contexts import Tokens

Encode = Callable[[str], Tokens]


def digest_of(tokenizer: Path) -> str:
    """The digest that keys are made for: SHA-256 of the file, as `sha256sum` prints it."""
    return hashlib.sha256(tokenizer.read_bytes()).hexdigest()


def encoder(tokenizer: Path | None, digest: str) -> Encode | None:
    """What makes tokens of a text. Raises `UsageError` where the file is another tokenizer, or nobody can read it."""
    if tokenizer is None:
        return None
    found = digest_of(tokenizer)
    if found != digest:
        raise UsageError(
            f"{tokenizer} has the digest {found[:16]}..., and the keys are for {digest[:16]}...",
            "Use the tokenizer of the model that was marked: in other tokens there is no mark",
        )
    try:
        from tokenizers import Tokenizer
    except ImportError:
        raise UsageError(
            "texts can be read only where the package tokenizers is installed", "Install it, or give lists of tokens"
        ) from None
    try:
        loaded = Tokenizer.from_file(str(tokenizer))
    except Exception as error:  # the package raises nothing narrower
        raise UsageError(f"{tokenizer} is no tokenizer: {error}", "Give the model's own tokenizer.json") from None
    return lambda text: np.array(loaded.encode(text, add_special_tokens=False).ids, np.int64)


def texts_of(file: Path, encode: Encode | None) -> list[Tokens]:
    """One text a line: a list of tokens, an object with `tokens`, or a text where `encode` is given.

    Raises `InputError` that names the line.
    """
    found = []
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                found.append(_text(line, encode, f"{file}, line {number}"))
    if not found:
        raise InputError(f"{file} holds no text", "Give one list of tokens a line")
    return found


def _text(line: bytes, encode: Encode | None, where: str) -> Tokens:
    try:
        said: Any = msgspec.json.decode(line)
        said = said.get("tokens", said.get("text")) if isinstance(said, dict) else said
        if isinstance(said, str):
            return _encoded(said, encode, where)
        return np.array(msgspec.convert(said, list[int]), np.int64)
    except (msgspec.MsgspecError, OverflowError):
        raise InputError(f"{where} is no list of token numbers", "Give lines like [17, 4, 981]") from None


def _encoded(text: str, encode: Encode | None, where: str) -> Tokens:
    if encode is None:
        raise UsageError(f"{where} is a text", "Give its tokens, or the tokenizer with --tokenizer")
    return encode(text)
