"""Ordinary people who chat: each has a few subjects of their own, a manner of writing, and comes back to them.

Written for this project (CC0-1.0). People ask, follow up, correct themselves and thank; nobody covers a curriculum.
"""

import random
from dataclasses import dataclass

_SUBJECTS: tuple[tuple[str, str], ...] = (
    ("allotment", "slugs, bean poles, compost heap, frost in May, rhubarb, water butt, neighbour's bindweed"),
    ("moving house", "removal van, deposit, change of address, boxes, landlord, meter readings, broadband"),
    ("marathon training", "long run, sore knee, new shoes, split times, pasta, rest day, taper"),
    ("wedding", "seating plan, aunt Rosa, speech, budget, band, rain plan, invitations"),
    ("old car", "clutch, rust on the sill, inspection, timing belt, seat covers, fuel smell, spare key"),
    ("job search", "covering letter, gap in my cv, interview, salary, reference, notice period, portfolio"),
    ("toddler", "naps, biting, potty, picky eating, nursery, night terrors, screen time"),
    ("sourdough", "starter smells odd, oven spring, rye flour, scoring, overnight proof, dense crumb, banneton"),
    ("guitar", "barre chords, buzzing fret, strumming, capo, changing strings, metronome, fingerpicking"),
    ("tax return", "home office, receipts, deadline, second job, rental income, pension, mistake last year"),
    ("new puppy", "crate, chewing shoes, recall, vaccination, barking at bikes, teething, lead"),
    ("school essay", "introduction, quotations, word count, thesis, Macbeth, conclusion, plagiarism check"),
    ("spreadsheet at work", "pivot, lookup fails, date format, chart axis, conditional colours, macro, duplicates"),
    ("trip to Portugal", "night train, tiles museum, tipping, three days in Porto, hiking, rental car, weather"),
    ("learning Polish", "cases, soft consonants, verbs of motion, flash cards, small talk, numbers, listening"),
    ("knitting", "dropped stitch, yarn weight, sleeves, gauge, cable pattern, blocking, buttonhole"),
    ("heat pump", "grant, radiators, noise, insulation, quotes, hot water, flow temperature"),
    ("board game design", "balance, rule book, playtest, card costs, turn order, theme, prototype"),
    ("grandmother's recipes", "dumplings, handwritten measure, poppy seed, substitute for lard, oven mark, jam"),
    ("photography", "night shots, second-hand lens, raw files, portraits, tripod, histogram, prints"),
    ("back pain", "desk height, stretches, swimming, mattress, physiotherapist, lifting, morning stiffness"),
    ("book club", "discussion questions, slow middle part, unreliable narrator, next month's pick, translation"),
    ("aquarium", "algae, shrimp, filter, cycling the tank, water hardness, snails, plants melting"),
    ("nursing exam", "drug calculations, heart failure, wound care, mnemonics, shift pattern, mock paper"),
    ("bicycle commute", "puncture, wet leaves, lights, panniers, chain, shower at work, shortest route"),
    ("choir", "alto line, breathing, sight reading, concert dress, Fauré, sore throat, rehearsal plan"),
    ("village fete", "raffle licence, tombola, insurance, bunting, cake stall, volunteers, first aid"),
    ("raspberry pi", "sd card died, temperature sensor, static ip, camera, crontab, case, power supply"),
    ("divorce paperwork", "mediator, school holidays, shared account, house valuation, dates, new forms"),
    ("chess", "endgames, Caro-Kann, blunders, time trouble, tactics, club night, rating"),
    ("sewing", "zip, bias tape, hem of a curtain, machine tension, pattern too small, lining, velvet"),
    ("astronomy evenings", "first telescope, Saturn, dew, star chart, light pollution, eyepiece, meteor night"),
)
_FIRST = (
    "hi, quick question about {s}: {t}",
    "I need some help with {s}. It's mainly the {t}, and maybe the {u}.",
    "what would you do about {t} ({s})",
    "So my {s} again... {t} is driving me mad. Any ideas?",
    "Can you make me a short list for {t}? It's for my {s}, I only have {n} {units}.",
    "Is it normal that {t} takes {n} {units}?",
    "please rewrite this so it sounds friendlier: 'about {s}: the {t} can't stay like this, sort out the {u} by {day}'",
    "{t} or {u} first? {s} is in {n} weeks",
    "Explain {t} to me like I've never done {s} before",
    "My {relative} says {t} doesn't matter for {s}. True?",
    "I tried {t} on {day} and it went wrong after {n} {units}. What did I miss?",
    "{t}??",
    "been reading up on {s} all evening, still don't get {t}",
    "How would you plan {n} {units} of {s} around {t} and {u}?",
    "Need a polite text to my {relative} about the {t}",
    "pros and cons: {t} vs {u}",
    "Is {t} worth the money? I do {s} just for fun.",
    "Reminder list please. {s}, {day}, {t}, {u}. Nothing fancy.",
    "Settle a bet with my {relative}: {t} comes before {u}, right?",
    "My {t} looks weird, kind of like {u}. Should I worry?",
    "we talked about {s} before. new problem: {t}",
    "what's the polite way to say no to {t}",
    "Give me three questions I should ask about {t} on {day}.",
)
_NEXT = (
    "ok and {t}?",
    "hm, that didn't work. I forgot to say there's also {t}",
    "thanks! and how long does it take",
    "shorter please",
    "can you put that in a table",
    "what about {t} on {day}?",
    "no I meant {t}, not {u}",
    "and if I only have {n} {units}?",
    "why?",
    "great, one last thing: {t} with {u}, good idea or not",
    "could you say that in simple words",
    "my {relative} disagrees, she'd start with {t}",
    "sounds like a lot. what's the minimum",
    "Done! Now {u}.",
    "how do you know?",
    "I only have until {day}",
    "that's what I did last time and {t} got worse",
    "lol fair enough. and for {t}",
    "And what does that cost, roughly? {n} {units}?",
    "Write it as a message I can send to my {relative}",
    "does that also hold for {u}",
    "wait, which one is {t} again",
)
_MANNERISMS = 6  # chosen: nobody speaks in all of these ways
_SYSTEM = (
    "Be brief. I read on my phone.",
    "Talk to me like a patient friend, no bullet points.",
    "I am dyslexic: short sentences, simple words.",
    "Antworte auf Deutsch, wenn ich Deutsch schreibe.",
    "Metric units. I live in {place}.",
    "Always give me one concrete next step.",
)
_LISTS = {
    "units": ("days", "hours", "minutes", "weeks", "euros", "metres", "tries"),
    "day": ("Monday", "Tuesday", "Saturday", "the weekend", "Sunday night", "my day off"),
    "relative": ("sister", "dad", "neighbour", "colleague", "boyfriend", "wife", "mum", "flatmate"),
    "place": ("Ghent", "Tartu", "Leeds", "Graz", "Cork", "Aarhus", "Girona", "Bari"),
}


