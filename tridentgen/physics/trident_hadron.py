"""Contraction of the lepton tensor with the hadron tensor of a nucleus or a bound nucleon.

In the K frame the target momentum may be replaced by e = a p1 + e_T x (gauge invariance), with
a = Q^2 (2C - 1)/shat and C = 2 M E / shat. Then
|M|^2 Q^4 = K1 |e.A|^2 + K2 (|A_x|^2 + |A_y|^2 - 4 Q^2/shat^2 |A_p1|^2).
Lovseth and Radomski, Phys. Rev. D 3 (1971) 2686, eqs. (2.7)-(2.12); Ballett et al., JHEP 01 (2019) 119, section 2.

The x axis points along the target's transverse momentum; leptons whose own plane is turned by the azimuth phi
against it see e = a p1 + e_T (cos phi x + sin phi y), so the contraction is a trigonometric polynomial of degree 2.
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
    """Weights of the contraction: e = `tilt` p1 + sqrt(e_t2) x; `k1`, `k2` as above; `along2` multiplies |A_p1|^2.

    `along2` = k1 tilt^2 - 4 k2 Q^2/shat^2, in a form without subtraction.
    """

    k1: Value
    k2: Value
    tilt: Value
    e_t2: Value
    along2: Value


class Azimuth(NamedTuple):
    """Fourier coefficients of the contraction: mean + c1 cos + s1 sin + c2 cos 2phi + s2 sin 2phi."""

    mean: Value
    c1: Value
    s1: Value
    c2: Value
    s2: Value


def nucleus(transfer: Transfer, energy: Value, mass: Value, charge: Value, form_factor: Value) -> Hadron:
    """Return the weights of a spin-0 nucleus of the given charge: K1 = 4 Z^2 e^2 F^2, K2 = 0."""
    k1 = 4.0 * E2 * (charge * form_factor) * (charge * form_factor)
    tilt = _tilt(transfer, energy, mass)
    return Hadron(k1, 0.0, tilt, transfer.e_t2, k1 * tilt * tilt)


def nucleon(transfer: Transfer, energy: Value, mass: Value, g_e: Value, g_m: Value, blocking: Value) -> Hadron:
    """Return the weights of elastic scattering off a nucleon with Sachs form factors and Pauli factor `blocking`."""
    q2, over_shat, e_t2 = transfer.q2, transfer.over_shat, transfer.e_t2
    tau = q2 * (1.0 / (4.0 * mass * mass))
    dirac2 = (g_e * g_e + tau * (g_m * g_m)) / (1.0 + tau)
    k1 = 4.0 * E2 * blocking * dirac2
    k2 = E2 * blocking * q2 * (g_m * g_m)
    along2 = 16.0 * E2 * blocking * q2 * (over_shat * over_shat) * ((mass * mass) * (g_e * g_e) + e_t2 * dirac2)
    return Hadron(k1, k2, _tilt(transfer, energy, mass), e_t2, along2)


def _tilt(transfer: Transfer, energy: Value, mass: Value) -> Value:
    return transfer.q2 * (4.0 * mass * energy * transfer.over_shat - 1.0) * transfer.over_shat


def transverse_mean(amplitudes: Amplitudes, hadron: Hadron) -> Value:
    """Return what transverse photons add to `azimuthal_mean`: (K1 e_T^2 + 2 K2)(T_xx + T_yy)/2; never negative."""
    transverse = 0.25 * hadron.k1 * hadron.e_t2 + 0.5 * hadron.k2
    return transverse * (norm2(amplitudes.plus) + norm2(amplitudes.minus))


def longitudinal_mean(amplitudes: Amplitudes, hadron: Hadron) -> Value:
    """Return what longitudinal photons add to `azimuthal_mean`: (K1 a^2 - 4 K2 Q^2/shat^2) T_pp; never negative."""
    return hadron.along2 * norm2(amplitudes.along)


def azimuthal_mean(amplitudes: Amplitudes, hadron: Hadron) -> Value:
    """Return the contraction averaged over the azimuth, without the amplitudes' normalisation; never negative."""
    return transverse_mean(amplitudes, hadron) + longitudinal_mean(amplitudes, hadron)


def azimuthal_series(amplitudes: Amplitudes, hadron: Hadron, e_t: Value) -> Azimuth:
    """Return the contraction as a Fourier series in the azimuth, without the amplitudes' normalisation.

    `e_t` is the square root of ``hadron.e_t2``.
    """
    with_plus = overlap(amplitudes.along, amplitudes.plus)
    with_minus = overlap(amplitudes.along, amplitudes.minus)
    twist = overlap(amplitudes.plus, amplitudes.minus)
    first = hadron.k1 * hadron.tilt * e_t
    second = 0.5 * hadron.k1 * hadron.e_t2
    return Azimuth(
        mean=azimuthal_mean(amplitudes, hadron),
        c1=first * (with_plus[0] + with_minus[0]),
        s1=first * (with_plus[1] - with_minus[1]),
        c2=second * twist[0],
        s2=-second * twist[1],
    )


def at_azimuth(amplitudes: Amplitudes, hadron: Hadron, e_t: Value, cosine: Value, sine: Value) -> Spins:
    """Return the amplitudes for the polarisation e = tilt p1 + e_t (cos phi x + sin phi y)."""
    half_cos, half_sin = 0.5 * e_t * cosine, 0.5 * e_t * sine
    tilt = hadron.tilt

    def seen(along: Complex, plus: Complex, minus: Complex) -> Complex:
        # (e^{-i phi} A_plus + e^{i phi} A_minus) e_t / 2
        total, difference = (plus[0] + minus[0], plus[1] + minus[1]), (plus[0] - minus[0], plus[1] - minus[1])
        return (
            tilt * along[0] + half_cos * total[0] + half_sin * difference[1],
            tilt * along[1] + half_cos * total[1] - half_sin * difference[0],
        )

    states = zip(amplitudes.along, amplitudes.plus, amplitudes.minus, strict=True)
    return Spins(*(seen(along, plus, minus) for along, plus, minus in states))


def magnetic_part(hadron: Hadron, transfer: Transfer, plus: Value, minus: Value, along: Value) -> Value:
    """Return what K2 adds, given products of two amplitudes for the three polarisations."""
    return hadron.k2 * (0.5 * (plus + minus) - 4.0 * transfer.q2 * (transfer.over_shat * transfer.over_shat) * along)
