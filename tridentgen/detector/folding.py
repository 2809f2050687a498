"""Recoil spectra folded with the response of a detector, without events."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from tridentgen.constants import KEV_PER_GEV
from tridentgen.detector.resolution import Resolution
from tridentgen.detector.response import Detector
from tridentgen.errors import InputError
from tridentgen.typing import FloatArray

RESPONSE_UNITS = ("keVee", "PE")
"""Units of the edges of `response_matrix`."""

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
    nodes, weights = _nodes(detector, recoil, edges, nuclide)
    weights = weights * _at(recoil, values, nodes)
    counts = np.zeros(len(edges) - 1)
    for part, seen in _seen(detector, nodes, edges, nuclide):
        counts += weights[part] @ seen
    return counts


def response_at_nodes(
    detector: Detector, recoil_GeV: FloatArray, edges_keVee: FloatArray, nuclide: int = 0
) -> tuple[FloatArray, FloatArray]:
    """Return the recoil energies at which a spectrum is needed to fold it, and the counts in bins for each.

    The spectrum is to be smooth between the energies `recoil_GeV`, shape (N,); the other arguments and errors are those
    of `fold`. Returns energies in GeV of shape (F,) and a matrix of shape (M, F): counts = matrix @ dR/dT there.
    """
    recoil, edges = _rising(recoil_GeV, "recoil_GeV"), _rising(edges_keVee, "edges_keVee")
    nodes, weights = _nodes(detector, recoil, edges, nuclide)
    blocks = [weights[part, None] * seen for part, seen in _seen(detector, nodes, edges, nuclide)]
    return nodes, np.concatenate(blocks).T


def response_matrix(
    detector: Detector, recoil_GeV: FloatArray, edges: FloatArray, nuclide: int = 0, unit: str = "keVee"
) -> FloatArray:
    """Return the response of a detector as a matrix: counts in bins = matrix @ dR/dT at recoil energies.

    Parameters
    ----------
    detector : Detector
    recoil_GeV : array of shape (N,)
        Increasing recoil energies >= 0, between which the spectrum is linear.
    edges : array of shape (M+1,)
        Increasing edges >= 0 of the observed energy, in `unit`.
    nuclide : int
        Index of the recoiling nuclide in the target.
    unit : str
        ``keVee``, or ``PE``: photoelectrons by the detector's `light_yield`.

    Returns
    -------
    array of shape (M, N)
        `fold` of ``rate`` is this matrix times ``rate``.

    Raises
    ------
    InputError
        As `fold`, and for an unknown unit or a detector without light yield.
    """
    recoil = _rising(recoil_GeV, "recoil_GeV")
    nodes, matrix = response_at_nodes(detector, recoil, edges_keVee(detector, edges, unit), nuclide)
    place = np.clip(np.searchsorted(recoil, nodes, side="right") - 1, 0, len(recoil) - 2)
    share = (nodes - recoil[place]) / (recoil[place + 1] - recoil[place])
    linear = np.zeros((len(nodes), len(recoil)))
    each = np.arange(len(nodes))
    linear[each, place], linear[each, place + 1] = 1.0 - share, share
    return np.asarray(matrix @ linear)


def edges_keVee(detector: Detector, edges: FloatArray, unit: str) -> FloatArray:
    """Return edges in keVee; raise `InputError` for an unknown unit, or photoelectrons without light yield."""
    if unit not in RESPONSE_UNITS:
        raise InputError(f"unknown unit '{unit}' of observed energies; known are {', '.join(RESPONSE_UNITS)}")
    if unit == "keVee":
        return np.asarray(edges, dtype=np.float64)
    if detector.light_yield is None:
        raise InputError("edges in PE need the light_yield of the detector, in photoelectrons per keVee")
    return np.asarray(edges, dtype=np.float64) / detector.light_yield


def _rising(numbers: FloatArray, name: str) -> FloatArray:
    """Return the numbers as an array of shape (N,), N > 1; raise `InputError` unless they increase from 0 or more."""
    array = np.asarray(numbers, dtype=np.float64)
    if array.ndim != 1 or len(array) < 2 or not np.isfinite(array).all():
        raise InputError(f"{name} must be two or more finite numbers; got an array of shape {array.shape}")
    if array[0] < 0.0 or np.any(np.diff(array) <= 0.0):
        raise InputError(f"{name} must start at 0 or above and increase")
    return array


def _nodes(detector: Detector, recoil: FloatArray, edges: FloatArray, nuclide: int) -> tuple[FloatArray, FloatArray]:
    """Return recoil energies in GeV and weights that integrate a rate, by Gauss-Legendre quadrature in cells.

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
    return nodes.ravel(), (half[:, None] * _NODE_WEIGHTS).ravel()


