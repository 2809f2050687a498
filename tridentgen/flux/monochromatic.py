"""A monochromatic flux."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NoReturn

from tridentgen.errors import InputError
from tridentgen.flux.base import Array, Flux, require
from tridentgen.physics.elementary import Value


@dataclass(frozen=True)
class MonochromaticMap:
    """The map of a single energy: it uses no random number and has weight one."""

    energy_GeV: float
    dimensions: int = 0

    @property
    def energy_min_GeV(self) -> float:
        """The energy."""
        return self.energy_GeV

    @property
    def energy_max_GeV(self) -> float:
        """The energy."""
        return self.energy_GeV

    def __call__(self, u: Value) -> tuple[Value, Value]:  # noqa: ARG002 - the contract of an energy map
        """Return the energy in GeV and 1, whatever u."""
        return self.energy_GeV, 1.0


@dataclass(frozen=True)
class Monochromatic(Flux):
    """Neutrinos of one energy in GeV; raises `InputError` unless it is positive and finite."""

    energy_GeV: float
    total: float = 1.0
    total_units: str = ""

    def __post_init__(self) -> None:
        ok = math.isfinite(self.energy_GeV) and self.energy_GeV > 0.0
        require(ok, "energy_GeV", self.energy_GeV, "must be a positive energy in GeV")

    @property
    def description(self) -> str:
        """One line for summaries."""
        return f"single energy, {self.energy_GeV:.6g} GeV"

    @property
    def energy_min_GeV(self) -> float:
        """The energy."""
        return self.energy_GeV

    @property
    def energy_max_GeV(self) -> float:
        """The energy."""
        return self.energy_GeV

    def density(self, energy_GeV: Array) -> NoReturn:  # noqa: ARG002 - the signature of every flux
        """Raise `InputError`: a single energy has no density."""
        raise InputError(f"a flux of the single energy {self.energy_GeV:.6g} GeV has no density; use its energy_GeV")

    def energy_map(self, threshold_GeV: float) -> MonochromaticMap:
        """Return the map that gives this energy; raises `InputError` unless it exceeds the threshold."""
        self._require_above(threshold_GeV)
        return MonochromaticMap(self.energy_GeV)
