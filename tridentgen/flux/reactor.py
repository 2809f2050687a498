"""Electron antineutrinos from a nuclear reactor.

Antineutrinos per fission and MeV are exp(sum_n a_n E^n), E in MeV, from 2 to 8 MeV: P. Huber, Phys. Rev. C 84 (2011)
024617 (and erratum) for U235, Pu239 and Pu241; T. A. Mueller et al., Phys. Rev. C 83 (2011) 054615, table VI, for U238.
Below 2 MeV the spectrum is the table of Vogel and Engel in ``data/reactor_low_energy.csv``, interpolated linearly up to
the fits at 2 MeV. The beta decays of U239 and Np239 after neutron capture on U238 are added: 1.2 antineutrinos per
fission in power reactors, all below 1.3 MeV (V. Kopeikin, Phys. At. Nucl. 75 (2012) 143).

From 8 MeV, where the fits end, to 10 MeV, where the spectrum ends here, each is extrapolated by an exponential with the
slope of its fit at 8 MeV; the description of the flux gives the share. This puts 6.9e-4 of the inverse beta decays at
prompt energies above 8 MeV. Daya Bay saw 2500 (Phys. Rev. Lett. 129 (2022) 041801, to 12 MeV) of nearly 4 million
(Phys. Rev. Lett. 121 (2018) 241805, the same 1958 days): 6.4e-4. The polynomials, continued, would give 3.1e-4.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

import numpy as np

from tridentgen.errors import InputError
from tridentgen.flux.base import require
from tridentgen.flux.beta_decay import beta_energies, end_of_spectrum, neutrino_spectrum
from tridentgen.flux.curve import curve_flux
from tridentgen.flux.kind import NUMBER, NUMBERS, FluxKind, FluxRequest
from tridentgen.flux.source import Source
from tridentgen.flux.tabulated import TabulatedFlux
from tridentgen.matter.nuclei import data_rows
from tridentgen.physics.elementary import exp, polynomial
from tridentgen.typing import FloatArray

FISSILE = ("U235", "U238", "Pu239", "Pu241")

PWR_FRACTIONS = (0.58, 0.07, 0.30, 0.05)
"""Fission fractions of a pressurised-water reactor, averaged over a cycle."""

CAPTURES_PER_FISSION = 0.6
"""Neutron captures on U238 per fission in power reactors (Kopeikin 2012)."""

ENERGY_PER_FISSION_MEV = (202.36, 205.99, 211.12, 214.26)
"""Energy release per fission (X. B. Ma et al., Phys. Rev. C 88 (2013) 014605)."""

_MEV_PER_SECOND_AND_GW = 1e9 / 1.602176634e-13
_CM_PER_M = 100.0
_FIT_FROM_MEV, _FIT_TO_MEV, _END_MEV = 2.0, 8.0, 10.0
_STEP = 1e-9
"""Relative width of the step of the table at the endpoint of a branch."""

_FITS = {
    "U235": (4.367, -4.577, 2.100, -0.5294, 0.06186, -0.002777),
    "U238": (0.4833, 0.1927, -0.1283, -0.006762, 0.002233, -0.0001536),
    "Pu239": (4.757, -5.392, 2.563, -0.6596, 0.07820, -0.003536),
    "Pu241": (2.990, -2.882, 1.278, -0.3343, 0.03905, -0.001754),
}
_CAPTURE_DECAYS = {
    93: ((0.45, 0.02), (1.130, 0.04), (1.1871, 0.675), (1.2305, 0.09), (1.2617, 0.175)),
    94: ((0.2107, 0.022), (0.3309, 0.440), (0.3924, 0.075), (0.4370, 0.443), (0.7147, 0.020)),
}
"""Charge of the daughter, then endpoint in MeV and intensity of the branches of U239 and Np239 (after ENSDF)."""


def reactor(
    thermal_power_GW: float,
    distance_m: float,
    fractions: Sequence[float] = PWR_FRACTIONS,
    captures_per_fission: float = CAPTURES_PER_FISSION,
) -> Source:
    """Return the antineutrinos of a reactor core, per cm^2 and second.

    Parameters
    ----------
    thermal_power_GW
        Thermal power.
    distance_m
        Distance from the core, treated as a point source.
    fractions
        Fission fractions of U235, U238, Pu239 and Pu241; their sum is 1.
    captures_per_fission
        Neutron captures on U238 per fission; each gives two antineutrinos.

    Raises
    ------
    InputError
        For numbers out of range and for fractions that are not four numbers with sum 1.
    """
    for name, value in (("thermal_power_GW", thermal_power_GW), ("distance_m", distance_m)):
        require(math.isfinite(value) and value > 0.0, name, value, "must be a positive number")
    rule = "must be a number from 0 to 10"
    require(0.0 <= captures_per_fission <= 10.0, "captures_per_fission", captures_per_fission, rule)
    shares = _checked_fractions(fractions)
    energy_MeV = math.fsum(share * each for share, each in zip(shares, ENERGY_PER_FISSION_MEV, strict=True))
    fissions_per_second = thermal_power_GW * _MEV_PER_SECOND_AND_GW / energy_MeV
    rate = fissions_per_second / (4.0 * math.pi * (distance_m * _CM_PER_M) ** 2)
    energies, per_fission = spectrum_per_fission(shares, captures_per_fission)
    beyond = energies >= _FIT_TO_MEV
    share = _integral(energies[beyond], per_fission[beyond]) / _integral(energies, per_fission)
    description = (
        f"reactor, {thermal_power_GW:g} GW thermal, {distance_m:g} m away "
        f"(extrapolated from {_FIT_TO_MEV:g} to {_END_MEV:g} MeV: {100.0 * share:.2g}% of the flux)"
    )
    flux = TabulatedFlux(energies * 1e-3, rate * 1e3 * per_fission, "linear", "cm^-2 s^-1", description)
    return Source.of(flux, "nuebar")


def spectrum_per_fission(fractions: Sequence[float], captures_per_fission: float) -> tuple[FloatArray, FloatArray]:
    """Return energies in MeV and antineutrinos per fission and MeV, both of shape (N,)."""
    energies = _energies_MeV()
    total = np.zeros_like(energies)
    for name, share in zip(FISSILE, fractions, strict=True):
        total = total + share * _fission_spectrum(name)
    for daughter_charge, branches in _CAPTURE_DECAYS.items():
        for end_MeV, intensity in branches:
            total = total + captures_per_fission * intensity * _branch(end_MeV, daughter_charge)
    return energies, total


def _checked_fractions(fractions: Sequence[float]) -> tuple[float, ...]:
    """Return the fission fractions; raise `InputError` unless they are four numbers with sum 1."""
    names = ", ".join(FISSILE)
    if len(fractions) != len(FISSILE):
        raise InputError(f"fractions has {len(fractions)} entries; give {len(FISSILE)}, those of {names}")
    for share in fractions:
        require(0.0 <= share <= 1.0, "fractions", list(fractions), "must lie between 0 and 1")
    total = math.fsum(fractions)
    if abs(total - 1.0) > 1e-3:
        raise InputError(f"fractions add up to {total:g}; give shares of {names} that add up to 1")
    return tuple(fractions)


@cache
def _energies_MeV() -> FloatArray:
    """Return the nodes of the table, the fits, and the branches, which end in steps."""
    table = [float(row["energy_MeV"]) for row in data_rows("reactor_low_energy.csv")]
    ends = [end for branches in _CAPTURE_DECAYS.values() for end, _ in branches]
    before = np.array(ends) * (1.0 - _STEP)
    below = np.concatenate([[0.0], table, ends, before, np.arange(1, 100) * 0.02])
    steps = round((_END_MEV - _FIT_FROM_MEV) / 0.02)
    nodes = np.unique(np.concatenate([below, np.linspace(_FIT_FROM_MEV, _END_MEV, steps + 1)]))
    nodes.setflags(write=False)
    return nodes


def _integral(x: FloatArray, y: FloatArray) -> float:
    """Return the integral of joined points."""
    return math.fsum(0.5 * np.diff(x) * (y[1:] + y[:-1]))


def _fission_spectrum(name: str) -> FloatArray:
    """Return antineutrinos per fission and MeV at the nodes."""
    energies = _energies_MeV()
    fit = _fit(energies, name)
    rows = [row for row in data_rows("reactor_low_energy.csv") if float(row["energy_MeV"]) < _FIT_FROM_MEV]
    x = [0.0, *(float(row["energy_MeV"]) for row in rows), _FIT_FROM_MEV]
    y = [0.0, *(float(row[name]) for row in rows), float(_fit(np.array([_FIT_FROM_MEV]), name)[0])]
    return np.where(energies >= _FIT_FROM_MEV, fit, np.interp(energies, x, y))


def _fit(energies_MeV: FloatArray, name: str) -> FloatArray:
    """Return the fit from 2 to 8 MeV, its value at 2 MeV below, and the exponential that continues it above."""
    coefficients = _FITS[name]
    slope = math.fsum(n * a * _FIT_TO_MEV ** (n - 1) for n, a in enumerate(coefficients))
    inside = np.minimum(np.maximum(energies_MeV, _FIT_FROM_MEV), _FIT_TO_MEV)
    return np.asarray(exp(polynomial(inside, coefficients) + slope * np.maximum(energies_MeV - _FIT_TO_MEV, 0.0)))


def _branch(end_MeV: float, daughter_charge: int) -> FloatArray:
    """Return the normalised spectrum per MeV of one beta branch at the nodes."""
    end = end_MeV * 1e-3
    fine = beta_energies(end)
    shape = neutrino_spectrum(fine, end, daughter_charge, positron=False)
    shape[-1] = end_of_spectrum(end, daughter_charge)
    unit = curve_flux(fine, shape, 1.0, "per decay", "beta branch")
    energies = _energies_MeV() * 1e-3
    return np.where(energies < end, unit.density(energies), 0.0) * 1e-3


def _build(request: FluxRequest) -> Source:
    return reactor(
        request.number("thermal_power_GW"),
        request.number("distance_m"),
        request.numbers("fractions", PWR_FRACTIONS),
        request.number("captures_per_fission", CAPTURES_PER_FISSION),
    )


KIND = FluxKind(
    name="reactor",
    keys={
        "thermal_power_GW": NUMBER,
        "distance_m": NUMBER,
        "fractions": NUMBERS,
        "captures_per_fission": NUMBER,
    },
    required=("thermal_power_GW", "distance_m"),
    build=_build,
)
