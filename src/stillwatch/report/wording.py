"""Numbers, times, names and strength of evidence in words that a person can read aloud.

An e-value is never shown without what it means: under the null, P(E >= x) <= 1/x (Ville; Vovk & Wang 2021, Annals of
Statistics 49(3)). Claims are rounded down, so that the words never say more than the number.
"""

from __future__ import annotations

import math
import re
import unicodedata
from datetime import UTC, datetime, timedelta

from stillwatch.campaigns.campaign import HypothesisKind

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US

NAME_LETTERS = 64  # chosen: account names are rarely longer; a hostile one must not fill the page
TEXT_LETTERS = 1_000  # chosen: the longest statement that a reader would read

_SPACE = "\u00a0"  # a number and its unit stay on one line
_SUPERSCRIPT = str.maketrans("-0123456789", "\u207b\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079")
_LN2, _LN10 = math.log(2), math.log(10)
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_PER_CENT = re.compile(r"(?<=\d) %")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_FAMILIES = {
    "template": "Shared template",
    "subjects": "Shared subjects",
    "cover": "Cover traffic",
    "shape": "Request shape",
    "lineage": "Text lineage",
    "coverage": "Coverage",
    "complementarity": "Division of work",
    "timing": "Timing",
    "release": "Model releases",
    "infrastructure": "Infrastructure",
    "partners": "Other providers",
}
FAMILY_MEANING = {
    "template": "The fixed parts of the prompts are the same, and rare among unrelated organisations.",
    "subjects": "No wording is shared. The accounts cannot be told apart by what they ask about, though each has said "
    "enough; people have subjects of their own.",
    "cover": "How much of the accounts' traffic has nothing to do with what links them.",
    "shape": "Settings and lengths of requests agree where only rare values count. Users of one tool agree as well.",
    "lineage": "Passages of one account's texts come back in other texts of other accounts.",
    "coverage": "The requests spread over subjects as a plan for a data set would, and not as people's needs do.",
    "complementarity": "The accounts divide one pool of work: each could do the other's share, and they hardly repeat "
    "each other. Independent users repeat each other or have subjects of their own.",
    "timing": "The accounts take turns, as one queue dealt out, beside the same accounts moved in time. Regular or "
    "nightly work of one account never counts.",
    "release": "The accounts move to a new model within the same hours, more than other customers do.",
    "infrastructure": "Cards, keys, machines or addresses are shared, and how rare they are. An address alone says "
    "little, a country nothing.",
    "partners": "What other providers of an alliance told. It comes first in a review. It is evidence only where two "
    "of them stand behind it, beside other evidence, and at most by their record; it ends when their claim does.",
}
_HYPOTHESES: dict[HypothesisKind, str] = {
    "operator": "One operator",
    "relay": "Relay or reseller",
    "shared_tool": "Shared tool",
    "shared_employer": "Shared employer or network",
    "unknown": "We cannot tell",
}


def count(number: int) -> str:
    return f"{number:,}"


def counted(number: int, thing: str, things: str | None = None) -> str:
    """`1 account`, `1,204 accounts`."""
    return f"{number:,}{_SPACE}{thing if number == 1 else things or thing + 's'}"


def percent(part: float, whole: float) -> str:
    """A share, never rounded to nothing or to everything unless it is."""
    if whole <= 0 or part <= 0:
        return f"0{_SPACE}%"
    share = 100 * part / whole
    if share < 0.1:
        return f"<{_SPACE}0.1{_SPACE}%"
    if share < 9.95:
        return f"{share:.1f}{_SPACE}%"
    if 99.5 <= share < 100:
        return f">{_SPACE}99{_SPACE}%"
    return f"{share:.0f}{_SPACE}%"


