"""The diffuse supernova neutrino background: the neutrinos of all core collapses in the universe.

    dphi/dE = (c/H_0) int dz R(z)/sqrt(Om (1+z)^3 + OL) f((1+z) E),

with R the rate of core collapses, which is proportional to the star-formation rate, and f the neutrino spectrum of one
collapse (S. Horiuchi, J. F. Beacom and E. Dwek, Phys. Rev. D 79 (2009) 083013, eqs. 1-5, fiducial star-formation
history, Salpeter initial mass function). Each of the six species carries a sixth of 3e53 erg with a Fermi-Dirac
spectrum, f ~ E^2/(exp(E/T) + 1), with T = 3 MeV (nue), 5 MeV (nuebar) and 8 MeV (the other four): L. E. Strigari, New
J. Phys. 11 (2009) 105011. The sum over the six species is 92 per cm^2 and s; the result is scaled to the requested
total.
"""

from __future__ import annotations

import math

import numpy as np

from tridentgen.flux.base import require
from tridentgen.flux.curve import SEGMENTS, power
from tridentgen.flux.kind import NUMBER, FluxKind, FluxRequest
from tridentgen.flux.source import Component, Source
from tridentgen.flux.supernova import ENERGY_ERG, GEV_PER_ERG
from tridentgen.flux.tabulated import TabulatedFlux
from tridentgen.matter.particles import NEUTRINOS
from tridentgen.physics.elementary import exp
from tridentgen.typing import FloatArray

TOTAL_CM2_S = 86.0
"""Total flux of the six species, with an uncertainty of 50 % (D. Baxter et al., Eur. Phys. J. C 81 (2021) 907)."""

TEMPERATURES_MEV = (3.0, 5.0, 8.0)
"""Temperatures of nue, nuebar and each of the other four species."""

_UNITS = "cm^-2 s^-1"
_HIGHEST_GEV = 0.1
_LARGEST_REDSHIFT = 6.0
_REDSHIFTS = 600

_OMEGA_MATTER, _OMEGA_LAMBDA = 0.3, 0.7
_HUBBLE_KM_S_MPC = 70.0
_LIGHT_KM_S = 299792.458
_CM_PER_MPC = 3.0856775814913673e24
_SECONDS_PER_YEAR = 365.25 * 86400.0
_STARS_PER_YEAR_MPC3 = 0.0178
"""Present star-formation rate in solar masses per year and Mpc^3."""
_COLLAPSES_PER_SOLAR_MASS = 1.0 / 143.0
_SLOPES = (3.4, -0.3, -3.5)
_BREAKS = (1.0, 4.0)
_SHARPNESS = -10.0
"""(1+z)^slope before, between and after the two breaks, joined smoothly."""


def diffuse_supernovae(total_flux: float = TOTAL_CM2_S) -> Source:
    """Return the diffuse supernova neutrino background, per cm^2 and second.

    Parameters
    ----------
    total_flux
        Total flux of the six species in cm^-2 s^-1.

    Raises
    ------
    InputError
        For a flux that is not positive.
    """
    rule = "must be a positive number per cm^2 and s"
    require(math.isfinite(total_flux) and total_flux > 0.0, "total_flux", total_flux, rule)
    x = np.linspace(0.0, 1.0, SEGMENTS + 1)
    energies = _HIGHEST_GEV * x * x  # most neutrinos have a few MeV
    shapes = [background(energies, temperature) for temperature in TEMPERATURES_MEV]
    which = {name: {"nue": 0, "nuebar": 1}.get(name, 2) for name in NEUTRINOS}
    raw = [TabulatedFlux(energies, shape, "linear", _UNITS) for shape in shapes]
    scale = total_flux / math.fsum(raw[i].total for i in which.values())
    made = []
    for name, i in which.items():
        text = f"diffuse supernova {name}, {TEMPERATURES_MEV[i]:g} MeV"
        made.append(Component(name, name, TabulatedFlux(energies, scale * shapes[i], "linear", _UNITS, text)))
    return Source(tuple(made), f"the diffuse supernova background, {total_flux:g} per cm^2 and s")


def background(energies_GeV: FloatArray, temperature_MeV: float) -> FloatArray:
    """Return dphi/dE of one species in cm^-2 s^-1 GeV^-1, not scaled, at energies of shape (N,)."""
    z = np.linspace(0.0, _LARGEST_REDSHIFT, _REDSHIFTS + 1)
    simpson = np.where(np.arange(_REDSHIFTS + 1) % 2 == 1, 4.0, 2.0) * (z[1] - z[0]) / 3.0
    simpson[[0, -1]] *= 0.5
    stretch = 1.0 + z
    expansion = np.sqrt(_OMEGA_MATTER * (stretch * stretch * stretch) + _OMEGA_LAMBDA)
    weights = simpson * collapse_rate(z) / expansion
    total = np.zeros_like(energies_GeV)
    for redshift, weight in zip(z, weights, strict=True):
        total = total + weight * _fermi_dirac((1.0 + redshift) * energies_GeV, temperature_MeV * 1e-3)
    hubble_cm = _LIGHT_KM_S / _HUBBLE_KM_S_MPC * _CM_PER_MPC
    return np.asarray(hubble_cm * ENERGY_ERG * GEV_PER_ERG / 6.0 * total)


def collapse_rate(z: FloatArray) -> FloatArray:
    """Return the rate of core collapses per comoving cm^3 and second at redshifts of shape (N,).

    Proportional to {(1+z)^(a n) + [(1+z)/B]^(b n) + [(1+z)/C]^(c n)}^(1/n), Horiuchi, Beacom and Dwek (2009), eqs. 2
    and 3 and table I, with n = -10.
    """
    a, b, c = _SLOPES
    first, second = (1.0 + at for at in _BREAKS)
    scale_b = first ** (1.0 - a / b)
    scale_c = first ** ((b - a) / c) * second ** (1.0 - b / c)
    n = -_SHARPNESS
    joined = 1.0 / power(1.0 + z, a * n) + power((1.0 + z) / scale_b, -b * n) + power((1.0 + z) / scale_c, -c * n)
    per_year_mpc3 = _STARS_PER_YEAR_MPC3 * _COLLAPSES_PER_SOLAR_MASS / power(joined, 1.0 / n)
    return np.asarray(per_year_mpc3 / (_SECONDS_PER_YEAR * _CM_PER_MPC**3))


def _fermi_dirac(energy_GeV: FloatArray, temperature_GeV: float) -> FloatArray:
    """Return 120/(7 pi^4) E^2/T^4/(exp(E/T) + 1): neutrinos per GeV of energy and per GeV of emitted energy."""
    x = energy_GeV / temperature_GeV
    return np.asarray(120.0 / (7.0 * math.pi**4) * x * x / (temperature_GeV**2 * (exp(x) + 1.0)))


def _build(request: FluxRequest) -> Source:
    return diffuse_supernovae(request.number("total_flux", TOTAL_CM2_S))


KIND = FluxKind(name="dsnb", keys={"total_flux": NUMBER}, required=(), build=_build)
