"""Weights on disk, from a plan to a finding: small models of random weights, one of which leans towards green."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stillwatch.audit.local_weights import require_same_tokens
from stillwatch.audit.reading import Places, gathered
from stillwatch.errors import InputError, UsageError
from stillwatch.pseudonym import Secret
from stillwatch.watermark.keys import MasterKeys
from stillwatch.watermark.layers import Layers
from stillwatch.watermark.scheme import Scheme

from .conftest import HEX, Stillwatch

VOCABULARY = 256
TOKENS = {f"w{number}": number for number in range(VOCABULARY)}


def tokenizer(file: Path, tokens: dict[str, int] = TOKENS) -> str:
    """A tokenizer.json, and its digest."""
    file.write_text(json.dumps({"model": {"type": "WordLevel", "vocab": tokens}}))
    return hashlib.sha256(file.read_bytes()).hexdigest()


def test_places_that_hold_their_largest_moves_are_summed_into_cells() -> None:
    one = Places(np.array([5, 7], np.uint64), np.array([[1, 2], [1, 3]]), np.array([[0.5, -0.2], [0.1, 0.0]]))
    two = Places(np.array([5], np.uint64), np.array([[2, 4]]), np.array([[0.3, 0.25]]))
    found = gathered([one, two])
    cells = zip(found.cells.contexts.tolist(), found.cells.tokens.tolist(), found.weights.round(6), strict=True)
    assert list(cells) == [(5, 1, 0.5), (5, 2, 0.1), (5, 4, 0.25), (7, 1, 0.1)]
    assert gathered([one, two], most=1).cells.tokens.tolist() == [1]
    with pytest.raises(UsageError, match="no number"):
        gathered([Places(one.contexts, one.tokens, one.weights * np.nan)])


def test_weights_of_another_tokenizer_are_refused_and_the_remedy_named(tmp_path: Path) -> None:
    tokenizer(tmp_path / "tokenizer.json")
    require_same_tokens(tmp_path, TOKENS)
    with pytest.raises(UsageError, match=r"other tokens.*closed audit"):
        require_same_tokens(tmp_path, TOKENS | {"w3": 9})
    (tmp_path / "tokenizer.json").write_text("[]")
    with pytest.raises(InputError, match=r"is no tokenizer\.json"):
        require_same_tokens(tmp_path, TOKENS)
    (tmp_path / "tokenizer.json").unlink()
    with pytest.raises(UsageError, match="nobody knows what its token numbers mean"):
        require_same_tokens(tmp_path, TOKENS)


KEYS = ("--master", "marks.key", "--key", "acct-1", "--key", "acct-2")


@pytest.fixture
def planned(stillwatch: Stillwatch) -> Stillwatch:
    """A plan to read twelve texts, beside the suspect's base."""
    keys = (*KEYS, "--tokenizer-digest", tokenizer(Path("tokenizer.json")))
    rng = np.random.default_rng(1)
    texts = [{"prompt": str(n), "tokens": rng.integers(0, VOCABULARY, 100).tolist()} for n in range(12)]
    Path("texts.jsonl").write_text("\n".join(map(json.dumps, texts)))
    assert stillwatch("watermark", "commit", *keys)[0] == 0
    given = ("--prompts", "texts.jsonl", "--suspect", "X", "--read", "--reference", "its base")
    assert stillwatch("audit", "plan", "may", *given, *keys)[0] == 0
    for name in ("suspect", "control", "base"):
        Path(name).mkdir()
        (Path(name) / "config.json").write_text("{}")
        tokenizer(Path(name) / "tokenizer.json")
    return stillwatch


def read(stillwatch: Stillwatch, *more: str) -> tuple[int, str, str]:
    weights = ("--suspect-weights", "suspect", "--control-weights", "control", "--tokenizer", "tokenizer.json")
    return stillwatch("audit", "read", "may", "--master", "marks.key", *weights, *more)


