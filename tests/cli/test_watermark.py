"""`stillwatch watermark`: keys that are never shown, texts that are judged, and what is mistaken told by its name."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stillwatch.cli.token_lists import digest_of
from stillwatch.pseudonym import Secret
from stillwatch.watermark.detect import LEAST_CELLS
from stillwatch.watermark.keys import MarkKey, MasterKeys, second_key
from stillwatch.watermark.scheme import Kind, Scheme
from stillwatch.watermark.serving.mark import Mark
from stillwatch.watermark.serving.reference import Sampler

from .conftest import Stillwatch

HEX, ANOTHER = (hashlib.sha256(name).hexdigest() for name in (b"ours", b"another"))
DIGEST = "ab" * 32
WORDS = 600
GIVEN = ("--master", "marks.key", "--tokenizer-digest", DIGEST)
KEYS = (*GIVEN, "--key", "acct-1", "--key", "acct-2")
Watermark = Callable[..., tuple[int, str, str]]


@pytest.fixture
def watermark(stillwatch: Stillwatch, home: Path, monkeypatch: pytest.MonkeyPatch) -> Watermark:
    """`stillwatch watermark` with these arguments, where a master secret lies: exit code and both streams."""
    monkeypatch.setenv("STILLWATCH_JOURNAL", str(home / "journal.jsonl"))
    secret("marks.key", HEX)

    def called(*arguments: str) -> tuple[int, str, str]:
        done = stillwatch("watermark", *arguments)
        return done.code, done.out, done.err

    return called


def secret(name: str, text: str, mode: int = 0o600) -> None:
    Path(name).write_text(text)
    Path(name).chmod(mode)


def key(account: str = "", epoch: int = 0, tokenizer: str = DIGEST, scheme: Scheme | None = None) -> MarkKey:
    made = MasterKeys(Secret(bytes.fromhex(HEX)))
    return made.key(scheme or Scheme(), tokenizer, account=account, epoch=epoch)


def answer(mark: Mark | None, length: int, seed: int = 1) -> list[int]:
    """Tokens of a model that knows nothing."""
    rng, text, sampler = np.random.default_rng(seed), [7], Sampler([mark], seed=seed)
    for _ in range(length):
        text += sampler.next(rng.normal(0, 1, (1, WORDS)).astype(np.float32), [text])
    return text[1:]


def lines(name: str, *texts: object) -> str:
    Path(name).write_text("\n".join(map(json.dumps, texts)))
    return name


def found(watermark: Watermark, *arguments: str) -> dict[str, dict[str, Any]]:
    code, said, err = watermark("detect", *arguments, "--json")
    assert (code, err) == (0, "")
    return {one["account"]: one for one in json.loads(said)["keys"]}


@pytest.fixture
def tokenizer(watermark: Watermark) -> str:
    """A tokenizer.json of words w0, w1, ..., as the package that reads it writes it."""
    tokenizers = pytest.importorskip("tokenizers", reason="tokenizers is not installed: pip install tokenizers")
    vocabulary = {f"w{number}": number for number in range(WORDS)}
    made = tokenizers.Tokenizer(tokenizers.models.WordLevel(vocabulary, unk_token="w0"))  # noqa: S106 - a word
    made.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    made.save("tokenizer.json")
    return "tokenizer.json"


def test_texts_are_read_in_the_tokens_of_their_tokenizer(watermark: Watermark, tokenizer: str) -> None:
    digest = digest_of(Path(tokenizer))
    text = answer(Mark(key(tokenizer=digest), None, 3.0), 200)
    lines("leaked.jsonl", " ".join(f"w{token}" for token in text), {"text": "w5 w6"}, {"tokens": text[:20]})
    one = found(watermark, "leaked.jsonl", "--master", "marks.key", "--tokenizer", tokenizer)[""]
    assert one["answer"] == "marked"
    assert one["commitment"] == key(tokenizer=digest).commitment().digest


def test_another_tokenizer_is_refused(watermark: Watermark, tokenizer: str) -> None:
    lines("leaked.jsonl", "w1 w2")
    code, _, err = watermark("detect", "leaked.jsonl", *GIVEN, "--tokenizer", tokenizer)
    assert code == 2
    assert "the keys are for abab" in err
    Path("tokenizer.json").write_text("{}")
    code, _, err = watermark("detect", "leaked.jsonl", "--master", "marks.key", "--tokenizer", tokenizer)
    assert code == 2
    assert "is no tokenizer" in err


def test_tokens_without_a_tokenizer_are_nobodys(watermark: Watermark) -> None:
    code, _, err = watermark("detect", lines("leaked.jsonl", [1, 2]), "--master", "marks.key")
    assert code == 2
    assert "nobody said whose tokens" in err


def test_keyed_draws_are_detected_and_placed(watermark: Watermark) -> None:
    scheme = Scheme(kind=Kind.GUMBEL)
    Path("scheme.toml").write_text('[scheme]\nkind = "gumbel"\n')
    drawn = answer(Mark(key(scheme=scheme), key("acct-2", scheme=scheme), 1.0), 300)
    text = [*answer(None, 150, 2), *drawn, *answer(None, 150, 3)]
    keys = found(watermark, lines("leaked.jsonl", text), *KEYS, "--scheme", "scheme.toml")
    assert {name: one["answer"] for name, one in keys.items()} == {
        "": "marked",
        "acct-2": "marked",
        "acct-1": "not shown",
    }
    (place,) = keys["acct-2"]["places"]
    assert abs(place["first"] - 150) < 40
    assert abs(place["last"] - 450) < 40
    said = watermark("detect", "leaked.jsonl", *KEYS, "--scheme", "scheme.toml")[1]
    assert "mean surprise" in said
    assert "That any stretch is told where there is no mark has a chance of 1e-06 at most" in said


def test_what_was_not_shown_says_what_would_have_been(watermark: Watermark) -> None:
    lines("leaked.jsonl", answer(None, 400))
    assert 0.3 < found(watermark, "leaked.jsonl", *KEYS)["acct-1"]["seen_from"] < 0.6
    assert "on would have been seen" in watermark("detect", "leaked.jsonl", *KEYS)[1]


@pytest.mark.parametrize("text", [[1, 2, 3], [5, 6, 7, 8] * 500])
@pytest.mark.parametrize("kind", ["red-green", "gumbel"])
def test_short_and_repetitive_texts_have_no_p(watermark: Watermark, text: list[int], kind: str) -> None:
    Path("scheme.toml").write_text(f'[scheme]\nkind = "{kind}"\n')
    lines("leaked.jsonl", text)
    for one in found(watermark, "leaked.jsonl", *KEYS, "--scheme", "scheme.toml").values():
        assert (one["answer"], one["p"], one["adjusted"]) == ("cannot tell", None, None)
    said = watermark("detect", "leaked.jsonl", *KEYS, "--scheme", "scheme.toml")[1]
    assert said.count("cannot tell") == 3
    assert ("repeat themselves" in said) is (len(text) > 3)
    assert " p " not in said


def test_cells_that_could_not_reach_the_level_among_so_many_keys_have_no_p(watermark: Watermark) -> None:
    """Twenty cells, all green: 1e-12 alone, and nothing at 1e-15."""
    lines("leaked.jsonl", answer(None, 22))
    assert found(watermark, "leaked.jsonl", *GIVEN)[""]["answer"] == "not shown"
    assert found(watermark, "leaked.jsonl", *GIVEN, "--level", "1e-15")[""]["answer"] == "cannot tell"


def test_many_candidates_are_corrected_for(watermark: Watermark) -> None:
    """Two hundred accounts that marked nothing beside the one that did: it alone is named, with 202 times its p."""
    lines("leaked.jsonl", answer(Mark(key(), key("acct-7"), 3.0), 300))
    Path("accounts.txt").write_text("\n".join(f"acct-{number}" for number in range(201)))
    keys = found(watermark, "leaked.jsonl", *GIVEN, "--keys", "accounts.txt")
    assert {name for name, one in keys.items() if one["answer"] == "marked"} == {"", "acct-7"}
    first = min(keys.values(), key=lambda one: one["p"])
    assert first["adjusted"] == pytest.approx(202 * first["p"])


def test_another_master_secret_is_told_apart_from_a_text_without_a_mark(watermark: Watermark) -> None:
    assert watermark("commit", *KEYS)[0] == 0
    lines("leaked.jsonl", answer(Mark(key(), None, 3.0), 200))
    secret("marks.key", ANOTHER)
    code, _, err = watermark("detect", "leaked.jsonl", *KEYS)
    assert code == 2
    assert "is not the key that was committed to" in err


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        (("--epoch", "7"), "no key of epoch 7 was committed to; on record: 0"),
        (("--key", "acct-9"), "no key of account 'acct-9' was committed to; on record: '', 'acct-1', 'acct-2'"),
        (("--tenant", "t"), "no key of tenant 't' was committed to; on record: ''"),
        (("--tokenizer-digest", "cd" * 32), "no key of tokenizer 'cdcd"),
        (("--scheme", "scheme.toml"), "no key of scheme 'red-green/v1/h2"),
    ],
)
def test_a_key_that_marked_nothing_is_named(watermark: Watermark, changed: tuple[str, ...], says: str) -> None:
    Path("scheme.toml").write_text("[scheme]\nwindow = 2\n")
    assert watermark("commit", *KEYS)[0] == 0
    lines("leaked.jsonl", answer(None, 100))
    code, _, err = watermark("detect", "leaked.jsonl", *GIVEN, *changed)
    assert code == 2
    assert says in " ".join(err.split())
    code, said, _ = watermark("detect", "leaked.jsonl", *GIVEN, *changed, "--uncommitted")
    assert code == 0
    assert "never committed to" in said


@pytest.mark.parametrize(
    ("text", "mode", "says"),
    [
        (None, 0o600, "there is no secret key file"),
        ("ab" * 16, 0o600, "needs at least 32 bytes"),
        ("correct horse battery staple", 0o600, "hexadecimal"),
        (HEX, 0o644, "can be read by others"),
        ("0" * 64, 0o600, "can be guessed"),
        ("0123456789abcdef" * 4, 0o600, "can be guessed"),
        (b"correct horse battery staple, twice over".hex(), 0o600, "can be guessed"),
    ],
)
@pytest.mark.parametrize("command", ["commit", "detect", "derive", "rotate"])
def test_a_weak_or_missing_master_secret_is_refused(
    watermark: Watermark, command: str, text: str | None, mode: int, says: str
) -> None:
    assert watermark("commit", *GIVEN)[0] == 0
    lines("leaked.jsonl", [1, 2])
    Path("marks.key").unlink()
    if text is not None:
        secret("marks.key", text, mode)
    called = {"commit": ("commit",), "detect": ("detect", "leaked.jsonl")}.get(command, ("keys", command))
    code, _, err = watermark(*called, *GIVEN)
    assert code == 3
    assert says in " ".join(err.split())


def test_keys_are_derived_listed_and_rotated(watermark: Watermark) -> None:
    assert key("acct-1").commitment().digest[:16] in watermark("keys", "derive", *KEYS)[1]
    assert watermark("keys", "list")[1] == "0 keys.\n"
    assert watermark("commit", *KEYS)[0] == 0
    code, said, _ = watermark("keys", "rotate", *GIVEN, "--key", "acct-3", "--json")
    assert code == 0
    assert (json.loads(said)["epoch"], json.loads(said)["committed"]) == (1, 4)
    said = watermark("keys", "list", "--epoch", "1", "--json")[1]
    listed = {one["account"]: one["commitment"] for one in json.loads(said)["keys"]}
    assert listed == {name: key(name, 1).commitment().digest for name in ("", "acct-1", "acct-2", "acct-3")}
    assert "set `epoch = 2`" in watermark("keys", "rotate", *GIVEN)[1]


def test_a_rotation_follows_an_epoch_of_the_same_master_secret(watermark: Watermark) -> None:
    code, _, err = watermark("keys", "rotate", *GIVEN)
    assert code == 2
    assert "no epoch to follow" in err
    assert watermark("commit", *GIVEN)[0] == 0
    secret("marks.key", ANOTHER)
    code, _, err = watermark("keys", "rotate", *GIVEN)
    assert code == 2
    assert "is not the key that was committed to" in err


def test_no_command_prints_or_writes_a_key(watermark: Watermark) -> None:
    lines("leaked.jsonl", answer(Mark(key(), None, 3.0), 100))
    calls = [("keys", "derive", *KEYS), ("commit", *KEYS), ("keys", "list"), ("keys", "rotate", *KEYS)]
    calls += [("detect", "leaked.jsonl", *KEYS)]
    said = "".join("".join(watermark(*call, *more)[1:]) for call in calls for more in ((), ("--json",)))
    said += Path("journal.jsonl").read_text()
    for account, epoch in [("", 0), ("acct-1", 0), ("acct-2", 0), ("", 1), ("acct-1", 1), ("", 2)]:
        made = key(account, epoch)
        assert made.material.hex() not in said
        assert second_key(made).hex() not in said
        assert made.commitment().digest[:16] in said
    assert HEX not in said


def test_a_journal_that_was_altered_dates_no_key(watermark: Watermark) -> None:
    """Somebody puts another account's name to a commitment: whatever asks the journal of keys says so."""
    assert watermark("commit", *KEYS)[0] == 0
    lines("leaked.jsonl", [1, 2])
    journal = Path("journal.jsonl")
    journal.write_text(journal.read_text().replace('"account":"acct-2"', '"account":"acct-9"'))
    for called in (
        ("commit", *GIVEN),
        ("detect", "leaked.jsonl", *GIVEN),
        ("keys", "list"),
        ("keys", "rotate", *GIVEN),
    ):
        code, _, err = watermark(*called)
        assert code == 3
        assert "is not what was written" in " ".join(err.split())


