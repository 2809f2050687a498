"""A progress bar on a terminal, silence in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tqdm import tqdm

from tridentgen.sampling.train import Progress, silent


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """Yield a function ``progress(what, share)``; on a terminal it draws a bar on standard error."""
    if not sys.stderr.isatty():
        yield silent
        return
    with tqdm(total=1.0, leave=False, bar_format="{desc:<30} {percentage:3.0f}%|{bar}| {elapsed}") as bar:

        def show(what: str, share: float) -> None:
            bar.set_description_str(what, refresh=False)
            bar.n = share
            bar.refresh()

        yield show
