"""Spectra given by a formula, sampled with linear interpolation between many of its points."""

from __future__ import annotations

import numpy as np

from tridentgen.flux.tabulated import TabulatedFlux
from tridentgen.physics.elementary import exp, log
from tridentgen.typing import FloatArray

SEGMENTS = 400
"""Number of segments of a spectrum: linear interpolation reproduces a smooth shape to some 1e-5."""


def curve_flux(
    energies_GeV: FloatArray, shape: FloatArray, total: float, units: str, description: str
) -> TabulatedFlux:
    """Return the flux that interpolates `shape` linearly at the increasing energies, scaled to `total`.

    Raises
    ------
    InputError
        For points that are not a valid spectrum, see `TabulatedFlux`.
    """
    raw = TabulatedFlux(energies_GeV, shape, "linear", units)
    return TabulatedFlux(energies_GeV, raw.values * (total / raw.total), "linear", units, description)


def power(x: FloatArray, exponent: float) -> FloatArray:
    """Return x**exponent for x >= 0, exponent > 0, bit-identical on all machines."""
    return np.asarray(np.where(x > 0.0, exp(exponent * log(np.where(x > 0.0, x, 1.0))), 0.0))
