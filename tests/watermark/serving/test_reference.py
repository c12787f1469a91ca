"""The reference sampler, and the vectors that hold every other one to it."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB
from scipy.stats import gamma

from stillwatch.errors import UsageError
from stillwatch.pseudonym import Secret
from stillwatch.watermark.cells import cells_of
from stillwatch.watermark.detect import scored
from stillwatch.watermark.gumbel import surprises
from stillwatch.watermark.keys import MarkKey, MasterKeys, second_key, slot_key
from stillwatch.watermark.prf import Prf
from stillwatch.watermark.red_green import biased
from stillwatch.watermark.scheme import Kind, Scheme
from stillwatch.watermark.serving.mark import Mark, marked
from stillwatch.watermark.serving.reference import Sampler, Sampling
from tests.watermark.serving.vectors import Case, digest, logits, made, read

MASTER = MasterKeys(Secret(b"a secret for tests only, 32 bytes"))
VOCABULARY = 500


def mark(strength: float = 2.0, account: str = "", *, scheme: Scheme | None = None, **more: float) -> Mark:
    scheme = scheme or Scheme()
    own = MASTER.key(scheme, "tok", account=account) if account else None
    return Mark(MASTER.key(scheme, "tok"), own, strength, **more)


def texts(sampler: Sampler, count: int, length: int) -> list[list[int]]:
    """Texts of a model that knows nothing: random logits at each step."""
    rng, found = np.random.default_rng(4), [[text] for text in range(count)]
    for _ in range(length):
        scores = rng.normal(0, 1, (count, VOCABULARY)).astype(np.float32)
        for text, token in zip(found, sampler.next(scores, found), strict=True):
            text.append(token)
    return found


def test_the_vectors_are_what_this_code_computes() -> None:
    assert list(made()) == read()


@pytest.mark.parametrize("case", read(), ids=lambda case: f"h{case.scheme.window}-{case.account}-{case.vocabulary}")
def test_the_colours_follow_from_the_page(case: Case) -> None:
    """docs/watermark.md, computed from its words alone, a block at a time."""
    keys = case.mark()
    for row in case.rows:
        if row.green_sha256 is None:
            continue
        context = row.tail[1] if case.scheme.window == 1 else row.tail[0] << 32 | row.tail[1]
        drawn = block(slot_key(keys.fleet), context, 2**60 - 1)[15]
        key = keys.fleet if keys.account is None or drawn < case.scheme.shared else keys.account
        drawn_bytes = b"".join(block(key.material, context, number) for number in range(-(-case.vocabulary // 16)))
        green = [drawn_byte < case.scheme.green for drawn_byte in drawn_bytes[: case.vocabulary]]
        assert [token for token, is_green in enumerate(green) if is_green][:8] == row.first_green
        assert hashlib.sha256(bytes(green)).hexdigest() == row.green_sha256


def block(key: bytes, context: int, number: int) -> bytes:
    plain = context.to_bytes(8, "little") + number.to_bytes(8, "little")
    return Cipher(AES(key), ECB()).encryptor().update(plain)  # noqa: S305 - the generator's definition


def test_answers_of_one_batch_are_marked_each_in_its_own_way() -> None:
    """A batch is what its answers are alone: others' keys, strengths and gates do not touch a row."""
    scores = np.stack([logits(VOCABULARY, row, VOCABULARY) for row in range(6)])
    tails = np.array([[1, 2], [3, 2], [-1, 2], [1, 2], [-1, -1], [9, 9]])
    marks = [mark(), mark(1.0, "a"), mark(2.0, scheme=Scheme(window=2)), None, mark(), mark(2.0, least_nats=6.0)]
    together = marked(scores, tails, marks)
    for row in range(6):
        alone = marked(scores[row : row + 1], tails[row : row + 1], marks[row : row + 1])
        np.testing.assert_array_equal(together[row], alone[0])
    changed = (together != scores).any(axis=1).tolist()
    assert changed == [True, True, False, False, False, False]


@pytest.mark.parametrize("kept", [0, 1, 31, 32, 300, VOCABULARY])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_a_batch_is_raised_as_the_core_raises_it(kept: int, kind: type[np.floating[Any]]) -> None:
    scores = np.stack([logits(VOCABULARY, row, kept) for row in range(5)]).astype(kind)
    scores[3, 0] = np.nan
    tails = np.array([[0, row] for row in range(5)])
    own = mark(1.3, "a")
    core = biased(scores, tails[:, 1].astype(np.uint64), own.layers, 1.3)
    assert marked(scores, tails, [own] * 5).tobytes() == core.tobytes()


def test_marks_before_temperature_are_the_marks_after_it() -> None:
    scores, tails = logits(VOCABULARY, 1, VOCABULARY)[None], np.array([[1, 2]])
    early = marked(scores, tails, [mark(cooling=0.5, least_nats=1.0)]) / np.float32(0.5)
    late = marked(scores / np.float32(0.5), tails, [mark(least_nats=1.0)])
    np.testing.assert_array_equal(early, late)  # halves are exact


def test_the_gate_sees_what_the_temperature_will_make_of_it() -> None:
    scores, tails = np.zeros((1, 2), np.float32), np.array([[1, 2]])
    scores[0, 0] = 3.0  # at temperature 1: 0.19 nats; at 10: 0.68
    many = np.array([[1, token] for token in range(50)])
    cold = marked(np.repeat(scores, 50, 0), many, [mark(least_nats=0.5)] * 50)
    warm = marked(np.repeat(scores, 50, 0), many, [mark(least_nats=0.5, cooling=10.0)] * 50)
    assert (cold == scores).all()
    assert (warm != scores).any()
    assert (marked(scores, tails, [mark(least_nats=0.0)]) >= scores).all()


