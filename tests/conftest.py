"""What all tests share: a slow machine fails no test, and programs that they start hear Ctrl-C."""

from __future__ import annotations

import signal
import threading

from hypothesis import settings

settings.register_profile("without-deadline", deadline=None)
settings.load_profile("without-deadline")

# A shell's background makes what it starts deaf to Ctrl-C, and that is inherited by programs of tests that press it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN and threading.current_thread() is threading.main_thread():
    signal.signal(signal.SIGINT, signal.default_int_handler)
