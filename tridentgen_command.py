"""The console script `tridentgen`: it comes before the package, whose import takes a second."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType
from typing import NoReturn

_EXIT_INTERRUPTED = 130


def main() -> int:
    """Run the command line and return its exit code; a Ctrl-C while it is imported is one line as well."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:
        signal.signal(signal.SIGINT, _leave)
    from tridentgen.cli import main as command_line

    signal.signal(signal.SIGINT, before)
    return command_line()


def _leave(_number: int, _frame: FrameType | None) -> NoReturn:
    # An exception would not do: extension modules make an ImportError of a KeyboardInterrupt.
    print("tridentgen: interrupted", file=sys.stderr, flush=True)
    os._exit(_EXIT_INTERRUPTED)
