"""The whole experiment with tiny models: what is kept, what students learn, and what the product says of them.

A model of random weights speaks nonsense, but marks go into nonsense as into sense, and so every step is the real one.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from stillwatch.audit.candidates import Candidate
from stillwatch.audit.finding import p_of
from stillwatch.audit.radioactivity import scored
from stillwatch.watermark.cells import cells_of

torch = pytest.importorskip(
    "torch", reason="students of a language model need torch: pip install 'stillwatch[watermark]'"
)
transformers = pytest.importorskip("transformers", reason="the teacher speaks through transformers")

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers  # noqa: E402 - comes with transformers

from stillwatch.experiments.language_model.harvests import with_others  # noqa: E402 - needs torch
from stillwatch.experiments.language_model.lab import Lab, answers_of  # noqa: E402 - needs torch
from stillwatch.experiments.language_model.neutralising import Shift  # noqa: E402 - needs torch
from stillwatch.experiments.language_model.own_tokens import OwnTokens  # noqa: E402 - needs torch
from stillwatch.experiments.language_model.picture import picture  # noqa: E402 - needs torch
from stillwatch.experiments.language_model.pools import Amounts  # noqa: E402 - needs torch
from stillwatch.experiments.language_model.questions import questions  # noqa: E402 - needs torch
from stillwatch.experiments.language_model.run import generated, measured  # noqa: E402 - needs torch
from stillwatch.experiments.language_model.summary import table  # noqa: E402 - needs torch
from stillwatch.experiments.language_model.teacher import Speaker  # noqa: E402 - needs torch
from stillwatch.experiments.language_model.top_layers import TopStudent, texts_of  # noqa: E402 - needs torch

AMOUNTS = Amounts(seeds=(1,), asked=24, read=4, said=8, dealt=(3,))
START, END = "<s>", "</s>"
TEMPLATE = "{% for message in messages %}<s>{{ message['content'] }}</s>{% endfor %}"


@pytest.fixture(scope="module")
def speaker() -> Speaker:
    torch.set_num_threads(1)  # two wait for each other on a busy machine
    words = Tokenizer(models.BPE())
    words.pre_tokenizer, words.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    words.train_from_iterator(questions(), trainers.BpeTrainer(vocab_size=100, special_tokens=[START, END]))
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=words, pad_token=END, eos_token=END, chat_template=TEMPLATE
    )
    torch.manual_seed(1)
    shape = transformers.LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=3,
        num_attention_heads=2,
        num_key_value_heads=1,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
    )
    return Speaker(transformers.LlamaForCausalLM(shape).eval(), tokenizer, longest=32)


@pytest.fixture(scope="module")
def lab(speaker: Speaker, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    folder = tmp_path_factory.mktemp("experiment")
    speaker.tokenizer.save_pretrained(folder)
    made = Lab(folder, speaker, folder / "tokenizer.json", AMOUNTS)
    generated(made, lambda _: None)
    return made


def test_what_enters_the_top_layers_is_all_that_a_student_needs(lab: Lab) -> None:
    """An untuned student says what the whole model says, to the precision of what was kept."""
    text = lab.read[0]
    (contexts, chances), *_ = TopStudent(lab.model, lab.known).chances([text])
    with torch.inference_mode():
        scores = lab.model(torch.from_numpy(text.tokens)[None]).logits[0, text.first : -1][
            :, torch.from_numpy(lab.known)
        ]
    assert np.allclose(chances, torch.softmax(scores, 1).numpy(), atol=1e-4)
    assert contexts.tolist() == text.tokens[text.first : -1].tolist()


def test_a_student_inside_the_model_speaks_and_leaves_it_as_it_was(lab: Lab) -> None:
    student = TopStudent(lab.model, lab.known)
    losses = list(student.learn(lab.clean, np.random.default_rng(1), epochs=4))
    assert losses[-1] < losses[0]
    ids = torch.from_numpy(lab.read[0].tokens)[None]
    with torch.inference_mode():
        before = lab.model(ids).logits
        with student.inside(lab.model) as model:
            assert not torch.equal(model(ids).logits, before)
        assert torch.equal(lab.model(ids).logits, before)


def test_a_run_that_was_stopped_goes_on_as_if_it_had_not_been(lab: Lab, tmp_path: Path) -> None:
    """A pool without its answers' file is asked again, with the same answers."""
    again = Lab(tmp_path, lab.speaker, lab.folder / "tokenizer.json", AMOUNTS)
    pool, marks = again.pools.needed()[0]
    assert list(pool.fill(lab.speaker, marks)) == [AMOUNTS.asked]
    assert pool.answers() == lab.pools.marked(1).answers()
    assert list(pool.fill(lab.speaker, marks)) == []


