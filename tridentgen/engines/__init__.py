"""Engines that evaluate a process on many points."""

from __future__ import annotations

from tridentgen.engines.numpy_engine import NumpyEngine
from tridentgen.errors import InputError, nearest

ENGINES = ("auto", "numpy", "native", "cuda")
"""Names of engines on cards and command lines."""


def choose_engine(name: str = "auto", threads: int | None = None) -> NumpyEngine:
    """Return the engine called `name`; ``auto`` is the fastest there is on this machine.

    Raise `InputError` for an unknown engine, or one that this version does not have.
    """
    if name not in ENGINES:
        raise InputError(f"unknown engine '{name}'{nearest(name, ENGINES)}; known are {', '.join(ENGINES)}")
    if name not in ("auto", "numpy"):
        raise InputError(f"engine '{name}' is not available in this version; use 'numpy' or 'auto'")
    if threads is not None and threads < 1:
        raise InputError(f"threads = {threads} must be at least 1")
    return NumpyEngine() if threads is None else NumpyEngine(threads)
