"""Independent organisations that have their own letters read: each with its own trade, words, record and prompt.

Written for this project (CC0-1.0). They share nothing but the library that they use.
"""

import random
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Organisation:
    """A trade, the system prompt and record it wrote for itself, and what its letters are about."""

    trade: str
    model: str
    system: str
    record: str
    fields: dict[str, Any]
    matters: tuple[str, ...]
    openings: tuple[str, ...]
    closings: tuple[str, ...]


def letter(organisation: Organisation, rng: random.Random) -> str:
    """One letter to `organisation` about one or two of its matters."""
    first, second = rng.sample(organisation.matters, 2)
    middle = [
        text.format(a=first, b=second, n=rng.randint(2, 900), day=rng.choice(_DAYS), who=rng.choice(_WHO))
        for text in rng.sample(_phrases(organisation), rng.randint(2, 5))
    ]
    return " ".join((rng.choice(organisation.openings), *middle, rng.choice(organisation.closings)))


def _phrases(organisation: Organisation) -> list[str]:
    """The part of the phrases that this house's correspondents use, the same part every time."""
    return random.Random(organisation.trade).sample(_SENTENCES, _MANNERISMS)  # noqa: S311 - variety, no secret


_DAYS = ("Monday", "Tuesday", "Wednesday", "last Thursday", "Friday morning", "the 3rd", "the 21st", "Easter")
_WHO = ("your colleague", "the driver", "my husband", "the new manager", "our neighbour", "the lady on the phone")
_SENTENCES = (
    "I am writing about the {a}.",
    "On {day} {who} promised that the {a} would be settled.",
    "The {a} still has not been dealt with and now there is the {b} as well.",
    "We counted {n} of them, which cannot be right.",
    "Nothing was said about the {b} when we agreed on this.",
    "Could somebody confirm the {b} before {day}?",
    "The number on the paper is {n}.",
    "I was charged {n} although {who} said it was included.",
    "Please cancel the {a} and keep the {b}.",
    "Compared with last year the {b} is much better, thank you for that.",
    "If the {a} cannot be moved to {day}, tell us what else you suggest.",
    "Attached you find the {a}; the {b} follows by post.",
    "It broke again after {n} days.",
    "{who} looked at the {a} and shook their head.",
    "Any news of the {b}?",
    "As far as I know the {a} belongs to us, reference {n}.",
    "My question: who pays for the {b}?",
    "{day} would suit me for the {a}, later would not.",
    "There seems to be a mix-up between {a} and {b}.",
    "That makes {n} in all, without the {b}.",
    "Sorry for the trouble with the {a}!",
    "Until {day} everything was fine, then the {b} started.",
    "You once told me the {a} comes first.",
    "Is {n} normal?",
    "Two things, really: {a}, and after that {b}.",
    "I have photographs of the {b} if that helps.",
    "Nobody rang back about {a} since {day}.",
    "For the record: {who} signed for the {b}.",
    "What happens to the {a} if I do nothing?",
    "Last time it took {n} minutes and cost nothing.",
    "Kindly leave the {b} out of it.",
    "Since {day} no change with {a}, slightly worse with {b}.",
    "Do I need an appointment for this, or is {day} open?",
    "It is the same {a} as in spring, number {n}.",
    "We would rather have {b} than {a}.",
    "Somebody must have swapped the {b}.",
)
_MANNERISMS = 8  # chosen: whoever writes to one house uses a part of the phrases, so that houses differ in tone too


def _organisation(
    trade: str, model: str, system: str, record: str, fields: dict[str, Any], matters: str, opening: str, closing: str
) -> Organisation:
    split = (tuple(matters.split(", ")), tuple(opening.split("|")), tuple(closing.split("|")))
    return Organisation(trade, model, system, record, fields, *split)


