"""Spectra given by a formula, sampled through straight lines between many points of it."""

from __future__ import annotations

import numpy as np

from tridentgen.flux.base import Array
from tridentgen.flux.tabulated import TabulatedFlux
from tridentgen.physics.elementary import exp, log

SEGMENTS = 400
"""Pieces of a spectrum: straight lines between them follow a smooth shape to some 1e-5."""


def curve_flux(energies_GeV: Array, shape: Array, total: float, units: str, description: str) -> TabulatedFlux:
    """Return the flux whose spectrum joins the points of `shape` at the rising energies, scaled to `total`.

    Raises
    ------
    InputError
        For points that are no spectrum, see `TabulatedFlux`.
    """
    raw = TabulatedFlux(energies_GeV, shape, "linear", units)
    return TabulatedFlux(energies_GeV, raw.values * (total / raw.total), "linear", units, description)


def power(x: Array, exponent: float) -> Array:
    """Return x**exponent for x >= 0, exponent > 0, with the same bits on every machine."""
    return np.asarray(np.where(x > 0.0, exp(exponent * log(np.where(x > 0.0, x, 1.0))), 0.0))
