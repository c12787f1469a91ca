"""What all tests share: a slow machine fails no test, so generated examples have no deadline."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("without-deadline", deadline=None)
settings.load_profile("without-deadline")
