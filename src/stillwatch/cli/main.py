"""The console script: runs a command, tells its errors with their remedy, and exits as docs/commands.md says.

Commands are imported late: processes that sketch load this module too and need none of them, and Ctrl-C in the
seconds that loading takes is Ctrl-C, not a traceback.
"""

from __future__ import annotations

import os
import sys

# Before numpy loads: our matrices are 64 wide, and threads of OpenBLAS that wait for each other spin. Measured: four
# times the CPU time for one of them, forty times on a busy machine.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def run() -> None:
    """Run the command of `sys.argv`."""
    try:
        _run()
    except KeyboardInterrupt:
        sys.stderr.write("stillwatch: stopped\n")
        sys.exit(130)


def _run() -> None:
    from stillwatch.cli.app import app
    from stillwatch.cli.terminal import complain
    from stillwatch.errors import StillwatchError

    try:
        app(sys.argv[1:])()
    except StillwatchError as error:
        complain(str(error), name="stillwatch: ")
        sys.exit(error.exit_code)


if __name__ == "__main__":
    run()