def test_rows_that_are_no_numbers_pass_the_gate_untouched() -> None:
    scores = np.zeros((3, 40), np.float32)
    scores[0], scores[1, 3] = -np.inf, np.nan
    found = marked(scores, np.array([[1, 2]] * 3), [mark(least_nats=0.1)] * 3)
    np.testing.assert_array_equal(found[:2], scores[:2])
    assert (found[2] != 0).any()


def test_marks_come_last() -> None:
    """What top-k and top-p took away stays away, however green it is."""
    sampler = Sampler([mark(8.0)], Sampling(temperature=0.7, top_k=20, top_p=0.9))
    plain = Sampler([None], Sampling(temperature=0.7, top_k=20, top_p=0.9))
    scores = np.random.default_rng(1).normal(0, 2, (1, VOCABULARY)).astype(np.float32)
    raised, kept = sampler.scores(scores, [[5]]), plain.scores(scores, [[5]])
    assert (np.isfinite(raised) == np.isfinite(kept)).all()
    assert 1 < np.isfinite(kept).sum() <= 20
    raise_of = raised[np.isfinite(kept)] - kept[np.isfinite(kept)]
    np.testing.assert_allclose(raise_of[raise_of > 0], 8.0, rtol=1e-6)


def test_top_p_keeps_the_fewest_that_reach_it() -> None:
    scores = np.log(np.array([[0.5, 0.3, 0.15, 0.05]], np.float32))
    kept = Sampler([None], Sampling(top_p=0.75)).scores(scores, [[]])
    assert np.isfinite(kept).tolist() == [[True, True, False, False]]


def test_marked_texts_are_found_at_any_temperature() -> None:
    for temperature in (0.0, 0.5, 1.0):
        marks = [mark(2.0, account) for account in ("a", "b", "c", "d")]
        found = texts(Sampler(marks, Sampling(temperature=temperature)), 4, 80)
        for text, own in zip(found, marks, strict=True):
            p = scored(cells_of([np.array(text)], 1), own.layers).p
            assert p is not None
            assert p < 1e-6
    p = scored(cells_of([np.array(found[0])], 1), mark(account="nobody").layers).p
    assert p is not None  # half its contexts are the fleet's, so it is found under the fleet's key in anybody's layout


def test_drawn_texts_are_found_under_their_keys() -> None:
    """Sum of n exponential surprises is Gamma(n); nine tenths of an answer's draws are under the first key."""
    scheme = Scheme(kind=Kind.GUMBEL, window=2)
    own = mark(1.0, "acct-7", scheme=scheme)
    found = texts(Sampler([own, mark(0.0, "acct-7", scheme=scheme)], Sampling(), seed=5), 2, 400)
    assert own.account is not None
    p = [[drawn_p(text, key.material) for key in (own.fleet, own.account)] for text in found]
    assert max(p[0]) < 1e-9
    assert min(p[1]) > 1e-3  # the same request at strength 0
    assert drawn_p(found[0], second_key(own.fleet)) < drawn_p(found[1], second_key(own.fleet))
    assert drawn_p(found[0], wrong_key().material) > 1e-3


def drawn_p(text: list[int], key: bytes) -> float:
    cells = cells_of([np.array(text)], 2)
    return float(gamma.sf(surprises(Prf(key), cells.contexts, cells.tokens).sum(), len(cells)))


def wrong_key() -> MarkKey:
    return MASTER.key(Scheme(kind=Kind.GUMBEL, window=2), "tok", epoch=9)


def test_a_text_without_context_is_drawn_without_a_key() -> None:
    scheme = Scheme(kind=Kind.GUMBEL, window=2)
    first = Sampler([mark(1.0, scheme=scheme)], Sampling(), seed=3)
    second_time = Sampler([mark(1.0, "a", scheme=scheme)], Sampling(), seed=3)
    scores = logits(VOCABULARY, 0, VOCABULARY)[None]
    assert first.next(scores, [[4]]) == second_time.next(scores, [[4]])


@pytest.mark.parametrize("sampling", [Sampling(0.0), Sampling(1.0), Sampling(0.7, top_k=5), Sampling(0.7, top_p=0.9)])
@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf])
def test_of_scores_that_are_no_numbers_nothing_is_drawn(broken: float, kind: Kind, sampling: Sampling) -> None:
    scores = np.full((1, VOCABULARY), broken if broken == -np.inf else 0.0, np.float32)
    scores[0, 7] = broken
    sampler = Sampler([mark(1.0, least_nats=0.5, scheme=Scheme(kind=kind))], sampling)
    with pytest.raises(UsageError, match="hold what is no number, or no token can come"):
        sampler.next(scores, [[1, 2]])


@pytest.mark.parametrize("wrong", [{"strength": -1.0}, {"strength": 99.0}, {"least_nats": -1.0}, {"cooling": 0.0}])
def test_marks_that_mean_nothing_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        mark(**wrong)  # type: ignore[arg-type]  # numbers, each of one of its arguments


@pytest.mark.parametrize("wrong", [{"temperature": -1.0}, {"top_k": -1}, {"top_p": 0.0}, {"temperature": float("inf")}])
def test_sampling_that_means_nothing_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="nobody can sample"):
        Sampling(**wrong)  # type: ignore[arg-type]  # likewise


def test_the_digest_is_of_little_endian_numbers() -> None:
    assert digest(np.array([1.0], np.float32)) == hashlib.sha256(bytes.fromhex("0000803f")).hexdigest()
