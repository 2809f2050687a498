"""Kinematics of nu(E) + A(M) -> 3(m3) + 4(m4): the neutrino along +z, the target at rest, no large terms cancelling.

The variable is Q^2 = -(k - p3)^2. The mass difference m4 - M, the gap, is an argument of its own: where it is small,
the difference of two masses would lose its digits. Energies, momenta and masses are in GeV.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tridentgen.physics.elementary import Value

Momentum = tuple[Value, Value, Value, Value]
"""(E, px, py, pz) in GeV."""

_TINY = 1e-150


class Transfer(NamedTuple):
    """Squared momentum transfer in GeV^2 with its distances to both limits.

    Attributes
    ----------
    q2
        Q^2 = Q^2_min + rise.
    rise, fall
        Q^2 - Q^2_min and Q^2_max - Q^2, each exact to the last digits.
    span
        Q^2_max - Q^2_min = rise + fall.
    """

    q2: Value
    rise: Value
    fall: Value
    span: Value


class TwoBodyMomenta(NamedTuple):
    """Momenta of the final state in the laboratory."""

    lepton: Momentum
    recoil: Momentum


def threshold(mass: float, lepton_mass: float, gap: float) -> float:
    """Return the threshold neutrino energy (m3 + gap)(m3 + m4 + M)/2M in GeV; 0 if it is negative."""
    return max(_pole(mass, gap + lepton_mass), 0.0)


def _pole(mass: float, step: float) -> float:
    """Return the energy at which s = (M + step)^2."""
    return step * (step + 2.0 * mass) / (2.0 * mass)


def momentum_transfer(energy: Value, x: Value, mass: float, lepton_mass: float, gap: float) -> Transfer:
    """Return Q^2 at the fraction `x` in (0, 1) of its range; below threshold the range is empty.

    With s = M (M + 2E), the momenta in the centre of mass are k = M E/sqrt(s) and p3 = M sqrt((E - E_+)(E - E_-)/s),
    where s(E_+-) = (m4 +- m3)^2 and E_+ is the threshold; Q^2_min = m3^2 (2k - e3 - p3)/(e3 + p3) with e3 = sqrt(p3^2 +
    m3^2), and Q^2_max - Q^2_min = 4 k p3.
    """
    root = np.sqrt(mass * (mass + 2.0 * energy))
    above = np.maximum(energy - _pole(mass, gap + lepton_mass), 0.0)
    k = mass * energy / root
    p3 = mass * np.sqrt(above * np.maximum(energy - _pole(mass, gap - lepton_mass), 0.0)) / root
    e3 = np.sqrt(p3 * p3 + lepton_mass * lepton_mass)
    lowest = lepton_mass * lepton_mass * (2.0 * k - e3 - p3) / np.maximum(e3 + p3, _TINY)
    span = 4.0 * k * p3
    rise = span * x
    return Transfer(lowest + rise, rise, span * (1.0 - x), span)


def recoil_kinetic(q2: Value, mass: float, gap: float) -> Value:
    """Return the kinetic energy T4 = (gap^2 + Q^2)/2M of the particle 4 in GeV, a sum of positive terms."""
    return (gap * gap + q2) / (2.0 * mass)


def lepton_energy(energy: Value, q2: Value, mass: float, gap: float) -> Value:
    """Return the total energy E3 = E - gap - T4 of the particle 3 in GeV."""
    return energy - gap - recoil_kinetic(q2, mass, gap)


def transverse(energy: Value, transfer: Transfer, mass: float) -> Value:
    """Return the transverse momentum p_T = sqrt(rise fall s)/(2 M E) of either particle in GeV."""
    return np.sqrt(transfer.rise * transfer.fall * (mass * (mass + 2.0 * energy))) / (2.0 * mass * energy)


def lab_momenta(
    energy: Value, transfer: Transfer, mass: float, lepton_mass: float, gap: float, azimuth: tuple[Value, Value]
) -> TwoBodyMomenta:
    """Return the momenta in the laboratory; their transverse components are exactly opposite.

    The longitudinal momentum of particle 4 is nu + (m3^2 + Q^2)/2E with nu = gap + T4, and p_T^2 = rise fall s/(4 M^2
    E^2). `azimuth` is (cosine, sine) of the azimuth of particle 3 about the beam.
    """
    cosine, sine = azimuth
    nu = gap + recoil_kinetic(transfer.q2, mass, gap)
    tilt = (lepton_mass * lepton_mass + transfer.q2) / (2.0 * energy)
    across = transverse(energy, transfer, mass)
    x, y, left = across * cosine, across * sine, energy - nu
    return TwoBodyMomenta((left, x, y, left - tilt), (mass + nu, -x, -y, nu + tilt))


def massless_energy(energy: Value, transfer: Transfer, mass: float, gap: float) -> Value:
    """Return E3 of a massless particle 3 in GeV, M (E - E_thr)/(M + 2E) + (Q^2_max - Q^2)/2M: positive terms."""
    above = np.maximum(energy - _pole(mass, gap), 0.0)
    return mass * above / (mass + 2.0 * energy) + transfer.fall / (2.0 * mass)


def massless_momenta(
    energy: Value, transfer: Transfer, mass: float, gap: float, azimuth: tuple[Value, Value]
) -> TwoBodyMomenta:
    """Return `lab_momenta` for a massless particle 3 to the last digits, also where it has little of the energy."""
    (_, x, y, _), recoil = lab_momenta(energy, transfer, mass, 0.0, gap, azimuth)
    left = massless_energy(energy, transfer, mass, gap)
    return TwoBodyMomenta((left, x, y, left - transfer.q2 / (2.0 * energy)), recoil)


def cosine(p: Momentum) -> Value:
    """Return the cosine of the angle between a momentum and the beam; 1 for a particle at rest."""
    _, x, y, z = p
    length = np.sqrt(x * x + y * y + z * z)
    return np.where(length > _TINY, z / np.maximum(length, _TINY), 1.0)