def compact(number: int) -> str:
    """A count for an axis: `950`, `1.2k`, `35k`, `4M`."""
    for size, unit in ((1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")):
        if number >= size:
            return f"{number / size:.3g}{unit}"
    return str(number)


def moment(us: int) -> str:
    """Date and minute in UTC, without saying UTC: the page says it once."""
    return _date(us, "%Y-%m-%d %H:%M")


def day(us: int) -> str:
    return _date(us, "%Y-%m-%d")


def dates(first_us: int, last_us: int) -> str:
    """A period of days in a sentence: `6 to 24 March 2026`, `28 February to 3 March 2026`."""
    try:
        first, last = (_EPOCH + timedelta(microseconds=us) for us in (first_us, last_us))
    except OverflowError:
        return f"{day(first_us)} to {day(last_us)}"
    end = f"{last.day}{_SPACE}{_MONTHS[last.month - 1]} {last.year}"
    if first.date() == last.date():
        return end
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day} to {end}"
    start = f"{first.day}{_SPACE}{_MONTHS[first.month - 1]}"
    return f"{start} to {end}" if first.year == last.year else f"{start} {first.year} to {end}"


def days(first_us: int, last_us: int) -> str:
    """A period of days in a table: `2026-03-06 to 2026-03-24`, or one day."""
    first, last = day(first_us), day(last_us)
    return first if first == last else f"{first} to {last}"


def _date(us: int, form: str) -> str:
    try:
        when = _EPOCH + timedelta(microseconds=us)
    except OverflowError:  # a log's clock can say anything
        return f"{us}{_SPACE}us"
    return when.strftime(form)


def duration(first_us: int, last_us: int) -> str:
    """How long a period is, in the unit that a person would use."""
    length_us = max(0, last_us - first_us)
    if length_us >= 2 * DAY_US:
        return counted(math.ceil(length_us / DAY_US), "day")
    if length_us >= 2 * HOUR_US:
        return counted(math.ceil(length_us / HOUR_US), "hour")
    return counted(math.ceil(length_us / 60_000_000), "minute")


def e_value(log_e: float, *, plain: bool = False) -> str:
    """The e-value itself, rounded down: `0.4`, `87`, `1,600`, `3.2 x 10^4` in proper type, or `plain`: `3.2e4`."""
    exponent, mantissa = _decimal(log_e)
    if -2 <= exponent < 4:
        return f"{_floor(mantissa, 2) * 10.0**exponent:,.6g}"
    if plain:
        return f"{_floor(mantissa, 2):.1f}e{exponent}"
    return f"{_floor(mantissa, 2):.1f}{_SPACE}\u00d7{_SPACE}10{str(exponent).translate(_SUPERSCRIPT)}"


def one_in(log_e: float) -> str:
    """The bound on chance of an e-value of at least 1: `1 in 8`, `1 in 32,000`, `1 in 4.5 million`, `1 in 10^26`."""
    return f"1{_SPACE}in{_SPACE}{_bound(log_e)}"


def _bound(log_e: float) -> str:
    exponent, mantissa = _decimal(max(0.0, log_e))
    whole = _floor(mantissa, 2) * 10.0 ** min(exponent, 15)
    if exponent < 6:
        return f"{math.floor(whole + 1e-6):,}"
    if exponent < 12:
        size, word = (1e9, "billion") if exponent >= 9 else (1e6, "million")
        return f"{whole / size:.3g}{_SPACE}{word}"
    return f"10{str(exponent).translate(_SUPERSCRIPT)}"


def strength(log_e: float, alpha: float) -> str:
    """What an e-value says and what it does not, against the level that the run was asked to hold."""
    if log_e < _LN2:  # "at most 1 in 1" would say nothing in many words
        return (
            f"The e-value is {e_value(log_e)}, {_beside_one(log_e)} the 1 that ordinary traffic gives on average. "
            "The calibration does not support a claim about this ring."
        )
    chance = (
        f"If this were ordinary traffic, an e-value of {e_value(log_e)} or more would arise by chance with a "
        f"probability of at most {one_in(log_e)}."
    )
    if not supports_claim(log_e, alpha):
        return (
            f"{chance} That falls short of the level of this run ({one_in_level(alpha)}): "
            "the calibration does not support a claim, and this is a lead and not a finding."
        )
    return f"{chance} The level of this run is {one_in_level(alpha)}."


def _beside_one(log_e: float) -> str:
    """How an e-value below 2 compares with 1, as it is shown."""
    if log_e < 0:
        return "less than"
    return "no more than" if e_value(log_e) == "1" else "hardly more than"


def supports_claim(log_e: float, alpha: float) -> bool:
    """Whether one ring's e-value, looked at by itself, reaches 1/alpha."""
    return 0 < alpha < 1 and log_e >= -math.log(alpha)


def one_in_level(level: float) -> str:
    """A probability as `1 in N`."""
    return one_in(-math.log(level) + 1e-9) if 0 < level < 1 else f"1{_SPACE}in{_SPACE}1"


def family(name: str) -> str:
    return _FAMILIES.get(name, name.replace("_", " ").capitalize())


def hypothesis(kind: HypothesisKind) -> str:
    return _HYPOTHESES.get(kind, kind)


def capitalize_first(text: str) -> str:
    """A reason as a heading, without touching the letters after the first."""
    return text[:1].upper() + text[1:]


def sentence(text: str) -> str:
    """The text with a full stop, if it has no end of its own, and no number parted from its per cent."""
    whole = f"{text}." if text and (text[-1].isalnum() or text[-1] in ")%") else text
    return _PER_CENT.sub(f"{_SPACE}%", whole)


def figure(value: float | int | str) -> str:
    """A detail's value: integers whole, other numbers to three figures, words as they are."""
    if isinstance(value, str):
        return value
    if float(value).is_integer() and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:.3g}"


def clipped(text: str, letters: int = NAME_LETTERS) -> str:
    """The beginning and the end of a text that is too long for its place: names often differ at the end."""
    if len(text) <= letters:
        return text
    tail = letters // 3
    return f"{text[: letters - tail - 1]}\u2026{text[-tail:]}"


def visible(text: str) -> str:
    """Text from a log with everything that could deceive the eye spelt out.

    Control and format characters (a right-to-left override turns `exe.txt` round), line separators, unpaired
    surrogates and private ones become `\\u202e` and the like; a line feed becomes a space.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_seen(letter) for letter in text)


def _seen(letter: str) -> str:
    if letter in "\n\t":
        return " "
    if unicodedata.category(letter) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}:
        return f"\\u{ord(letter):04x}"
    return letter


def _decimal(log_e: float) -> tuple[int, float]:
    """Exponent and mantissa in base ten of exp(log_e), also where exp would overflow."""
    power = log_e / _LN10
    exponent = math.floor(power + 1e-12)
    return exponent, max(1.0, 10.0 ** (power - exponent))


def _floor(number: float, figures: int) -> float:
    scale = 10.0 ** (figures - 1)
    return math.floor(number * scale + 1e-6) / scale
