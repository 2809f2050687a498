"""Atmospheric neutrinos, produced by cosmic rays, from 13 to 944 MeV.

The shapes are power laws between the points of ``data/atmospheric_flux.csv``, which reproduce the FLUKA calculation of
Battistoni et al. (2005) to a few percent; its own uncertainty is 20 %. The fluxes of the four species are those at
production: oscillations do not affect neutral-current scattering.
"""

from __future__ import annotations

import math

import numpy as np

from tridentgen.flux.base import require
from tridentgen.flux.curve import SEGMENTS
from tridentgen.flux.kind import NUMBER, FluxKind, FluxRequest
from tridentgen.flux.source import Component, Source
from tridentgen.flux.tabulated import TabulatedFlux
from tridentgen.matter.nuclei import data_rows
from tridentgen.physics.elementary import exp, log
from tridentgen.typing import FloatArray

NEUTRINOS = ("nue", "nuebar", "numu", "numubar")

TOTAL_CM2_S = 10.5
"""Total flux of the four species below 1 GeV at Gran Sasso (D. Baxter et al., Eur. Phys. J. C 81 (2021) 907)."""

_UNITS = "cm^-2 s^-1"


def atmospheric(total_flux: float = TOTAL_CM2_S) -> Source:
    """Return the atmospheric neutrinos, per cm^2 and second, integrated over all directions.

    Parameters
    ----------
    total_flux
        Total flux of the four species in cm^-2 s^-1; their fractions are those of the calculation.

    Raises
    ------
    InputError
        For a flux that is not positive.
    """
    rule = "must be a positive number per cm^2 and s"
    require(math.isfinite(total_flux) and total_flux > 0.0, "total_flux", total_flux, rule)
    raw = {name: TabulatedFlux(*_points(name), "linear", _UNITS) for name in NEUTRINOS}
    scale = total_flux / math.fsum(flux.total for flux in raw.values())
    made = tuple(
        Component(name, name, TabulatedFlux(flux.energies_GeV, scale * flux.values, "linear", _UNITS, f"{name}, air"))
        for name, flux in raw.items()
    )
    return Source(made, f"the atmosphere, {total_flux:g} per cm^2 and s below 1 GeV")


def _points(name: str) -> tuple[FloatArray, FloatArray]:
    """Return energies in GeV, evenly spaced in their logarithm, and the flux per GeV at them."""
    rows = data_rows("atmospheric_flux.csv")
    at = log(np.array([float(row["energy_MeV"]) * 1e-3 for row in rows]))
    values = log(np.array([float(row[name]) * 1e3 for row in rows]))
    fine = np.linspace(at[0], at[-1], SEGMENTS + 1)
    return exp(fine), exp(np.interp(fine, at, values))


def _build(request: FluxRequest) -> Source:
    return atmospheric(request.number("total_flux", TOTAL_CM2_S))


KIND = FluxKind(name="atmospheric", keys={"total_flux": NUMBER}, required=(), build=_build)
