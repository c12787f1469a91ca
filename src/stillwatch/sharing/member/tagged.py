"""Which of a member's own accounts carry identifiers that others reported as blind tags, and on how many words.

Two files say what is compared: suspects, one JSON line each, and their tags, line by line (docs/tags.md). A suspect
that names its account,

    {"kind": "email", "value": "alice@example.com", "account": "acct-0412"}

makes it known whose tag it is; others are compared by `stillwatch tags match` alone. Accounts of the benign log may
stand among them: only beside such accounts is a tag evidence, as nobody else says how often honest customers are
tagged.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from stillwatch.errors import InputError
from stillwatch.pseudonym import Pseudonymiser, Secret
from stillwatch.sharing.member.heard import HeardClaim, Hearing
from stillwatch.sharing.tags.identifier import Kind
from stillwatch.sharing.tags.tag_set import SHORT_TAG_BYTES, Tag
from stillwatch.sharing.tags.written import tag_lines


class _Suspect(msgspec.Struct, frozen=True):
    account: str = ""


@dataclass(frozen=True, slots=True)
class Tagged:
    """What is said of one account. `sources`: the most members that told of one identifier of it; `kinds`: of which.

    `bound`: the largest e-value that this bears, 1 where one source stands alone; `record`: as `HeardClaim.record`.
    """

    kinds: tuple[Kind, ...]
    sources: int
    record: float
    bound: float


def own_accounts(suspects: Path, tags: Path, secret: Secret) -> dict[int, list[Tag]]:
    """Tags by the pseudonym of the account that a suspect names. Raises `InputError` for a damaged file."""
    named, pseudonym = _named(suspects), Pseudonymiser(secret, "account")
    found: defaultdict[int, list[Tag]] = defaultdict(list)
    for line in tag_lines(tags):
        if line.tag and line.line in named:
            found[pseudonym(named[line.line])].append(Tag(line.kind, line.epoch, bytes.fromhex(line.tag)))
    return dict(found)


def tagged(hearing: Hearing, own: Mapping[int, Iterable[Tag]]) -> dict[int, Tagged]:
    """Of `own` accounts, those with an identifier that a standing claim tells of, by pseudonym."""
    told: defaultdict[tuple[Kind, int, bytes], list[HeardClaim]] = defaultdict(list)
    for claim in hearing.claims:
        for tag in claim.tags if not claim.stopped else ():
            told[tag.kind, tag.epoch, tag.value].append(claim)
    found = {}
    for account, tags in own.items():
        by_tag = [(tag, _claims(told, tag)) for tag in tags]
        met = [(tag.kind, claims) for tag, claims in by_tag if claims]
        if met:
            found[account] = _best(hearing, met)
    return found


def _claims(told: Mapping[tuple[Kind, int, bytes], list[HeardClaim]], tag: Tag) -> list[HeardClaim]:
    """By whole tags and by first halves."""
    return [
        one for value in {tag.value, tag.value[:SHORT_TAG_BYTES]} for one in told.get((tag.kind, tag.epoch, value), ())
    ]


def _best(hearing: Hearing, met: list[tuple[Kind, list[HeardClaim]]]) -> Tagged:
    weighed = [(*hearing.together(claims), len({one.author for one in claims})) for _, claims in met]
    bound, record, sources = max(weighed, key=lambda one: (one[0], one[2], one[1]))
    return Tagged(tuple(dict.fromkeys(kind for kind, _ in met)), sources, record, bound)


def _named(suspects: Path) -> dict[int, str]:
    """The account of each line that names one."""
    try:
        lines = enumerate(suspects.read_bytes().splitlines(), 1)
        read = [(number, msgspec.json.decode(line, type=_Suspect)) for number, line in lines if line.strip()]
    except OSError as error:
        raise InputError(f"the suspects {suspects} cannot be read: {error.strerror}") from None
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise InputError(f"{suspects} holds something else than suspects", "See docs/tags.md for its lines") from None
    return {number: one.account for number, one in read if one.account}
