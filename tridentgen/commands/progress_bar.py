"""A progress bar on a terminal; in a pipe or a log, occasional lines after the first minute."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tqdm import tqdm

from tridentgen.commands.common import complain
from tridentgen.progress import Progress

Clock = Callable[[], float]
"""Returns seconds since an arbitrary time."""

_LINE_S = 60.0
_STUCK_S = 20.0


@contextmanager
def progress_bar(clock: Clock = time.monotonic) -> Iterator[Progress]:
    """Yield a function ``progress(what, share)`` that reports progress on standard error.

    `clock` times the lines of a log.
    """
    if not sys.stderr.isatty():
        yield ProgressLines(complain, clock)
        return
    with tqdm(total=1.0, leave=False, bar_format="{desc:<30} {percentage:3.0f}%|{bar}| {elapsed}") as bar:

        def show(what: str, share: float) -> None:
            bar.set_description_str(what, refresh=False)
            bar.n = share
            bar.refresh()

        yield show


class ProgressLines:
    """Progress for a log: nothing in the first minute, then a line for each 10 %, at most one a minute.

    A step that stays at 0 % for 20 s, for example without workers, is reported once.

    Parameters
    ----------
    write
        Called with a line.
    clock
        Returns seconds since an arbitrary time.
    """

    def __init__(self, write: Callable[[str], None], clock: Clock = time.monotonic) -> None:
        self._write, self._clock = write, clock
        self._start = self._last = self._begun = clock()
        self._what, self._tenths = "", 0

    def __call__(self, what: str, share: float) -> None:
        """Report that a share of a step is done."""
        now, tenths = self._clock(), int(10.0 * share)
        if what != self._what:
            self._what, self._tenths, self._begun = what, 0, now
        if share == 0.0 and now - self._begun >= _STUCK_S:
            self._write(f"tridentgen: {what}")
            self._begun = math.inf
        elif tenths > self._tenths and now - self._last >= _LINE_S:
            self._write(f"tridentgen: {what}, {share:.0%} after {(now - self._start) / 60.0:.0f} min")
            self._last, self._tenths = now, tenths
