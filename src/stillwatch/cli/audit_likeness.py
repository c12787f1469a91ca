"""`stillwatch audit record, same-model, family, similar`: how models answer beside each other. Never: who learned.

These are second to the tests of marks, and none of them makes a suspect "derived".
"""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from stillwatch.audit.asking import Pace, ask_all
from stillwatch.audit.base_family import guessed
from stillwatch.audit.differential import differentials
from stillwatch.audit.dossier import read_prompts
from stillwatch.audit.likeness import SIMILAR_IS_NOT_DERIVED, Kernel
from stillwatch.audit.recording import Head, Recording, answers_of, start
from stillwatch.audit.same_model import power
from stillwatch.audit.same_model import same_model as compared
from stillwatch.cli.faults import faults_as_errors
from stillwatch.cli.options import Json
from stillwatch.cli.options_marks import AtOnce, EndpointKey, EndpointUrl, ModelName, MostTokens, Rate, endpoint_of
from stillwatch.cli.terminal import counted, print_json, progress_bar, say
from stillwatch.errors import UsageError

Recorded = Annotated[
    Path, typer.Argument(help="A recording, or a JSON Lines file of prompts and answers.", show_default=False)
]
Level = Annotated[float, typer.Option("--level", min=0.0001, max=0.5, help="Chance of seeing what is not there.")]
SHARES = (0.05, 0.1, 0.25, 0.5, 1.0)
"""Of answers that another model gives, for which power is said."""


@faults_as_errors()
def record(
    folder: Annotated[Path, typer.Argument(help="Where the recording is kept.", show_default=False)],
    prompts: Annotated[Path, typer.Option(help="Questions, one a line: JSON strings.")],
    endpoint: EndpointUrl,
    model: ModelName,
    name: Annotated[
        str, typer.Option(help="What it is called; a family may stand before a slash, as llama-3/8b.")
    ] = "",
    each: Annotated[int, typer.Option(min=1, max=1_000, help="Answers to each question.")] = 8,
    temperature: Annotated[float, typer.Option(min=0, max=2, help="Alike for all that are compared.")] = 1.0,
    key_file: EndpointKey = None,
    rate: Rate = 1.0,
    at_once: AtOnce = 4,
    most_tokens: MostTokens = 128,
) -> None:
    """Ask a model the same questions several times, for comparing it with others. Stopped, it goes on where it was.

    Example: stillwatch audit record ours --prompts few.jsonl --endpoint http://127.0.0.1:8000/v1 --model ours
    """
    asked = tuple(dict.fromkeys(one.prompt for one in read_prompts(prompts)))
    endpoint_asked = endpoint_of(endpoint, model, key_file, most_tokens, temperature)
    made = Head(
        name=name or folder.name,
        model=model,
        prompts=asked,
        each=each,
        most_tokens=most_tokens,
        temperature=temperature,
    )
    questions = start(folder, made).questions
    with answers_of(folder).held(), progress_bar(False) as tell:
        ask_all(
            questions,
            answers := answers_of(folder),
            endpoint_asked,
            Pace(rate, time.monotonic, time.sleep),
            at_once=at_once,
            now_us=lambda: time.time_ns() // 1_000,
            tell=lambda done: tell("recording", done / len(questions), f"{done:,} answers"),
        )
    counts = Recording.read(folder).counts or {}
    waits = sum(answer.waits for answer in answers.all)
    say(f"{made.name}: {', '.join(f'{count:,} {what}' for what, count in counts.items())}, {waits:,} waited for.")


