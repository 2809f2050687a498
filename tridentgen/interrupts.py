"""Signals that end a run, and what they leave."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn


class Stopped(KeyboardInterrupt):
    """A Ctrl-C after which the unfinished file stays as it is; the message says how far the run came."""

    exit_code = 130


class Terminated(Stopped):
    """The same of a SIGTERM, which batch systems send some seconds before they kill."""

    exit_code = 143


@contextmanager
def terminable() -> Iterator[None]:
    """Let the first SIGTERM raise `Terminated` in the ``with`` block, where the caller has no use for it itself."""
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
    """Do nothing: the run is about to end, and to be hurried would cost its last line."""
