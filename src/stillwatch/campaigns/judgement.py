"""From a ring to a verdict: campaign, watch, or let go with the reason said aloud.

A shared skeleton alone is never a verdict. "campaign" needs a second, independent family: the accounts are
interchangeable shares of one pool that hardly repeat each other (complementarity), or strangers that share a payment
instrument (infrastructure; universities and offices share addresses). In strata whose honest bulk jobs are divided the
same way, complementarity is blind and infrastructure has to speak. Every way out has a name and a sentence, because the
report owes honest heavy customers an account of why they were looked at and let go.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from stillwatch.campaigns.objective import MOSTLY, is_explicit_harvest, is_making_of_items
from stillwatch.campaigns.ring import Ring
from stillwatch.evidence import percent
from stillwatch.sketch.record import Intent
from stillwatch.tracing.strata import HONEST_SHAPES

COMMON_UNITS = 3
"""Organisations of the benign reference that make a skeleton common: two may still be one operator's past."""
COMMON_TOOL = "common tool"
KNOWN_BEFORE_EVIDENCE = frozenset({COMMON_TOOL, "two organisations"})
"""Reasons that follow from who uses a skeleton alone, before anything is measured."""
REFERENCE_AT_LEAST = 100
"""Benign organisations that said enough to be told apart: none of them in a pool then means at most 3 in 100."""
STRANGERS_AT_LEAST = 12
"""Organisations linked by nothing but what they ask about: a course has as many students, but also one address."""
SHARDS_AT_MOST = 0.1
"""Of the payloads' variance between units: shards of one pool by topic stay below (0.02 in the example), and strangers
with trades of their own reach 0.2."""
OWN_SETTINGS = 0.5
"""Of the units: installations of one application reach 0.6 to 1, wrappers that one hand wrote 0."""
_SOME_TOOL_TURNS = 0.05
UNITS_AT_LEAST = 3
"""Two organisations that look alike are a coincidence or a partnership; a campaign spreads."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """`reason` names the rule that decided; `statement` says it in a sentence."""

    verdict: Literal["campaign", "watch", "cleared"]
    reason: str
    statement: str


def judge(ring: Ring) -> Judgement:
    """The first rule that applies decides. See docs/tracing.md for the table."""
    measured = ring.complementarity
    second = ring.shares_infrastructure
    is_harvest = is_explicit_harvest(ring.intents) and ring.stratum not in HONEST_SHAPES
    # 1. A tool that honest organisations are known to use.
    if ring.common_units >= COMMON_UNITS and not second:
        return Judgement(
            "cleared",
            COMMON_TOOL,
            f"{ring.common_units} of {ring.reference_units} organisations of the benign reference use it too",
        )
    # 2. Too few strangers for a ring.
    if ring.units < UNITS_AT_LEAST:
        return Judgement(
            "watch" if second else "cleared",
            "two organisations",
            f"{ring.units} of at least {UNITS_AT_LEAST} organisations that make a ring share this skeleton",
        )
    if ring.says_it_rarely:
        return Judgement(
            "watch" if second else "cleared",
            "a phrase in common",
            f"{ring.units} organisations carry the skeleton in hardly any conversation, where others do in many: "
            "too little to count them among those",
        )
    # 3. Everybody asked the same set: users of one evaluation, or a class behind one address.
    if measured.is_one_set:
        return _one_set(ring, is_harvest)
    # 4. Everybody has subjects of their own: users of one tool.
    if measured.is_different:
        return Judgement(
            "watch" if second or _is_worth_watching(ring) else "cleared",
            "own subjects",
            f"each of the {ring.units} organisations has subjects of its own ({percent(measured.excess, 1)} of the "
            f"payloads' variance lies between them, z = {measured.z:.0f}): independent users of one tool, or shards by "
            "topic",
        )
    if measured.repeats_itself and ring.has_wrapper:
        return Judgement(
            "watch" if second else "cleared",
            "own subjects",
            f"the organisations come back to their own turns ({measured.turns.within} repeats inside one, "
            f"{measured.turns.expected_within:.0f} expected if turns were dealt out): work of their own with one tool",
        )
    # 5. Strangers with a shared card: two families agree.
    if second:
        return Judgement("campaign", "skeleton and infrastructure", _infrastructure_sentence(ring))
    # 6. Interchangeable shares of one pool.
    if measured.is_interchangeable:
        return _interchangeable(ring) if ring.has_wrapper else _without_a_wrapper(ring)
    # 7. Strangers behind one address, and nothing else: a campus, an office, a relay.
    if ring.shares_address:
        return Judgement("watch" if is_harvest else "cleared", "one address", _address_sentence(ring))
    # 8. Too few exchanges to tell.
    return Judgement(
        "watch" if is_harvest else "cleared",
        "too few exchanges",
        f"{measured.rows} exchanges of {ring.units} organisations carry the skeleton: too few to tell one pool from "
        "subjects of their own",
    )


def _is_worth_watching(ring: Ring) -> bool:
    """Subjects of their own, but the work makes training items, or the difference is slight: shards by topic?"""
    if ring.stratum in HONEST_SHAPES or ring.complementarity.excess > SHARDS_AT_MOST:
        return False
    if ring.intents.get(Intent.GENERATE_ITEMS, 0.0) >= MOSTLY:
        return True
    return is_explicit_harvest(ring.intents) and not ring.complementarity.is_plainly_different


def _one_set(ring: Ring, is_harvest: bool) -> Judgement:
    measured = ring.complementarity
    share = f"{percent(measured.shared_turns)} of the exchanges were also sent, word for word, by another organisation"
    if measured.each_asked_once:
        return Judgement(
            "cleared", "same questions", f"{share}, and each went through the set once: one shared question set"
        )
    if is_making_of_items(ring.intents) and ring.stratum not in HONEST_SHAPES:
        return Judgement(
            "campaign", "one pool sampled often", f"{share}, dealt out as by chance; the prompts make training items"
        )
    return Judgement(
        "watch" if is_harvest else "cleared",
        "repeated questions",
        f"{share}, repeats dealt out as by chance: a question set, or one pool sampled often",
    )


def _interchangeable(ring: Ring) -> Judgement:
    upper = percent(ring.complementarity.upper, 1)
    pool = (
        f"the payloads of {ring.units} organisations are interchangeable (at most {upper} of their variance lies "
        "between organisations) and hardly repeat: shares of one pool"
    )
    is_dialogue = _is_dialogue_of_strangers(ring)
    if ring.stratum in HONEST_SHAPES and not is_dialogue:
        return Judgement(
            "cleared",
            "cannot tell",
            f"{pool}; but honest {ring.stratum} jobs are divided in the same way, and nothing else speaks against them",
        )
    if ring.own_settings >= OWN_SETTINGS and not is_explicit_harvest(ring.intents):
        return Judgement(
            "watch",
            "own settings",
            f"{pool}; but the wrapper of {percent(ring.own_settings)} of them says something of their own in nearly "
            "every request: users of one application with settings of their own, or personas",
        )
    if is_dialogue:
        return Judgement("campaign", "one pool in dialogues", f"{pool}; {_of_the_reference(ring)}")
    return Judgement("campaign", "skeleton and complementarity", pool)


def _without_a_wrapper(ring: Ring) -> Judgement:
    """Only what they ask links them: honest customers must not ask so, and no campus or office stand behind it."""
    if ring.shares_address:
        return Judgement("cleared", "one address", _address_sentence(ring))
    pool = (
        f"{ring.units} organisations share no wording and ask about the same things, as if dealt out from one pool "
        f"(at most {percent(ring.complementarity.upper, 1)} of the variance of what they ask lies between them)"
    )
    if ring.reference_units < REFERENCE_AT_LEAST:
        return Judgement("watch", "one pool of subjects", f"{pool}; whether honest customers do so is not known")
    pool += f"; {_of_the_reference(ring)}"
    if not ring.knows_addresses:
        return Judgement("watch", "one pool of subjects", f"{pool}; whether it is a class in one place is not known")
    if not _is_nobodys_habit(ring) or ring.stratum in HONEST_SHAPES:
        return Judgement("watch", "one pool of subjects", f"{pool}: a course or a client in common would explain it")
    return Judgement("campaign", "one pool of subjects", pool)


def _is_dialogue_of_strangers(ring: Ring) -> bool:
    """Dialogues without tools look like coding agents' and like people's sessions. Honest strangers in them have
    subjects of their own; where many have none and no honest customer does so, somebody deals out to them."""
    return ring.stratum == "agent" and ring.tool_turns < _SOME_TOOL_TURNS and _is_nobodys_habit(ring)


def _is_nobodys_habit(ring: Ring) -> bool:
    """Many strangers do what no honest customer was seen to do, of enough to see it."""
    is_known = ring.reference_units >= REFERENCE_AT_LEAST and ring.common_units == 0
    is_elsewhere = ring.knows_addresses and not ring.shares_address
    return is_known and ring.units >= STRANGERS_AT_LEAST and is_elsewhere


def _of_the_reference(ring: Ring) -> str:
    return f"{ring.common_units} of {ring.reference_units} organisations of the benign reference do so too"


def _infrastructure_sentence(ring: Ring) -> str:
    card = next(s for s in ring.shared if s.kind == "payment")
    return (
        f"{card.sharing} of {card.known} organisations that claim to be strangers share a skeleton and "
        f"a payment instrument (elsewhere {percent(card.population_rate, 1)} do)"
    )


def _address_sentence(ring: Ring) -> str:
    address = next(s for s in ring.shared if s.kind == "ip")
    return (
        f"{address.sharing} of {address.known} organisations share a skeleton and an address: a university, an office "
        "or a relay does so as well as an operator, and nothing else speaks against them"
    )
