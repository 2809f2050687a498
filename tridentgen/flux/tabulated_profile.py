"""Arrival times given by a table: the burst of a supernova, a measured beam pulse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tridentgen.errors import InputError
from tridentgen.flux.base import require
from tridentgen.flux.tabulated import INTERPOLATIONS, value_flaw
from tridentgen.physics.elementary import Value, Values, last_below, look_up
from tridentgen.typing import FloatArray

_COLUMNS = 4
"""Numbers of a segment: its start, its width, one over its probability, and the slope of its density."""

_LEAST = 1e-18
"""Probability of a segment that no random number reaches."""

_FINEST_NS = 1.0
"""Panels of a quadrature widen from this width on after a kink."""


@dataclass(frozen=True, eq=False)
class TabulatedProfile:
    """Arrival times in ns that follow a tabulated density.

    Parameters
    ----------
    times_ns
        Increasing times of shape (N,): N bin edges, or N points.
    values
        Density in any units, not negative: shape (N-1,) for ``interpolation="histogram"``, (N,) for ``"linear"``.
    interpolation
        ``"histogram"``: constant within bins; ``"linear"``: linear between points.

    Raises
    ------
    InputError
        For lengths that do not match, times that do not increase, negative or non-finite numbers, and a density that is
        zero everywhere.
    """

    times_ns: FloatArray
    values: FloatArray
    interpolation: str = "linear"

    def __post_init__(self) -> None:
        for name in ("times_ns", "values"):
            table = np.array(getattr(self, name), dtype=np.float64)
            table.setflags(write=False)
            object.__setattr__(self, name, table)
        known = f"is not known; use {' or '.join(repr(name) for name in INTERPOLATIONS)}"
        require(self.interpolation in INTERPOLATIONS, "interpolation", self.interpolation, known)
        times, values = self.times_ns, self.values
        needed = len(times) - (self.interpolation == "histogram") if times.ndim == 1 else -1
        if values.ndim != 1 or len(values) != needed or len(times) < 2:
            names = "edges, one more than values" if self.interpolation == "histogram" else "points, one for each value"
            raise InputError(
                f"a table of arrival times needs two or more {names}; got times of shape {times.shape} and values of "
                f"shape {values.shape}"
            )
        if not (np.isfinite(times).all() and (np.diff(times) > 0.0).all()):
            raise InputError("the times of a table of arrival times must be finite and increase; sort them")
        if (flaw := value_flaw(values)) is not None:
            raise InputError(f"table of arrival times, values[{flaw[0]}]: {flaw[1]}")
        if not 0.0 < self._integral < np.inf:
            raise InputError("a table of arrival times has no neutrinos, or too many; give a density that is finite")

    def __setstate__(self, state: dict[str, Any]) -> None:
        # Copies of arrays, and those of a pickle, would be writable.
        self.__dict__.update(state)
        for table in (self.times_ns, self.values):
            table.setflags(write=False)

    @property
    def numbers(self) -> int:
        """Number of uniform random numbers that `time_ns` uses."""
        return 1

    @cached_property
    def _ends(self) -> tuple[FloatArray, FloatArray]:
        """Density at the start and the end of each segment."""
        if self.interpolation == "histogram":
            return self.values, self.values
        return self.values[:-1], self.values[1:]

    @cached_property
    def _areas(self) -> FloatArray:
        """Integral over each segment."""
        start, end = self._ends
        with np.errstate(over="ignore"):
            return np.asarray((0.5 * start + 0.5 * end) * np.diff(self.times_ns))

    @cached_property
    def _integral(self) -> float:
        with np.errstate(over="ignore"):
            return float(np.cumsum(self._areas)[-1])

    @cached_property
    def _filled(self) -> NDArray[np.bool_]:
        """Segments that a random number can reach."""
        return np.asarray(self._areas > _LEAST * self._integral)

    @cached_property
    def _table(self) -> FloatArray:
        """The segments in one array, since kernels hold few: first the probability before each, then their columns."""
        filled = self._filled
        share = self._areas[filled] / self._integral
        start, end = (density[filled] for density in self._ends)
        slope = (end - start) / (end + start)
        low, width = self.times_ns[:-1][filled], np.diff(self.times_ns)[filled]
        before = np.full(self._padded, np.inf)
        before[: len(share)] = np.concatenate([[0.0], np.cumsum(share)[:-1]])
        return np.concatenate([before, np.column_stack([low, width, 1.0 / share, slope]).ravel()])

    @cached_property
    def _padded(self) -> int:
        """Number of segments with neutrinos, rounded up to a power of two."""
        return 1 << (int(np.count_nonzero(self._filled)) - 1).bit_length()

    def time_ns(self, u: Values) -> Value:
        """Return the arrival time in ns for one uniform number in (0, 1), first axis of `u`; traceable.

        In a segment with the density 1 - s + 2 s x, 0 < x < 1, the probability v = (1 - s) x + s x^2 is inverted
        without cancellation, x = 2 v/(1 - s + sqrt((1 - s)^2 + 4 s v)). The time increases with u.
        """
        table = self._table
        segment = last_below(table, self._padded, u[0])
        at = segment * float(_COLUMNS) + float(self._padded)
        low, width, inverse, slope = (look_up(table, at + float(column)) for column in range(_COLUMNS))
        v = np.minimum((u[0] - look_up(table, segment)) * inverse, 1.0)
        start = 1.0 - slope
        x = 2.0 * v / np.maximum(start + np.sqrt(np.maximum(start * start + 4.0 * slope * v, 0.0)), 1e-300)
        return low + width * np.minimum(x, 1.0)

    def density(self, time_ns: FloatArray) -> FloatArray:
        """Return the distribution of arrival times in 1/ns at times of shape (N,), integral 1."""
        times = np.asarray(time_ns, dtype=np.float64)
        if self.interpolation == "linear":
            return np.asarray(np.interp(times, self.times_ns, self.values, left=0.0, right=0.0) / self._integral)
        bins = np.searchsorted(self.times_ns, times, side="right") - 1
        inside = (bins >= 0) & (bins < len(self.values))
        return np.where(inside, self.values[np.where(inside, bins, 0)] / self._integral, 0.0)

    def panels(self, breaks_ns: Sequence[float]) -> FloatArray:
        """Return edges of intervals in which the density is smooth, and a function that bends at `breaks_ns`."""
        first, last = self.times_ns[0], self.times_ns[-1]
        steps = _FINEST_NS * 2.0 ** np.arange(-1.0, np.log2(max(last - first, 2.0) / _FINEST_NS) + 1.0, 0.5)
        edges = np.concatenate([self.times_ns, *(np.concatenate([[start], start + steps]) for start in breaks_ns)])
        return np.unique(edges[(edges >= first) & (edges <= last)])