ORGANISATIONS: tuple[Organisation, ...] = (
    _organisation(
        "veterinary practice",
        "gpt-4o-mini",
        "You prepare the day list of a veterinary practice. Read the owner's message and fill in the visit.",
        "Visit",
        {
            "animal": "text",
            "complaint": "text",
            "urgency": ["today", "this week", "routine"],
            "vaccination_due": "yes_no",
        },
        "limping spaniel, itchy ears of the cat, dental scaling, rabbit's teeth, worming tablets, puppy vaccination, "
        "diabetic cat's insulin, insurance form, torn claw, microchip, parrot's feathers, spaying, flea collar",
        "Dear practice,|Hello Dr Lindqvist,|Good morning, it's about our old dog again.|Hi all,",
        "Thank you, Mrs Adeyemi|Can I come by after work?|Please call me back.|Yours, T. Brandt",
    ),
    _organisation(
        "freight forwarder",
        "gpt-4o",
        "Extract the shipment claim. Amounts in whole euros. Never guess a container.",
        "Claim",
        {
            "container": "text",
            "damage": ["none", "wet", "broken", "missing"],
            "amount": "integer",
            "next_steps": "texts",
        },
        "reefer temperature log, demurrage invoice, customs hold, broken seal, pallet of tiles, bill of lading, "
        "late berth, container return, forwarding surcharge, weighing slip, crate of glass, hazardous label",
        "To the claims desk:|Re our booking,|Attention operations,|Sirs,",
        "Regards, warehouse two|Awaiting your reply.|We hold you liable.|Best, Ferreira & Sons",
    ),
    _organisation(
        "public library",
        "gpt-4o-mini",
        "Library mail room. What does the reader want, which branch, and does a librarian have to answer personally?",
        "ReaderRequest",
        {"wish": "text", "branch": ["central", "harbour", "hill", "unknown"], "personal_answer": "yes_no"},
        "overdue picture books, reservation of an atlas, lost card, reading group, microfilm reader, study room, "
        "large-print novels, donation of comics, fine for a wet book, local map collection, story hour, scanner",
        "Dear librarians,|Hello,|To the branch at the harbour,|Good day",
        "A faithful reader|Kind regards, the Ostrowski family|See you on Saturday!|Thanks in advance.",
    ),
    _organisation(
        "brewery",
        "gpt-4o",
        "Turn the pub landlord's note into an order line for the dray. Kegs are thirty litres.",
        "OrderLine",
        {"beer": "texts", "kegs": "integer", "delivery_day": "text", "empties_to_collect": "integer"},
        "pale ale, wheat beer, festival lager, empty kegs, cooler lease, flat stout, tap cleaning, gas bottles, "
        "late dray, price list, cellar visit, bottle deposit, alcohol-free trial",
        "Landlord of the Anchor here.|Morning brewers,|From the Three Larks:|Hi Jutta,",
        "Cheers, Bob|Same cellar door as always.|Invoice to the brewery tap account.|Ta!",
    ),
    _organisation(
        "property manager",
        "gpt-4o-mini",
        "Building maintenance intake. Report what is broken, where, and whether it can wait until tomorrow.",
        "Defect",
        {
            "part": "text",
            "floor": "integer",
            "emergency": "yes_no",
            "trade": ["plumber", "electrician", "joiner", "locksmith", "none"],
        },
        "dripping tap, dead lift, broken bell, mould behind the wardrobe, parking space, stairwell light, heating, "
        "noisy pump, cellar flood, loose balcony tile, missing key, washing-room rota, smoke alarm",
        "Flat 14 writing.|Dear house management,|Once again from the top floor:|Good evening,",
        "Tenant since 1998|I am at home until noon.|Please not during nap time.|Regards, Flat 3",
    ),
    _organisation(
        "museum",
        "gpt-4o",
        "You register offers of objects to the collections of a maritime museum. Facts only, provenance matters.",
        "ObjectOffer",
        {"object": "text", "period": "text", "condition": ["good", "worn", "fragment"], "documents": "texts"},
        "ship's bell, sextant, captain's diary, whale tooth carving, signal flags, rope sample, harbour painting, "
        "diving helmet, crew photograph, model schooner, cargo ledger, lighthouse lens, sailor's chest",
        "Dear curator,|To the collections department,|My late uncle was a sailor.|Esteemed museum,",
        "I would love to see it in good hands.|With maritime greetings|No payment expected.|H. Thorvald",
    ),
    _organisation(
        "bicycle workshop",
        "gpt-4o-mini",
        "Repair ticket from chat message. Bikes have nicknames, keep them.",
        "RepairTicket",
        {
            "bicycle": "text",
            "parts": "texts",
            "loan_bike": "yes_no",
            "ready_by": "text",
            "estimate": "integer",
        },
        "squeaking brake, bent derailleur, e-bike battery, cargo trailer hitch, tubeless tyre, wheel wobble, seat, "
        "stolen lights, new saddle, loose crank, hub gear, winter service, warranty on the frame",
        "hey workshop|Hi there, the blue tandem again:|Moin,|hello it's about my Gazelle",
        "thx|I can drop it off any time|Need it for the tour!|cu, Mio",
    ),
    _organisation(
        "allergy clinic",
        "gpt-4o",
        "Summarise the patient's diary for the physician. Do not give advice. Keep the patient's own words.",
        "DiaryEntry",
        {"symptoms": "texts", "suspected_trigger": "text", "severity": "integer", "summary": "text"},
        "birch pollen, hazelnut biscuit, runny nose, wheezing at night, new washing powder, nasal spray, prick test, "
        "antihistamine, itchy palate, cat at the neighbours, desensitisation shot, peak flow, house dust",
        "Diary, week two.|Notes for my next visit:|Dear doctor,|As agreed I wrote everything down.",
        "Otherwise fine.|Slept badly.|No fever.|See you at the next appointment.",
    ),
)
