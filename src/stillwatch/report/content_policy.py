"""The Content-Security-Policy of the report: nothing is loaded, and only the report's own style and script count.

The page shows names that an attacker chose. Autoescaping keeps them text; should one ever slip through, the browser
still refuses to run or load anything whose hash is not stated here.
"""

from __future__ import annotations

import base64
import hashlib


def content_policy(style: str, script: str) -> str:
    """The policy for one inline style sheet and one inline script, by the hash of exactly what stands in the tags.

    Source: W3C Content Security Policy Level 3, 2.3.1 (hash-source). `frame-ancestors` has no meaning in a meta tag.
    """
    return "; ".join(
        (
            "default-src 'none'",
            f"style-src '{_hash(style)}'",
            f"script-src '{_hash(script)}'",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