def _at(recoil: FloatArray, rate: FloatArray, nodes: FloatArray) -> FloatArray:
    """Return a rate given at points or in bins at other recoil energies."""
    if len(rate) == len(recoil):
        return np.interp(nodes, recoil, rate)
    return np.asarray(rate[np.clip(np.searchsorted(recoil, nodes, side="right") - 1, 0, len(rate) - 1)])


def _seen(
    detector: Detector, recoil: FloatArray, edges: FloatArray, nuclide: int
) -> Iterator[tuple[slice, FloatArray]]:
    """Return the probabilities that recoils are accepted in each bin, shape (F, M), in blocks of the recoils."""
    energy = np.asarray(detector.quenching_of(nuclide)(recoil)) * KEV_PER_GEV
    kept = detector.kept_at_recoil(recoil * KEV_PER_GEV) * detector.kept_at_quenched(energy)
    bins = len(edges) - 1
    if detector.resolution is None:
        kept = kept * detector.kept_at_observed(energy)
        place = np.where(energy == edges[-1], bins - 1, np.searchsorted(edges, energy, side="right") - 1)
        yield slice(None), np.where(place[:, None] == np.arange(bins), kept[:, None], 0.0)
        return
    steps = _steps(detector, detector.resolution, edges)
    middle = 0.5 * (steps[1:] + steps[:-1])
    accepted, first = detector.kept_at_observed(middle), np.searchsorted(middle, edges[:-1])
    for start in range(0, len(energy), _BLOCK):
        part = slice(start, start + _BLOCK)
        below = _below(detector.resolution, energy[part], steps)
        seen = np.add.reduceat(np.diff(below, axis=1) * accepted, first, axis=1)
        if edges[0] == 0.0:  # observed as 0: all of the normal distribution below
            seen[:, 0] += below[:, 0] * float(detector.kept_at_observed(np.float64(0.0)))
        yield part, seen * kept[part, None]


def _steps(detector: Detector, resolution: Resolution, edges: FloatArray) -> FloatArray:
    """Return observed energies in keV, all edges among them, between which the efficiency is constant."""
    cuts = _with_cuts(edges, (*detector.efficiency.breaks_keV, detector.threshold_keVee))
    parts = _parts(_STEPS_PER_WIDTH * np.diff(cuts), resolution.width(0.5 * (cuts[1:] + cuts[:-1])))
    return _divided(cuts, parts)


def _below(resolution: Resolution, energy: FloatArray, steps: FloatArray) -> FloatArray:
    """Return the probability that each energy is observed below each step, shape (F, S)."""
    # Energies increase, so a block of them is smeared over few of the steps.
    start = np.searchsorted(steps, np.min(resolution.observed(energy, -_FAR)))
    stop = np.searchsorted(steps, np.max(resolution.observed(energy, _FAR)), side="right")
    below = np.zeros((len(energy), len(steps)))
    below[:, start:stop] = _normal_cdf(resolution.deviate(steps[start:stop], energy[:, None]))
    below[:, stop:] = 1.0
    return below


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
