"""Form factors of nuclei and nucleons as functions of Q^2; charge form factors are normalised to 1 at Q^2 = 0.

Radii in fm, Q^2 in GeV^2. Every function is traceable and finite from Q^2 = 0 to 10^12 GeV^2.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tridentgen.constants import HBARC_GEV_FM, MU_NEUTRON, MU_PROTON, PROTON_MASS_GEV
from tridentgen.physics.elementary import Value, exp, polynomial, sincos2pi, total

_SERIES_BELOW = 0.02
"""(q R)^2 below which closed forms lose digits and their Taylor series are used instead."""

_SERIES_J1 = (1.0, -1.0 / 10.0, 1.0 / 280.0, -1.0 / 15120.0, 1.0 / 1330560.0)
"""Taylor coefficients of 3 j1(x)/x in x^2."""

_SERIES_J2 = (1.0 / 15.0, -1.0 / 210.0, 1.0 / 7560.0, -1.0 / 498960.0)
"""Taylor coefficients of j2(x)/x^2 in x^2."""

_SLOPE_SERIES_BELOW = 0.05
"""As `_SERIES_BELOW`, for the derivative of the symmetrised Fermi form factor, which loses more digits."""

_SERIES_J0 = (1.0, -1.0 / 6.0, 1.0 / 120.0, -1.0 / 5040.0, 1.0 / 362880.0)
"""Taylor coefficients of sin(x)/x in x^2."""


@dataclass(frozen=True)
class FormFactor:
    """A form factor of Q^2 alone: ``function(q2, *parameters)``.

    Unlike a function defined within a function, it can be pickled, and is equal to another with the same parameters.
    """

    function: Callable[..., Value]
    parameters: tuple[float | tuple[float, ...], ...]

    def __call__(self, q2: Value) -> Value:
        """Return the form factor at Q^2 in GeV^2."""
        return self.function(q2, *self.parameters)


def unit(q2: Value) -> Value:
    """Return 1 for every Q^2: a point charge."""
    return 1.0 + 0.0 * q2


def symmetrised_fermi(q2: Value, half_density_fm: Value, diffuseness_fm: Value) -> Value:
    """Return the form factor of the symmetrised Fermi density with radius c and diffuseness a.

    F = 3/(qc [(qc)^2 + (pi q a)^2]) (pi q a / sinh(pi q a)) [pi q a sin(qc) coth(pi q a) - qc cos(qc)]
    (Sprung and Martorell, J. Phys. A 30 (1997) 6525, eq. 20); at small q, its expansion in moments up to <r^8>.
    """
    per_gev = 1.0 / HBARC_GEV_FM
    c, b = half_density_fm * per_gev, math.pi * diffuseness_fm * per_gev
    c2, b2 = c * c, b * b
    size2 = c2 + b2
    small = q2 * size2 < _SERIES_BELOW
    q = np.sqrt(np.where(small, _SERIES_BELOW / size2, q2))
    x, y = q * c, q * b
    sine, cosine = sincos2pi(x * (0.5 / math.pi))
    decay = exp(-y)
    one_minus = 1.0 - decay * decay
    # sinh and coth in terms of e^-y, over a common denominator.
    oscillation = y * sine * (1.0 + decay * decay) - x * cosine * one_minus
    closed = (6.0 * (b / c) / size2) * decay * oscillation / (q * q * one_minus * one_minus)
    r2 = (3.0 * c2 + 7.0 * b2) / 5.0
    r4 = (3.0 * c2 * c2 + 18.0 * c2 * b2 + 31.0 * b2 * b2) / 7.0
    r6 = (5.0 * c2 * c2 * c2 + 55.0 * c2 * c2 * b2 + 239.0 * c2 * b2 * b2 + 381.0 * b2 * b2 * b2) / 15.0
    r8 = (((3.0 * c2 + 52.0 * b2) * c2 + 410.0 * b2 * b2) * c2 + 1636.0 * b2 * b2 * b2) * c2 / 11.0
    r8 = r8 + 2555.0 / 11.0 * (b2 * b2 * b2 * b2)
    series = 1.0 - q2 / 6.0 * (r2 - q2 / 20.0 * (r4 - q2 / 42.0 * (r6 - q2 / 72.0 * r8)))
    return np.where(small, series, closed)


def uniform_sphere(q2: Value, radius_fm: Value) -> Value:
    """Return 3 j1(qR)/(qR), the form factor of a homogeneous sphere of radius R."""
    radius = radius_fm / HBARC_GEV_FM
    x2 = q2 * (radius * radius)
    small = x2 < _SERIES_BELOW
    x = np.sqrt(np.where(small, _SERIES_BELOW, x2))
    sine, cosine = sincos2pi(x * (0.5 / math.pi))
    return np.where(small, polynomial(x2, _SERIES_J1), 3.0 * (sine - x * cosine) / (x * x * x))


def helm(q2: Value, sphere_radius_fm: Value, skin_fm: Value) -> Value:
    """Return Helm's form factor 3 j1(qR)/(qR) exp(-q^2 s^2/2) (Helm, Phys. Rev. 104 (1956) 1466)."""
    skin = skin_fm / HBARC_GEV_FM
    return uniform_sphere(q2, sphere_radius_fm) * exp(-0.5 * (skin * skin) * q2)


