"""`python -m benchmarks.audit`: an audit of a million cells, the product's whole test, for each kind of audit.

Each in a process of its own, started and ended, so that its time and memory are its own. From answers' tokens to a
finding: distinct cells, those that questions carry taken out, 27 candidate keys, 400 wrong keys, a clean control of as
many cells again. Tokens are random, of SmolLM2's vocabulary, some much commoner than others; nothing is marked, which
costs the same. What the suspect's weights are read for is bounded by the places that are read, and is left out.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator

import numpy as np

from benchmarks import machine
from benchmarks.figures import Figure, markdown
from benchmarks.measure import measure
from benchmarks.results import keep
from stillwatch.audit.candidates import candidates
from stillwatch.audit.finding import Finding
from stillwatch.audit.protocol import Mode, Protocol, digest_of_contexts
from stillwatch.audit.radioactivity import Evidence, filter_of, judged
from stillwatch.audit.said import said_in
from stillwatch.pseudonym import Secret
from stillwatch.watermark.cells import cells_of
from stillwatch.watermark.contexts import Tokens, contexts_of
from stillwatch.watermark.keys import MarkKey, MasterKeys
from stillwatch.watermark.scheme import Kind, Scheme

CELLS = 1_000_000
TARGET_SECONDS = 10.0
TARGET_BYTES = 1_000_000_000
ANSWERS, REFERENCE, SUPERVISED, DRAWS = "by answers", "beside a reference", "supervised", "keyed draws"
KINDS = (ANSWERS, REFERENCE, SUPERVISED, DRAWS)
_VOCABULARY = 49_152
_EVENNESS = 4
"""Of a token's number, u^4 of the vocabulary: the commonest tenth is a half of the text, as in English."""
_TOKENS = 2_400_000
_ANSWER = 400
_ACCOUNTS, _WRONG_KEYS = 26, 400
_LEAST_OFTEN = 8
_TOKENIZER = "0" * 64


def run() -> Iterator[Figure]:
    """An audit of each kind."""
    for kind in KINDS:
        used = measure([sys.executable, "-m", "benchmarks.audit", kind])
        yield Figure(
            "audit",
            f"{CELLS:,} cells, {kind}",
            cpu_seconds=used.cpu_seconds,
            peak_bytes=used.peak_bytes,
            target=f"{TARGET_SECONDS:g} s, {TARGET_BYTES / 1e9:g} GB",
            is_met=used.cpu_seconds <= TARGET_SECONDS and used.peak_bytes <= TARGET_BYTES,
        )


def audited(kind: str, cells: int = CELLS) -> Finding:
    """One audit of at least so many cells. Raises `AssertionError` where it is smaller, or comes to no finding."""
    scheme = Scheme(kind=Kind.GUMBEL if kind == DRAWS else Kind.RED_GREEN)
    tokens = _TOKENS * cells // CELLS
    said = said_in(_answers(tokens, 1), scheme.window)
    among = filter_of(_contexts(_answers(tokens, 4)), _LEAST_OFTEN) if kind == SUPERVISED else None
    reference = said_in(_answers(tokens, 3), scheme.window) if kind == REFERENCE else None
    evidence = Evidence(
        said,
        cells_of(_answers(tokens // 100, 5), scheme.window),
        said_in(_answers(tokens, 2), scheme.window),
        among,
        reference,
    )
    keys, wrong = _keys(scheme)
    plan = Protocol(
        suspect="a benchmark's",
        mode=Mode.SUPERVISED if kind == SUPERVISED else Mode.CLOSED,
        tokenizer=_TOKENIZER,
        prompts=1,
        prompts_digest="",
        keys=tuple(key.commitment() for key in keys),
        filter_digest="" if among is None else digest_of_contexts(among),
        reference="a model without marks" if kind == REFERENCE else "",
        wrong_keys=_WRONG_KEYS,
        made_us=0,
    )
    found = judged(plan, evidence, candidates(keys, layered=True), wrong)
    assert isinstance(found, Finding), found
    assert len(said.cells) >= cells, len(said.cells)
    return found


def _answers(tokens: int, seed: int) -> list[Tokens]:
    drawn = np.random.default_rng(seed).random(tokens, np.float32) ** _EVENNESS * _VOCABULARY
    return np.split(drawn.astype(np.int64), range(_ANSWER, tokens, _ANSWER))


def _contexts(texts: list[Tokens]) -> np.ndarray:
    return np.concatenate([contexts_of(text, 1) for text in texts])


def _keys(scheme: Scheme) -> tuple[list[MarkKey], list[MarkKey]]:
    """Candidates and the panel."""
    made = MasterKeys(Secret(b"a secret of this benchmark only."))
    named = ["", *(f"acct-{number}" for number in range(_ACCOUNTS))]
    wrong = [made.key(scheme, _TOKENIZER, tenant=f"wrong key {number}") for number in range(_WRONG_KEYS)]
    return [made.key(scheme, _TOKENIZER, account=name) for name in named], wrong


def main(arguments: list[str]) -> int:
    """All kinds, kept in results.md; or one kind in this process. Exit code 1 where a target was missed."""
    if arguments:
        audited(arguments[0])
        return 0
    figures = list(run())
    keep(figures, machine.describe(), shlex.join(["python", "-m", "benchmarks.audit"]))
    print(markdown(figures))
    return int(any(figure.is_met is False for figure in figures))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
