"""Neutrino-electron scattering nu e -> nu e on free electrons at rest: energies in GeV, dsigma/dT in GeV^-3.

dsigma/dT = (2 G_F^2 m/pi) [g_L^2 (1 + ...) + g_R^2 ((1 - z)^2 + ...) - g_L g_R (m z/E) (1 + ...)], z = T/E; for
antineutrinos g_L and g_R are exchanged. The dots are radiative corrections. g_L = s_W^2 - 1/2 + delta_{le} and g_R =
s_W^2 at tree level; what shifts the vector coupling g_V = g_L + g_R adds half of the shift to each.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from tridentgen.constants import ALPHA, ELECTRON_MASS_GEV, G_FERMI
from tridentgen.physics.elementary import Value, expm1, log, log1p, polynomial

PREFACTOR = 2.0 * G_FERMI * G_FERMI * ELECTRON_MASS_GEV / math.pi
"""2 G_F^2 m_e/pi in GeV^-3."""

RADIATIVE_SIN2_THETA_W = 0.2317
"""sin^2 theta_W(m_Z) of Bahcall, Kamionkowski and Sirlin, which goes with their kappa."""

_RHO = 1.0126
_LI2 = (
    1.0 / 36.0, -1.0 / 3600.0, 1.0 / 211680.0, -1.0 / 10886400.0, 1.0 / 526901760.0, -691.0 / 16999766784000.0,
    1.0 / 1120863744000.0, -3617.0 / 181400588328960000.0, 43867.0 / 97072790126247936000.0,
)  # fmt: skip
"""B_2k/(2k + 1)! for k = 1 to 9."""

_SERIES_BELOW = 0.02
_TINY = 1e-290


class Kinetic(NamedTuple):
    """Kinetic energy T of the electron in GeV, T_max - T without cancellation, and dT/dx."""

    kinetic: Value
    fall: Value
    width: Value


class Pieces(NamedTuple):
    """Coefficients of g_L^2, g_R^2 and g_L g_R in dsigma/dT, in units of 2 G_F^2 m/pi."""

    ll: Value
    rr: Value
    lr: Value


def t_max(energy: Value) -> Value:
    """Return the largest kinetic energy 2 E^2/(m + 2E) of the electron in GeV."""
    return 2.0 * energy * energy / (ELECTRON_MASS_GEV + 2.0 * energy)


def minimum_energy(kinetic: Value) -> Value:
    """Return the smallest neutrino energy (T + sqrt(T (T + 2m)))/2 in GeV for an electron of kinetic energy T."""
    return 0.5 * (kinetic + np.sqrt(kinetic * (kinetic + 2.0 * ELECTRON_MASS_GEV)))


def sample_kinetic(energy: Value, x: Value, least: float, scale: float | None) -> Kinetic:
    """Return the kinetic energy at `x` in (0, 1), from `least` to T_max.

    Linear in T, or in ln(T + a) for spectra that fall as 1/(T + a), with `scale` = a + `least` in GeV: T = least +
    scale (e^(Lx) - 1), L = ln(1 + (T_max - least)/scale).
    """
    span = np.maximum(t_max(energy) - least, 0.0)
    if scale is None:
        return Kinetic(least + span * x, span * (1.0 - x), span)
    length = log1p(span / scale)
    above = scale * expm1(length * x)
    slope = scale + above
    return Kinetic(least + above, slope * expm1(length * (1.0 - x)), slope * length)


def left_share(energy: Value, fall: Value) -> Value:
    """Return 1 - T/E from T_max - T as a sum of positive terms: (E - T_max)/E = m/(m + 2E)."""
    return fall / energy + ELECTRON_MASS_GEV / (ELECTRON_MASS_GEV + 2.0 * energy)


def tree(energy: Value, kinetic: Value, fall: Value) -> Pieces:
    """Return the pieces at tree level.

    G. 't Hooft, Phys. Lett. B 37 (1971) 195; W. Marciano and Z. Parsa, J. Phys. G 29 (2003) 2629, eqs. 2-9.

    Parameters
    ----------
    energy, kinetic, fall
        E of the neutrino, T of the electron, and T_max - T, in GeV.
    """
    left = left_share(energy, fall)
    return Pieces(1.0, left * left, -(ELECTRON_MASS_GEV * kinetic) / (energy * energy))


def radiative(energy: Value, kinetic: Value, fall: Value) -> Pieces:
    """Return the pieces with QED corrections of O(alpha), the photons unobserved and the electron's energy measured.

    J. N. Bahcall, M. Kamionkowski and A. Sirlin, Phys. Rev. D 51 (1995) 6146, appendix B. The argument of the soft
    logarithm, 1 - z - m/(E_e + l), is z (E - e)/e with e the smallest neutrino energy for T; E - e = (T_max - T)
    (m + 2E)(m + 2e)/(2m (E + e) + 4Ee), so that it keeps its digits at the end of the spectrum. Corrections below
    -100 %, within 1e-9 of the end, are cut off at 0. Arguments as of `tree`.
    """
    m = ELECTRON_MASS_GEV
    momentum = np.sqrt(kinetic * (kinetic + 2.0 * m))
    total, least = kinetic + m, 0.5 * (kinetic + momentum)
    b, largest = momentum / total, m + 2.0 * least  # E_e + l
    f0 = _collinear(b, largest)
    l_b = _l(b, log(b), log(m * m / (total * largest)))
    z, left = kinetic / energy, left_share(energy, fall)
    beyond = np.maximum(fall, _TINY) * (m + 2.0 * energy) * largest
    soft = log(z * beyond / (least * (2.0 * m * (energy + least) + 4.0 * energy * least)))
    log_z, log_left = log(z), log(left)
    l_z = _l(z, log_z, log_left)
    other = -math.pi * math.pi / 6.0 - l_z  # L(1 - z) - ln z ln(1 - z)
    f_minus = (
        f0 * (2.0 * soft - log_left - 0.5 * log_z - 5.0 / 12.0)
        + 0.5 * (l_z - l_b)
        - 0.5 * log_left * log_left
        - (11.0 / 12.0 + 0.5 * z) * log_left
        + z * (log_z + 0.5 * log(2.0 * energy / m))
        - (31.0 / 18.0 + log_z / 12.0) * b
        - 11.0 / 12.0 * z
        + z * z / 24.0
    )
    left2, z2 = left * left, z * z
    f_plus = (
        f0 * (left2 * (2.0 * soft - log_left - 0.5 * log_z - 2.0 / 3.0) - 0.5 * (z2 * log_z + left))
        - 0.5 * left2 * (log_left * log_left + b * other)
        + log_left * left / 3.0 * (2.0 * z - 0.5)
        - 0.5 * z2 * other
        - z * (1.0 - 2.0 * z) / 3.0 * log_z
        - z * left / 6.0
        - b / 12.0 * (log_z + left * (115.0 - 109.0 * z) / 6.0)
    )
    scale = ALPHA / math.pi
    return Pieces(
        np.maximum(1.0 + scale * f_minus, 0.0),
        np.maximum(left2 + scale * f_plus, 0.0),
        -(m * z / energy) * np.maximum(1.0 + scale * (2.0 * f0 * soft), 0.0),
    )


def radiative_couplings(kinetic: Value, flavour: str) -> tuple[Value, Value]:
    """Return (g_L, g_R) with electroweak corrections (Bahcall, Kamionkowski and Sirlin, appendix A).

    g_L = delta_{le} - rho (1/2 - kappa s_W^2) and g_R = rho kappa s_W^2, with rho = 1.0126, s_W^2 = 0.2317, kappa(e) =
    0.9791 + 0.0097 I(T), and kappa = 0.9970 - 0.00037 I(T) for the other flavours.
    """
    loop = _loop(kinetic)
    kappa = 0.9791 + 0.0097 * loop if flavour == "e" else 0.9970 - 0.00037 * loop
    g_right = _RHO * RADIATIVE_SIN2_THETA_W * kappa
    return g_right + ((1.0 if flavour == "e" else 0.0) - 0.5 * _RHO), g_right


def charge_radius_shift(radius2: float) -> float:
    """Return the shift (sqrt2 pi alpha/3 G_F) <r^2> of g_V by a charge radius; `radius2` is <r^2> in GeV^-2.

    Opposite to that of a proton: C. Giunti and A. Studenikin, Rev. Mod. Phys. 87 (2015) 531.
    """
    return math.sqrt(2.0) * math.pi * ALPHA / (3.0 * G_FERMI) * radius2


def millicharge_shift(kinetic: Value, charge: float) -> Value:
    """Return the shift -sqrt2 pi alpha q/(G_F m T) of g_V by a neutrino of charge q, in units of e.

    Giunti and Studenikin; the electron's charge is -1, and that of the antineutrino is the opposite of q.
    """
    return -math.sqrt(2.0) * math.pi * ALPHA * charge / (G_FERMI * ELECTRON_MASS_GEV) / kinetic


def moment(energy: Value, kinetic: Value, fall: Value) -> Value:
    """Return dsigma/dT in GeV^-3 by a magnetic moment of 1 mu_B, (pi alpha^2/m^2)(1/T - 1/E).

    P. Vogel and J. Engel, Phys. Rev. D 39 (1989) 3378; it does not interfere with the weak interaction.
    """
    m = ELECTRON_MASS_GEV
    return math.pi * ALPHA * ALPHA / (m * m) * left_share(energy, fall) / kinetic


def scalar(energy: Value, kinetic: Value, mass: float) -> Value:
    """Return dsigma/dT in GeV^-3 by a scalar of this mass in GeV and g_nu g_e = 1, without interference.

    m^2 T (1 + T/2m)/(4 pi E^2 (2mT + M^2)^2): D. Cerdeno et al., JHEP 05 (2016) 118.
    """
    m = ELECTRON_MASS_GEV
    below = energy * (2.0 * m * kinetic + mass * mass)
    return m * kinetic * (m + 0.5 * kinetic) / (4.0 * math.pi * below * below)


def pseudoscalar(energy: Value, kinetic: Value, mass: float) -> Value:
    """Return dsigma/dT in GeV^-3 by a pseudoscalar (i gamma5 at the electron) with g_nu g_e = 1.

    m T^2/(8 pi E^2 (2mT + M^2)^2): D. Cerdeno et al., JHEP 05 (2016) 118.
    """
    below = energy * (2.0 * ELECTRON_MASS_GEV * kinetic + mass * mass)
    return ELECTRON_MASS_GEV * kinetic * kinetic / (8.0 * math.pi * below * below)


def _collinear(b: Value, largest: Value) -> Value:
    """Return f0 = ln((E_e + l)/m)/b - 1 of E_e + l; its series at small velocities b = l/E_e."""
    small = b < _SERIES_BELOW
    safe = np.where(small, 1.0, b)
    closed = log(largest / ELECTRON_MASS_GEV) / safe - 1.0
    b2 = b * b
    series = b2 * polynomial(b2, (1.0 / 3.0, 1.0 / 5.0, 1.0 / 7.0, 1.0 / 9.0))
    return np.where(small, series, closed)


def _loop(kinetic: Value) -> Value:
    """Return I(T) = {1/3 + (3 - x^2) [(x/2) ln((x + 1)/(x - 1)) - 1]}/6, x = sqrt(1 + 2m/T); its series at small T."""
    m = ELECTRON_MASS_GEV
    w = kinetic / (kinetic + 2.0 * m)  # 1/x^2
    small = w < _SERIES_BELOW
    series = w * polynomial(w, tuple((4.0 * n + 8.0) / ((2.0 * n + 1.0) * (2.0 * n + 3.0)) for n in range(1, 9)))
    safe = np.where(small, _SERIES_BELOW, w)
    x = 1.0 / np.sqrt(safe)
    over = (x + 1.0) * (x + 1.0) * np.where(small, 1.0, kinetic / (2.0 * m))  # (x + 1)/(x - 1)
    closed = 1.0 / 3.0 + (3.0 - 1.0 / safe) * (0.5 * x * log(over) - 1.0)
    return np.where(small, series, closed) / 6.0


def _l(x: Value, log_x: Value, log_rest: Value) -> Value:
    """Return L(x) = int_0^x ln|1 - t|/t dt = -Li2(x) for 0 < x < 1, to 4e-16, from x, ln x and ln(1 - x).

    Li2(y) = u - u^2/4 + u sum_k B_2k u^2k/(2k + 1)! with u = -ln(1 - y) for y <= 1/2, and Li2(x) = pi^2/6 - ln x ln(1 -
    x) - Li2(1 - x) above.
    """
    high = x > 0.5
    u = np.where(high, -log_x, -log_rest)
    u2 = u * u
    low = u - 0.25 * u2 + u * u2 * polynomial(u2, _LI2)
    return np.where(high, low - u * log_rest - math.pi * math.pi / 6.0, -low)
