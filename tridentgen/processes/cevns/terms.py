"""Additions to the Standard Model in CEvNS, each with its convention and its source."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from tridentgen.constants import NEUTRON_MASS_GEV, PROTON_MASS_GEV
from tridentgen.errors import InputError
from tridentgen.processes.dipole import DipolePortal
from tridentgen.processes.terms import FlavourMatrix, check_mass, check_name, check_number

__all__ = [
    "PSEUDOSCALAR_VERTICES", "SCALAR_NEUTRON_CHARGE", "SCALAR_PROTON_CHARGE", "TENSOR_CHARGES", "ContactNgi",
    "DipolePortal", "LightScalar", "LightTensor", "Nsi",
]  # fmt: skip

PSEUDOSCALAR_VERTICES = ("i-gamma5", "gamma5")

_UP_GEV, _DOWN_GEV = 2.2e-3, 4.7e-3  # PDG 2018, MS-bar at 2 GeV
_F_PROTON, _F_NEUTRON = (0.0208, 0.0411), (0.0189, 0.0451)  # (u, d): Hoferichter et al., PRL 115 (2015) 092301

SCALAR_PROTON_CHARGE = PROTON_MASS_GEV * (_F_PROTON[0] / _UP_GEV + _F_PROTON[1] / _DOWN_GEV)
"""Sum over u and d of (m_p/m_q) f_q, the coupling of a proton to a scalar of unit quark coupling: 17.08."""

SCALAR_NEUTRON_CHARGE = NEUTRON_MASS_GEV * (_F_NEUTRON[0] / _UP_GEV + _F_NEUTRON[1] / _DOWN_GEV)
"""The same sum for the neutron: 17.09."""

TENSOR_CHARGES = (0.784, -0.204)
"""delta_u and delta_d of the proton: Gupta et al., Phys. Rev. D 98 (2018) 091501."""


@dataclass(frozen=True)
class Nsi:
    """Vector-like non-standard interactions -2 sqrt2 G_F eps_q [nubar' gamma P_L nu] [qbar gamma q] of u and d quarks.

    g_p += 2 eps_u + eps_d and g_n += eps_u + 2 eps_d if the flavour is conserved; transitions to other flavours add
    their squares (Barranco, Miranda, Rashba, JHEP 12 (2005) 021).
    """

    eps_u: FlavourMatrix = field(default_factory=FlavourMatrix)
    eps_d: FlavourMatrix = field(default_factory=FlavourMatrix)

    def nucleons(self, incoming: str, outgoing: str) -> tuple[float, float]:
        """Return the couplings (proton, neutron) of the transition between two flavours."""
        up, down = self.eps_u.element(incoming, outgoing), self.eps_d.element(incoming, outgoing)
        return 2.0 * up + down, up + 2.0 * down


@dataclass(frozen=True)
class ContactNgi:
    """Contact terms (G_F/sqrt2) C_X [nubar Gamma_X P_L nu] [Nbar Gamma_X N] of the whole nucleus, without form factor.

    `vector` adds to 2 Q_V; `axial` is positive for the sign of a V - A nucleus; `pseudoscalar_vertex` is that of the
    nucleus: ``i-gamma5``, which does not interfere, or ``gamma5``, of (nubar i gamma5 nu)(Nbar i gamma5 N), which
    interferes with the tensor. Lindner, Rodejohann, Xu, JHEP 03 (2017) 097.
    """

    vector: float = 0.0
    axial: float = 0.0
    scalar: float = 0.0
    pseudoscalar: float = 0.0
    tensor: float = 0.0
    pseudoscalar_vertex: str = "i-gamma5"

    def __post_init__(self) -> None:
        for name in ("vector", "axial", "scalar", "pseudoscalar", "tensor"):
            check_number(f"ngi.{name}", getattr(self, name))
        check_name("ngi.pseudoscalar_vertex", self.pseudoscalar_vertex, PSEUDOSCALAR_VERTICES)

    @property
    def needs_spin(self) -> bool:
        """Whether a term requires a nucleus with spin."""
        return any((self.axial, self.pseudoscalar, self.tensor))

    @property
    def flips_helicity(self) -> bool:
        """Whether a term flips the neutrino's helicity."""
        return any((self.scalar, self.pseudoscalar, self.tensor))


@dataclass(frozen=True)
class LightScalar:
    """A light scalar boson; `strength` is g_nu g_q, with the charges of nucleons for universal g_q by default.

    C_S = Z proton_charge F_p + N neutron_charge F_n; for couplings g_u, g_d give sum_q (m_N/m_q) f_q g_q instead
    (Cerdeno et al., JHEP 05 (2016) 118).
    """

    mass_GeV: float
    strength: float
    proton_charge: float = SCALAR_PROTON_CHARGE
    neutron_charge: float = SCALAR_NEUTRON_CHARGE

    def __post_init__(self) -> None:
        check_mass("scalar.mass_GeV", self.mass_GeV)
        for name in ("strength", "proton_charge", "neutron_charge"):
            check_number(f"scalar.{name}", getattr(self, name))


@dataclass(frozen=True)
class LightTensor:
    """A light tensor boson with universal quark coupling; `strength` is g_nu g_q.

    C_T = (delta_u + delta_d)(Z F_p + N F_n) by isospin. `factor` multiplies C_T^2 (1 - T/E - MT/4E^2 + T^2/4E^2) in the
    convention of contact terms: 8 by explicit traces; part of the literature has 4.
    """

    mass_GeV: float
    strength: float
    delta_u: float = TENSOR_CHARGES[0]
    delta_d: float = TENSOR_CHARGES[1]
    factor: float = 8.0

    def __post_init__(self) -> None:
        check_mass("tensor.mass_GeV", self.mass_GeV)
        for name in ("strength", "delta_u", "delta_d"):
            check_number(f"tensor.{name}", getattr(self, name))
        if self.factor not in (4.0, 8.0):
            raise InputError(f"tensor.factor = {self.factor} must be 8, or 4 to compare with literature that has it")

    @property
    def nucleon_charge(self) -> float:
        """Charge of a nucleon without the factor 8."""
        return (self.delta_u + self.delta_d) * math.sqrt(self.factor / 8.0)
