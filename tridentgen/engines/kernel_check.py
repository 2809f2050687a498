"""A check of kernels that were just compiled: the bits of NumPy at some points, so that no compiler is believed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

from tridentgen.engines.kernel_cache import CompilerError
from tridentgen.engines.kernel_source import Output
from tridentgen.engines.process import Process
from tridentgen.engines.proposal import ChannelProposal
from tridentgen.engines.uniforms import uniforms
from tridentgen.engines.work import Words
from tridentgen.typing import FloatArray

POINTS = 256
_INCREMENTS = 16
_SEED, _STREAM = 20_260_101, 0
_FUSED = 1e-9
"""Largest relative deviation of half of the values where fused operations are allowed."""

Expected = Callable[[ChannelProposal, FloatArray], FloatArray]
"""Values of all outputs at points given by a density and uniform numbers, shape (outputs, N)."""


class Points(Protocol):
    """A kernel that can be evaluated at points."""

    def points(self, density: ChannelProposal, u: FloatArray, weighted: int, outputs: int) -> FloatArray:
        """Return the outputs at points given by a density and uniform numbers, shape (outputs, N)."""


def of_integrand(process: Process, channel: int) -> Expected:
    """Return the integrand of a channel times the inverse density, by NumPy."""

    def expected(density: ChannelProposal, u: FloatArray) -> FloatArray:
        placed = density.place(np.zeros(u.shape[1], dtype=np.int64), u[: process.dimensions])
        return np.atleast_2d(np.asarray(process.integrand(channel, placed.x) * placed.inverse_density))

    return expected


def of_event(process: Process, channel: int, outputs: Sequence[Output]) -> Expected:
    """Return the event columns of a channel in the order of `outputs`, by NumPy."""

    def expected(density: ChannelProposal, u: FloatArray) -> FloatArray:
        placed = density.place(np.zeros(u.shape[1], dtype=np.int64), u[: process.dimensions])
        made = process.event(channel, placed.x, u[Words.of(process).spare])
        values = np.empty((len(outputs), u.shape[1]))
        for row, output in zip(values, outputs, strict=True):
            value = made[output.column]
            part = value[output.component] if isinstance(value, tuple) else value
            row[:] = part * placed.inverse_density if output.is_weight else part
        return values

    return expected


def check_kernel(
    kernel: Points, process: Process, expected: Expected, weighted: int, outputs: int, *, fast: bool, compiler: str
) -> None:
    """Raise `CompilerError` unless a kernel gives the bits of NumPy at `POINTS` points of the unit cube.

    Parameters
    ----------
    kernel : Points
    process : Process
    expected : callable
        From `of_integrand` or `of_event`.
    weighted, outputs : int
        Numbers of outputs that are weights, and of all.
    fast : bool
        Fused operations are allowed: the last digits may differ.
    compiler : str
        Its name in the message.
    """
    density = ChannelProposal.uniform(process.dimensions, _INCREMENTS, (1,) * process.dimensions)
    u = uniforms(_SEED, _STREAM, 0, POINTS, Words.of(process).event)
    with np.errstate(all="ignore"):
        wanted = expected(density, u)
    found = kernel.points(density, u, weighted, outputs)
    same = (found.view(np.int64) == wanted.view(np.int64)) | (np.isnan(found) & np.isnan(wanted))
    if fast:
        with np.errstate(all="ignore"):
            same |= np.abs(found - wanted) <= _FUSED * np.abs(wanted)
        same = np.broadcast_to(2 * np.count_nonzero(same, axis=1, keepdims=True) >= POINTS, same.shape)
    if not same.all():
        wrong = int(np.count_nonzero(~same.all(axis=0)))
        raise CompilerError(
            f"'{compiler}' makes wrong kernels: of {POINTS} points {wrong} have other results than with NumPy; name "
            "another compiler in CXX, or use engine = 'numpy'"
        )
