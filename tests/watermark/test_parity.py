"""Our scores are the published statistic: against a few lines made from the papers, and against transformers' own."""

from __future__ import annotations

import numpy as np
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB
from scipy.stats import binomtest

from stillwatch.audit.candidates import candidates
from stillwatch.audit.detection import detected
from stillwatch.pseudonym import Secret
from stillwatch.watermark.cells import cells_of
from stillwatch.watermark.detect import score
from stillwatch.watermark.keys import MasterKeys, slot_key
from stillwatch.watermark.scheme import Scheme
from stillwatch.watermark.serving.mark import Mark
from stillwatch.watermark.serving.reference import Sampler

MASTER = MasterKeys(Secret(b"a secret for tests only, 32 bytes"))
WORDS = 200
"""So few that texts repeat themselves."""


def block(key: bytes, context: int, number: int) -> bytes:
    plain = context.to_bytes(8, "little") + number.to_bytes(8, "little")
    return Cipher(AES(key), ECB()).encryptor().update(plain)  # noqa: S305 - the generator's definition


@pytest.mark.parametrize("window", [1, 2])
@pytest.mark.parametrize("strength", [0.0, 2.0])
def test_a_score_is_the_binomial_test_of_each_tuple_counted_once(window: int, strength: float) -> None:
    """Kirchenbauer et al. 2023 with the correction of Fernandez et al. 2023 and Sander et al. 2024: tuples once."""
    scheme = Scheme(window=window)
    fleet, own = (MASTER.key(scheme, "tok", account=account) for account in ("", "a"))
    sampler, rng = Sampler([Mark(fleet, own, strength)] * 3, seed=4), np.random.default_rng(2)
    texts = [[1], [2], [3]]
    for _ in range(150):
        for text, token in zip(
            texts, sampler.next(rng.normal(0, 1, (3, WORDS)).astype(np.float32), texts), strict=True
        ):
            text.append(token)
    tuples = {tuple(text[at - window : at + 1]) for text in texts for at in range(window, len(text))}
    counts = {"": [0, 0], "a": [0, 0]}
    for *before, token in tuples:
        context = before[0] if window == 1 else before[0] << 32 | before[1]
        key = fleet if block(slot_key(fleet), context, 2**60 - 1)[15] < scheme.shared else own
        counts[key.account][0] += block(key.material, context, token // 16)[token % 16] < scheme.green
        counts[key.account][1] += 1
    tried = candidates([fleet, own], layered=True).values()
    for one in detected([np.array(text) for text in texts], list(tried)):
        greens, cells = counts[one.key.account]
        assert (one.score.cells, getattr(one.score, "greens", None)) == (cells, greens)
        expected = binomtest(greens, cells, 0.25, alternative="greater").pvalue
        assert one.score.p == pytest.approx(float(expected), rel=1e-9)


def test_transformers_own_detector_counts_what_we_count() -> None:
    """On their text, with their option that counts tuples once: the same tuples, and p from the same count. Theirs is a
    normal tail of it, ours the binomial; without the option they count a text that repeats itself again and again.
    """
    torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'stillwatch[watermark]'")
    transformers = pytest.importorskip(
        "transformers", reason="transformers is not installed: see the extra `watermark`"
    )
    config = transformers.WatermarkingConfig(greenlist_ratio=0.25, bias=2.0)
    model = transformers.GPT2Config(vocab_size=WORDS, bos_token_id=WORDS, eos_token_id=WORDS)
    processor, coins = config.construct_processor(WORDS, "cpu"), torch.Generator().manual_seed(1)
    text = torch.tensor([[5]])
    for _ in range(300):
        scores = processor(text, torch.randn(1, WORDS, generator=coins))
        text = torch.cat((text, torch.multinomial(scores.softmax(1), 1, generator=coins)), 1)
    once, each = (
        transformers.WatermarkDetector(model, "cpu", config, ignore_repeated_ngrams=once)(text, return_dict=True)
        for once in (True, False)
    )
    cells, greens = int(once.num_tokens_scored[0]), int(once.num_green_tokens[0])
    assert cells == len(cells_of([text[0].numpy()], 1)) < int(each.num_tokens_scored[0]) == 300
    found = score(cells, greens, 0.25)
    deviations = (greens - 0.25 * cells) / (0.25 * 0.75 * cells) ** 0.5
    assert deviations == pytest.approx(float(once.z_score[0]))
    assert found.p is not None
    assert found.p == pytest.approx(float(binomtest(greens, cells, 0.25, alternative="greater").pvalue), rel=1e-9)
    assert found.p > float(once.p_value[0])  # a normal tail is too small far out, where a coin is uneven