@pytest.mark.parametrize(
    ("given", "code", "says"),
    [
        (("--key", ""), 2, "names nobody"),
        (("--key", "\udcff"), 2, "is not text"),
        (("--keys", "empty.txt"), 3, "names nobody"),
        (("--keys", "binary.txt"), 3, "is not text"),
        (("--scheme", "deep.toml"), 2, "recursion"),
    ],
)
def test_names_that_are_none_are_no_keys(watermark: Watermark, given: tuple[str, ...], code: int, says: str) -> None:
    Path("empty.txt").write_text(" \n")
    Path("binary.txt").write_bytes(b"\xff\xfe")
    Path("deep.toml").write_text("a=" + "[" * 100_000)
    assert watermark("commit", *GIVEN, *given)[0] == code
    assert says in " ".join(watermark("commit", *GIVEN, *given)[2].split())
    assert watermark("keys", "list")[1] == "0 keys.\n"


def test_a_byte_order_mark_is_no_part_of_a_name(watermark: Watermark) -> None:
    Path("accounts.txt").write_text("acct-1\nacct-2\n", "utf-8-sig")
    assert watermark("keys", "derive", *GIVEN, "--keys", "accounts.txt") == watermark("keys", "derive", *KEYS)


def test_how_long_a_text_has_to_be(watermark: Watermark) -> None:
    Path("scheme.toml").write_text('[scheme]\nkind = "gumbel"\n')
    assert json.loads(watermark("needed", "--share", "0.45", "--json")[1])["cells"] == 278
    assert json.loads(watermark("needed", "--share", "0.45", "--tried", "1000", "--json")[1])["cells"] == 378
    drawn = watermark("needed", "--choices", "5", "--scheme", "scheme.toml", "--json")[1]
    assert json.loads(drawn)["cells"] == 56


def test_what_is_always_green_still_needs_as_many_cells_as_are_judged(watermark: Watermark) -> None:
    assert json.loads(watermark("needed", "--share", "1", "--json")[1])["cells"] == LEAST_CELLS


@pytest.mark.parametrize(
    "wrong",
    [
        ("--share", "0.2"),
        ("--share", "2"),
        ("--share", "nan"),
        ("--share", "0.2500001"),
        ("--choices", "5"),
        (),
        ("--share", "0.4", "--level", "2"),
        ("--share", "0.4", "--tried", "1" + "0" * 18),
        ("--choices", "1.4", "--scheme", "scheme.toml"),
        ("--choices", "1e12", "--scheme", "scheme.toml"),
    ],
)
def test_a_strength_that_no_text_has_is_refused(watermark: Watermark, wrong: tuple[str, ...]) -> None:
    Path("scheme.toml").write_text('[scheme]\nkind = "gumbel"\n')
    code, said, err = watermark("needed", *wrong)
    assert (code, said) == (2, "")
    assert "Traceback" not in err
