"""Interface of a neutrino flux: the total, the normalised spectrum and a map that samples energies."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Protocol

from tridentgen.errors import InputError
from tridentgen.physics.elementary import Value
from tridentgen.typing import FloatArray


class EnergyMap(Protocol):
    """A traceable map from u in (0, 1) to an energy above the threshold, with its weight.

    For every g, ``int_0^1 du weight(u) g(E(u)) = int_{E > threshold} dE f(E) g(E)``, where f is the spectrum
    normalised to one over all energies, including those below the threshold. E(u) never decreases.
    """

    @property
    def dimensions(self) -> int:
        """Number of random numbers: 0 for a single energy, else 1."""

    @property
    def energy_min_GeV(self) -> float:
        """Lowest energy sampled."""

    @property
    def energy_max_GeV(self) -> float:
        """Highest energy sampled."""

    def __call__(self, u: Value) -> tuple[Value, Value]:
        """Return the energy in GeV and the weight of the point u."""


class Flux(ABC):
    """The flux of one neutrino species. Subclasses are frozen dataclasses."""

    if TYPE_CHECKING:
        # For type checkers only: subclasses define these as fields or as properties, and a property
        # of the base class would replace the default of a field.

        @property
        def total(self) -> float:
            """Integral over all energies, in `total_units`."""

        @property
        def total_units(self) -> str:
            """Units of `total`.

            ``"cm^-2 POT^-1"``, ``"cm^-2 per muon decay"``, ``"cm^-2 s^-1"``, ``"cm^-2"`` for a burst, or ``""`` for a
            spectrum without normalisation (total 1).
            """

        @property
        def description(self) -> str:
            """One line for summaries."""

        @property
        def energy_min_GeV(self) -> float:
            """Lower end of the range of non-zero flux."""

        @property
        def energy_max_GeV(self) -> float:
            """Upper end of the range of non-zero flux."""

    @abstractmethod
    def density(self, energy_GeV: FloatArray) -> FloatArray:
        """Return the spectrum in 1/GeV at the energies of shape (N,), integral 1, zero outside the range."""

    @abstractmethod
    def energy_map(self, threshold_GeV: float) -> EnergyMap:
        """Return the map that samples energies above the threshold.

        Raises
        ------
        InputError
            If there is no flux above the threshold; the message names both energies.
        """

    def _require_above(self, threshold_GeV: float) -> None:
        """Raise `InputError` unless some of the flux lies above the threshold."""
        if not self.energy_max_GeV > threshold_GeV:
            raise InputError(
                f"no flux above the threshold: the process needs more than {threshold_GeV:.6g} GeV, the flux "
                f"ends at {self.energy_max_GeV:.6g} GeV ({self.description}); choose a flux of higher energy "
                "or lighter leptons"
            )


def require(holds: bool, name: str, value: Any, rule: str) -> None:
    """Raise `InputError` saying ``name = value rule`` unless the rule holds."""
    if not holds:
        raise InputError(f"{name} = {value!r} {rule}")
