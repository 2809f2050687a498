"""Moments of a flux above an energy: int dE f(E) (E_min/E)^k above E_min, k = 0, 1, 2."""

from __future__ import annotations

import numpy as np

from tridentgen.flux import Flux
from tridentgen.flux.tabulated import TabulatedFlux
from tridentgen.processes.cevns.averages import energy_nodes
from tridentgen.typing import FloatArray

_TINY = 1e-100
"""Keeps quotients finite."""


def moments_of(flux: Flux, least_GeV: FloatArray) -> FloatArray:
    """Return the moments of a flux, normalised to 1, above energies E_min > 0 of shape (N,); shape (3, N).

    Those of tables are closed forms, others are by quadrature in the energy map of the flux.
    """
    if isinstance(flux, TabulatedFlux):
        return _of_table(flux, np.asarray(least_GeV, dtype=np.float64))
    found = np.zeros((3, len(least_GeV)))
    for number, least in enumerate(least_GeV):
        if flux.energy_max_GeV > least:
            energies = flux.energy_map(float(least))
            u, weights = energy_nodes(energies)
            energy, flux_weight = energies(u)
            term = weights * flux_weight
            for power in range(3):
                found[power, number] = np.sum(term)
                term = term * (least / energy)
    return found


def _of_table(flux: TabulatedFlux, least: FloatArray) -> FloatArray:
    """Return the moments of linear segments: those above the energy, and the part of the one around it."""
    table = flux.energy_map(0.0)
    low, high = table.low, table.low + table.width
    per_GeV = 1.0 / (table.width * table.segments)
    begin, end = table.weight_low * per_GeV, (table.weight_low + table.weight_rise) * per_GeV
    # A first segment from zero is never needed as a whole: the energy lies within.
    whole = _linear(np.maximum(low, _TINY * high), high, begin, end)
    above = np.concatenate([np.cumsum(whole[:, ::-1], axis=1)[:, ::-1], np.zeros((3, 1))], axis=1)
    around = np.searchsorted(high, least, side="right")  # the first segment that ends above the energy
    segment = np.minimum(around, len(low) - 1)
    start = np.clip(least, low[segment], high[segment])
    share = (start - low[segment]) / table.width[segment]
    value = begin[segment] + share * (end[segment] - begin[segment])
    part = _linear(start, high[segment], value, end[segment])
    inside = around < len(low)
    found = above[:, np.minimum(around + 1, len(low))] + np.where(inside, part, 0.0)
    return np.asarray(np.where(inside, found, 0.0) * least ** np.arange(3)[:, None])


def _linear(low: FloatArray, high: FloatArray, begin: FloatArray, end: FloatArray) -> FloatArray:
    """Return int f dE, int f/E dE and int f/E^2 dE of lines from (low, begin) to (high, end), shape (3, N)."""
    width = high - low
    safe = np.where(width > 0.0, width, 1.0)
    slope = np.where(width > 0.0, (end - begin) / safe, 0.0)
    ratio = width / low
    logarithm = np.log1p(ratio)
    return np.array(
        [
            0.5 * (begin + end) * width,
            begin * logarithm + slope * (width - low * logarithm),
            begin * ratio / high + slope * (logarithm - width / high),
        ]
    )
