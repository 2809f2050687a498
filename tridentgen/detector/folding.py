"""Recoil spectra folded with the response of a detector, without events."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from tridentgen.constants import KEV_PER_GEV
from tridentgen.detector.resolution import Resolution
from tridentgen.detector.response import Detector
from tridentgen.errors import InputError
from tridentgen.typing import FloatArray

_NODES, _NODE_WEIGHTS = np.polynomial.legendre.leggauss(4)
_CELLS_PER_WIDTH = 2.0  # of the recoil energy, per width of the resolution
_STEPS_PER_WIDTH = 32.0  # of the observed energy, where the efficiency is taken
_MOST_PARTS = 400
_BLOCK = 128
_FAR = 9.0  # standard deviations: less than 2e-19 lies beyond
_erfc = np.frompyfunc(math.erfc, 1, 1)


def fold(
    detector: Detector, recoil_GeV: FloatArray, rate: FloatArray, edges_keVee: FloatArray, nuclide: int = 0
) -> FloatArray:
    """Return the counts of a recoil spectrum in bins of observed energy.

    Parameters
    ----------
    detector : Detector
    recoil_GeV : array of shape (N,)
        Increasing recoil energies >= 0.
    rate : array of shape (N,) or (N-1,)
        dR/dT per GeV: at the energies and interpolated linearly, or constant between them.
    edges_keVee : array of shape (M+1,)
        Increasing edges >= 0 of the observed energy; recoils observed outside are dropped.
    nuclide : int
        Index of the recoiling nuclide in the target.

    Returns
    -------
    array of shape (M,)
        Counts in the bins, in the units of ``rate x GeV``; divide by the bin widths for dR/dE. Without losses to
        efficiency, thresholds or edges, they sum to the integral of `rate` up to rounding.

    Raises
    ------
    InputError
        For an invalid spectrum or invalid edges.
    """
    recoil, edges = _rising(recoil_GeV, "recoil_GeV"), _rising(edges_keVee, "edges_keVee")
    values = np.asarray(rate, dtype=np.float64)
    if values.shape not in ((len(recoil),), (len(recoil) - 1,)) or not np.isfinite(values).all():
        raise InputError(
            f"a recoil spectrum needs {len(recoil)} finite rates at points, or {len(recoil) - 1} in bins, "
            f"for {len(recoil)} energies; got an array of shape {values.shape}"
        )
    nodes, weights = _nodes(detector, recoil, values, edges, nuclide)
    weights = weights * detector.kept_at_recoil(nodes * KEV_PER_GEV)
    energy = np.asarray(detector.quenching_of(nuclide)(nodes)) * KEV_PER_GEV
    weights = weights * detector.kept_at_quenched(energy)
    if detector.resolution is None:
        kept = weights * detector.kept_at_observed(energy)
        counts, _ = np.histogram(energy, edges, weights=kept)
        return np.asarray(counts, dtype=np.float64)
    return _smeared(detector, detector.resolution, energy, weights, edges)


def _rising(numbers: FloatArray, name: str) -> FloatArray:
    """Return the numbers as an array of shape (N,), N > 1; raise `InputError` unless they increase from 0 or more."""
    array = np.asarray(numbers, dtype=np.float64)
    if array.ndim != 1 or len(array) < 2 or not np.isfinite(array).all():
        raise InputError(f"{name} must be two or more finite numbers; got an array of shape {array.shape}")
    if array[0] < 0.0 or np.any(np.diff(array) <= 0.0):
        raise InputError(f"{name} must start at 0 or above and increase")
    return array


def _nodes(
    detector: Detector, recoil: FloatArray, rate: FloatArray, edges: FloatArray, nuclide: int
) -> tuple[FloatArray, FloatArray]:
    """Return recoil energies in GeV and weights that integrate the rate, by Gauss-Legendre quadrature in cells.

    Cells end at every recoil energy where rate or response is not smooth, and are narrower than the resolution.
    """
    quench = detector.quenching_of(nuclide)
    breaks = [*quench.breaks_keV, *detector.recoil_efficiency.breaks_keV, detector.threshold_keVnr]
    cuts = np.array(breaks) / KEV_PER_GEV
    if detector.quenched_min_keVee > 0.0:
        cuts = np.append(cuts, quench.inverse(np.array([detector.quenched_min_keVee / KEV_PER_GEV])))
    if detector.resolution is None:
        observed = np.concatenate([edges, detector.efficiency.breaks_keV, [detector.threshold_keVee]])
        cuts = np.concatenate([cuts, quench.inverse(observed / KEV_PER_GEV)])
    grid = _with_cuts(recoil, cuts)
    energy = np.asarray(quench(grid)) * KEV_PER_GEV
    if detector.resolution is None:
        parts = np.full(len(grid) - 1, 4)
    else:
        width = detector.resolution.width(0.5 * (energy[1:] + energy[:-1]))
        parts = _parts(_CELLS_PER_WIDTH * np.diff(energy), width)
    grid = _divided(grid, parts)
    half = 0.5 * np.diff(grid)
    nodes = (grid[:-1] + half)[:, None] + half[:, None] * _NODES
    if len(rate) == len(recoil):
        at_nodes = np.interp(nodes, recoil, rate)
    else:
        at_nodes = rate[np.clip(np.searchsorted(recoil, nodes, side="right") - 1, 0, len(rate) - 1)]
    return nodes.ravel(), (at_nodes * half[:, None] * _NODE_WEIGHTS).ravel()


def _smeared(
    detector: Detector, resolution: Resolution, energy: FloatArray, weights: FloatArray, edges: FloatArray
) -> FloatArray:
    """Return the counts in bins of the energies, smeared and weighted by the efficiency."""
    cuts = _with_cuts(edges, (*detector.efficiency.breaks_keV, detector.threshold_keVee))
    parts = _parts(_STEPS_PER_WIDTH * np.diff(cuts), resolution.width(0.5 * (cuts[1:] + cuts[:-1])))
    steps = _divided(cuts, parts)
    below = np.zeros(len(steps))
    for first in range(0, len(energy), _BLOCK):
        part = slice(first, first + _BLOCK)
        # Energies increase, so a block of them is smeared over few of the steps.
        start = np.searchsorted(steps, np.min(resolution.observed(energy[part], -_FAR)))
        stop = np.searchsorted(steps, np.max(resolution.observed(energy[part], _FAR)), side="right")
        below[start:stop] += weights[part] @ _normal_cdf(resolution.deviate(steps[start:stop], energy[part, None]))
        below[stop:] += np.sum(weights[part])
    middle = 0.5 * (steps[1:] + steps[:-1])
    counts, _ = np.histogram(middle, edges, weights=np.diff(below) * detector.kept_at_observed(middle))
    if edges[0] == 0.0:  # observed as 0: all of the normal distribution below
        counts[0] += below[0] * float(detector.kept_at_observed(np.float64(0.0)))
    return np.asarray(counts, dtype=np.float64)


def _with_cuts(edges: FloatArray, cuts: Iterable[float] | FloatArray) -> FloatArray:
    """Return the edges together with the cuts that lie between the first and the last edge."""
    more = np.asarray(list(cuts), dtype=np.float64)
    return np.unique(np.concatenate([edges, more[(more > edges[0]) & (more < edges[-1])]]))


def _parts(scaled: FloatArray, width: FloatArray) -> NDArray[np.int64]:
    """Return the number of parts of each interval for which a part is at most `width` of the scaled length."""
    longest = np.maximum(width, scaled / _MOST_PARTS)
    return np.maximum(np.ceil(scaled / np.where(longest > 0.0, longest, 1.0)), 1.0).astype(np.int64)


def _divided(edges: FloatArray, parts: NDArray[np.int64]) -> FloatArray:
    """Return the edges with each interval divided evenly into its number of parts."""
    start = np.repeat(edges[:-1], parts)
    step = np.repeat(np.diff(edges) / parts, parts)
    number = np.arange(len(start)) - np.repeat(np.cumsum(parts) - parts, parts)
    return np.append(start + number * step, edges[-1])


def _normal_cdf(deviate: FloatArray) -> FloatArray:
    """Return the cumulative normal distribution, which NumPy lacks."""
    return 0.5 * np.asarray(_erfc(deviate * -math.sqrt(0.5)), dtype=np.float64)