def test_a_mixture_holds_each_question_once(lab: Lab) -> None:
    mixed = [text.tokens[: text.first + 1].tolist() for text in lab.mixture(1, 0.25)]
    assert sorted(mixed) == sorted(text.tokens[: text.first + 1].tolist() for text in lab.clean)
    marked = {tuple(text.tokens) for text in lab.marked(1)}
    assert sum(tuple(text.tokens) in marked for text in lab.mixture(1, 0.25)) == 6


def test_the_answers_carry_the_mark_of_fleet_and_campaign(lab: Lab) -> None:
    """At a strength of two, where everything is uncertain, seven tokens in ten are green."""
    bench = lab.bench(1)
    prompts = [text.tokens[: text.first + 1] for text in lab.clean]
    found = bench.answers(answers_of(lab.marked(1)), answers_of(lab.clean), prompts)
    assert max(found.row.fleet, found.row.campaign) < -10
    assert found.row.others > -2.5


def test_what_enters_while_it_reads_is_what_entered_while_it_answered(lab: Lab) -> None:
    """So a student of tokens that nobody generated learns as one of answers does."""
    text = lab.clean[0]
    assert np.allclose(lab.speaker.entering(text.tokens), text.states, atol=1e-3)


def test_replaced_tokens_leave_questions_and_ends_alone(lab: Lab) -> None:
    text, usual = lab.clean[0], np.array([7])
    tokens = with_others(text, 0.5, usual, np.random.default_rng(1))
    changed = np.flatnonzero(tokens != text.tokens)
    assert text.first < changed.min()
    assert changed.max() < len(tokens) - 1
    assert set(tokens[changed]) == {7}
    assert with_others(text, 0.0, usual, np.random.default_rng(1)).tolist() == text.tokens.tolist()


def test_each_account_of_a_dealt_harvest_has_its_own_mark(lab: Lab) -> None:
    """Three accounts asked every third question each: each one's answers are green under its key and under the
    fleet's, and not under another account's.
    """
    keys, texts = lab.pools.keys(1, 3), answers_of(texts_of(lab.pools.dealt(1, 3)))
    for turn, own in enumerate(keys.accounts):
        cells = cells_of(texts[turn::3], 1)
        other = keys.accounts[turn - 1]
        found = [p_of(scored(cells, Candidate(key, keys.fleet))) for key in (keys.fleet, own, other)]
        assert max(found[:2]) < 1e-3 < found[2]


def test_what_was_moved_after_a_token_can_be_taken_off(lab: Lab) -> None:
    """An operator who subtracts it after every token is left with his base, on average over the token's places."""
    student, base = TopStudent(lab.model, lab.known), TopStudent(lab.model, lab.known)
    list(student.learn(lab.clean, np.random.default_rng(1), epochs=2))
    shift = Shift(student.chances(lab.clean), base.chances(lab.clean), 1)
    apart = [
        float(np.mean([np.abs(np.log(one) - np.log(other)).mean() for (_, one), (_, other) in zip(*pair, strict=True)]))
        for pair in (
            (list(student.chances(lab.clean)), list(base.chances(lab.clean))),
            (list(shift.taken_off(student.chances(lab.clean))), list(base.chances(lab.clean))),
        )
    ]
    assert apart[1] < apart[0]


def test_text_comes_back_from_tokens_of_ones_own(lab: Lab) -> None:
    texts = answers_of(lab.clean)
    own = OwnTokens(lab.tokenizer, texts)
    back = own.decoded(own.encoded(texts))
    said = [lab.tokenizer.decode(text, skip_special_tokens=True) for text in texts]
    assert [lab.tokenizer.decode(text) for text in back] == said


@pytest.mark.long
def test_the_experiment_runs_to_its_end_and_keeps_each_step(lab: Lab) -> None:
    parts = measured(lab, lambda _: None)
    points = [point for part in parts for point in part.points]
    assert {point.share for point in points} == {0.0, 0.01, 0.05, 0.2, 1.0}
    assert picture(points).startswith("<svg")
    assert table(points).count("\n") > len({(point.student, point.share) for point in points})
    told: list[str] = []
    assert measured(lab, told.append) == parts
    assert told == []
