"""Answers of a real model under every contender's marks: `python -m benchmarks.quality.generate MODEL_FOLDER`.

Needs torch and transformers and takes some fifteen CPU minutes, so what it finds is kept in `answers.json`, from where
`python -m benchmarks quality` and `robustness` take it. Run again it goes on with the contenders that are missing.
Every contender answers the same prompts, each twice, with the same seed. Answers have one length: the end of text
cannot come before.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import torch
import transformers

from benchmarks import machine
from benchmarks.quality.answers import FILE, Answer, Answers, Made, Stepwise, read
from benchmarks.quality.contenders import CONTENDERS, Contender, Maker
from benchmarks.quality.task import QUESTIONS
from stillwatch.watermark.serving.in_transformers import MarksConfig

PROMPTS = (
    "Explain how a bicycle stays upright.",
    "Describe a morning at a fish market.",
    "Why do leaves change their colour in autumn?",
    "Write the beginning of a story about a lighthouse keeper.",
    "What should somebody know before adopting a dog?",
    "How does a refrigerator keep food cold?",
    "Give advice to somebody who learns to play the piano.",
    "Describe how bread is made at home.",
)
TWICE = 2
LENGTH = 64
TOP_K = 50
SEED = 1
MODEL = "SmolLM2-135M-Instruct, 4-bit weights as 32-bit numbers"
REWORDED = Contender(Maker.OURS, 3.0)
REPHRASE = "Rewrite this text in your own words, and keep what it says:\n\n{}"
"""What the model is asked, for the rewording that robustness is tried against."""
KEYS = 25
"""Over which the chances of the task and of single steps are averaged, where a contender's step is cheap."""
KEYS_OF_SYNTHID = 3
"""Its step takes a tenth of a second."""
SYNTHID_NGRAM = 5
SYNTHID_DEPTH = 30
STRENGTHS = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0)
GATES = (0.0, 1.0)


class Model:
    """A causal model and its tokenizer, on one thread."""

    def __init__(self, folder: Path) -> None:
        torch.set_num_threads(1)
        self.tokenizer: Any = transformers.AutoTokenizer.from_pretrained(folder)
        self.network: Any = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
        self.digest = hashlib.sha256((folder / "tokenizer.json").read_bytes()).hexdigest()
        self.words: int = self.network.config.vocab_size
        self.tokenizer.padding_side = "left"

    def asked(self, prompts: list[str]) -> Any:
        """A batch of prompts as the model's chat has them, padded on the left."""
        said = [
            self.tokenizer.apply_chat_template([{"role": "user", "content": one}], tokenize=False,
                                               add_generation_prompt=True)
            for one in prompts
        ]  # fmt: skip
        return self.tokenizer(said, return_tensors="pt", padding=True, add_special_tokens=False)

    @torch.no_grad()
    def answers(self, prompts: list[str], config: Any) -> np.ndarray:
        """(prompts, LENGTH) tokens, sampled at temperature 1 among the likeliest fifty."""
        batch = self.asked(prompts)
        torch.manual_seed(SEED)
        made = self.network.generate(
            **batch, do_sample=True, temperature=1.0, top_k=TOP_K, top_p=1.0, max_new_tokens=LENGTH,
            min_new_tokens=LENGTH, watermarking_config=config, pad_token_id=self.tokenizer.pad_token_id,
        )  # fmt: skip
        return np.asarray(made[:, batch["input_ids"].shape[1] :].numpy())

    @torch.no_grad()
    def logits(self, prompts: list[str], answers: np.ndarray) -> torch.Tensor:
        """Of every token of every answer, before anything is cut or marked; (answers, LENGTH, words)."""
        batch, count = self.asked(prompts), answers.shape[1]
        ids = torch.cat((batch["input_ids"], torch.from_numpy(answers)), 1)
        mask = torch.cat((batch["attention_mask"], torch.ones_like(torch.from_numpy(answers))), 1)
        places = (mask.cumsum(1) - 1).clamp_min(0)
        found: torch.Tensor = self.network(input_ids=ids, attention_mask=mask, position_ids=places).logits
        return found[:, -count - 1 : -1]

    @torch.no_grad()
    def after(self, text: str, answer: str) -> tuple[torch.Tensor, torch.Tensor]:
        """All tokens of a question with its answer, and the logits of those of the answer."""
        asked = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        said = self.tokenizer(answer, add_special_tokens=False)["input_ids"]
        ids = torch.tensor([asked + said])
        return ids, self.network(ids).logits[0, len(asked) - 1 : -1]


