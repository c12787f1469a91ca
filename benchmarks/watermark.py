"""What a marked token costs a CPU, beside the marks that transformers ships, and how fast marks are looked for.

Milliseconds of CPU a token, one thread, whole vocabularies (nothing cut by top-k: the dear case) and each answer under
keys of its own. Rounds of all contenders are interleaved and the median is taken.
"""

from __future__ import annotations

import importlib.util
import statistics
import time
from collections.abc import Callable, Iterator

import numpy as np

from benchmarks.figures import Figure
from stillwatch.pseudonym import Secret
from stillwatch.watermark.cells import cells_of
from stillwatch.watermark.detect import scored
from stillwatch.watermark.keys import MasterKeys
from stillwatch.watermark.layers import Layers
from stillwatch.watermark.scheme import Scheme
from stillwatch.watermark.serving.mark import Mark, marked

VOCABULARIES = (49_152, 128_256)
"""Of SmolLM2 and of Llama 3."""
BATCHES = (1, 8, 32)
ROUNDS = 7
TARGET_MS = 1.0
TARGET_BATCH = 8
TARGET_RATIO = 50
LARGEST_SYNTHID = 8
"""Rows; beyond, a step of SynthID takes ten seconds and shows nothing new."""
TOP_K = 50
TEXT_TOKENS = 1_000_000
TARGET_RATE = 1_000_000
_STEPS = 4
_MASTER = MasterKeys(Secret(b"a secret of this benchmark only."))

Step = Callable[[], None]


def run() -> Iterator[Figure]:
    """Embedding at each vocabulary and batch, then detection."""
    for vocabulary in VOCABULARIES:
        for batch in BATCHES:
            yield from _embedding(vocabulary, batch)
    yield from _detection()


def _embedding(vocabulary: int, batch: int) -> Iterator[Figure]:
    steps = _contenders(vocabulary, batch)
    for step in steps.values():
        step()  # what is made once is not counted
    spent: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(ROUNDS):
        for name, step in steps.items():
            if len(spent[name]) < _rounds(name):
                spent[name].append(_timed(step, 1 if name == "SynthID" else _STEPS))
    found = {name: statistics.median(seconds) / batch * 1e3 for name, seconds in spent.items()}
    for name, ms in found.items():
        is_ours = name.startswith(("numpy", "torch"))
        has_target = is_ours and batch >= TARGET_BATCH
        beside = f", 1/{found['SynthID'] / ms:,.0f} of SynthID" if is_ours and "SynthID" in found else ""
        yield Figure(
            "watermark",
            f"embed, {vocabulary:,} tokens, batch {batch}, {name}",
            found=f"{ms:.3f} ms a token{beside}",
            target=f"{TARGET_MS:g} ms" + (f", 1/{TARGET_RATIO} of SynthID" if beside else "") if has_target else "",
            is_met=ms <= TARGET_MS and found.get("SynthID", np.inf) >= TARGET_RATIO * ms if has_target else None,
        )


def _rounds(name: str) -> int:
    return 1 if name == "SynthID" else ROUNDS


def _timed(step: Step, times: int) -> float:
    before = time.process_time()
    for _ in range(times):
        step()
    return (time.process_time() - before) / times


def _contenders(vocabulary: int, batch: int) -> dict[str, Step]:
    rng = np.random.default_rng(1)
    scores = rng.normal(0, 2, (batch, vocabulary)).astype(np.float32)
    kept = np.where(scores >= np.partition(scores, -TOP_K, axis=1)[:, -TOP_K, None], scores, np.float32(-np.inf))
    texts = rng.integers(0, vocabulary, (batch, 20))
    marks = _marks(batch)
    steps: dict[str, Step] = {
        "numpy": lambda: _ran(marked(scores, texts[:, -2:], marks)),
        "numpy, top-k 50": lambda: _ran(marked(kept, texts[:, -2:], marks)),
    }
    if importlib.util.find_spec("torch") is None or importlib.util.find_spec("transformers") is None:
        return steps
    return steps | _in_torch(scores, kept, texts, marks)


def _ran(what: object) -> None:
    assert what is not None


def _marks(batch: int) -> list[Mark]:
    fleet = _MASTER.key(Scheme(), "tok")
    return [Mark(fleet, _MASTER.key(Scheme(), "tok", account=f"acct-{row}"), 2.0) for row in range(batch)]


def _in_torch(scores: np.ndarray, kept: np.ndarray, texts: np.ndarray, marks: list[Mark]) -> dict[str, Step]:
    import torch
    from transformers import SynthIDTextWatermarkingConfig, WatermarkingConfig

    from stillwatch.watermark.serving.in_transformers import MarksConfig

    torch.set_num_threads(1)
    batch, vocabulary = scores.shape
    whole, few, ids = torch.from_numpy(scores), torch.from_numpy(kept), torch.from_numpy(texts)
    made = {"torch": MarksConfig(marks), "KGW lefthash": WatermarkingConfig(greenlist_ratio=0.25, bias=2.0)}
    if batch <= LARGEST_SYNTHID:
        made["SynthID"] = SynthIDTextWatermarkingConfig(ngram_len=5, keys=list(range(1, 31)))
    steps: dict[str, Step] = {}
    for name, config in made.items():
        processor = config.construct_processor(vocabulary, "cpu")
        steps[name] = lambda processor=processor: _ran(processor(ids, whole.clone()))  # type: ignore[misc]  # bound now
    ours = MarksConfig(marks).construct_processor(vocabulary, "cpu")
    steps["torch, top-k 50"] = lambda: _ran(ours(ids, few.clone()))
    return steps


def _detection() -> Iterator[Figure]:
    """One text of a million tokens with Zipf's frequencies: cells, colours and p-value, under both keys."""
    rng = np.random.default_rng(2)
    text = np.minimum(rng.zipf(1.2, TEXT_TOKENS), VOCABULARIES[0] - 1).astype(np.int64)
    fleet = _MASTER.key(Scheme(), "tok")
    layers = Layers(fleet, _MASTER.key(Scheme(), "tok", account="acct-1"))
    seconds = statistics.median(_timed(lambda: _ran(scored(cells_of([text], 1), layers)), 1) for _ in range(ROUNDS))
    rate = TEXT_TOKENS / seconds
    yield Figure(
        "watermark",
        "detect, 1,000,000 tokens, both layers",
        cpu_seconds=seconds,
        found=f"{rate / 1e6:.1f} M tokens per CPU s",
        target="1 M tokens per CPU s",
        is_met=rate >= TARGET_RATE,
    )
