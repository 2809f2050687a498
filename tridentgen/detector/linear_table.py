"""Linear interpolation between points, with a traceable search."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from tridentgen.errors import InputError
from tridentgen.physics.elementary import Value, last_below, look_up
from tridentgen.typing import FloatArray


@dataclass(frozen=True, eq=False)
class LinearTable:
    """Linear interpolation between points, constant beyond the first and the last.

    Parameters
    ----------
    x, y : array of shape (N,)
        Two or more points with increasing `x`, at any spacing.

    Raises
    ------
    InputError
        For fewer points, lengths that differ, numbers that are not finite, or `x` that does not increase.
    """

    x: FloatArray
    y: FloatArray

    def __post_init__(self) -> None:
        for name in ("x", "y"):
            column = np.array(getattr(self, name), dtype=np.float64)
            column.setflags(write=False)
            object.__setattr__(self, name, column)
        if self.x.ndim != 1 or self.x.shape != self.y.shape or len(self.x) < 2:
            raise InputError(
                f"a table needs two or more points; got columns of shapes {self.x.shape} and {self.y.shape}"
            )
        if not (np.isfinite(self.x).all() and np.isfinite(self.y).all()):
            raise InputError("a table holds a number that is not finite; correct or remove it")
        fall = np.flatnonzero(np.diff(self.x) <= 0.0)
        if fall.size:
            after, before = self.x[fall[0] + 1], self.x[fall[0]]
            raise InputError(
                f"energy {after:g} of a table does not exceed the one before it, {before:g}; "
                "sort the energies and drop repeats"
            )

    def __setstate__(self, state: dict[str, Any]) -> None:
        # Copies of arrays, and those of a pickle, would be writable.
        self.__dict__.update(state)
        for column in (self.x, self.y):
            column.setflags(write=False)

    @cached_property
    def _starts(self) -> FloatArray:
        """Lower ends of the N-1 segments, padded with infinity to a power of two."""
        lines = len(self.x) - 1
        filling = (1 << (lines - 1).bit_length()) - lines
        return np.concatenate([self.x[:-1], np.full(filling, np.inf)])

    @cached_property
    def _slopes(self) -> FloatArray:
        return np.diff(self.y) / np.diff(self.x)

    def __call__(self, x: Value) -> Value:
        """Return the value at `x`. Traceable: a bisection of fixed depth, log2(N) look-ups."""
        x = np.minimum(np.maximum(x, float(self.x[0])), float(self.x[-1]))
        line = last_below(self._starts, len(self._starts), x)
        return look_up(self.y, line) + (x - look_up(self.x, line)) * look_up(self._slopes, line)