def config_of(contender: Contender, model: Model, rows: int, key: int = 0) -> Any:
    """What `generate` takes, for the key of that number."""
    if contender.maker in (Maker.OURS, Maker.DRAWN):
        return MarksConfig([contender.mark(model.digest, key)] * rows, padding=model.tokenizer.pad_token_id, seed=SEED)
    if contender.maker is Maker.KGW:
        return transformers.WatermarkingConfig(
            greenlist_ratio=0.25, bias=contender.strength, hashing_key=15_485_863 + 2 * key
        )
    if contender.maker is Maker.SYNTHID:
        keys = np.random.default_rng(key).integers(1, 2**31, SYNTHID_DEPTH).tolist()
        return transformers.SynthIDTextWatermarkingConfig(ngram_len=SYNTHID_NGRAM, keys=keys)
    return None


def made(contender: Contender, model: Model) -> Made:
    """Its answers, how likely the unmarked model finds each token, and what its own statistic says."""
    prompts = [prompt for prompt in PROMPTS for _ in range(TWICE)]
    answers = model.answers(prompts, config_of(contender, model, len(prompts)))
    logs = torch.log_softmax(model.logits(prompts, answers), 2)
    nats = -logs.gather(2, torch.from_numpy(answers)[:, :, None])[:, :, 0].numpy()
    kept = [
        Answer(prompt=row // TWICE, tokens=answers[row].tolist(), nats=[round(float(one), 3) for one in nats[row]])
        for row in range(len(prompts))
    ]
    hits, trials = _theirs(contender, model, answers)
    return Made(contender=contender.name, answers=kept, hits=hits, trials=trials, task=_task(contender, model))


def _theirs(contender: Contender, model: Model, answers: np.ndarray) -> tuple[int, int]:
    """What a contender of transformers scores: green tuples or bits, each tuple once over all answers; and of how many.

    No detector of theirs does that over several texts, so their processors are asked tuple by tuple.
    """
    processor = _processor(contender, model, 1)
    texts = torch.from_numpy(answers)
    if contender.maker is Maker.KGW:
        pairs = torch.from_numpy(
            np.unique(np.concatenate([texts[:, :-1].reshape(-1, 1), texts[:, 1:].reshape(-1, 1)], 1), axis=0)
        )
        hits = sum(int(pair[1] in processor._get_greenlist_ids(pair[:1])) for pair in pairs)
        return hits, len(pairs)
    if contender.maker is Maker.SYNTHID:
        is_new = processor.compute_context_repetition_mask(texts).bool()
        tuples = texts.unfold(1, SYNTHID_NGRAM, 1)[is_new]
        bits = processor.compute_g_values(torch.unique(tuples, dim=0))
        return int(bits.sum()), bits.numel()
    return 0, 0


def _processor(contender: Contender, model: Model, rows: int, key: int = 0) -> Any:
    config = config_of(contender, model, rows, key)
    return None if config is None else config.construct_processor(model.words, "cpu")


def _task(contender: Contender, model: Model) -> list[float]:
    """The chance of the right answer to each question, averaged over keys."""
    found = []
    for text, answer in QUESTIONS:
        ids, logits = model.after(text, answer)
        kept = _cut(logits)
        found.append(float(np.mean([_chance(contender, model, ids, kept, key) for key in range(_keys(contender))])))
    return [round(one, 5) for one in found]


def _keys(contender: Contender) -> int:
    if contender.maker is Maker.NONE:
        return 1
    return KEYS_OF_SYNTHID if contender.maker is Maker.SYNTHID else KEYS


def _chance(contender: Contender, model: Model, ids: torch.Tensor, logits: torch.Tensor, key: int) -> float:
    """Of saying the answer under one key. A keyed draw says it or does not."""
    processor, total = _processor(contender, model, 1, key), 0.0
    first = ids.shape[1] - len(logits)
    for place in range(len(logits)):
        scores = logits[place : place + 1]
        raised = scores if processor is None else processor(ids[:, : first + place], scores.clone())
        total += float(torch.log_softmax(raised, 1)[0, ids[0, first + place]])
    return float(np.exp(total))


def _cut(logits: torch.Tensor) -> torch.Tensor:
    least = logits.topk(TOP_K, 1).values[:, -1:]
    return logits.masked_fill(logits < least, -torch.inf)


def stepwise(model: Model, unmarked: Made) -> Iterator[Stepwise]:
    """What one marked step costs and shows, at places of unmarked text, exactly and not by sampling."""
    prompts = [prompt for prompt in PROMPTS for _ in range(TWICE)]
    answers = np.array([one.tokens for one in unmarked.answers])
    logits = model.logits(prompts, answers)[:, 1:].reshape(-1, model.words)
    best = logits.topk(TOP_K, 1)
    nats = (logits.logsumexp(1, keepdim=True) - best.values).double().numpy()  # as the whole vocabulary has it
    places = Places(
        answers[:, :-1].reshape(-1, 1), best.indices.numpy(), nats, np.exp(-nats) / np.exp(-nats).sum(1, keepdims=True)
    )
    for strength in STRENGTHS:
        for gate in GATES:
            yield _step(model, strength, gate, places)


class Places(NamedTuple):
    """Places of a text: the token before, (places, 1), and of the tokens that may come, (places, TOP_K), which they
    are, how unlikely each is in the whole vocabulary, and how likely among these.
    """

    before: np.ndarray
    tokens: np.ndarray
    nats: np.ndarray
    chances: np.ndarray


def _step(model: Model, strength: float, gate: float, at: Places) -> Stepwise:
    entropy = -(at.chances * np.log(at.chances)).sum(1)
    share, cost = [], []
    contexts = np.broadcast_to(at.before, at.tokens.shape).astype(np.uint64)
    for key in range(KEYS):
        layers = Contender(Maker.OURS, strength).mark(model.digest, key).layers
        is_green = layers.cells(contexts, at.tokens.astype(np.uint64)) < layers.scheme.green
        raised = at.chances * np.where(is_green & (entropy >= gate)[:, None], np.exp(strength), 1.0)
        raised /= raised.sum(1, keepdims=True)
        share.append((raised * is_green).sum(1))
        cost.append(((raised - at.chances) * at.nats).sum(1))
    return Stepwise(
        strength=strength,
        gate=gate,
        places=len(entropy),
        keys=KEYS,
        green=float(np.mean(share)),
        nats=float(np.mean(cost)),
        green_error=_error(share),
        nats_error=_error(cost),
        entropy=float(np.median(entropy)),
    )


def _error(values: list[np.ndarray]) -> float:
    """Standard error, places taken as independent."""
    by_place = np.mean(values, axis=0)
    return float(by_place.std() / np.sqrt(len(by_place)))


def reworded(model: Model, answers: Made) -> list[Answer]:
    """The model's own rewording, without marks, of one answer to each prompt."""
    texts = [model.tokenizer.decode(one.tokens, skip_special_tokens=True) for one in answers.answers[::TWICE]]
    said = model.answers([REPHRASE.format(text) for text in texts], None)
    return [Answer(prompt=row, tokens=said[row].tolist(), nats=[]) for row in range(len(said))]


def _nothing(model: Model) -> Answers:
    on = machine.describe() | {"torch": str(torch.__version__), "transformers": transformers.__version__}
    return Answers(
        machine=on, model=MODEL, tokenizer=model.digest, words=model.words, made=[], reworded_from=REWORDED.name,
        reworded=[], stepwise=[],
    )  # fmt: skip


def _keep(found: Answers) -> None:
    FILE.write_bytes(msgspec.json.encode(found) + b"\n")
    print(f"kept answers of {len(found.made)} contenders", file=sys.stderr, flush=True)


def main(arguments: list[str]) -> int:
    """Write `answers.json`."""
    asked = argparse.ArgumentParser("python -m benchmarks.quality.generate", description=__doc__)
    asked.add_argument("model", type=Path, help="a folder that `from_pretrained` takes, with its tokenizer.json")
    model = Model(asked.parse_args(arguments).model)
    kept = read() if FILE.exists() else _nothing(model)
    if kept.tokenizer != model.digest:
        asked.error(f"{FILE.name} holds another model's answers: remove it")
    for contender in CONTENDERS:
        if contender.name not in {one.contender for one in kept.made}:
            kept.made.append(made(contender, model))
            _keep(kept)
        if not kept.stepwise:
            kept.stepwise.extend(stepwise(model, kept.made[0]))
            _keep(kept)
        if contender == REWORDED and not kept.reworded:
            kept.reworded.extend(reworded(model, kept.made[-1]))
            _keep(kept)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
