"""Paths that every server on the way reads alike; a dialect is only looked for in these.

Servers decode `%61`, merge `//`, resolve `..`, cut off `;x`, or ignore case, each in its own way. The guard would count
`/v1/ch%61t/completions` as the older completions while the model's server answers a chat, whose limits are others.

Source: RFC 3986, 6.2.2 (unreserved characters need no escape) and 5.2.4 (dot segments).
"""

from __future__ import annotations

import re

_ODD = re.compile(
    r"""//|\\|;              # merged by some, a separator or the end of a segment to others
    |/\.{1,2}(?:/|$)         # dot segments
    |%(?:2[DEF]|3[0-9AB]|25|[46][1-9A-F]|[57][0-9A]|5[CF]|7E)  # - . / 0-9 : ; % letters \ _ ~
    |%(?![0-9A-F]{2})        # no escape at all
    |%[01]                   # control characters""",
    re.VERBOSE | re.IGNORECASE,
)


def is_plain(path: str) -> bool:
    """Does this path, without its query, have one meaning?"""
    return path.startswith("/") and _ODD.search(path) is None
