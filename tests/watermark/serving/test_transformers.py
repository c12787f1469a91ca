"""Marks in transformers: real `generate` with a small model of random weights, against the reference."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stillwatch.errors import UsageError
from stillwatch.pseudonym import Secret
from stillwatch.watermark.cells import cells_of
from stillwatch.watermark.detect import scored
from stillwatch.watermark.keys import MasterKeys
from stillwatch.watermark.scheme import Kind, Scheme
from stillwatch.watermark.serving.mark import Mark
from stillwatch.watermark.serving.reference import Sampler, Sampling
from stillwatch.watermark.serving.served import ServedLog, ServedStore
from tests.watermark.serving.vectors import Case, digest, read

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'stillwatch[watermark]'")
transformers = pytest.importorskip("transformers", reason="transformers is not installed: see the extra `watermark`")

from stillwatch.watermark.serving.in_transformers import MarksConfig  # noqa: E402 - it needs the two above
from stillwatch.watermark.serving.tensors import mark_rows, raise_on_device  # noqa: E402 - likewise

MASTER = MasterKeys(Secret(b"a secret for tests only, 32 bytes"))
VOCABULARY = 259  # no multiple of 16
PADDING = 258
PAIR = torch.tensor([[1, 2]])


def mark(strength: float = 2.0, account: str = "", *, scheme: Scheme | None = None, **more: float) -> Mark:
    scheme = scheme or Scheme()
    own = MASTER.key(scheme, "tok", account=account) if account else None
    return Mark(MASTER.key(scheme, "tok"), own, strength, **more)


@pytest.fixture(scope="module")
def model() -> Any:
    """GPT-2 of two layers that knows nothing, with logits as wide as a trained model's."""
    torch.manual_seed(1)
    torch.set_num_threads(1)
    config = transformers.GPT2Config(
        vocab_size=VOCABULARY, n_positions=512, n_embd=32, n_layer=2, n_head=2, initializer_range=0.25,
        bos_token_id=0, eos_token_id=None, pad_token_id=PADDING,
    )  # fmt: skip
    return transformers.GPT2LMHeadModel(config).eval()


def generated(model: Any, prompts: list[list[int]], config: MarksConfig | None, length: int, **more: Any) -> Any:
    """What `generate` returns for prompts of several lengths, padded on the left."""
    longest = max(map(len, prompts))
    ids = torch.tensor([[PADDING] * (longest - len(prompt)) + prompt for prompt in prompts])
    return model.generate(
        ids, attention_mask=(ids != PADDING).long(), max_new_tokens=length, watermarking_config=config,
        return_dict_in_generate=True, output_logits=True, output_scores=True, **{"do_sample": False, **more},
    )  # fmt: skip


def texts(found: Any, prompts: list[list[int]]) -> list[list[int]]:
    """Prompts and answers without the padding."""
    longest = max(map(len, prompts))
    return [
        row[longest - len(prompt) :].tolist() for row, prompt in zip(found.sequences, prompts, strict=True)
    ]  # fmt: skip


PROMPTS = [[7, 11, 13], [5], [0, 3, 9, 200, 0], [12, 1]]


@pytest.mark.parametrize("window", [1, 2])
def test_scores_are_the_references_bit_by_bit(model: Any, window: int) -> None:
    """After temperature and top-k, in a padded batch in which each prompt has keys, strength and gate of its own."""
    scheme = Scheme(window=window)
    marks = [mark(1.7, "a", scheme=scheme), mark(2.5, scheme=scheme), None, mark(2.0, "b", scheme=scheme, least_nats=1)]
    asked = {"do_sample": True, "temperature": 0.8, "top_k": 30}
    torch.manual_seed(3)
    found = generated(model, PROMPTS, MarksConfig(marks, padding=PADDING), 40, **asked)
    sampler = Sampler(marks, Sampling(temperature=0.8, top_k=30))
    whole = texts(found, PROMPTS)
    for step, (logits, scores) in enumerate(zip(found.logits, found.scores, strict=True)):
        so_far = [text[: len(prompt) + step] for text, prompt in zip(whole, PROMPTS, strict=True)]
        expected = sampler.scores(logits.numpy(), so_far)
        assert scores.numpy().tobytes() == expected.tobytes()


