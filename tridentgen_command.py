"""The console script `tridentgen`, which stays outside the package: importing that takes a second, also to Ctrl-C."""

from __future__ import annotations

import os
import signal
from types import FrameType
from typing import NoReturn

_EXIT_ERROR, _EXIT_INTERRUPTED = 2, 130


def main() -> int:
    """Run the command line; what goes wrong while it is imported is one line, with exit code 2, or 130 for Ctrl-C."""
    ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # in the background it may be ignored
    if ours:
        signal.signal(signal.SIGINT, _leave)
    try:
        from tridentgen.cli import main as command_line
    except (ImportError, MemoryError, OSError) as error:
        _say(f"cannot start ({' '.join(str(error).split()) or 'no memory'}); free memory or reinstall the package")
        return _EXIT_ERROR
    if ours:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    return command_line()


def _leave(_number: int, _frame: FrameType | None) -> NoReturn:
    """End the process at once: nothing has been begun, and modules that are half imported cannot tidy up."""
    try:
        _say("interrupted")
    finally:
        os._exit(_EXIT_INTERRUPTED)


def _say(text: str) -> None:
    os.write(2, f"tridentgen: {text}\n".encode(errors="replace"))
