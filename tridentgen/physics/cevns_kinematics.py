"""Kinematics of nu(E) + N(M) -> nu'(m4) + N: the neutrino along +z, the nucleus at rest, recoil kinetic energy T.

The momentum transfer is exactly Q^2 = 2 M T. With h = m4^2/2M and k^2 = (E - h)^2 - m4^2 (2M k is the square root of
Kaellen's function) the limits of the recoil energy are T_max = [E (E - h + k) - m4^2/2]/(M + 2E) and
T_min = h^2 M/((M + 2E) T_max); the transverse momentum is p_T^2 = M (M + 2E) (T_max - T) (T - T_min)/E^2. No large
terms cancel, so all expressions keep full precision down to recoils of 1 eV. For a massless final neutrino m4 = 0.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tridentgen.physics.elementary import Value

Momentum = tuple[Value, Value, Value, Value]
"""(E, px, py, pz) in GeV."""

_TINY = 1e-150


class RecoilMomenta(NamedTuple):
    """Momenta of the final state in the laboratory."""

    nucleus: Momentum
    neutrino: Momentum


def t_max(energy: Value, mass: Value) -> Value:
    """Return the maximum recoil energy 2E^2/(M + 2E) in GeV for a massless final neutrino."""
    return 2.0 * energy * energy / (mass + 2.0 * energy)


def threshold(mass: Value, final_mass: Value) -> Value:
    """Return the threshold neutrino energy m4 + m4^2/2M in GeV."""
    return final_mass + final_mass * final_mass / (2.0 * mass)


def recoil_limits(energy: Value, mass: Value, final_mass: Value) -> tuple[Value, Value]:
    """Return (T_min, T_max) in GeV: (0, `t_max`) for m4 = 0; below threshold, the coinciding limits at threshold."""
    excess = 0.5 * final_mass * final_mass / mass
    energy = np.maximum(energy, threshold(mass, final_mass))
    shifted = energy - excess
    k = np.sqrt(np.maximum((shifted - final_mass) * (shifted + final_mass), 0.0))
    reach = energy * (shifted + k) - 0.5 * final_mass * final_mass
    high = reach / (mass + 2.0 * energy)
    low = excess * excess * mass / np.maximum(reach, _TINY)
    return np.minimum(low, high), high


def minimum_energy(recoil: Value, mass: Value, final_mass: Value = 0.0) -> Value:
    """Return the minimum neutrino energy (1 + m4^2/2MT) (T + sqrt(T^2 + 2MT))/2 in GeV for a recoil T > 0."""
    massless = 0.5 * (recoil + np.sqrt(recoil * (recoil + 2.0 * mass)))
    return massless * (1.0 + 0.5 * final_mass * final_mass / (mass * np.maximum(recoil, _TINY)))


def threshold_above(least: float, mass: float, final_mass: float) -> float:
    """Return the threshold neutrino energy in GeV of recoils of at least `least` GeV.

    At the threshold m4 + m4^2/2M the only recoil is m4^2/2(M + m4); a larger one needs `minimum_energy`.
    """
    if least <= final_mass * final_mass / (2.0 * (mass + final_mass)):
        return float(threshold(mass, final_mass))
    return float(minimum_energy(least, mass, final_mass))


def recoil_momentum(recoil: Value, mass: Value) -> Value:
    """Return |p| = sqrt(T (T + 2M)) of the nucleus in GeV."""
    return np.sqrt(recoil * (recoil + 2.0 * mass))


def transverse2(energy: Value, recoil: Value, mass: Value, final_mass: Value) -> Value:
    """Return p_T^2 in GeV^2, the same for both final particles; 0 outside the limits of T."""
    low, high = recoil_limits(energy, mass, final_mass)
    room = np.maximum(high - recoil, 0.0) * np.maximum(recoil - low, 0.0)
    return mass * (mass + 2.0 * energy) * room / (energy * energy)


def recoil_longitudinal(energy: Value, recoil: Value, mass: Value, final_mass: Value) -> Value:
    """Return p_z of the nucleus, T (1 + M/E) + m4^2/2E, in GeV; it is never negative."""
    return recoil * (1.0 + mass / energy) + 0.5 * final_mass * final_mass / energy


def cos_recoil(energy: Value, recoil: Value, mass: Value, final_mass: Value = 0.0) -> Value:
    """Return the cosine of the nucleus's angle to the beam: ((E + M)/E) sqrt(T/(T + 2M)) for m4 = 0; needs T > 0."""
    momentum = np.maximum(recoil_momentum(recoil, mass), _TINY)
    return np.minimum(recoil_longitudinal(energy, recoil, mass, final_mass) / momentum, 1.0)


def versine_neutrino(energy: Value, recoil: Value, mass: Value, final_mass: Value = 0.0) -> Value:
    """Return 1 - cos of the outgoing neutrino's angle, without cancellation: M T/(E (E - T)) for m4 = 0."""
    left = energy - recoil
    momentum = np.sqrt(np.maximum((left - final_mass) * (left + final_mass), 0.0))
    along = energy - recoil_longitudinal(energy, recoil, mass, final_mass)
    ahead = transverse2(energy, recoil, mass, final_mass) / np.maximum(momentum + np.abs(along), _TINY)
    defect = np.where(along > 0.0, ahead, momentum - along)
    return np.minimum(defect / np.maximum(momentum, _TINY), 2.0)


def cos_neutrino(energy: Value, recoil: Value, mass: Value, final_mass: Value = 0.0) -> Value:
    """Return the cosine of the outgoing neutrino's angle to the beam: 1 - M T/(E (E - T)) for m4 = 0."""
    return 1.0 - versine_neutrino(energy, recoil, mass, final_mass)


def lab_momenta(
    energy: Value, recoil: Value, mass: Value, final_mass: Value, azimuth: tuple[Value, Value]
) -> RecoilMomenta:
    """Return the momenta in the laboratory; their transverse components are exactly opposite.

    `azimuth` is (cosine, sine) of the nucleus's azimuth about the beam.
    """
    cosine, sine = azimuth
    transverse = np.sqrt(transverse2(energy, recoil, mass, final_mass))
    x, y = transverse * cosine, transverse * sine
    z = recoil_longitudinal(energy, recoil, mass, final_mass)
    return RecoilMomenta((mass + recoil, x, y, z), (energy - recoil, -x, -y, energy - z))