@dataclass(frozen=True)
class Person:
    """What one person says: an optional system prompt and conversations, each a list of turns."""

    system: str | None
    conversations: list[list[str]]


def person(rng: random.Random) -> Person:
    """Somebody with one to three subjects and three to nine conversations about them."""
    subjects = rng.sample(_SUBJECTS, rng.choice((1, 2, 2, 3)))
    lower_case = rng.random() < 0.4
    openings, replies = rng.sample(_FIRST, _MANNERISMS), rng.sample(_NEXT, _MANNERISMS)
    system = _spoken(rng.choice(_SYSTEM), subjects[0], rng) if rng.random() < 0.15 else None
    conversations = []
    for _ in range(rng.randint(3, 9)):
        subject = rng.choice(subjects)
        turns = [rng.choice(openings), *(rng.choice(replies) for _ in range(min(5, int(rng.expovariate(0.55)))))]
        spoken = [_spoken(turn, subject, rng) for turn in turns]
        conversations.append([turn.lower() if lower_case else turn for turn in spoken])
    return Person(system, conversations)


def _spoken(turn: str, subject: tuple[str, str], rng: random.Random) -> str:
    name, details = subject
    first, second = rng.sample(details.split(", "), 2)
    lists = {slot: rng.choice(words) for slot, words in _LISTS.items()}
    return turn.format(s=name, t=first, u=second, n=rng.randint(2, 45), **lists)
