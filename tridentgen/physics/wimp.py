"""Elastic scattering of halo dark matter (mass m, slow) on a nucleus at rest (mass M).

J. D. Lewin and P. F. Smith, Astropart. Phys. 6 (1996) 87; D. Baxter et al., Eur. Phys. J. C 81 (2021) 907
(arXiv:2105.00599). Masses and energies are in GeV, speeds in units of c, cross sections in cm^2. The rate is that of
non-relativistic particles; momenta are exact. Its largest recoil is below the exact one, by some 1e-6.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tridentgen.constants import TWO_PI
from tridentgen.physics.elementary import Value, exp, expm1, log1p

Momentum = tuple[Value, Value, Value, Value]
"""(E, px, py, pz) in GeV."""

_TINY = 1e-150


class Sampled(NamedTuple):
    """A sampled value, and the integral of its proposal, or its derivative with respect to the sampled fraction."""

    value: Value
    width: Value


class WimpMomenta(NamedTuple):
    """Momenta in the laboratory with the wind along +z, and the cosine of the angle of the recoil to the wind."""

    incoming: Momentum
    outgoing: Momentum
    recoil: Momentum
    cos_recoil: Value


def reduced_mass(first: float, second: float) -> float:
    """Return m1 m2/(m1 + m2)."""
    return first * second / (first + second)


def largest_recoil(speed: Value, mass: float, nucleus: float) -> Value:
    """Return T_max = 2 mu^2 v^2/M, mu the reduced mass of particle and nucleus (Lewin and Smith, section 2)."""
    mu = reduced_mass(mass, nucleus)
    return (2.0 * mu * mu / nucleus) * (speed * speed)


def least_speed(recoil: Value, mass: float, nucleus: float) -> Value:
    """Return the speed sqrt(M T/2)/mu at which the largest recoil is T."""
    return np.sqrt((0.5 * nucleus) * recoil) / reduced_mass(mass, nucleus)


def spin_independent(nucleus_ratio: float, protons: Value, neutrons: Value, f_ratio: float) -> Value:
    """Return sigma_A/sigma_p = (mu_A/mu_p)^2 [Z F_p + (f_n/f_p) N F_n]^2.

    `nucleus_ratio` is mu_A/mu_p; `protons` and `neutrons` are Z F_p and N F_n at the momentum transfer.
    """
    coupling = nucleus_ratio * (protons + f_ratio * neutrons)
    return coupling * coupling


def spin_dependent(nucleus_ratio: float, spin: float, amplitude: float, shape: Value) -> Value:
    """Return sigma_A/sigma_p = (4/3) (mu_A/mu_p)^2 ((J + 1)/J) (a_p S_p + a_n S_n)^2 F^2.

    J. Engel, S. Pittel, P. Vogel, Int. J. Mod. Phys. E 1 (1992) 1. `amplitude` is a_p S_p + a_n S_n, and `shape` F at
    the momentum transfer; on a free proton with a_p = 1 it is 1.
    """
    strength = 4.0 / 3.0 * (spin + 1.0) / spin * (nucleus_ratio * amplitude) ** 2
    return strength * (shape * shape)


def propagator(recoil: Value, nucleus: float, mediator: float) -> Value:
    """Return (m^2/(m^2 + 2 M T))^2, the exchange of a mediator of mass m relative to a contact interaction."""
    m2 = mediator * mediator
    ratio = m2 / (m2 + (2.0 * nucleus) * recoil)
    return ratio * ratio


def versine_range(speed: Value, v_lab: float, v_esc: float) -> Value:
    """Return the largest 1 - cos of the angle between a velocity of this speed and the wind.

    In the galaxy its square is (v - v_lab)^2 + 2 v v_lab (1 - cos), at most v_esc^2; the difference has no rounding.
    """
    most = (v_esc - speed + v_lab) * (v_esc + speed - v_lab) / ((2.0 * v_lab) * speed)
    return np.maximum(np.minimum(most, 2.0), 0.0)


def sample_versine(x: Value, speed: Value, most: Value, v0: float, v_lab: float) -> Sampled:
    """Return 1 - cos of the angle to the wind at the fraction `x` of its distribution, and the integral of the latter.

    With k = 2 v v_lab/v0^2 the density is exp(-k w) for w up to `most`, so that w = -ln(1 - x (1 - exp(-k most)))/k and
    the integral is (1 - exp(-k most))/k.
    """
    k = (2.0 * v_lab / (v0 * v0)) * speed
    whole = -expm1(-k * most)
    return Sampled(np.minimum(-log1p(-x * whole) / k, most), whole / k)


def speed_density(speed: Value, angles: Value, v0: float, v_lab: float, norm: float) -> Value:
    """Return the density of the speed in the laboratory, 2 pi v^2 exp(-(v - v_lab)^2/v0^2) times `angles`, over K.

    `angles` is the integral of `sample_versine`; `norm` is K in v0^3, the integral of exp(-u^2/v0^2) d^3u below the
    escape speed.
    """
    away = (speed - v_lab) * (1.0 / v0)
    return (TWO_PI / (norm * v0 * v0 * v0)) * (speed * speed) * angles * exp(-(away * away))


def sample_recoil(x: Value, least: float, largest: Value, scale: float | None) -> Sampled:
    """Return the recoil at the fraction `x` in (0, 1) between `least` and `largest`; the range may be empty.

    It is uniform in T, or in 1/(T + s) with `scale` s: then 1/(T + s)^2, a light mediator with s = m^2/2M, is flat.
    """
    span = np.maximum(largest - least, 0.0)
    if scale is None:
        return Sampled(least + span * x, span)
    low = least + scale
    energy = least + low * span * x / (low + span * (1.0 - x))
    return Sampled(energy, span * (energy + scale) * (energy + scale) / (low * (low + span)))


def lab_momenta(
    speed: Value, versine: Value, recoil: Value, mass: float, nucleus: float, azimuth: tuple[Value, Value],
    turn: tuple[Value, Value],
) -> WimpMomenta:  # fmt: skip
    """Return the momenta of the scattering, which balance exactly; recoils beyond the exact limit are at the limit.

    Along the particle the recoil has (E + M) T/p, across it sqrt(T (2 M p^2 - s T))/p.

    Parameters
    ----------
    speed, versine
        Speed of the particle, and 1 - cos of its angle to the wind.
    recoil
        Kinetic energy T of the nucleus.
    mass, nucleus
        Masses of the particle and the nucleus.
    azimuth, turn
        (cosine, sine) of the azimuth of the particle about the wind, and of the recoil about the particle.
    """
    gamma = 1.0 / np.sqrt(1.0 - speed * speed)
    energy, p = gamma * mass, gamma * speed * mass
    s = (mass * mass + nucleus * nucleus) + (2.0 * nucleus) * energy
    along = (energy + nucleus) * recoil / p
    across = np.sqrt(recoil * np.maximum((2.0 * nucleus) * (p * p) - s * recoil, 0.0)) / p
    cosine, sine = 1.0 - versine, np.sqrt(versine * (2.0 - versine))
    radial = along * sine + across * cosine * turn[0]  # of the recoil, in the plane of particle and wind
    normal = across * turn[1]
    x, y = radial * azimuth[0] - normal * azimuth[1], radial * azimuth[1] + normal * azimuth[0]
    z = along * cosine - across * sine * turn[0]
    incoming = (energy, p * sine * azimuth[0], p * sine * azimuth[1], p * cosine)
    outgoing = (energy - recoil, incoming[1] - x, incoming[2] - y, incoming[3] - z)
    length = np.sqrt(along * along + across * across)
    toward = np.maximum(np.minimum(z / np.maximum(length, _TINY), 1.0), -1.0)
    return WimpMomenta(incoming, outgoing, (nucleus + recoil, x, y, z), toward)
