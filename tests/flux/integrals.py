"""Integrals the tests compare: over u through an energy map, over the energy through the spectrum."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import mpmath
import numpy as np
from numpy.typing import NDArray

from tridentgen.flux import EnergyMap, Flux

Array = NDArray[np.float64]


def smooth(energy_GeV: Array) -> Array:
    """A cross section of sorts: smooth, rising, no polynomial."""
    return np.log1p(energy_GeV) + 0.1 * energy_GeV**2


def through_map(energy_map: EnergyMap, g: Callable[[Array], Array], breaks: Sequence[float] = ()) -> float:
    """int_0^1 du weight(u) g(E(u)) by 40 Gauss-Legendre points in each of the pieces between `breaks`."""
    node, node_weight = np.polynomial.legendre.leggauss(40)
    borders = np.array([0.0, *breaks, 1.0])
    half = 0.5 * np.diff(borders)
    u = borders[:-1, None] + half[:, None] * (1.0 + node)
    energy, weight = energy_map(u.ravel())
    return float(np.sum(half[:, None] * node_weight * (weight * g(energy)).reshape(u.shape)))


def through_density(flux: Flux, g: Callable[[Array], Array], low: float, breaks: Sequence[float]) -> float:
    """int dE f(E) g(E) above `low` by tanh-sinh quadrature between `breaks`."""

    def integrand(energy: mpmath.mpf) -> float:
        point = np.array([float(energy)])
        return float(flux.density(point)[0] * g(point)[0])

    borders = sorted({max(low, energy) for energy in breaks})
    return float(mpmath.quad(integrand, borders))
