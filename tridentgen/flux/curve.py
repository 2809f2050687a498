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


def with_exact_integrals(x: FloatArray, values: FloatArray) -> FloatArray:
    """Return values at increasing points such that the lines between them have the integrals of the smooth curve.

    Lines through a curve lie above it where it is convex: by f'' h^3/12 in a segment of width h, half of which is taken
    from each of its ends. Averages over the lines are then those over the curve to fourth order in h, not second.

    Parameters
    ----------
    x, values
        Of shape (N,); the values are not negative, and neither are those returned.
    """
    width = np.diff(x)
    left, right = width[:-1], width[1:]
    slopes = np.diff(values) / width
    bend = 2.0 * np.diff(slopes) / (left + right)
    inner = values[1:-1] - bend * (left**3 + right**3) / (12.0 * (left + right))
    return np.concatenate([values[:1], np.maximum(inner, 0.0), values[-1:]])


def power(x: FloatArray, exponent: float) -> FloatArray:
    """Return x**exponent for x >= 0, exponent > 0, bit-identical on all machines."""
    return np.asarray(np.where(x > 0.0, exp(exponent * log(np.where(x > 0.0, x, 1.0))), 0.0))