def test_the_likeliest_tokens_are_the_references(model: Any) -> None:
    marks = [mark(2.0, account) for account in ("a", "b", "c", "d")]
    found = generated(model, PROMPTS, MarksConfig(marks), 60)
    sampler = Sampler(marks, Sampling(temperature=0.0))
    for step, logits in enumerate(found.logits):
        longest = max(map(len, PROMPTS)) + step
        so_far = found.sequences[:, :longest].tolist()
        assert sampler.next(logits.numpy(), so_far) == found.sequences[:, longest].tolist()


def test_an_answer_is_found_under_the_keys_of_its_account(model: Any) -> None:
    accounts = ["a", "b", "c", "d"]
    torch.manual_seed(4)
    config = MarksConfig([mark(3.0, account) for account in accounts])
    found = generated(model, PROMPTS, config, 250, do_sample=True, temperature=1.0, top_k=0)
    plain = generated(model, PROMPTS, None, 250, do_sample=True, temperature=1.0, top_k=0)
    for row, account in enumerate(accounts):
        p, clean = (scored(cells_of([text[row, 5:].numpy()], 1), mark(account=account).layers).p
                    for text in (found.sequences, plain.sequences))  # fmt: skip
        assert p is not None
        assert clean is not None
        assert p < 1e-9
        assert clean > 1e-4


def test_drawn_tokens_are_the_references(model: Any) -> None:
    """The Gumbel scheme: nothing is left to `generate`, so tokens are equal whatever it draws."""
    marks = [mark(1.0, account, scheme=Scheme(kind=Kind.GUMBEL)) for account in ("a", "b", "", "d")]
    asked = {"do_sample": True, "temperature": 0.9, "top_k": 40}
    found = generated(model, PROMPTS, MarksConfig(marks, seed=8), 60, **asked)
    sampler = Sampler(marks, Sampling(temperature=0.9, top_k=40), seed=8)
    for step, logits in enumerate(found.logits):
        longest = max(map(len, PROMPTS)) + step
        so_far = found.sequences[:, :longest].tolist()
        assert sampler.next(logits.numpy(), so_far) == found.sequences[:, longest].tolist()


def test_top_p_comes_before_the_marks(model: Any) -> None:
    asked = {"do_sample": True, "top_k": 0, "top_p": 0.6}
    marked, plain = (
        generated(model, PROMPTS[:1], config, 1, **asked) for config in (MarksConfig([mark(9.0)]), None)
    )  # fmt: skip
    assert (torch.isfinite(marked.scores[0]) == torch.isfinite(plain.scores[0])).all()
    assert 0 < int(torch.isinf(marked.scores[0]).sum()) < VOCABULARY - 1


def test_each_of_several_answers_has_the_marks_of_its_prompt(model: Any) -> None:
    torch.manual_seed(5)
    config = MarksConfig([mark(3.0, "a"), None])
    found = generated(model, PROMPTS[:2], config, 150, do_sample=True, num_return_sequences=2, top_k=0).sequences
    p = [scored(cells_of([row[3:].numpy()], 1), mark(account="a").layers).p or 1.0 for row in found]
    assert max(p[:2]) < 1e-6 < min(p[2:])


def test_beams_carry_marks_that_are_raised_and_none_that_are_drawn(model: Any) -> None:
    found = generated(model, PROMPTS[:2], MarksConfig([mark(3.0), mark(3.0)]), 60, num_beams=3).sequences
    assert (scored(cells_of([row[3:].numpy() for row in found], 1), mark().layers).p or 1.0) < 1e-3
    drawn = MarksConfig([mark(scheme=Scheme(kind=Kind.GUMBEL))])
    with pytest.raises(UsageError, match="would draw the same"):
        generated(model, PROMPTS[:1], drawn, 5, num_beams=3)


