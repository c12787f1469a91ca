"""What a campaign asks the teacher: plain questions, each form with each thing.

They are ours, so nobody's text is in the experiment, and there are as many as an experiment needs. What they lack: the
spread of real traffic; a harvest of one kind of question is what a distiller of one subject sends.
"""

from __future__ import annotations

from itertools import product

import numpy as np

_FORMS = (
    "Explain how {} works to somebody who has never seen it.",
    "Write a short story in which {} changes a day.",
    "What are three common mistakes with {}, and how are they avoided?",
    "Give step-by-step advice on choosing {}.",
    "Describe the history of {} in one paragraph.",
    "Write a letter to a friend about {}.",
    "Compare {} with what people used before it.",
    "What should a beginner know about {}?",
    "Write a product description for {}.",
    "Argue for and against having {} in every home.",
    "What goes on inside {}, and what can break?",
    "Write a dialogue between two neighbours about {}.",
)
_THINGS = (
    "a bicycle",
    "a lighthouse",
    "a compost heap",
    "a sewing machine",
    "a piano",
    "a greenhouse",
    "a weather station",
    "a bread oven",
    "a telescope",
    "a sailing boat",
    "a public library",
    "a pocket watch",
    "a vegetable garden",
    "a wood stove",
    "a film camera",
    "a beehive",
    "a windmill",
    "a hearing aid",
    "a hiking tent",
    "a water filter",
    "a school bus",
    "a chess clock",
    "a fishing net",
    "a solar panel",
    "a kitchen knife",
    "a fire alarm",
    "a market stall",
    "a hot air balloon",
    "a paper map",
    "a swimming pool",
    "a coffee grinder",
    "a railway bridge",
)
_ORDER = 20_261
"""Of the shuffle, so that the first hundred are of all forms and things."""


def questions() -> list[str]:
    """All of them, each once, in one fixed order."""
    asked = [form.format(thing) for form, thing in product(_FORMS, _THINGS)]
    return [asked[place] for place in np.random.default_rng(_ORDER).permutation(len(asked))]
