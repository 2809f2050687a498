"""Workers of Dask: processes on this machine, or those of a scheduler."""

from __future__ import annotations

import importlib
import logging
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import ExitStack, contextmanager
from typing import Any

from tridentgen.errors import InputError
from tridentgen.events.output import uninterrupted
from tridentgen.runs.distribution.engine import DistributionError

_CONNECT_S = 30


@contextmanager
def dask_executor(workers: int | None = None, scheduler: str | None = None) -> Iterator[Executor]:
    """Yield an executor with `workers` processes of this machine, or with all workers of a scheduler.

    Dask reassigns the work of a worker that dies, and starts a new process in its place.

    Raises
    ------
    InputError
        Dask is not installed, or the number of workers is less than 1.
    DistributionError
        The scheduler cannot be reached.
    """
    try:
        distributed: Any = importlib.import_module("distributed")
    except ImportError:
        raise InputError('--workers and --scheduler need Dask: pip install "tridentgen[dask]"') from None
    if scheduler is not None:
        with _client(distributed, scheduler) as client:
            yield client.get_executor()
        return
    if workers is None or workers < 1:
        raise InputError(f"--workers {workers} must be at least 1")
    with ExitStack() as stack:
        with uninterrupted():  # a partly started cluster cannot be closed
            with _deaf_to_ctrl_c():
                cluster = distributed.LocalCluster(
                    n_workers=workers, threads_per_worker=1, dashboard_address=None, silence_logs=logging.CRITICAL
                )
            client = stack.enter_context(distributed.Client(stack.enter_context(cluster)))
        yield client.get_executor()


@contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    """Make processes started in this block ignore Ctrl-C, which a terminal sends to all; the parent stops them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _client(distributed: Any, scheduler: str) -> Any:
    try:
        return distributed.Client(scheduler, timeout=_CONNECT_S)
    except (OSError, ValueError, TypeError) as error:
        raise DistributionError(
            f"cannot reach the scheduler '{scheduler}' ({' '.join(str(error).split())}); give an address like "
            "tcp://host:8786"
        ) from error
