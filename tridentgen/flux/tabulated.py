"""A tabulated spectrum: bins of constant flux, or points with linear interpolation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tridentgen.errors import InputError
from tridentgen.flux.base import Flux, require
from tridentgen.physics.elementary import Value, look_up
from tridentgen.typing import FloatArray

INTERPOLATIONS = ("histogram", "linear")

_LEAST_INTEGRAL = 1e-290
"""A flux that integrates to less cannot be divided by it without loss or overflow."""


class Segments(NamedTuple):
    """Linear segments of a spectrum, of shape (K,), all with non-zero flux: energy in GeV and flux at the ends."""

    low: FloatArray
    high: FloatArray
    f_low: FloatArray
    f_high: FloatArray

    def above(self, threshold_GeV: float) -> Segments:
        """Return the segments above the threshold; the one that contains it is cut there exactly."""
        low, high, f_low, f_high = (column[self.high > threshold_GeV] for column in self)
        inside = np.maximum(threshold_GeV - low, 0.0) / (high - low)
        return Segments(np.maximum(low, threshold_GeV), high, f_low + (f_high - f_low) * inside, f_high)

    def integral(self) -> float:
        """Return the integral over all energies."""
        return math.fsum(0.5 * (self.f_low + self.f_high) * (self.high - self.low))


@dataclass(frozen=True, eq=False)
class TabulatedMap:
    """The map with an equal share of u for each of K segments, in which E is linear in u. Tables have shape (K,)."""

    segments: int
    low: FloatArray
    width: FloatArray
    weight_low: FloatArray
    weight_rise: FloatArray
    energy_min_GeV: float
    energy_max_GeV: float
    dimensions: int = 1

    def __call__(self, u: Value) -> tuple[Value, Value]:
        """Return the energy in GeV and its weight."""
        scaled = u * float(self.segments)
        floor = np.minimum(np.floor(scaled), float(self.segments - 1))
        t = scaled - floor
        energy = look_up(self.low, floor) + look_up(self.width, floor) * t
        weight = look_up(self.weight_low, floor) + look_up(self.weight_rise, floor) * t
        return np.minimum(energy, self.energy_max_GeV), weight


@dataclass(frozen=True, eq=False)
class TabulatedFlux(Flux):
    """A tabulated flux.

    Parameters
    ----------
    energies_GeV
        Increasing energies of shape (N,): N bin edges, or N points.
    values
        Flux per GeV, not negative: shape (N-1,) for ``interpolation="histogram"``, (N,) for ``"linear"``.
    interpolation
        ``"histogram"``: constant within bins; ``"linear"``: linear interpolation between points.
    total_units
        Units of the flux integrated over energy; empty if only the shape is known, in which case `total` is 1.
    description
        One line for summaries; made from the numbers if empty.

    Raises
    ------
    InputError
        For lengths that do not match, energies that do not increase, negative or non-finite numbers, zero flux.
    """

    energies_GeV: FloatArray
    values: FloatArray
    interpolation: str = "histogram"
    total_units: str = ""
    description: str = ""

    def __post_init__(self) -> None:
        for name in ("energies_GeV", "values"):
            table = np.array(getattr(self, name), dtype=np.float64)
            table.setflags(write=False)
            object.__setattr__(self, name, table)
        self._check()
        if not self.description:
            kind = "histogram" if self.interpolation == "histogram" else "points"
            support = f"{self.energy_min_GeV:.6g} to {self.energy_max_GeV:.6g} GeV"
            object.__setattr__(self, "description", f"{kind}, {len(self.values)} values, {support}")

    def __setstate__(self, state: dict[str, Any]) -> None:
        # Copies of arrays, and those of a pickle, would be writable.
        self.__dict__.update(state)
        for table in (self.energies_GeV, self.values):
            table.setflags(write=False)

    def _check(self) -> None:
        """Raise `InputError` for numbers that are not a valid spectrum."""
        known = f"is not known; use {' or '.join(repr(name) for name in INTERPOLATIONS)}"
        require(self.interpolation in INTERPOLATIONS, "interpolation", self.interpolation, known)
        energies, values = self.energies_GeV, self.values
        needed = len(energies) - (self.interpolation == "histogram") if energies.ndim == 1 else -1
        if values.ndim != 1 or len(values) != needed or len(energies) < 2:
            names = "edges, one more than values" if self.interpolation == "histogram" else "points, one for each value"
            raise InputError(
                f"a flux table needs two or more {names}; got energies of shape {energies.shape} "
                f"and values of shape {values.shape}"
            )
        for column, flaw in (("energies", energy_flaw(energies)), ("values", value_flaw(values))):
            if flaw is not None:
                raise InputError(f"flux table, {column}[{flaw[0]}]: {flaw[1]}")
        if not _LEAST_INTEGRAL < self._integral < math.inf:
            raise InputError(
                f"the flux integrates to {self._integral:g}; give at least one value above 1e-290 and none beyond 1e300"
            )

    @cached_property
    def _segments(self) -> Segments:
        """Segments with non-zero flux, in the units of `values`."""
        low, high = self.energies_GeV[:-1], self.energies_GeV[1:]
        if self.interpolation == "histogram":
            f_low = f_high = self.values
        else:
            f_low, f_high = self.values[:-1], self.values[1:]
        filled = (f_low > 0.0) | (f_high > 0.0)
        return Segments(low[filled], high[filled], f_low[filled], f_high[filled])

    @cached_property
    def _integral(self) -> float:
        """Integral of the numbers as given."""
        with np.errstate(over="ignore"):
            return self._segments.integral()

    @property
    def total(self) -> float:
        """Integral over all energies in `total_units`, or 1 if only the shape is known."""
        return self._integral if self.total_units else 1.0

    @property
    def energy_min_GeV(self) -> float:
        """Lower end of the first segment with non-zero flux."""
        return float(self._segments.low[0])

    @property
    def energy_max_GeV(self) -> float:
        """Upper end of the last segment with non-zero flux."""
        return float(self._segments.high[-1])

    def density(self, energy_GeV: FloatArray) -> FloatArray:
        """Return the spectrum in 1/GeV at the energies of shape (N,); bins include their lower edge."""
        energy = np.asarray(energy_GeV, dtype=np.float64)
        if self.interpolation == "linear":
            flux = np.interp(energy, self.energies_GeV, self.values, left=0.0, right=0.0)
            return np.asarray(flux / self._integral)
        bins = np.searchsorted(self.energies_GeV, energy, side="right") - 1
        bins = np.where(energy == self.energies_GeV[-1], len(self.values) - 1, bins)
        inside = (bins >= 0) & (bins < len(self.values))
        return np.where(inside, self.values[np.where(inside, bins, 0)] / self._integral, 0.0)

    def energy_map(self, threshold_GeV: float) -> TabulatedMap:
        """Return the piecewise linear map above the threshold; raises `InputError` if no flux is there."""
        self._require_above(threshold_GeV)
        pieces = self._segments.above(threshold_GeV)
        width = pieces.high - pieces.low
        scale = width * (len(width) / self._integral)
        return TabulatedMap(
            segments=len(width),
            low=pieces.low,
            width=width,
            weight_low=pieces.f_low * scale,
            weight_rise=(pieces.f_high - pieces.f_low) * scale,
            energy_min_GeV=float(pieces.low[0]),
            energy_max_GeV=float(pieces.high[-1]),
        )


def energy_flaw(energies: Sequence[float] | FloatArray) -> tuple[int, str] | None:
    """Return index and fault of the first energy that is not finite, negative or not above the one before."""
    table = np.asarray(energies, dtype=np.float64)
    bad = ~np.isfinite(table) | (table < 0.0)
    bad[1:] |= table[1:] <= table[:-1]
    if not bad.any():
        return None
    i = _first(bad)
    if not math.isfinite(table[i]):
        return i, f"energy {table[i]:g} is not a finite number; correct or remove it"
    if table[i] < 0.0:
        return i, f"energy {table[i]:g} is negative; energies start at zero"
    before = f"the one before it, {table[i - 1]:g}"
    return i, f"energy {table[i]:g} does not exceed {before}; sort the energies and drop repeats"


def value_flaw(values: Sequence[float] | FloatArray) -> tuple[int, str] | None:
    """Return index and fault of the first flux value that is not finite or negative."""
    table = np.asarray(values, dtype=np.float64)
    bad = ~np.isfinite(table) | (table < 0.0)
    if not bad.any():
        return None
    i = _first(bad)
    if not math.isfinite(table[i]):
        return i, f"flux {table[i]:g} is not a finite number; correct it, or write 0 for no flux"
    return i, f"flux {table[i]:g} is negative; write 0 for no flux"


def _first(mask: NDArray[np.bool_]) -> int:
    """Return the index of the first true element."""
    return int(np.argmax(mask))
