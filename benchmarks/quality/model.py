"""A causal model of transformers and its tokenizer, on one thread, as `generate` asks it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from torch.nn.functional import cross_entropy

LENGTH = 64
"""Of an answer, in tokens. The end of text cannot come before."""
TOP_K = 50


class Model:
    """`digest`: of its tokenizer.json, as keys are bound to it; `words`: tokens of its vocabulary."""

    def __init__(self, folder: Path) -> None:
        torch.set_num_threads(1)
        self.tokenizer: Any = transformers.AutoTokenizer.from_pretrained(folder)
        self.network: Any = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
        self.network.requires_grad_(False)
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

    def answers(self, prompts: list[str], config: Any, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Tokens, (prompts, LENGTH), sampled at temperature 1 among the likeliest fifty, and how unlikely each answer's
        tokens are on average, (prompts,), before anything is cut or marked.
        """
        batch = self.asked(prompts)
        torch.manual_seed(seed)
        made = self.network.generate(
            **batch, do_sample=True, temperature=1.0, top_k=TOP_K, top_p=1.0, max_new_tokens=LENGTH,
            min_new_tokens=LENGTH, watermarking_config=config, pad_token_id=self.tokenizer.pad_token_id,
            return_dict_in_generate=True, output_logits=True,
        )  # fmt: skip
        tokens = made.sequences[:, batch["input_ids"].shape[1] :]
        nats = [cross_entropy(step, tokens[:, place], reduction="none") for place, step in enumerate(made.logits)]
        return tokens.numpy(), torch.stack(nats, 1).mean(1).numpy()

    def logits(self, prompts: list[str], answers: np.ndarray) -> torch.Tensor:
        """Of every token of every answer, before anything is cut or marked; (answers, LENGTH, words)."""
        batch, count = self.asked(prompts), answers.shape[1]
        ids = torch.cat((batch["input_ids"], torch.from_numpy(answers)), 1)
        mask = torch.cat((batch["attention_mask"], torch.ones_like(torch.from_numpy(answers))), 1)
        places = (mask.cumsum(1) - 1).clamp_min(0)
        found: torch.Tensor = self.network(
            input_ids=ids, attention_mask=mask, position_ids=places, logits_to_keep=count + 1
        ).logits
        return found[:, :-1]

    def after(self, text: str, answer: str) -> tuple[torch.Tensor, torch.Tensor]:
        """All tokens of a question with its answer, and the logits of those of the answer, cut as when sampled."""
        asked = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        said = self.tokenizer(answer, add_special_tokens=False)["input_ids"]
        ids = torch.tensor([asked + said])
        logits = self.network(ids).logits[0, len(asked) - 1 : -1]
        least = logits.topk(TOP_K, 1).values[:, -1:]
        return ids, logits.masked_fill(logits < least, -torch.inf)
