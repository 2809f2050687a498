"""Standard streams that are closed or full, as under cron, in daemons and with ``>&-``."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TextIO

_STREAMS = ("stdin", "stdout", "stderr")


def open_missing_streams() -> None:
    """Let each standard stream that is closed be the null device.

    A file opened later would get the number of a closed one, and everything printed to it.
    """
    for number, name in enumerate(_STREAMS):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDONLY if number == 0 else os.O_WRONLY)  # gets the lowest free number
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, "r" if number == 0 else "w", encoding="utf-8", closefd=False))  # noqa: SIM115


def broken(stream: TextIO) -> OSError | None:
    """Return why a stream cannot be written to, or None if it can; this takes a line, since a failure empties it."""
    try:
        stream.write("\n")
        stream.flush()
    except OSError as error:
        return error
    return None


def discard(stream: TextIO) -> None:
    """Let what is still to be written to a broken stream go to the null device, so that the exit is quiet."""
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