@faults_as_errors()
def same_model(
    one: Recorded,
    other: Recorded,
    unlike: Annotated[
        Path | None,
        typer.Option(help="A recording of another model: says what share of its answers the test would show."),
    ] = None,
    kernel: Annotated[Kernel, typer.Option(help="How texts are compared; choose before you look.")] = Kernel.SPECTRUM,
    level: Level = 0.01,
    seed: Annotated[int, typer.Option(help="Of the deals.")] = 0,
    as_json: Json = False,
) -> None:
    """Do two endpoints serve one model? An exact test of their answers to the same prompts, for resellers and proxies.

    Example: stillwatch audit same-model ours reseller --unlike smaller
    """
    ours, theirs = Recording.read(one), Recording.read(other)
    found = compared(ours, theirs, kernel, seed=seed)
    shown = [] if unlike is None else power(ours, Recording.read(unlike), SHARES, level, kernel, seed=seed)
    answer = "they answer differently" if found.p <= level else "no difference is shown"
    if as_json:
        print_json(_document(answer, test=asdict(found), level=level, power=[asdict(each) for each in shown]))
        return
    say(f"{ours.name} and {theirs.name}: {answer}; p {found.p:.2g} of equal answers.")
    say(f"{counted(found.prompts, 'prompt')}, {found.answers[0]:,} and {found.answers[1]:,} answers.")
    for each in shown:
        say(
            f"Where {each.share:.0%} of answers were the other model's, {each.answers} answers to a prompt show it "
            f"with a chance of {each.chance:.0%}."
        )
    if not shown:
        say("What would have been seen is not known: name a recording of another model with --unlike.")
    say(SIMILAR_IS_NOT_DERIVED)


@faults_as_errors()
def family(
    suspect: Recorded,
    profiles: Annotated[
        list[Path], typer.Argument(help="Recordings of candidates, of three families or more.", show_default=False)
    ],
    seed: Annotated[int, typer.Option(help="Of the draws of prompts.")] = 0,
    as_json: Json = False,
) -> None:
    """Which family of models does a suspect answer like most? A guess with its error rate, or "cannot tell".

    Example: stillwatch audit family suspect llama-8b llama-70b qwen-7b mistral-7b gemma-9b
    """
    asked = Recording.read(suspect)
    guess, errors = guessed(asked, [Recording.read(profile) for profile in profiles], seed=seed)
    bounds = {"wrong_at_most": errors.wrong_at_most, "strangers_at_most": errors.strangers_at_most}
    if as_json:
        print_json(_document(guess.family or "cannot tell", guess=asdict(guess), errors=asdict(errors) | bounds))
        return
    if guess.family is None:
        say(f"{asked.name}: cannot tell; no family stands out.")
    else:
        say(f"{asked.name} answers like {guess.family} most. This is a guess.")
    say(f"Nearness {guess.nearness:.2f}; below {guess.needed:.2f} a family stands out.")
    for name, far in guess.discrepancies:
        say(f"    {name}: {far:.4f} away")
    say(
        f"Tried on these recordings: {errors.named_wrongly} of {errors.tried} halves got another family's name, "
        f"{errors.named_rightly} their own; {errors.strangers_named} of {errors.strangers} whose family was left out "
        "got a name."
    )
    say(SIMILAR_IS_NOT_DERIVED)


@faults_as_errors()
def similar(
    suspect: Recorded,
    control: Annotated[list[Path], typer.Option(help="A recording of a comparable model; repeat it.")],
    teacher: Annotated[list[Path], typer.Option(help="A recording of a teacher; may be repeated.")],
    level: Level = 0.05,
    as_json: Json = False,
) -> None:
    """Does a suspect answer more like a teacher than comparable models do? A rank among controls.

    Example: stillwatch audit similar suspect --teacher ours --teacher rival --control base --control tuned-1 ...
    """
    controls, teachers = ([Recording.read(place) for place in places] for places in (control, teacher))
    if len({one.name for one in controls}) < len(controls):
        raise UsageError("two controls have one name", "Give each control once: it would count twice")
    found = differentials(Recording.read(suspect), controls, teachers, level)
    if as_json:
        print_json(_document("", teachers=[asdict(one) for one in found], controls=[one.name for one in controls]))
        return
    for one in found:
        first = 1 + sum(likeness >= one.suspect for likeness in one.controls)
        say(
            f"{one.teacher}: {one.answer}; the suspect's place is {first} of {len(controls) + 1}, "
            f"p {one.adjusted:.2g} among {counted(len(found), 'teacher')}."
        )
    if any(one.answer == "cannot tell" for one in found):
        say(f"With {len(teachers)} teachers a level of {level} needs {round(len(teachers) / level) - 1} controls.")
    say(SIMILAR_IS_NOT_DERIVED)


def _document(answer: str, **more: Any) -> dict[str, Any]:
    return {"format": "stillwatch-similarity/1", "answer": answer, **more, "says": SIMILAR_IS_NOT_DERIVED}
