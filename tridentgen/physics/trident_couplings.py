"""Couplings of the four-fermion interaction of tridents, and conservation of lepton flavour.

L = -(G_F/sqrt2) [nubar' gamma^t (1 - gamma5) nu] [lbar gamma_t (V - A gamma5) l]; after a Fierz transformation of the
W-exchange term V = (-1/2 + 2 s_W^2) [b = k] + [a = b], A = -1/2 [b = k] + [a = b] for nu_a -> nu' l-_b l+_k
(Lovseth and Radomski, Phys. Rev. D 3 (1971) 2686; Ballett et al., JHEP 01 (2019) 119, table 1).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from tridentgen.constants import G_FERMI, Z_MASS_GEV
from tridentgen.physics.elementary import Value


@dataclass(frozen=True, init=False)
class ZPrime:
    """A vector boson coupled to neutrinos and charged leptons.

    Parameters
    ----------
    mass_GeV : float
    coupling, strength : float
        Either g, or g^2 (g_nu g_l, which may be negative), by name.
    neutrino_charge, lepton_charge : float
        Q_nu and Q_l, in units of g; they multiply `strength` too.

    Raises
    ------
    TypeError
        For a number that is not said to be g or g^2, for both, or for neither.
    """

    mass_GeV: float
    strength: float
    neutrino_charge: float
    lepton_charge: float

    def __init__(
        self, mass_GeV: float, *unnamed: float, coupling: float | None = None, strength: float | None = None,
        neutrino_charge: float = 1.0, lepton_charge: float = 1.0,
    ) -> None:  # fmt: skip
        if unnamed or (coupling is None) == (strength is None):
            raise TypeError("ZPrime needs one of coupling = g and strength = g^2, by name")
        product = strength if coupling is None else coupling * coupling
        values = mass_GeV, product, neutrino_charge, lepton_charge
        for name, value in zip(("mass_GeV", "strength", "neutrino_charge", "lepton_charge"), values, strict=True):
            object.__setattr__(self, name, value)

    @property
    def product(self) -> float:
        """The product of the couplings of neutrino and lepton, g^2 Q_nu Q_l."""
        return self.strength * self.neutrino_charge * self.lepton_charge


@dataclass(frozen=True)
class Couplings:
    """Vector and axial coupling of the charged-lepton current.

    Attributes
    ----------
    vector, axial : float
        V and A in the four-fermion limit.
    zprime : ZPrime or None
        A light vector boson, which adds to V.
    z_propagator : bool
        Whether V and A come from a Z with its propagator instead of a contact interaction.
    """

    vector: float
    axial: float
    zprime: ZPrime | None = None
    z_propagator: bool = False

    @property
    def c_l(self) -> float:
        """Coupling V + A of the left-handed lepton current at Q^2 = 0, without the light vector boson."""
        return self.vector + self.axial

    @property
    def c_r(self) -> float:
        """Coupling V - A of the right-handed lepton current at Q^2 = 0, without the light vector boson."""
        return self.vector - self.axial

    @property
    def are_constant(self) -> bool:
        """Whether the couplings are the same for all events."""
        return self.zprime is None and not self.z_propagator

    def chiral(self, neutrino_q2: Value) -> tuple[Value, Value]:
        """Return (c_L, c_R) at Q^2 = 2 p1.p2 (GeV^2) between the neutrinos.

        A vector boson of mass m shifts V by g^2 Q_nu Q_l / (sqrt2 G_F (m^2 + 2 p1.p2))
        (Altmannshofer et al., Phys. Rev. Lett. 113 (2014) 091801, eq. 6, with the propagator kept). The Z carries
        p1 - p2 in both diagrams, so that its propagator multiplies the couplings by `z_propagator`.
        """
        c_l: Value = self.c_l
        c_r: Value = self.c_r
        if self.z_propagator:
            factor = z_propagator(neutrino_q2)
            c_l, c_r = c_l * factor, c_r * factor
        if self.zprime is None:
            return c_l, c_r
        mass2 = self.zprime.mass_GeV * self.zprime.mass_GeV
        shift = self.zprime.product / (math.sqrt(2.0) * G_FERMI) / (mass2 + neutrino_q2)
        return c_l + shift, c_r + shift


def z_propagator(neutrino_q2: Value) -> Value:
    """Return M_Z^2/(M_Z^2 + Q^2), the propagator of the Z over its four-fermion limit, at Q^2 = 2 p1.p2 in GeV^2.

    The propagator -i [g_mn - k_m k_n/M_Z^2]/(k^2 - M_Z^2) with k^2 = -Q^2 (e.g. PDG 2024, section 10); the term
    k_m k_n vanishes, since the current of the massless neutrino is conserved.
    """
    mass2 = Z_MASS_GEV * Z_MASS_GEV
    return mass2 / (mass2 + neutrino_q2)


def standard_model(neutrino: str, lepton: str, antilepton: str, sin2_theta_w: float) -> Couplings:
    """Return the couplings of the Standard Model.

    `neutrino` is the flavour of the incoming neutrino, `lepton` that of the charged lepton whose lepton number has the
    same sign as the neutrino's (l- for neutrinos, l+ for antineutrinos), `antilepton` that of the other one. Lepton
    flavour must be conserved.
    """
    neutral, charged = float(lepton == antilepton), float(lepton == neutrino)
    return Couplings((-0.5 + 2.0 * sin2_theta_w) * neutral + charged, -0.5 * neutral + charged)
