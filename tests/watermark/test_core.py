"""Keys, the generator, layers and cells: exact values that no other machine may change, and what they promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from stillwatch.errors import UsageError
from stillwatch.pseudonym import Secret
from stillwatch.stats.binomial import both
from stillwatch.watermark.cells import cells_of, distinct
from stillwatch.watermark.contexts import contexts_of, last_contexts
from stillwatch.watermark.keys import MasterKeys, slot_key
from stillwatch.watermark.layers import Layers
from stillwatch.watermark.prf import Prf
from stillwatch.watermark.scheme import Scheme

MASTER = MasterKeys(Secret(b"a secret for tests only, 32 bytes"))
SCHEME = Scheme()
FLEET = MASTER.key(SCHEME, "tok")
ACCOUNT = MASTER.key(SCHEME, "tok", account="acct-7")


def words(*values: int) -> np.ndarray:
    return np.array(values, np.uint64)


def test_the_generator_is_aes_of_context_and_block() -> None:
    """FIPS 197, appendix B: the cipher's own vector, read as a context and a block of sixteen cells."""
    key, plain = bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c"), bytes.fromhex("3243f6a8885a308d313198a2e0370734")
    context, block = (int.from_bytes(half, "little") for half in (plain[:8], plain[8:]))
    tokens = words(*(((block << 4) + place) % 2**64 for place in range(16)))
    assert block >> 60  # so this block is no token's: the shift that finds it drops its highest digit
    found = Prf(key).cells(np.full(16, context, np.uint64), tokens)
    assert found.tobytes() != bytes.fromhex("3925841d02dc09fbdc118597196a0b32")
    inputs = np.array([[context, block]], np.dtype("<u8"))
    assert Prf(key)._encrypted(inputs).tobytes() == bytes.fromhex("3925841d02dc09fbdc118597196a0b32")


def test_keys_and_bytes_are_the_same_on_every_machine() -> None:
    assert FLEET.material.hex() == "22def9fb62aa4b7954062bb3c01f4d7d"
    assert ACCOUNT.material.hex() == "4c6b98cde5607920eaab7bdfb7287995"
    assert slot_key(FLEET).hex() == "078d5e2a6fac0bd693f1920e06bc4360"
    assert FLEET.commitment().digest == "6cf3bab160d8a5b2f5e850eabf7c4518787dbeab46a710b2545b2dd10508900e"
    layers = Layers(FLEET, ACCOUNT)
    contexts = words(0, 1, 2, 3, 49_151, 1 << 40)
    assert layers.is_shared(contexts).tolist() == [True, False, True, False, True, False]
    assert layers.cells(contexts, words(0, 15, 16, 17, 49_151, 5)).tolist() == [207, 137, 92, 138, 15, 226]


def test_a_row_and_its_cells_are_the_same_bytes() -> None:
    layers, contexts = Layers(FLEET, ACCOUNT), np.arange(50, dtype=np.uint64) * np.uint64(977)
    rows = layers.rows(contexts, 1_003)
    which, tokens = np.divmod(np.arange(50 * 1_003), 1_003)
    assert (layers.cells(contexts[which], tokens.astype(np.uint64)) == rows.ravel()).all()


@pytest.mark.parametrize("changed", ["tenant", "account", "epoch", "tokenizer", "scheme"])
def test_every_field_of_a_key_counts(changed: str) -> None:
    given = {"tenant": "t", "account": "a", "epoch": 1, "tokenizer": "tok", "scheme": SCHEME}
    other = {"tenant": "t2", "account": "a2", "epoch": 2, "tokenizer": "tok2", "scheme": Scheme(window=2)}[changed]
    keys = [MASTER.key(f["scheme"], f["tokenizer"], tenant=f["tenant"], account=f["account"], epoch=f["epoch"])  # type: ignore[arg-type]  # the fields of one call
            for f in (given, given | {changed: other})]  # fmt: skip
    assert keys[0].material != keys[1].material
    assert keys[0].commitment().digest != keys[1].commitment().digest


def test_fields_cannot_be_shifted_into_each_other() -> None:
    assert (
        MASTER.key(SCHEME, "c", tenant="ab", account="").material
        != MASTER.key(SCHEME, "c", tenant="a", account="b").material
    )


def test_a_key_is_never_printed() -> None:
    assert ACCOUNT.material.hex() not in repr(ACCOUNT)
    assert repr(ACCOUNT.material) not in repr(ACCOUNT)
    assert ACCOUNT.material.hex() not in repr(ACCOUNT.commitment())


