"""The heavy neutral lepton N of the dipole portal: its polarisation after upscattering, and its decay N -> nu gamma.

L = (mu/2) Nbar sigma^mn P_L nu F_mn + h.c., mu in GeV^-1 (for L = d nubar sigma^mn N F_mn, mu = 2d). Energies, momenta
and masses are in GeV. The formulas hold for N from neutrinos, and its decay to a neutrino; by CP all spins are opposite
for antineutrinos, so that the momenta are distributed alike.

Only the right-handed component of N takes part. With a target at rest, K = P + P' and q = k - p, the amplitude is
ubar(p) P_L Kslash pslash u(k) for the part K^m K^n of the target's tensor. For the helicities +-1/2 of N at the angle
theta to the neutrino it is proportional to

    A_+ = sqrt(E4 + p) [2M (E4 + p) + Q^2] sin(theta/2),   A_- = sqrt(E4 - p) [2M (E4 - p) + Q^2] cos(theta/2),

without cancellations, since E4 - p = m^2/(E4 + p): a relativistic N has the opposite helicity of the neutrino, one that
goes straight ahead the same. The part q^2 g^mn - q^m q^n of a magnetic target adds incoherently.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from tridentgen.constants import HBARC_GEV_FM
from tridentgen.physics.elementary import Value, exp, expm1, log, log1p, sincos2pi

Momentum = tuple[Value, Value, Value, Value]
"""(E, px, py, pz) in GeV."""

_TINY = 1e-150
_M_PER_FM = 1e-15
_MOST_LENGTHS = 700.0
"""Decay lengths beyond which nothing is left: the range of `exp`."""


class Polarisation(NamedTuple):
    """Twice the mean spin of N in its rest frame: along its direction in the laboratory, and across, in the plane.

    The axis across points away from the beam: it is the derivative of the direction by the angle to the beam.
    """

    along: Value
    across: Value


class Daughters(NamedTuple):
    """Momenta of the decay in the laboratory."""

    photon: Momentum
    neutrino: Momentum


def decay_width(mass: float, moment: float, majorana: bool) -> float:
    """Return the width mu^2 m^3/16 pi in GeV of N -> nu gamma for a moment in GeV^-1; twice that of a Majorana N.

    R. Plestid, Phys. Rev. D 104 (2021) 075027; G. Magill et al., Phys. Rev. D 98 (2018) 115015 (d = mu/2).
    """
    return (2.0 if majorana else 1.0) * moment * moment * mass * mass * mass / (16.0 * math.pi)


def mean_path_m(width: float) -> float:
    """Return c tau = hbar c/Gamma in m for a width in GeV; infinity for a stable particle."""
    return HBARC_GEV_FM * _M_PER_FM / width if width > 0.0 else math.inf


def polarisation(
    energy: Value, recoil: Value, mass: float, heavy: float, versine: Value, charge: Value, magnetic: Value
) -> Polarisation:
    """Return the polarisation of N after nu(E) A -> N A on an unpolarised target.

    Parameters
    ----------
    energy, recoil
        E of the neutrino and T of the target, Q^2 = 2 M T.
    mass, heavy
        M of the target and m of N.
    versine
        1 - cos theta of the angle between N and the neutrino.
    charge, magnetic
        Coefficients of K^m K^n and of q^2 g^mn - q^m q^n in the target's tensor: 1 and 0 for spin 0, 1 and 1 for a
        point of spin 1/2, (G_E^2 + tau G_M^2)/(1 + tau) and G_M^2 for a nucleon.
    """
    q2, m2 = 2.0 * mass * recoil, heavy * heavy
    total = energy - recoil
    momentum = np.sqrt(np.maximum((total - heavy) * (total + heavy), 0.0))
    high = total + momentum
    low = m2 / high
    sine2 = 0.5 * versine
    cosine2 = np.maximum(1.0 - sine2, 0.0)
    fast, slow = 2.0 * mass * high + q2, 2.0 * mass * low + q2
    first, second = 2.0 * energy * high * sine2, 2.0 * energy * low * cosine2
    rest, slope = 2.0 * m2 * (m2 + q2), 2.0 * m2 + q2
    plus = np.maximum(charge * first * fast * fast + magnetic * q2 * (rest - slope * first), 0.0)
    minus = np.maximum(charge * second * slow * slow + magnetic * q2 * (rest - slope * second), 0.0)
    both = np.maximum(plus + minus, _TINY)
    across = 4.0 * heavy * energy * np.sqrt(sine2 * cosine2) * (charge * fast * slow - magnetic * q2 * slope)
    return Polarisation((plus - minus) / both, across / both)


def photon_direction(spin: Polarisation, u: Value, turn: Value) -> tuple[Value, Value, Value]:
    """Return the unit vector of the photon in the rest frame of N, distributed as (1 - P n)/4 pi, from two numbers.

    Components along the axis across (`Polarisation`), normal to the plane, and along the direction of N. The cosine to
    the polarisation solves P c^2 - 2c + 4u - 2 - P = 0: explicit matrices give (1 - P c)/2, since nu is left-handed.
    """
    size = np.sqrt(spin.along * spin.along + spin.across * spin.across)
    safe = np.maximum(size, _TINY)
    there = size > _TINY
    cosine, sine = np.where(there, spin.along / safe, 1.0), np.where(there, spin.across / safe, 0.0)
    size = np.minimum(size, 1.0)
    c = 4.0 * u - 2.0 - size
    c = c / (1.0 + np.sqrt(np.maximum(1.0 - size * c, 0.0)))
    s = np.sqrt(np.maximum((1.0 - c) * (1.0 + c), 0.0))
    sin_turn, cos_turn = sincos2pi(turn)
    x, y = s * cos_turn, s * sin_turn
    return c * sine + x * cosine, y, c * cosine - x * sine


def daughters(parent: Momentum, mass: float, direction: tuple[Value, Value, Value], azimuth: tuple[Value, Value]) -> (
    Daughters
):  # fmt: skip
    """Return the momenta of photon and neutrino; E_gamma = gamma (m/2)(1 + beta c).

    Both are sums of terms that do not cancel, so that the slower one keeps its digits too.

    Parameters
    ----------
    parent
        Momentum of N.
    direction
        Unit vector of the photon in its rest frame, as from `photon_direction`.
    azimuth
        (cosine, sine) of the azimuth of N about the beam.
    """
    energy, px, py, pz = parent
    across2 = px * px + py * py
    length = np.sqrt(across2 + pz * pz)
    there = length > _TINY
    safe = np.maximum(length, _TINY)
    cosine, sine = np.where(there, pz / safe, 1.0), np.where(there, np.sqrt(across2) / safe, 0.0)
    high = energy + length
    low = mass * mass / high
    nx, ny, nz = direction
    off = nx * nx + ny * ny
    near = off / (1.0 + np.abs(nz))
    ahead, back = np.where(nz > 0.0, 2.0 - near, near), np.where(nz > 0.0, near, 2.0 - near)
    x, y = 0.5 * mass * nx, 0.5 * mass * ny
    cos_turn, sin_turn = azimuth

    def in_laboratory(sign: float, ahead: Value, back: Value) -> Momentum:
        fast, slow = 0.25 * high * ahead, 0.25 * low * back
        along, out, side = fast - slow, sign * x, sign * y
        away = along * sine + out * cosine
        return (
            fast + slow,
            away * cos_turn - side * sin_turn,
            away * sin_turn + side * cos_turn,
            along * cosine - out * sine,
        )

    return Daughters(in_laboratory(1.0, ahead, back), in_laboratory(-1.0, back, ahead))


def free_path(u: Value, length: Value) -> Value:
    """Return the path -l ln u until the decay for the mean `length`, in its unit, from a number u in (0, 1)."""
    return -length * log(u)


def decay_probability(enter: Value, leave: Value, length: Value) -> Value:
    """Return the probability e^(-a/l) - e^(-b/l) of a decay between the paths a = `enter` and b = `leave`."""
    return exp(-_lengths(enter, length)) * _share(leave - enter, length)


def path_within(u: Value, span: Value, length: Value) -> Value:
    """Return the path of a decay known to lie within the first `span`, from a number u in (0, 1)."""
    y = u * _share(span, length)
    return np.minimum(length * log1p(y / np.maximum(1.0 - y, _TINY)), span)


def _lengths(path: Value, length: Value) -> Value:
    """Return a path in decay lengths, at most `_MOST_LENGTHS`."""
    return np.minimum(path / np.maximum(length, _TINY), _MOST_LENGTHS)


def _share(span: Value, length: Value) -> Value:
    """Return 1 - e^(-span/l)."""
    return -expm1(-_lengths(span, length))
