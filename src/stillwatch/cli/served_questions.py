"""An account's own questions and contexts, from what the engine kept of its marked answers, for a plan."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from stillwatch.audit.dossier import Prompt
from stillwatch.cli.token_lists import digest_of
from stillwatch.errors import InputError, UsageError
from stillwatch.pseudonym import Secret
from stillwatch.watermark.contexts import Tokens
from stillwatch.watermark.serving.served import ServedStore, ServedTo

ROLES = frozenset({"system", "developer", "user", "assistant", "model", "tool", "ipython"})
"""As chat templates spell them."""
Pieces = Callable[[Tokens], list[str]]
"""The texts between special tokens."""


def served_to(file: Path, secret: Path, account: str) -> ServedTo:
    """What is kept of an account. Raises `InputError` where there is nothing."""
    now_us = time.time_ns() // 1_000
    store = ServedStore.open(file, Secret.load(secret))
    found = store.of(account, now_us)
    if not len(found.contexts):
        held = len(store.accounts(now_us))
        raise InputError(
            f"nothing that was served to {account!r} is kept in {file}, of {held} accounts that there are",
            f"Give the pseudonym as the ticket names it; what is older than {store.days} days is gone",
        )
    return found


def questions_of(prompts: Sequence[Tokens], pieces: Pieces) -> list[Prompt]:
    """The last words of each prompt's user, each once. Raises `InputError` where none are left."""
    found = dict.fromkeys(text for prompt in prompts if (text := last_question(pieces(prompt))))
    if not found:
        raise InputError(
            "no question is left of the prompts that are kept", "Name questions like theirs with --prompts"
        )
    return [Prompt(text) for text in found]


def last_question(pieces: Sequence[str]) -> str:
    """What the user said last, as chat templates set it between special tokens; the longest piece where none tells."""
    said, role = [], ""
    for piece in pieces:
        text = piece.strip()
        first, _, rest = text.partition("\n")
        if first.strip() in ROLES:
            role, text = first.strip(), rest.strip()
        if text:
            said.append((role, text))
    of_users = [text for role, text in said if role == "user"]
    return of_users[-1] if of_users else max((text for _, text in said), key=len, default="")


def pieces_by(tokenizer: Path | None, digest: str) -> Pieces:
    """What makes texts of prompts. Raises `UsageError` where the file is another tokenizer, or nobody can read it."""
    if tokenizer is None:
        raise UsageError(
            "prompts are kept as tokens", "Name the teacher's tokenizer.json with --tokenizer, or --prompts"
        )
    if digest_of(tokenizer) != digest:
        raise UsageError(f"{tokenizer} is not the tokenizer that the keys are for", "Give the marked model's own")
    try:
        from tokenizers import Tokenizer
    except ImportError:
        raise UsageError(
            "tokens can be made texts only where the package tokenizers is installed", "Install it, or give --prompts"
        ) from None
    loaded = Tokenizer.from_file(str(tokenizer))
    special = {number for number, token in loaded.get_added_tokens_decoder().items() if token.special}

    def pieces(prompt: Tokens) -> list[str]:
        runs: list[list[int]] = [[]]
        for token in prompt.tolist():
            if token in special:
                runs.append([])
            else:
                runs[-1].append(token)
        return [loaded.decode(run) for run in runs if run]

    return pieces
