"""A monochromatic flux."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NoReturn

from tridentgen.errors import InputError
from tridentgen.flux.base import Flux, require
from tridentgen.flux.kind import NUMBER, FluxKind, FluxRequest
from tridentgen.flux.source import Source
from tridentgen.physics.elementary import Value
from tridentgen.typing import FloatArray


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

    def density(self, energy_GeV: FloatArray) -> NoReturn:  # noqa: ARG002 - the signature of every flux
        """Raise `InputError`: a single energy has no density."""
        raise InputError(f"a flux of the single energy {self.energy_GeV:.6g} GeV has no density; use its energy_GeV")

    def energy_map(self, threshold_GeV: float) -> MonochromaticMap:
        """Return the map that gives this energy; raises `InputError` unless it exceeds the threshold."""
        self._require_above(threshold_GeV)
        return MonochromaticMap(self.energy_GeV)


def _build(request: FluxRequest) -> Source:
    """Return the flux of the energy in either unit."""
    if "energy_MeV" not in request.options:
        return request.source_of(Monochromatic(request.number("energy_GeV")))
    energy = request.number("energy_MeV")
    both = "energy_GeV" in request.options
    require(not both, "energy_MeV", energy, "stands beside energy_GeV; give one of the two")
    require(math.isfinite(energy) and energy > 0.0, "energy_MeV", energy, "must be a positive energy in MeV")
    return request.source_of(Monochromatic(energy * 1e-3))


KIND = FluxKind(
    name="monochromatic",
    keys={"energy_GeV": NUMBER, "energy_MeV": NUMBER},
    required=("energy_GeV",),
    build=_build,
    range_key="energy_GeV",
    has_own_neutrinos=False,
    alternatives={"energy_GeV": "energy_MeV"},
)
