"""Recoil spectra of CEvNS averaged over a flux by quadrature: int_{E > E_min(T)} dE f(E) dsigma/dT(E, T).

Gauss-Legendre points in the energy map above E_min(T) avoid a kink at E_min.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.polynomial import legendre

from tridentgen.flux import EnergyMap, Flux
from tridentgen.flux.tabulated import TabulatedMap
from tridentgen.processes.cevns.spectrum import RecoilSpectrum
from tridentgen.typing import FloatArray

_NARROW, _WIDE = 1.05, 1.5  # energy ratios in a panel, for 3 and 6 points: both accurate to 1e-11
_FEW, _MANY = legendre.leggauss(3), legendre.leggauss(6)


def averaged(flux: Flux, spectrum: RecoilSpectrum, recoil_GeV: float) -> float:
    """Return dsigma/dT in cm^2/GeV at one recoil, averaged over the flux."""
    threshold = float(spectrum.minimum_energy(recoil_GeV))
    if not flux.energy_max_GeV > threshold:
        return 0.0
    energies = flux.energy_map(threshold)
    u, weights = energy_nodes(energies)
    energy, flux_weight = energies(u)
    return float(np.sum(weights * flux_weight * spectrum.dsigma_dT(energy, recoil_GeV)))


def energy_nodes(energies: EnergyMap) -> tuple[FloatArray, FloatArray]:
    """Return points in (0, 1) and weights that integrate over an energy map.

    Panels are the segments of a tabulated spectrum, divided if the energy increases by more than half: cross sections
    are smooth in log E.
    """
    if energies.dimensions == 0:
        return np.array([0.5]), np.array([1.0])
    segments = energies.segments if isinstance(energies, TabulatedMap) else 1
    edges = np.linspace(0.0, 1.0, segments + 1)
    inside = 1e-12 / segments  # the map is discontinuous between disjoint segments
    begin = np.asarray(energies(edges[:-1] + inside)[0])
    ratio = np.asarray(energies(edges[1:] - inside)[0]) / begin
    narrow = ratio < _NARROW
    few = _gauss(edges[:-1][narrow], edges[1:][narrow], *_FEW)
    many = _gauss(*_in_parts(edges[:-1][~narrow], ratio[~narrow], 1.0 / segments), *_MANY)
    return np.concatenate([few[0], many[0]]), np.concatenate([few[1], many[1]])


def _in_parts(begin: FloatArray, ratio: FloatArray, width: float) -> tuple[FloatArray, FloatArray]:
    """Return intervals of u of equal width, divided so that the energy, linear in u, grows by at most half in each."""
    parts = np.maximum(np.ceil(np.log(ratio) / math.log(_WIDE)), 1.0).astype(np.int64)
    number = np.arange(np.sum(parts)) - np.repeat(np.cumsum(parts) - parts, parts)
    step, whole = np.repeat(np.log(ratio) / parts, parts), np.repeat(ratio - 1.0, parts)
    first = np.repeat(begin, parts)
    return tuple(first + width * np.expm1(step * k) / whole for k in (number, number + 1))  # type: ignore[return-value]


def _gauss(begin: FloatArray, end: FloatArray, nodes: FloatArray, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return Gauss-Legendre points and weights in intervals of shape (P,), as arrays of one dimension."""
    half = 0.5 * (end - begin)[:, None]
    return (begin[:, None] + half * (1.0 + nodes)).ravel(), (half * weights).ravel()
