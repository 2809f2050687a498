"""Signals that end a run, and the exceptions that they raise."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn


class Stopped(KeyboardInterrupt):
    """A Ctrl-C that leaves the unfinished file in place; the message states how far the run has progressed."""

    exit_code = 130


class Terminated(Stopped):
    """The same for SIGTERM, which batch systems send some seconds before SIGKILL."""

    exit_code = 143


@contextmanager
def terminable() -> Iterator[None]:
    """Let the first SIGTERM raise `Terminated` in the ``with`` block, unless the caller has a handler of its own."""
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    before = signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _terminate(_number: int, _frame: FrameType | None) -> NoReturn:
    signal.signal(signal.SIGTERM, _terminated_already)
    raise Terminated("terminated")


def _terminated_already(_number: int, _frame: FrameType | None) -> None:
    """Do nothing: a second SIGTERM must not abort the final message of the run."""
