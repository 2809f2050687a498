"""Engines: implementations of the numerical evaluation of a process."""

from __future__ import annotations

import importlib.util

from tridentgen.engines.compiler import find_compiler
from tridentgen.engines.cuda_engine import CudaEngine, CudaError
from tridentgen.engines.fallback import FallbackEngine, say_that_numpy_is_used
from tridentgen.engines.kernel_cache import CompilerError
from tridentgen.engines.native_engine import NativeEngine
from tridentgen.engines.numpy_engine import NumpyEngine
from tridentgen.engines.work import Engine, available_cores
from tridentgen.errors import InputError, nearest

ENGINES = ("auto", "numpy", "native", "cuda")
"""Names of engines on cards and command lines."""


def choose_engine(name: str = "auto", threads: int | None = None, *, fast: bool = False) -> Engine:
    """Return an engine.

    Parameters
    ----------
    name : str
        ``numpy``, ``native``, ``cuda``, or ``auto``: the first of cuda, native and numpy that is available. A warning
        is logged if that is numpy because there is no working compiler, or once a kernel cannot be compiled.
    threads : int
        Threads of the CPU engines; all cores by default.
    fast : bool
        Allow fused multiply-add in compiled engines: faster, not bit-identical to numpy.

    Raises
    ------
    InputError
        For an unknown engine or less than one thread.
    CompilerError, CudaError
        If the engine requested by name is not available; the message gives the reason.
    """
    if name not in ENGINES:
        raise InputError(f"unknown engine '{name}'{nearest(name, ENGINES)}; known are {', '.join(ENGINES)}")
    if threads is not None and threads < 1:
        raise InputError(f"threads = {threads} must be at least 1")
    count = available_cores() if threads is None else threads
    if name == "numpy":
        return NumpyEngine(count)
    if name == "native":
        return NativeEngine(find_compiler(fast=fast), count)
    if name == "cuda":
        return CudaEngine(fast)
    return _fastest(count, fast)


def _fastest(threads: int, fast: bool) -> Engine:
    if importlib.util.find_spec("cupy") is not None:  # importing it takes a second
        try:
            return CudaEngine(fast)
        except CudaError:
            pass  # CuPy may be installed without a GPU
    try:
        native = NativeEngine(find_compiler(fast=fast), threads)
    except CompilerError as error:
        say_that_numpy_is_used(error)
        return NumpyEngine(threads)
    # The bits of fused operations are not those of NumPy: such a run does not change its engine.
    return native if fast else FallbackEngine(native, NumpyEngine(threads))
