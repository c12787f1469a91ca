"""Weights on this machine, read through transformers: what a model would say at each place of a text.

The library is loaded when weights are; without it there is an error that says so. Nothing is fetched: weights are a
folder, and code that comes with them is not run.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from stillwatch.audit.reading import NOTHING, Moved, Places, gathered
from stillwatch.errors import InputError, UsageError
from stillwatch.watermark.contexts import Tokens, last_contexts

WINDOW_TOKENS = 512
"""Of a text that are read at once. Chosen: long enough that most places have their context, and a vocabulary of 150,000
then takes 300 MB."""
_MOST_A_PLACE = 256
"""Tokens of a place that moved most are kept: they hold nearly all that moved, and weights know no key."""
_WEIGHTS = ("*.safetensors", "*.bin", "config.json")
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Weights:
    """A model that reads. `digest` is of its files."""

    model: Any
    place: Path
    digest: str

    @classmethod
    def load(cls, place: Path) -> Weights:
        """The weights in a folder. Raises `UsageError` where the library or the weights are missing."""
        if not (place / "config.json").is_file():
            raise UsageError(f"{place} holds no weights", "Name a folder as `save_pretrained` writes it")
        try:
            import torch
            from transformers import AutoModelForCausalLM
        except ImportError:
            raise UsageError(
                "weights can be read only where torch and transformers are installed",
                "Install the extra: pip install 'stillwatch[watermark]'",
            ) from None
        try:
            model = AutoModelForCausalLM.from_pretrained(
                str(place), dtype=torch.float32, local_files_only=True, trust_remote_code=False
            )
        except (OSError, ValueError, KeyError) as error:
            raise InputError(f"the weights in {place} cannot be loaded: {str(error).splitlines()[0][:200]}") from None
        return cls(model.eval(), place, digest_of_weights(place))

    def chances(self, text: Tokens) -> Any:
        """Of every token behind each of the text's, as a tensor (tokens, vocabulary)."""
        import torch

        with torch.inference_mode():
            logits = self.model(torch.from_numpy(text[None])).logits[0]
            return torch.softmax(logits.float(), dim=-1)


def digest_of_weights(place: Path) -> str:
    """SHA-256 over names and contents of the files that make the model."""
    whole = hashlib.sha256()
    for file in sorted({file for pattern in _WEIGHTS for file in place.glob(pattern)}):
        found = hashlib.sha256()
        with file.open("rb") as blocks:
            while block := blocks.read(_BLOCK):
                found.update(block)
        whole.update(f"{file.name} {found.hexdigest()}\n".encode())
    return whole.hexdigest()


def require_same_tokens(place: Path, vocabulary: dict[str, int]) -> None:
    """Raise `UsageError` where the weights in a folder read in other tokens than the teacher's `vocabulary`."""
    file = place / "tokenizer.json"
    remedy = "Ask the suspect instead, in a closed audit: answers are text, and are read in the teacher's tokens"
    if not file.is_file():
        raise UsageError(f"{place} holds no tokenizer.json, so nobody knows what its token numbers mean", remedy)
    try:
        held = json.loads(file.read_text("utf-8"))["model"]["vocab"]
        pairs = held if isinstance(held, dict) else {one[0]: number for number, one in enumerate(held)}
    except (ValueError, KeyError, TypeError, IndexError):
        raise InputError(f"{file} is no tokenizer.json", "Give the model's own") from None
    if any(vocabulary.get(token) != number for token, number in pairs.items()):
        raise UsageError(f"the weights in {place} read in other tokens than the model that was marked", remedy)


def vocabulary_of(file: Path) -> dict[str, int]:
    """The tokens of the teacher's tokenizer.json, by their numbers. Raises `InputError`."""
    try:
        held = json.loads(file.read_text("utf-8"))["model"]["vocab"]
        return dict(held) if isinstance(held, dict) else {one[0]: number for number, one in enumerate(held)}
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        raise InputError(f"{file} is no tokenizer.json", "Give the marked model's own") from None


def moved_on(texts: Iterable[Tokens], suspect: Weights, reference: Weights | None, window: int) -> Moved:
    """How the suspect's distributions differ from the reference's over texts; without one, what it says itself."""
    found = [_places(piece, suspect, reference, window) for text in texts for piece in _pieces(text, window)]
    return gathered(found) if found else NOTHING


def _pieces(text: Tokens, window: int) -> Sequence[Tokens]:
    return [piece for at in range(0, len(text), WINDOW_TOKENS) if len(piece := text[at : at + WINDOW_TOKENS]) > window]


def _places(text: Tokens, suspect: Weights, reference: Weights | None, window: int) -> Places:
    said = suspect.chances(text)
    if reference is not None:
        other = reference.chances(text)
        width = min(said.shape[1], other.shape[1])  # some pad their vocabulary
        said = said[:, :width] - other[:, :width]
    rows = said[window - 1 :]
    kept = rows.abs().topk(min(_MOST_A_PLACE, rows.shape[1]), dim=1).indices
    tails = np.lib.stride_tricks.sliding_window_view(text, window)
    return Places(last_contexts(tails, window), kept.numpy(), rows.gather(1, kept).double().numpy())
