"""Workers of Dask: processes on this machine, or those of a scheduler."""

from __future__ import annotations

import importlib
import logging
import signal
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tridentgen.cards import CardError
from tridentgen.errors import FileError, InputError
from tridentgen.events.output import uninterrupted
from tridentgen.runs.distribution.engine import DistributionError
from tridentgen.toml.tables import Document, Table, string

_CONNECT_S = 30
_HERE = "127.0.0.1"
_NO_PAGES: Mapping[str, list[str]] = MappingProxyType(
    {f"distributed.{process}.http.routes": [] for process in ("scheduler", "worker", "nanny")}
)
_NO_DASHBOARD: Mapping[str, str | bool] = MappingProxyType({"dashboard": False, "dashboard_address": f"{_HERE}:0"})
"""Dask opens a port for web pages in any case; this one is any port of this machine alone, without pages."""


@contextmanager
def dask_executor(
    workers: int | None = None, scheduler: str | None = None, security: Path | None = None
) -> Iterator[Executor]:
    """Yield an executor with `workers` processes of this machine, or with all workers of a scheduler.

    Dask reassigns the work of a worker that dies, and starts a new process in its place. Whoever can talk to a
    scheduler can run code in it: that of the processes of this machine takes only connections with a key that is made
    for it, and kept in memory.

    Parameters
    ----------
    workers : int
    scheduler : str
        Address, as ``tls://node17:8786``.
    security : Path
        TOML file with the paths `ca_file`, `cert_file`, `key_file` for a scheduler with TLS.

    Raises
    ------
    InputError
        Dask or cryptography is not installed, or the number of workers is less than 1.
    CardError, FileError
        A mistake in the file of `security`.
    DistributionError
        The scheduler cannot be reached.
    """
    try:
        distributed: Any = importlib.import_module("distributed")
    except ImportError:
        raise InputError('--workers and --scheduler need Dask: pip install "tridentgen[dask]"') from None
    if scheduler is not None:
        with _client(distributed, scheduler, security) as client:
            yield client.get_executor()
        return
    if workers is None or workers < 1:
        raise InputError(f"--workers {workers} must be at least 1")
    try:
        own_key = distributed.Security.temporary()
    except ImportError:
        raise InputError('--workers needs cryptography: pip install "tridentgen[dask]"') from None
    with ExitStack() as stack:
        stack.enter_context(importlib.import_module("dask.config").set(_NO_PAGES))
        with uninterrupted():  # a partly started cluster cannot be closed
            with _deaf_to_ctrl_c():
                cluster = distributed.LocalCluster(
                    n_workers=workers, threads_per_worker=1, security=own_key, host=_HERE,
                    dashboard_address=None, scheduler_kwargs=_NO_DASHBOARD, silence_logs=logging.CRITICAL,
                )  # fmt: skip
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


def _client(distributed: Any, scheduler: str, security: Path | None) -> Any:
    keys = {} if security is None else {"security": distributed.Security(**_tls_of(security))}
    try:
        return distributed.Client(scheduler, timeout=_CONNECT_S, **keys)
    except (OSError, ValueError, TypeError) as error:
        raise DistributionError(
            f"cannot reach the scheduler '{scheduler}' ({' '.join(str(error).split())}); give an address like "
            "tcp://host:8786"
        ) from error


def _tls_of(path: Path) -> dict[str, Any]:
    """Return the arguments of Dask's `Security` from a file; relative paths start at its folder."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(f"--security {path}: cannot be read ({error})") from error
    document = Document(text, str(path))
    table = Table(document, (), document.data)
    found = {name: table.need(name, string, "") for name in ("ca_file", "cert_file", "key_file")}
    table.finish()
    for name, file in found.items():
        if file and not (path.parent / file).is_file():
            table.complain(name, f"there is no file '{path.parent / file}'")
    if document.messages:
        raise CardError(*document.messages)
    names = {"ca_file": "tls_ca_file", "cert_file": "tls_client_cert", "key_file": "tls_client_key"}
    return {"require_encryption": True, **{names[name]: str(path.parent / file) for name, file in found.items()}}