@pytest.mark.parametrize("seed", range(3))
def test_cells_are_green_as_often_as_the_scheme_says_and_layers_are_dealt_as_often(seed: int) -> None:
    rng = np.random.default_rng(seed)
    contexts = rng.integers(0, 1 << 31, 200_000).astype(np.uint64)
    tokens = rng.integers(0, 1 << 17, 200_000).astype(np.uint64)
    layers = Layers(FLEET, ACCOUNT)
    green = both(int((layers.cells(contexts, tokens) < 64).sum()), 200_000, 1e-6)
    assert green.low <= 0.25 <= green.high
    shared = both(int(layers.is_shared(contexts).sum()), 200_000, 1e-6)
    assert shared.low <= 0.5 <= shared.high


def test_uniforms_are_uniform_and_have_nothing_to_do_with_the_colours() -> None:
    prf, tokens = Prf(FLEET.material), np.arange(100_000, dtype=np.uint64)
    contexts = np.full(100_000, 5, np.uint64)
    drawn = prf.uniforms(contexts, tokens)
    assert drawn.min() > 0 and drawn.max() < 1
    assert abs(drawn.mean() - 0.5) < 5 * (1 / 12 / 100_000) ** 0.5
    green = prf.cells(contexts, tokens) < 64
    assert abs(drawn[green].mean() - 0.5) < 5 * (1 / 12 / green.sum()) ** 0.5


def test_keys_that_do_not_belong_together_are_refused() -> None:
    with pytest.raises(UsageError, match="in the place of the fleet's"):
        Layers(ACCOUNT)
    with pytest.raises(UsageError, match="does not belong"):
        Layers(FLEET, MASTER.key(SCHEME, "another tokenizer", account="acct-7"))
    with pytest.raises(UsageError, match="does not belong"):
        Layers(FLEET, FLEET)


@pytest.mark.parametrize("window", [1, 2])
def test_the_next_context_of_a_text_is_the_context_of_its_next_token(window: int) -> None:
    text = np.array([5, 9, 2, 9, 2, 7])
    assert contexts_of(text, window)[-1] == last_contexts(text[None, :-1], window)[0]
    assert len(contexts_of(text, window)) == len(text) - window


def test_numbers_that_are_no_tokens_are_refused() -> None:
    for numbers in ([-1, 2, 3], [1, 1 << 31, 2]):
        with pytest.raises(UsageError, match="no tokens"):
            contexts_of(np.array(numbers), 1)


TEXTS = st.lists(arrays.arrays(np.int64, st.integers(0, 30), elements=st.integers(0, 5)), max_size=6)


@given(TEXTS, st.integers(1, 2))
@settings(deadline=None)
def test_each_cell_counts_once_in_the_order_it_first_came(texts: list[np.ndarray], window: int) -> None:
    cells, seen = cells_of(texts, window), dict[tuple[tuple[int, ...], int], None]()
    for text in texts:
        for end in range(window, len(text)):
            seen[tuple(text[end - window : end].tolist()), int(text[end])] = None
    found = [
        ((int(context),) if window == 1 else (int(context) >> 32, int(context) & 0xFFFFFFFF), int(token))
        for context, token in zip(cells.contexts, cells.tokens, strict=True)
    ]
    assert found == list(seen)


@given(TEXTS, TEXTS, st.integers(1, 2))
@settings(deadline=None)
def test_what_is_carried_is_what_both_hold(texts: list[np.ndarray], carried: list[np.ndarray], window: int) -> None:
    cells, held = cells_of(texts, window), cells_of(carried, window)
    known = set(zip(held.contexts.tolist(), held.tokens.tolist(), strict=True))
    pairs = list(zip(cells.contexts.tolist(), cells.tokens.tolist(), strict=True))
    assert cells.are_among(held).tolist() == [pair in known for pair in pairs]
    assert cells.without(held).tokens.tolist() == [token for context, token in pairs if (context, token) not in known]


def test_what_a_prompt_carries_is_taken_out() -> None:
    cells = cells_of([np.array([1, 2, 3, 4])], 1)
    left = cells.without(distinct(words(2, 9), words(3, 9)))
    assert left.tokens.tolist() == [2, 4]
    assert cells.among(words(3, 1)).tokens.tolist() == [2, 4]