def test_marks_for_other_prompts_are_refused(model: Any) -> None:
    with pytest.raises(UsageError, match="one mark for each prompt"):
        generated(model, PROMPTS, MarksConfig([mark()] * 3), 2)
    with pytest.raises(UsageError, match="no mark for any prompt"):
        MarksConfig([])


def test_a_configuration_shows_no_key(model: Any) -> None:
    key = mark()
    config = MarksConfig([key])
    shown = f"{config!r}{dict(config)}{config.to_json_string()}{config.to_dict()}{key!r}"
    held = transformers.GenerationConfig(watermarking_config=config)
    assert held.watermarking_config is not None
    assert key.fleet.material.hex() not in shown + repr(held.to_dict())
    assert repr(key.fleet.material) not in shown + repr(held.to_dict())


@pytest.mark.parametrize("case", read(), ids=lambda case: f"h{case.scheme.window}-{case.account}-{case.vocabulary}")
@pytest.mark.parametrize("raised_in", [mark_rows, raise_on_device])
def test_tensors_give_the_vectors(case: Case, raised_in: Any) -> None:
    given = torch.from_numpy(case.logits())
    found = raised_in(given, case.tails(), [case.mark()] * len(case.rows))
    assert found is given
    assert [digest(row) for row in found.numpy()] == [row.raised_sha256 for row in case.rows]


def test_tensors_on_a_device_are_raised_as_on_the_cpu() -> None:
    """With gates, temperatures to come, rows that are no numbers and rows that are not marked."""
    scores = np.random.default_rng(2).normal(0, 3, (64, VOCABULARY)).astype(np.float32)
    scores[5], scores[6, 4], scores[7, 20:] = -np.inf, np.nan, -np.inf
    before = np.random.default_rng(3).integers(-1, VOCABULARY, (64, 2))
    marks = [None if row % 9 == 8 else mark(1.5, cooling=1 + row % 3, least_nats=row % 4) for row in range(64)]
    here, there = (raised(torch.from_numpy(scores.copy()), before, marks) for raised in (mark_rows, raise_on_device))
    assert here.numpy().tobytes() == there.numpy().tobytes()
    assert (here.numpy() != scores).any(axis=1).sum() > 20


def test_half_precision_is_raised_too() -> None:
    case = read()[0]
    exact = torch.from_numpy(case.logits())
    half = exact.bfloat16()
    colours = mark_rows(exact.clone(), case.tails(), [case.mark()] * len(case.rows)) > exact
    raised = mark_rows(half.clone(), case.tails(), [case.mark()] * len(case.rows))
    assert ((raised > half) == colours).all()


def test_scores_of_half_precision_are_drawn_from_too() -> None:
    """What 16 bits hold, 32 hold: the same token comes."""
    scores = torch.from_numpy(read()[0].logits()[:1]).bfloat16()
    config = MarksConfig([mark(1.0, scheme=Scheme(kind=Kind.GUMBEL))])
    half, whole = (config.construct_processor(scores.shape[1], "cpu")(PAIR, one) for one in (scores, scores.float()))
    assert half.isfinite().sum() == 1
    assert half.argmax() == whole.argmax()


def test_generate_keeps_what_an_audit_will_need(model: Any, tmp_path: Path) -> None:
    store = ServedStore.open(tmp_path / "served.sqlite", Secret(b"a secret for tests only, 32 bytes"), days=30)
    log, prompts = ServedLog(store), [[5, 6, 7], [9]]
    found = generated(model, prompts, MarksConfig([mark(account="a"), None], padding=PADDING, served=log), 4)
    log.close()
    kept = store.of("a", time.time_ns() // 1_000)
    answer = texts(found, prompts)[0][len(prompts[0]) :]
    assert [prompt.tolist() for prompt in kept.prompts] == [[5, 6, 7]]
    assert kept.contexts.tolist() == sorted({7, *answer[:-1]})
