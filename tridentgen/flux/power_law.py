"""A power-law spectrum."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tridentgen.flux.base import Flux, require
from tridentgen.flux.kind import NUMBER, FluxKind, FluxRequest
from tridentgen.flux.source import Source
from tridentgen.physics.elementary import Value, exp
from tridentgen.typing import FloatArray

_MAX_EXPONENT = 600.0
"""The spectrum may span this many powers of e, so that `exp` stays within its range."""


@dataclass(frozen=True)
class PowerLawMap:
    """E = E_lo exp(u L), L = ln(E_hi/E_lo); the weight is f(E) E L = `scale` exp(`slope` (`start` + u L))."""

    energy_min_GeV: float
    energy_max_GeV: float
    log_range: float
    slope: float
    start: float
    scale: float
    dimensions: int = 1

    def __call__(self, u: Value) -> tuple[Value, Value]:
        """Return the energy in GeV and its weight."""
        step = self.log_range * u
        energy = self.energy_min_GeV * exp(step)
        # Rounding in exp must not move an energy out of the range.
        energy = np.maximum(np.minimum(energy, self.energy_max_GeV), self.energy_min_GeV)
        return energy, self.scale * exp(self.slope * (self.start + step))


@dataclass(frozen=True)
class PowerLaw(Flux):
    """Spectrum f(E) proportional to E**-index between two energies in GeV, normalised to one.

    Raises `InputError` unless 0 < energy_min_GeV < energy_max_GeV and all three numbers are finite.
    """

    index: float
    energy_min_GeV: float
    energy_max_GeV: float
    total: float = 1.0
    total_units: str = ""

    def __post_init__(self) -> None:
        low, high = self.energy_min_GeV, self.energy_max_GeV
        require(math.isfinite(low) and low > 0.0, "energy_min_GeV", low, "must be a positive energy in GeV")
        rule = f"must be finite and exceed energy_min_GeV = {low!r}"
        require(math.isfinite(high) and high > low, "energy_max_GeV", high, rule)
        require(math.isfinite(self.index), "index", self.index, "must be a finite number")
        steep = "makes the spectrum span too many orders of magnitude; use a smaller index or a narrower range"
        require(abs(self.index) * math.log(high / low) < _MAX_EXPONENT, "index", self.index, steep)

    @property
    def description(self) -> str:
        """One line for summaries."""
        return f"power law E^-{self.index:g}, {self.energy_min_GeV:.6g} to {self.energy_max_GeV:.6g} GeV"

    @property
    def _slope(self) -> float:
        """Exponent a of E f(E) ~ E**a."""
        return 1.0 - self.index

    @property
    def _reference_GeV(self) -> float:
        """Energy at which E f(E) is largest: relative to this value nothing overflows."""
        return self.energy_max_GeV if self._slope > 0.0 else self.energy_min_GeV

    @property
    def _peak(self) -> float:
        """E f(E) at the reference energy: 1 / int_0^L exp(-|a| x) dx with L = ln(E_max/E_min)."""
        steepness, length = abs(self._slope), math.log(self.energy_max_GeV / self.energy_min_GeV)
        return 1.0 / length if steepness == 0.0 else steepness / -math.expm1(-steepness * length)

    def density(self, energy_GeV: FloatArray) -> FloatArray:
        """Return the spectrum in 1/GeV at the energies of shape (N,)."""
        energy = np.asarray(energy_GeV, dtype=np.float64)
        inside = (energy >= self.energy_min_GeV) & (energy <= self.energy_max_GeV)
        safe = np.where(inside, energy, self._reference_GeV)
        spectrum = self._peak * (safe / self._reference_GeV) ** self._slope / safe
        return np.where(inside, spectrum, 0.0)

    def energy_map(self, threshold_GeV: float) -> PowerLawMap:
        """Return the logarithmic map above the threshold; raises `InputError` if no flux is there."""
        self._require_above(threshold_GeV)
        low = max(float(threshold_GeV), self.energy_min_GeV)
        log_range = math.log(self.energy_max_GeV / low)
        return PowerLawMap(
            energy_min_GeV=low,
            energy_max_GeV=self.energy_max_GeV,
            log_range=log_range,
            slope=self._slope,
            start=math.log(low / self._reference_GeV),
            scale=self._peak * log_range,
        )


def _build(request: FluxRequest) -> Source:
    low, high = request.number("energy_min_GeV"), request.number("energy_max_GeV")
    return request.source_of(PowerLaw(request.number("index"), low, high))


KIND = FluxKind(
    name="power-law",
    keys={"index": NUMBER, "energy_min_GeV": NUMBER, "energy_max_GeV": NUMBER},
    required=("index", "energy_min_GeV", "energy_max_GeV"),
    build=_build,
    range_key="energy_max_GeV",
    has_own_neutrinos=False,
)
