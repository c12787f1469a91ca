"""An inbox opened for a hunt, and closed again: what stands at this moment, and the tags of own accounts.

Read anew for each look. An inbox that is being written is read as its last pull left it.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from stillwatch.errors import InputError, UsageError
from stillwatch.pseudonym import Secret
from stillwatch.sharing.member.configuration import Membership
from stillwatch.sharing.member.heard import Hearing
from stillwatch.sharing.member.inbox import Inbox
from stillwatch.sharing.member.partners import Partners
from stillwatch.sharing.member.tagged import own_accounts


def partners_of(membership: Path, secret: Secret, now_us: int) -> Partners:
    """What partners told, as the member's file names its inbox. `secret`: the deployment's, under which accounts are
    named.

    Raises `UsageError` for a file that is none, or an inbox that was never pulled into; `InputError` for one, or own
    tags, that cannot be read.
    """
    of = Membership(membership)
    if not of.inbox.exists():
        raise UsageError(f"{membership} has no inbox yet", f"Pull first: stillwatch share pull --member {membership}")
    try:
        with closing(Inbox(of.inbox)) as inbox:
            hearing = Hearing(inbox, of.member, now_us)
    except sqlite3.Error as error:
        raise InputError(f"the inbox {of.inbox} cannot be read: {error}", "Move it away and pull again") from None
    own = own_accounts(*of.own_tags, secret) if of.own_tags else {}
    return Partners(hearing, own)