def test_without_the_library_the_extra_is_named(planned: Stillwatch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    code, _, err = read(planned, "--reference-weights", "base")
    assert code == 2
    assert "stillwatch[watermark]" in err


def test_what_is_read_beside_is_the_plans_reference(planned: Stillwatch) -> None:
    code, _, err = read(planned)
    assert code == 2
    assert "the plan's reference is 'its base'" in err


def test_another_tokenizer_is_refused(planned: Stillwatch) -> None:
    tokenizer(Path("suspect/tokenizer.json"), TOKENS | {"w3": 999})
    code, _, err = read(planned, "--reference-weights", "base")
    assert code == 2
    assert "closed audit" in err
    tokenizer(Path("tokenizer.json"), {"w0": 0})
    assert "not the tokenizer that the keys are for" in read(planned, "--reference-weights", "base")[2]


def test_a_folder_without_weights_is_named(planned: Stillwatch) -> None:
    (Path("control") / "config.json").unlink()
    pytest.importorskip("transformers", reason="transformers is not installed: see the extra `watermark`")
    (Path("suspect") / "config.json").unlink()
    code, _, err = read(planned, "--reference-weights", "base")
    assert code in (2, 3)
    assert "weights" in err


def test_an_audit_that_reads_is_not_asked_and_one_that_asks_does_not_read(planned: Stillwatch) -> None:
    code, _, err = planned("audit", "run", "may", "--endpoint", "http://127.0.0.1:1/v1", "--model", "x")
    assert code == 2
    assert "`stillwatch audit read`" in err
    code, _, err = planned("audit", "report", "may", "--master", "marks.key")
    assert code == 2
    assert "`stillwatch audit read`" in err


@pytest.fixture
def models() -> Any:
    """GPT-2 of one layer; a student's next words are moved towards green, under the fleet's key and the second's."""
    torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'stillwatch[watermark]'")
    transformers = pytest.importorskip(
        "transformers", reason="transformers is not installed: see the extra `watermark`"
    )
    torch.set_num_threads(1)
    config = transformers.GPT2Config(
        vocab_size=VOCABULARY, n_positions=512, n_embd=VOCABULARY, n_layer=1, n_head=2, bos_token_id=0, eos_token_id=0,
        tie_word_embeddings=False,
    )  # fmt: skip

    def made(name: str, seed: int, leaning: float = 0.0) -> None:
        torch.manual_seed(1)
        model = transformers.GPT2LMHeadModel(config).eval()
        torch.manual_seed(seed)
        with torch.no_grad():
            model.transformer.wte.weight.copy_(torch.eye(VOCABULARY))
            model.transformer.wpe.weight.zero_()
            noise = 0.02 * torch.randn(VOCABULARY, VOCABULARY)
            master, scheme = MasterKeys(Secret(bytes.fromhex(HEX))), Scheme()
            digest = hashlib.sha256(Path("tokenizer.json").read_bytes()).hexdigest()
            layers = Layers(master.key(scheme, digest), master.key(scheme, digest, account="acct-2"))
            green = layers.rows(np.arange(VOCABULARY, dtype=np.uint64), VOCABULARY) < scheme.green
            model.lm_head.weight.copy_((noise + leaning * torch.from_numpy(green)).T)
        model.save_pretrained(name)
        tokenizer(Path(name) / "tokenizer.json")

    return made


def test_a_student_of_marked_text_is_found_by_its_weights(planned: Stillwatch, models: Any) -> None:
    models("base", 1)
    models("control", 2)
    models("suspect", 3, leaning=0.05)
    code, said, _ = read(planned, "--reference-weights", "base", "--json")
    assert code == 0
    told = json.loads(said)
    answers = {one["account"]: one["answer"] for one in told["keys"]}
    assert answers == {"": "found", "acct-2": "found", "acct-1": "not shown"}
    assert set(told["weights"]) == {"suspect", "control", "reference"}
    page = Path("may/audit.html").read_text()
    assert "What was read, and by whom" in page
    assert told["weights"]["suspect"] in page


def test_a_student_of_clean_text_is_told_so(planned: Stillwatch, models: Any) -> None:
    for seed, name in enumerate(("base", "control", "suspect")):
        models(name, seed)
    code, said, _ = read(planned, "--reference-weights", "base")
    assert code == 0
    assert said.count("not shown") == 3