def uniform_sphere_slope(q2: Value, radius_fm: Value) -> Value:
    """Return the derivative of `uniform_sphere` by the radius in 1/fm: -3 j2(qR)/R."""
    radius = radius_fm / HBARC_GEV_FM
    x2 = q2 * (radius * radius)
    small = x2 < _SERIES_BELOW
    x = np.sqrt(np.where(small, _SERIES_BELOW, x2))
    sine, cosine = sincos2pi(x * (0.5 / math.pi))
    closed = ((3.0 - x * x) * sine - 3.0 * x * cosine) / (x * x * x)
    return np.where(small, x2 * polynomial(x2, _SERIES_J2), closed) * (-3.0 / radius_fm)


def helm_slope(q2: Value, sphere_radius_fm: Value, skin_fm: Value, by: Value) -> Value:
    """Return the derivative of `helm` by a size with d(sphere radius)/d(size) = `by`, per fm."""
    skin = skin_fm / HBARC_GEV_FM
    return uniform_sphere_slope(q2, sphere_radius_fm) * (exp(-0.5 * (skin * skin) * q2) * by)


def klein_nystrand_slope(q2: Value, radius_fm: Value, range_fm: Value, by: Value) -> Value:
    """Return the derivative of `klein_nystrand` by a size with d(radius)/d(size) = `by`, per fm."""
    length = range_fm / HBARC_GEV_FM
    return uniform_sphere_slope(q2, radius_fm) / (1.0 + (length * length) * q2) * by


def symmetrised_fermi_slope(q2: Value, half_density_fm: Value, diffuseness_fm: Value, by: Value) -> Value:
    """Return the derivative of `symmetrised_fermi` by a size with d(half-density radius)/d(size) = `by`, per fm.

    With x = qc, y = pi q a and F = P N, P = 3 y/(x (x^2 + y^2) sinh y), N = y coth(y) sin(x) - x cos(x):
    dF/dx = P [(y coth y - 1) cos x + x sin x - N (3 x^2 + y^2)/(x (x^2 + y^2))].
    """
    per_gev = 1.0 / HBARC_GEV_FM
    c, b = half_density_fm * per_gev, math.pi * diffuseness_fm * per_gev
    c2, b2 = c * c, b * b
    size2 = c2 + b2
    small = q2 * size2 < _SLOPE_SERIES_BELOW
    q = np.sqrt(np.where(small, _SLOPE_SERIES_BELOW / size2, q2))
    x, y = q * c, q * b
    sine, cosine = sincos2pi(x * (0.5 / math.pi))
    decay = exp(-y)
    one_minus, one_plus = 1.0 - decay * decay, 1.0 + decay * decay
    # sinh and coth in terms of e^-y, over a common denominator.
    oscillation = y * sine * one_plus - x * cosine * one_minus
    change = (y * one_plus - one_minus) * cosine + x * sine * one_minus
    total2 = x * x + y * y
    change = change - oscillation * (3.0 * x * x + y * y) / (x * total2)
    closed = 6.0 * y * decay * change / (x * total2 * one_minus * one_minus) * q
    r2 = 6.0 * c / 5.0
    r4 = c * (12.0 * c2 + 36.0 * b2) / 7.0
    r6 = c * (30.0 * c2 * c2 + 220.0 * c2 * b2 + 478.0 * b2 * b2) / 15.0
    r8 = c * (((24.0 * c2 + 312.0 * b2) * c2 + 1640.0 * b2 * b2) * c2 + 3272.0 * b2 * b2 * b2) / 11.0
    series = -q2 / 6.0 * (r2 - q2 / 20.0 * (r4 - q2 / 42.0 * (r6 - q2 / 72.0 * r8)))
    return np.where(small, series, closed) * (per_gev * by)


