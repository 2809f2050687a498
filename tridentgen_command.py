"""The console script `tridentgen`, which stays outside the package: importing that takes a second, also to Ctrl-C."""

from __future__ import annotations

import os
import signal
from types import FrameType
from typing import NoReturn

_EXIT_INTERRUPTED = 130


def main() -> int:
    """Run the command line; a Ctrl-C while it is imported is one line, with exit code 130."""
    ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # in the background it may be ignored
    if ours:
        signal.signal(signal.SIGINT, _leave)
    from tridentgen.cli import main as command_line

    if ours:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    return command_line()


def _leave(_number: int, _frame: FrameType | None) -> NoReturn:
    """End the process at once: nothing has been begun, and modules that are half imported cannot tidy up."""
    try:
        os.write(2, b"tridentgen: interrupted\n")
    finally:
        os._exit(_EXIT_INTERRUPTED)
