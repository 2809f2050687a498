"""Kinematic factors K of CEvNS, which multiply couplings and form factors in dsigma/dT.

Weak part, with amplitude (G_F/sqrt2) C_X [nubar Gamma_X P_L nu] [Nbar Gamma_X N], Gamma = gamma^m, gamma^m gamma5, 1,
gamma5 and sigma^mn (both indices summed): dsigma/dT = G_F^2 M/4pi sum C C' K, and C_V = 2 Q_V in the Standard Model.
For a left-handed neutrino, a positive axial C_A is equivalent to the nuclear vertex gamma_m (C_V - C_A gamma5)
(Lindner, Rodejohann, Xu, JHEP 03 (2017) 097). Photon part: dsigma/dT = alpha mu^2 Z^2 F^2 K.

E, T, M and m4 are the neutrino's energy, the recoil's kinetic energy, the nucleus's mass and the final lepton's mass in
GeV, within `cevns_kinematics.recoil_limits`, with E > 0. Squares are written as sums of non-negative terms.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from tridentgen.constants import ALPHA, ELECTRON_MASS_GEV, G_FERMI
from tridentgen.physics.cevns_kinematics import recoil_limits, t_max
from tridentgen.physics.elementary import Value, log, polynomial

BOHR_MAGNETON2 = math.pi * ALPHA / (ELECTRON_MASS_GEV * ELECTRON_MASS_GEV)
"""Square of the Bohr magneton e/2m_e in GeV^-2."""


def weak_scale(mass: Value) -> Value:
    """Return G_F^2 M/4pi in GeV^-3."""
    return G_FERMI * G_FERMI / (4.0 * math.pi) * mass


def vector_spin0(energy: Value, recoil: Value, mass: Value) -> Value:
    """Return 1 - T/E - MT/2E^2 = 1 - T/T_max (Freedman, Phys. Rev. D 9 (1974) 1389)."""
    high = t_max(energy, mass)
    return (high - recoil) / high


def vector_spin_half(energy: Value, recoil: Value, mass: Value) -> Value:
    """Return 1 - T/E - MT/2E^2 + T^2/2E^2."""
    share = recoil / energy
    return vector_spin0(energy, recoil, mass) + 0.5 * share * share


def vector_approximate(energy: Value, recoil: Value, mass: Value) -> Value:
    """Return 1 - MT/2E^2, an approximation used in the literature that neglects T/E."""
    return 1.0 - 0.5 * mass * recoil / (energy * energy)


def axial(energy: Value, recoil: Value, mass: Value) -> Value:
    """Return 1 - T/E + MT/2E^2 + T^2/2E^2 for spin 1/2."""
    return vector_spin_half(energy, recoil, mass) + mass * recoil / (energy * energy)


def vector_axial(energy: Value, recoil: Value) -> Value:
    """Return 2T/E - T^2/E^2, the coefficient of C_V C_A; its sign is opposite for antineutrinos."""
    share = recoil / energy
    return share * (2.0 - share)


def vector_and_axial(energy: Value, recoil: Value, mass: Value, g_v: Value, g_a: Value) -> Value:
    """Return (G_V+G_A)^2 + (G_V-G_A)^2 (1-T/E)^2 - (G_V^2-G_A^2) MT/E^2, which multiplies G_F^2 M/2pi.

    Equal to the sum of the terms above with C = 2G; G_A changes sign for antineutrinos (Vogel and Engel, Phys. Rev. D
    39 (1989) 3378, for a Dirac nucleus).
    """
    left, right, rest = g_v + g_a, g_v - g_a, 1.0 - recoil / energy
    return left * left + right * right * rest * rest - left * right * mass * recoil / (energy * energy)


def scalar_spin0(energy: Value, recoil: Value, mass: Value) -> Value:
    """Return MT/2E^2."""
    return 0.5 * mass * recoil / (energy * energy)


def scalar_spin_half(energy: Value, recoil: Value, mass: Value) -> Value:
    """Return MT/2E^2 (1 + T/2M)."""
    return scalar_spin0(energy, recoil, mass) * (1.0 + 0.5 * recoil / mass)


def pseudoscalar(energy: Value, recoil: Value) -> Value:
    """Return T^2/4E^2."""
    share = recoil / energy
    return 0.25 * share * share


def tensor(energy: Value, recoil: Value, mass: Value) -> Value:
    """Return 8 (1 - T/E - MT/4E^2 + T^2/4E^2)."""
    share = recoil / energy
    rest = vector_spin0(energy, recoil, mass) + 0.25 * mass * recoil / (energy * energy)
    return 8.0 * rest + 2.0 * share * share


def scalar_tensor(energy: Value, recoil: Value) -> Value:
    """Return -2 (T/E)(1 - T/2E), the coefficient of C_S C_T; its sign is opposite for antineutrinos.

    The coefficient of C_P C_T is minus this for the pseudoscalar vertex gamma5, and zero for i gamma5.
    """
    share = recoil / energy
    return -share * (2.0 - share)


class Contact(NamedTuple):
    """Couplings C_X of a spin-1/2 nucleus at one momentum transfer, form factors included; None if absent."""

    vector: Value = None
    axial: Value = None
    scalar: Value = None
    pseudoscalar: Value = None
    tensor: Value = None


def contact(energy: Value, recoil: Value, mass: Value, c: Contact, sign: float, gamma5: bool = False) -> Value:
    """Return sum C C' K, interference included.

    `sign` is +1 for neutrinos and -1 for antineutrinos; `gamma5` is True if the pseudoscalar vertex of the nucleus is
    gamma5, as in (nubar i gamma5 nu)(Nbar i gamma5 N), and False if it is i gamma5.
    """
    total: Value = 0.0
    if c.vector is not None:
        total = total + c.vector * c.vector * vector_spin_half(energy, recoil, mass)
    if c.axial is not None:
        total = total + c.axial * c.axial * axial(energy, recoil, mass)
    if c.scalar is not None:
        total = total + c.scalar * c.scalar * scalar_spin_half(energy, recoil, mass)
    if c.pseudoscalar is not None:
        total = total + c.pseudoscalar * c.pseudoscalar * pseudoscalar(energy, recoil)
    if c.tensor is not None:
        total = total + c.tensor * c.tensor * tensor(energy, recoil, mass)
    if c.vector is not None and c.axial is not None:
        total = total + sign * (c.vector * c.axial) * vector_axial(energy, recoil)
    if c.scalar is not None and c.tensor is not None:
        total = total + sign * (c.scalar * c.tensor) * scalar_tensor(energy, recoil)
    if gamma5 and c.pseudoscalar is not None and c.tensor is not None:
        total = total - sign * (c.pseudoscalar * c.tensor) * scalar_tensor(energy, recoil)
    return total


def mediator_coupling(recoil: Value, mass: Value, mediator_mass: Value, strength: Value) -> Value:
    """Return the coupling C = sqrt2 g_nu g_N/(G_F (2MT + m^2)) equivalent to the exchange of a boson of mass m.

    `strength` is g_nu g_N, with the charge of the whole nucleus included; valid for scalar, vector and tensor bosons
    (Cerdeno et al., JHEP 05 (2016) 118; Aristizabal Sierra, De Romeri, Rojas, Phys. Rev. D 98 (2018) 075018).
    """
    return math.sqrt(2.0) / G_FERMI * strength / (2.0 * mass * recoil + mediator_mass * mediator_mass)


def _dipole(
    energy: Value, recoil: Value, mass: Value, final_mass: Value, spin_term: Value, charge: Value = 1.0
) -> Value:
    """Return [charge p_T^2/2MT + (2MT + m4^2) spin_term/4E^2]/T; see `dipole_spin0`."""
    low, high = recoil_limits(energy, mass, final_mass)
    helicity = charge * ((mass + 2.0 * energy) * (high - recoil) * ((recoil - low) / recoil))
    chirality = (mass * recoil + 0.5 * final_mass * final_mass) * spin_term
    return (helicity + chirality) / (2.0 * energy * energy * recoil)


def dipole_spin0(energy: Value, recoil: Value, mass: Value, final_mass: Value) -> Value:
    """Return 1/T - 1/E + T/4E^2 - (m4^2/2ETM)(1 - T/4E + M/2E) - m4^4/(8E^2T^2M) in 1/GeV.

    For the transition (mu/2) Nbar sigma^mn nu F_mn (Magill et al., Phys. Rev. D 98 (2018) 115015, whose d is mu/2).
    Near T_min large terms cancel in this form, so it is computed as [p_T^2/2MT + (2MT + m4^2)(1 + T/2M)/4E^2]/T.
    """
    return _dipole(energy, recoil, mass, final_mass, 1.0 + 0.5 * recoil / mass)


def dipole_spin_half(energy: Value, recoil: Value, mass: Value, final_mass: Value) -> Value:
    """Return 1/T - 1/E - (m4^2/2ETM)(1 - T/2E + M/2E) + m4^4 (T - M)/(8E^2T^2M^2) in 1/GeV.

    As `dipole_spin0`, but computed as [p_T^2/2MT + (2MT + m4^2)(1 + m4^2/2M^2)/4E^2]/T.
    """
    return _dipole(energy, recoil, mass, final_mass, 1.0 + 0.5 * final_mass * final_mass / (mass * mass))


def dipole_nucleon(energy: Value, recoil: Value, mass: Value, final_mass: Value, g_e: Value, g_m: Value) -> Value:
    """Return the factor of the dipole portal on a nucleon with Sachs form factors G_E and G_M, in 1/GeV.

    {(G_E^2 + tau G_M^2)/(1 + tau) p_T^2/2MT + (2MT + m4^2)(G_E^2 + G_M^2 m4^2/2M^2)/4E^2}/T with tau = T/2M; that of
    `dipole_spin_half` for G_E = G_M = 1, of `dipole_spin0` for G_E^2 = 1 + tau and G_M = 0.
    """
    electric, magnetic = g_e * g_e, g_m * g_m
    tau = 0.5 * recoil / mass
    charge = (electric + tau * magnetic) / (1.0 + tau)
    return _dipole(
        energy, recoil, mass, final_mass, electric + 0.5 * magnetic * final_mass * final_mass / (mass * mass), charge
    )


def magnetic_spin0(energy: Value, recoil: Value) -> Value:
    """Return 1/T - 1/E + T/4E^2 in 1/GeV."""
    rest = 1.0 - 0.5 * recoil / energy
    return rest * rest / recoil


def magnetic_spin_half(energy: Value, recoil: Value) -> Value:
    """Return 1/T - 1/E in 1/GeV (Vogel and Engel, Phys. Rev. D 39 (1989) 3378)."""
    return (1.0 - recoil / energy) / recoil


_LOOP_SERIES_BELOW = 0.03
_LOOP_SERIES = (0.0, 1.0 / 30.0, -1.0 / 280.0, 1.0 / 1890.0, -1.0 / 11088.0, 1.0 / 60060.0)


def lepton_loop(q2: Value, lepton_mass: float) -> Value:
    """Return int_0^1 x (1-x) ln[(m^2 + x (1-x) Q^2)/GeV^2] dx, a lepton's vacuum polarisation up to a constant.

    With z = Q^2/m^2 and b = sqrt(1 + 4/z), the integral minus ln(m^2)/6 is
    -5/18 + 2/3z + (1 - 2/z) b/6 ln[z (1 + b)^2/4]; its Taylor series is used at small z.
    """
    z = q2 / (lepton_mass * lepton_mass)
    small = z < _LOOP_SERIES_BELOW
    safe = np.where(small, _LOOP_SERIES_BELOW, z)
    root = np.sqrt(1.0 + 4.0 / safe)
    logarithm = log(0.25 * safe * (1.0 + root) * (1.0 + root))
    closed = -5.0 / 18.0 + 2.0 / (3.0 * safe) + (1.0 - 2.0 / safe) * root * logarithm / 6.0
    return math.log(lepton_mass) / 3.0 + np.where(small, polynomial(z, _LOOP_SERIES), closed)
