"""Contraction of the lepton tensor with the hadron tensor of a nucleus or a bound nucleon.

In the K frame the target momentum may be replaced, by gauge invariance, by the polarisation e = a p1 + e_T x with the
longitudinal component a = Q^2 (2C - 1)/shat, C = 2 M E / shat, and the transverse component e_T. Then
|M|^2 Q^4 = K1 |e.A|^2 + K2 (|A_x|^2 + |A_y|^2 - 4 Q^2/shat^2 |A_p1|^2).
Lovseth and Radomski, Phys. Rev. D 3 (1971) 2686, eqs. (2.7)-(2.12); Ballett et al., JHEP 01 (2019) 119, section 2.

Here x points along the target's transverse momentum. In the axes of the lepton plane, at the azimuth phi,
e = a p1 + e_T (cos phi x + sin phi y), so the contraction is a trigonometric polynomial of degree 2 in phi.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from tridentgen.constants import ALPHA, G_FERMI
from tridentgen.physics.elementary import Value
from tridentgen.physics.trident_amplitude import Amplitudes, Complex, Spins, norm2, overlap
from tridentgen.physics.trident_phase_space import Transfer

E2 = 4.0 * math.pi * ALPHA
"""Square of the elementary charge in natural units."""

LEPTON_FACTOR = 0.5 * E2 * G_FERMI * G_FERMI
"""e^2 G_F^2 / 2 in GeV^-4, the constant of the lepton tensor."""


class Hadron(NamedTuple):
    """Coefficients of the contraction, and components of the polarisation e = `longitudinal` p1 + sqrt(e_t2) x.

    `k1` and `k2` are those above; `k_longitudinal` = k1 longitudinal^2 - 4 k2 Q^2/shat^2 multiplies |A_p1|^2 and is
    computed without subtraction.
    """

    k1: Value
    k2: Value
    longitudinal: Value
    e_t2: Value
    k_longitudinal: Value


class Azimuth(NamedTuple):
    """Fourier coefficients of the contraction: mean + c1 cos + s1 sin + c2 cos 2phi + s2 sin 2phi.

    The terms in phi are the interference of longitudinal and transverse photons, those in 2phi the TT interference.
    """

    mean: Value
    c1: Value
    s1: Value
    c2: Value
    s2: Value


def nucleus(transfer: Transfer, energy: Value, mass: Value, charge: Value, form_factor: Value) -> Hadron:
    """Return the coefficients of a spin-0 nucleus of the given charge: K1 = 4 Z^2 e^2 F^2, K2 = 0."""
    k1 = 4.0 * E2 * (charge * form_factor) * (charge * form_factor)
    longitudinal = _longitudinal(transfer, energy, mass)
    return Hadron(k1, 0.0, longitudinal, transfer.e_t2, k1 * longitudinal * longitudinal)


def nucleon(transfer: Transfer, energy: Value, mass: Value, g_e: Value, g_m: Value, blocking: Value) -> Hadron:
    """Return the coefficients of elastic scattering off a nucleon: Sachs form factors, Pauli-blocking factor."""
    q2, over_shat, e_t2 = transfer.q2, transfer.over_shat, transfer.e_t2
    tau = q2 * (1.0 / (4.0 * mass * mass))
    dirac2 = (g_e * g_e + tau * (g_m * g_m)) / (1.0 + tau)
    k1 = 4.0 * E2 * blocking * dirac2
    k2 = E2 * blocking * q2 * (g_m * g_m)
    k_longitudinal = 16.0 * E2 * blocking * q2 * (over_shat * over_shat) * ((mass * mass) * (g_e * g_e) + e_t2 * dirac2)
    return Hadron(k1, k2, _longitudinal(transfer, energy, mass), e_t2, k_longitudinal)


def _longitudinal(transfer: Transfer, energy: Value, mass: Value) -> Value:
    """Return the longitudinal component a of the polarisation."""
    return transfer.q2 * (4.0 * mass * energy * transfer.over_shat - 1.0) * transfer.over_shat


def transverse_mean(amplitudes: Amplitudes, hadron: Hadron) -> Value:
    """Return the transverse-photon term of `azimuthal_mean`: (K1 e_T^2 + 2 K2)(T_xx + T_yy)/2; never negative."""
    transverse = 0.25 * hadron.k1 * hadron.e_t2 + 0.5 * hadron.k2
    return transverse * (norm2(amplitudes.plus) + norm2(amplitudes.minus))


def longitudinal_mean(amplitudes: Amplitudes, hadron: Hadron) -> Value:
    """Return the longitudinal-photon term of `azimuthal_mean`: (K1 a^2 - 4 K2 Q^2/shat^2) T_pp; never negative."""
    return hadron.k_longitudinal * norm2(amplitudes.along)


def azimuthal_mean(amplitudes: Amplitudes, hadron: Hadron) -> Value:
    """Return the contraction averaged over the azimuth, without the amplitudes' normalisation; never negative."""
    return transverse_mean(amplitudes, hadron) + longitudinal_mean(amplitudes, hadron)


def azimuthal_series(amplitudes: Amplitudes, hadron: Hadron, e_t: Value) -> Azimuth:
    """Return the contraction as a Fourier series in the azimuth, without the amplitudes' normalisation.

    `e_t` is the square root of ``hadron.e_t2``.
    """
    with_plus = overlap(amplitudes.along, amplitudes.plus)
    with_minus = overlap(amplitudes.along, amplitudes.minus)
    tt_interference = overlap(amplitudes.plus, amplitudes.minus)
    first = hadron.k1 * hadron.longitudinal * e_t
    second = 0.5 * hadron.k1 * hadron.e_t2
    return Azimuth(
        mean=azimuthal_mean(amplitudes, hadron),
        c1=first * (with_plus[0] + with_minus[0]),
        s1=first * (with_plus[1] - with_minus[1]),
        c2=second * tt_interference[0],
        s2=-second * tt_interference[1],
    )


def at_azimuth(amplitudes: Amplitudes, hadron: Hadron, e_t: Value, cosine: Value, sine: Value) -> Spins:
    """Return the amplitudes for the polarisation e = a p1 + e_t (cos phi x + sin phi y)."""
    half_cos, half_sin = 0.5 * e_t * cosine, 0.5 * e_t * sine
    longitudinal = hadron.longitudinal

    def rotated(along: Complex, plus: Complex, minus: Complex) -> Complex:
        # (e^{-i phi} A_plus + e^{i phi} A_minus) e_t / 2
        total, difference = (plus[0] + minus[0], plus[1] + minus[1]), (plus[0] - minus[0], plus[1] - minus[1])
        return (
            longitudinal * along[0] + half_cos * total[0] + half_sin * difference[1],
            longitudinal * along[1] + half_cos * total[1] - half_sin * difference[0],
        )

    states = zip(amplitudes.along, amplitudes.plus, amplitudes.minus, strict=True)
    return Spins(*(rotated(along, plus, minus) for along, plus, minus in states))


def magnetic_part(hadron: Hadron, transfer: Transfer, plus: Value, minus: Value, along: Value) -> Value:
    """Return the K2 term of the contraction, given products of two amplitudes for the three polarisations."""
    return hadron.k2 * (0.5 * (plus + minus) - 4.0 * transfer.q2 * (transfer.over_shat * transfer.over_shat) * along)