def klein_nystrand(q2: Value, radius_fm: Value, range_fm: Value) -> Value:
    """Return 3 j1(qR)/(qR) / (1 + a^2 q^2) (Klein and Nystrand, Phys. Rev. C 60 (1999) 014903)."""
    length = range_fm / HBARC_GEV_FM
    return uniform_sphere(q2, radius_fm) / (1.0 + (length * length) * q2)


def fourier_bessel(q2: Value, cutoff_fm: float, coefficients: tuple[float, ...]) -> Value:
    """Return the form factor of the density sum_n a_n j0(n pi r/R), r < R, normalised to 1 at Q^2 = 0.

    F = N sin(qR)/(qR) sum_n (-1)^n a_n / ((qR)^2 - (n pi)^2) (De Vries, De Jager, De Vries, At. Data Nucl. Data
    Tables 36 (1987) 495, with the density Fourier-transformed term by term). The poles at qR = n pi are
    removable: within a relative distance of 1e-5 of one, qR is moved to that distance.
    """
    radius = cutoff_fm / HBARC_GEV_FM
    x2 = q2 * (radius * radius)
    norm = math.fsum((-1) ** n * a / (n * math.pi) ** 2 for n, a in enumerate(coefficients, start=1))
    for n in range(1, len(coefficients) + 1):
        pole = (n * math.pi) ** 2
        x2 = np.where(np.abs(x2 - pole) < 1e-5 * pole, pole * (1.0 + 1e-5), x2)
    small = x2 < _SERIES_BELOW
    x = np.sqrt(np.where(small, _SERIES_BELOW, x2))
    sine, _ = sincos2pi(x * (0.5 / math.pi))
    sinc = np.where(small, polynomial(x2, _SERIES_J0), sine / x)
    series = total((-1) ** n * a / (x2 - (n * math.pi) ** 2) for n, a in enumerate(coefficients, start=1))
    return -sinc * series / norm


def dipole(q2: Value) -> Value:
    """Return the dipole G_D = (1 + Q^2/0.71 GeV^2)^-2."""
    root = 1.0 / (1.0 + q2 * (1.0 / 0.71))
    return root * root


def sachs_dipole(q2: Value, proton: bool) -> tuple[Value, Value]:
    """Return (G_E, G_M) of the proton or neutron in the dipole form: G_E^n = 0, G_M = mu G_D."""
    g_d = dipole(q2)
    return (g_d, MU_PROTON * g_d) if proton else (0.0 * q2, MU_NEUTRON * g_d)


def sachs_kelly(q2: Value, proton: bool) -> tuple[Value, Value]:
    """Return (G_E, G_M) in the parametrisation of Kelly, Phys. Rev. C 70 (2004) 068202, table I.

    G = (1 + a1 tau)/(1 + b1 tau + b2 tau^2 + b3 tau^3); for G_E^n the Galster form A tau/(1 + B tau) G_D.
    """
    tau = q2 * (0.25 / PROTON_MASS_GEV**2)
    if proton:
        g_e = (1.0 - 0.24 * tau) / polynomial(tau, (1.0, 10.98, 12.82, 21.97))
        g_m = MU_PROTON * (1.0 + 0.12 * tau) / polynomial(tau, (1.0, 10.97, 18.86, 6.55))
        return g_e, g_m
    g_e = 1.70 * tau / (1.0 + 3.30 * tau) * dipole(q2)
    g_m = MU_NEUTRON * (1.0 + 2.33 * tau) / polynomial(tau, (1.0, 14.72, 24.20, 84.1))
    return g_e, g_m


def pauli_blocking(q2: Value, mass: Value, fermi_momentum_GeV: Value) -> Value:
    """Return the Pauli-blocking factor of a Fermi gas: the fraction of nucleons whose final state is unoccupied.

    B = 3/2 r - r^3/2 for r = |q|/(2 k_F) below 1, else 1; |q|^2 = Q^2 + (Q^2/2M)^2
    (Lovseth and Radomski, Phys. Rev. D 3 (1971) 2686, eq. 2.13; Altmannshofer et al., PRD 100 (2019) 115029, eq. 18).
    """
    transfer = 0.5 * q2 / mass
    r = np.minimum(np.sqrt(q2 + transfer * transfer) * (0.5 / fermi_momentum_GeV), 1.0)
    return r * (1.5 - 0.5 * r * r)
