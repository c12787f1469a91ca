"""Answers of a real model under every contender's marks: `python -m benchmarks.quality.generate MODEL_FOLDER`.

Needs torch and transformers and takes some twenty CPU minutes, so what it finds is kept in `answers.json`, from where
`python -m benchmarks quality` and `robustness` take it. Stopped and run again, it goes on with what is missing. In a
round every contender answers the same eight prompts, each twice, with the same seed, under one key; every round has
other prompts, another seed and other keys.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
import transformers

from benchmarks import machine
from benchmarks.quality import theirs
from benchmarks.quality.answers import FILE, Answer, Answers, Made, read
from benchmarks.quality.contenders import CONTENDERS, Contender, Maker
from benchmarks.quality.model import TOP_K, Model
from benchmarks.quality.prompts import ROUNDS
from benchmarks.quality.stepwise import stepwise
from benchmarks.quality.task import QUESTIONS
from stillwatch.watermark.serving.in_transformers import MarksConfig

TWICE = 2
SEED = 1
MODEL = "SmolLM2-135M-Instruct, 4-bit weights as 32-bit numbers"
REWORDED = Contender(Maker.OURS, 3.0)
REPHRASE = "Rewrite this text in your own words, and keep what it says:\n\n{}"
"""What the model is asked, for the rewording that robustness is tried against."""
KEYS = 25
"""Over which the chances of the task are averaged."""


def config_of(contender: Contender, model: Model, rows: int, key: int) -> Any:
    """What `generate` takes, for the key of that number."""
    if contender.maker in (Maker.OURS, Maker.DRAWN):
        marks = [contender.mark(model.digest, key)] * rows
        return MarksConfig(marks, padding=model.tokenizer.pad_token_id, seed=SEED + key)
    if contender.maker is Maker.KGW:
        return theirs.kgw(contender.strength, key)
    return theirs.synthid(key, TOP_K) if contender.maker is Maker.SYNTHID else None


def _processor(contender: Contender, model: Model, key: int) -> Any:
    config = config_of(contender, model, 1, key)
    return None if config is None else config.construct_processor(model.words, "cpu")


def prompts_of(number: int) -> list[str]:
    """Of each answer of that round."""
    return [prompt for prompt in ROUNDS[number] for _ in range(TWICE)]


def made(contender: Contender, model: Model, number: int) -> Made:
    """Its answers in that round, how likely the unmarked model finds them, and what transformers reads in them."""
    prompts = prompts_of(number)
    answers, nats = model.answers(prompts, config_of(contender, model, len(prompts), number), SEED + number)
    read_in_them = _theirs(contender, model, answers, number)
    first = number * len(ROUNDS[0])
    return Made(
        contender.name,
        [
            Answer(first + row // TWICE, tokens.tolist(), round(float(nats[row]), 5), read_in_them[row])
            for row, tokens in enumerate(answers)
        ],
    )


def _theirs(contender: Contender, model: Model, answers: np.ndarray, key: int) -> list[list[int]]:
    if contender.maker is Maker.KGW:
        return theirs.greens(_processor(contender, model, key), answers)
    if contender.maker is Maker.SYNTHID:
        return theirs.tournaments(_processor(contender, model, key), answers)
    return [[] for _ in answers]


def task(contender: Contender, model: Model) -> list[float]:
    """The chance of the right answer to each question, averaged over keys."""
    keys = range(1 if contender.maker is Maker.NONE else KEYS)
    found = []
    for text, answer in QUESTIONS:
        ids, logits = model.after(text, answer)
        found.append(float(np.mean([_chance(_processor(contender, model, key), ids, logits) for key in keys])))
    return [round(one, 5) for one in found]


def _chance(processor: Any, ids: torch.Tensor, logits: torch.Tensor) -> float:
    """Of saying the answer under one key. A keyed draw says it or does not."""
    total, first = 0.0, ids.shape[1] - len(logits)
    for place in range(len(logits)):
        scores = logits[place : place + 1]
        raised = scores if processor is None else processor(ids[:, : first + place], scores.clone())
        total += float(torch.log_softmax(raised, 1)[0, ids[0, first + place]])
    return float(np.exp(total))


def reworded(model: Model, answers: Made) -> list[Answer]:
    """The model's own rewording, without marks, of one answer to each prompt."""
    texts = [model.tokenizer.decode(one.tokens, skip_special_tokens=True) for one in answers.answers[::TWICE]]
    said, _ = model.answers([REPHRASE.format(text) for text in texts], None, SEED)
    return [Answer(row, said[row].tolist()) for row in range(len(said))]


def _nothing(model: Model) -> Answers:
    on = machine.describe() | {"torch": str(torch.__version__), "transformers": transformers.__version__}
    return Answers(
        machine=on, model=MODEL, tokenizer=model.digest, words=model.words, rounds=[], task={},
        reworded_from=REWORDED.name, reworded=[], stepwise=[],
    )  # fmt: skip


def _keep(found: Answers, what: str) -> None:
    FILE.write_bytes(msgspec.json.encode(found) + b"\n")
    print(f"kept {what}", file=sys.stderr, flush=True)


def _fill(kept: Answers, model: Model) -> None:
    """Make what is missing, round by round, and keep each piece."""
    for number in range(len(ROUNDS)):
        if number == len(kept.rounds):
            kept.rounds.append([])
        for contender in CONTENDERS:
            if contender.name not in {one.contender for one in kept.rounds[number]}:
                kept.rounds[number].append(made(contender, model, number))
                _keep(kept, f"round {number}: {contender.name}")
            if contender.name not in kept.task:
                kept.task[contender.name] = task(contender, model)
                _keep(kept, f"task: {contender.name}")
        _fill_in_first(kept, model)


def _fill_in_first(kept: Answers, model: Model) -> None:
    """What is made once, from answers of the first round."""
    if not kept.stepwise:
        kept.stepwise.extend(stepwise(model, prompts_of(0), kept.made[0]))
        _keep(kept, "steps")
    if not kept.reworded:
        source = next(one for one in kept.made if one.contender == kept.reworded_from)
        kept.reworded.extend(reworded(model, source))
        _keep(kept, "rewording")


def main(arguments: list[str]) -> int:
    """Write `answers.json`."""
    asked = argparse.ArgumentParser("python -m benchmarks.quality.generate", description=__doc__)
    asked.add_argument("model", type=Path, help="a folder that `from_pretrained` takes, with its tokenizer.json")
    model = Model(asked.parse_args(arguments).model)
    kept = read() if FILE.exists() else _nothing(model)
    if kept.tokenizer != model.digest:
        asked.error(f"{FILE.name} holds another model's answers: remove it")
    _fill(kept, model)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
