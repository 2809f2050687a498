"""Upscattering by the dipole portal on a nucleus as a whole, and on its protons and neutrons."""

from __future__ import annotations

from dataclasses import dataclass

from tridentgen.constants import NEUTRON_MASS_GEV, PROTON_MASS_GEV
from tridentgen.matter.nuclei import NEUTRON_PDG, PROTON_PDG
from tridentgen.physics import cevns_factors as factors
from tridentgen.physics import form_factors
from tridentgen.physics.elementary import Value
from tridentgen.processes.cevns.labels import UPSCATTERING_NEUTRON, UPSCATTERING_PROTON
from tridentgen.processes.nucleus import Shape


@dataclass(frozen=True)
class Nucleon:
    """A proton or a neutron as a target: its name as a regime, and the final state."""

    regime: str
    final: str
    pdgid: int
    mass_GeV: float


PROTON = Nucleon("proton", UPSCATTERING_PROTON, PROTON_PDG, PROTON_MASS_GEV)
NEUTRON = Nucleon("neutron", UPSCATTERING_NEUTRON, NEUTRON_PDG, NEUTRON_MASS_GEV)


@dataclass(frozen=True)
class OnNucleus:
    """dsigma/dT on the nucleus with a heavy neutral lepton in the final state."""

    mass_GeV: float
    heavy_GeV: float
    strength: float
    protons: Shape
    has_spin: bool

    def __call__(self, energy: Value, recoil: Value) -> Value:
        """Return dsigma/dT in GeV^-3 at energies in GeV, within the kinematic limits."""
        charge = self.protons(2.0 * self.mass_GeV * recoil)
        factor = factors.dipole_spin_half if self.has_spin else factors.dipole_spin0
        return self.strength * (charge * charge) * factor(energy, recoil, self.mass_GeV, self.heavy_GeV)

    def tensor(self, _recoil: Value) -> tuple[Value, Value]:
        """Return the coefficients of `dipole_portal.polarisation`, up to a common factor."""
        return 1.0, (1.0 if self.has_spin else 0.0)


@dataclass(frozen=True)
class OnNucleons:
    """dsigma/dT on bound nucleons of one kind with a heavy neutral lepton in the final state."""

    nucleon: Nucleon
    heavy_GeV: float
    strength: float
    fermi_momentum_GeV: float | None

    def __call__(self, energy: Value, recoil: Value) -> Value:
        """Return dsigma/dT in GeV^-3 at energies in GeV, within the kinematic limits."""
        mass = self.nucleon.mass_GeV
        q2 = 2.0 * mass * recoil
        found = self.strength * factors.dipole_nucleon(energy, recoil, mass, self.heavy_GeV, *self._sachs(q2))
        if self.fermi_momentum_GeV is None:
            return found
        return found * form_factors.pauli_blocking(q2, mass, self.fermi_momentum_GeV)

    def _sachs(self, q2: Value) -> tuple[Value, Value]:
        return form_factors.sachs_kelly(q2, self.nucleon.pdgid == PROTON_PDG)

    def tensor(self, recoil: Value) -> tuple[Value, Value]:
        """Return the coefficients of `dipole_portal.polarisation`."""
        mass = self.nucleon.mass_GeV
        g_e, g_m = self._sachs(2.0 * mass * recoil)
        tau = 0.5 * recoil / mass
        return (g_e * g_e + tau * g_m * g_m) / (1.0 + tau), g_m * g_m
