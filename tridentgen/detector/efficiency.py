"""Efficiency: the probability that a recoil is accepted, as a function of an energy in keV. Traceable."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Protocol

import numpy as np

from tridentgen.detector.linear_table import LinearTable
from tridentgen.errors import InputError
from tridentgen.matter.nuclei import data_rows
from tridentgen.physics.elementary import Value, exp
from tridentgen.typing import FloatArray


class Efficiency(Protocol):
    """Probability that a recoil is accepted, from 0 to 1."""

    @property
    def breaks_keV(self) -> tuple[float, ...]:
        """Energies where it is not smooth."""

    def __call__(self, energy_keV: Value) -> Value:
        """Return the efficiency. Traceable."""


@dataclass(frozen=True)
class ConstantEfficiency:
    """The same efficiency at all energies."""

    value: float = 1.0

    def __post_init__(self) -> None:
        if not 0.0 < self.value <= 1.0:
            raise InputError(f"an efficiency of {self.value!r} must be above 0 and at most 1")

    @property
    def breaks_keV(self) -> tuple[float, ...]:
        """None."""
        return ()

    def __call__(self, energy_keV: Value) -> Value:  # noqa: ARG002
        """Return the efficiency."""
        return self.value


@dataclass(frozen=True)
class SigmoidEfficiency:
    """amplitude/(1 + exp(-slope (x - centre))) + offset, clipped to [0, 1], with x = `per_keV` times the energy.

    The form of COHERENT, PRL 129 (2022) 081801, where x counts photoelectrons and `per_keV` is the light yield.
    """

    amplitude: float
    slope: float
    centre: float
    offset: float = 0.0
    per_keV: float = 1.0

    def __post_init__(self) -> None:
        numbers = (self.amplitude, self.slope, self.centre, self.offset, self.per_keV)
        if not all(map(math.isfinite, numbers)) or min(self.amplitude, self.slope, self.per_keV) <= 0.0:
            raise InputError("a sigmoid efficiency needs finite numbers, amplitude, slope and light yield above zero")
        if self.amplitude + self.offset <= 0.0 or self.offset >= 1.0:
            raise InputError("a sigmoid efficiency with this amplitude and offset is 0 or 1 at all energies")

    @property
    def breaks_keV(self) -> tuple[float, ...]:
        """Energies where it is clipped."""
        places = []
        for level in (0.0, 1.0):
            ratio = self.amplitude / (level - self.offset) - 1.0 if level != self.offset else 0.0
            if ratio > 0.0:
                places.append((self.centre - math.log(ratio) / self.slope) / self.per_keV)
        return tuple(place for place in places if place > 0.0)

    def __call__(self, energy_keV: Value) -> Value:
        """Return the efficiency."""
        x = energy_keV * self.per_keV
        value = self.amplitude / (1.0 + exp(self.slope * (self.centre - x))) + self.offset
        return np.minimum(np.maximum(value, 0.0), 1.0)


@dataclass(frozen=True, eq=False)
class TableEfficiency:
    """Efficiency interpolated linearly between points, and constant beyond the first and the last.

    Parameters
    ----------
    x : array of shape (N,)
        Increasing energies in keV, or `per_keV` times these (photoelectrons).
    values : array of shape (N,)
        Efficiencies from 0 to 1.
    """

    x: FloatArray
    values: FloatArray
    per_keV: float = 1.0

    def __post_init__(self) -> None:
        values = self._table.y
        wrong = (values < 0.0) | (values > 1.0)
        if wrong.any():
            raise InputError(f"efficiency {values[np.argmax(wrong)]:g} of a table is not between 0 and 1")
        if not 0.0 < self.per_keV < math.inf:
            raise InputError(f"a light yield of {self.per_keV!r} is not a positive number")

    @cached_property
    def _table(self) -> LinearTable:
        return LinearTable(self.x, self.values)

    @property
    def breaks_keV(self) -> tuple[float, ...]:
        """The points."""
        return tuple((self._table.x / self.per_keV).tolist())

    def __call__(self, energy_keV: Value) -> Value:
        """Return the efficiency."""
        return self._table(energy_keV * self.per_keV)


@cache
def coherent_lar() -> TableEfficiency:
    """Return the acceptance of COHERENT's CENNS-10 in analysis A, PRL 126 (2021) 012002, by observed keVee."""
    rows = data_rows("efficiency_coherent_lar.csv")
    energies, values = (np.array([float(row[name]) for row in rows]) for name in ("energy_keVee", "efficiency"))
    return TableEfficiency(energies, values)
