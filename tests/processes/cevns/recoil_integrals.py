"""Recoil spectra of whole sources integrated over both energies by Gauss and Legendre, without the sampling's maps."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tests.processes.cevns.spectra import KEV
from tridentgen.flux import Flux, Monochromatic, Source, TabulatedFlux
from tridentgen.processes.cevns.cevns import Cevns
from tridentgen.processes.cevns.spectrum import RecoilSpectrum, recoil_spectra

Array = NDArray[np.float64]

_NODE, _WEIGHT = np.polynomial.legendre.leggauss(8)
_E_NODE, _E_WEIGHT = np.polynomial.legendre.leggauss(4)
_MOST_RATIO = 1.25
"""Of the ends of a piece, in both energies."""


def parts(process: Cevns, source: Source) -> Iterator[tuple[float, Flux, str, RecoilSpectrum]]:
    """Yield share, flux, neutrino and spectrum of everything that adds up."""
    shares = zip(process.nuclides, process.fractions, strict=True)
    for nuclide, fraction in shares:
        for component in source.components:
            for spectrum in recoil_spectra(nuclide, component.neutrino, process.model, process.shape):
                share = fraction * component.flux.total / source.total
                yield share, component.flux, component.neutrino, spectrum


def averaged(flux: Flux, spectrum: RecoilSpectrum, recoil: Array) -> Array:
    """int dE f(E) dsigma/dT(E, T) in cm^2/GeV for recoils > 0 of any shape."""
    if isinstance(flux, Monochromatic):
        return np.asarray(spectrum.dsigma_dT(flux.energy_GeV, recoil))
    if isinstance(flux, TabulatedFlux):
        knots = subdivided(flux.energies_GeV, _MOST_RATIO)[0]
    else:
        knots = subdivided(np.linspace(flux.energy_min_GeV, flux.energy_max_GeV, 17), _MOST_RATIO)[0]
    least = np.asarray(spectrum.minimum_energy(recoil))[..., None]
    edges = np.maximum(knots, np.minimum(least, knots[-1]))
    half = 0.5 * np.diff(edges)[..., None]
    energy = edges[..., :-1, None] + half * (_E_NODE + 1.0)
    density = flux.density(energy.ravel()).reshape(energy.shape)
    values = density * spectrum.dsigma_dT(energy, recoil[..., None, None])
    return np.asarray(np.sum(half * _E_WEIGHT * values, axis=(-2, -1)))


def subdivided(edges: Array, ratio: float) -> tuple[Array, NDArray[np.int64]]:
    """Return edges in between, of that ratio at most but from an edge at 0, and the place of each piece's first."""
    pieces = []
    for low, high in pairwise(edges):
        start = low if low > 0.0 else 1e-3 * high
        inner = np.geomspace(start, high, max(math.ceil(math.log(high / start) / math.log(ratio)), 1) + 1)
        pieces.append(inner[:-1] if low > 0.0 else np.append(0.0, inner[:-1]))
    firsts = np.cumsum([0, *(len(piece) for piece in pieces[:-1])])
    return np.append(np.concatenate(pieces), edges[-1]), firsts


def in_bins(
    flux: Flux, spectrum: RecoilSpectrum, edges: Array, ratio: float = _MOST_RATIO, power: int = 0
) -> Array:  # fmt: skip
    """Integral of T^power in cm^2 over each bin of recoil energy in GeV, shape (len(edges) - 1,)."""
    fine, firsts = subdivided(edges, ratio)
    fine = np.clip(fine, *reach(flux, spectrum))
    half = 0.5 * np.diff(fine)[:, None]
    recoil = fine[:-1, None] + half * (_NODE + 1.0)
    found = np.zeros(recoil.shape)
    there = np.broadcast_to(half > 0.0, recoil.shape)
    found[there] = averaged(flux, spectrum, recoil[there]) * recoil[there] ** power
    return np.asarray(np.add.reduceat(np.sum(half * _WEIGHT * found, axis=1), firsts))


def reach(flux: Flux, spectrum: RecoilSpectrum) -> tuple[float, float]:
    """Least and largest recoil in GeV that the highest energy of the flux makes; they enclose those of the others."""
    if flux.energy_max_GeV <= spectrum.threshold_GeV:
        return 0.0, 0.0
    low, high = spectrum.recoil_limits(flux.energy_max_GeV)
    return float(low), float(high)


def spectrum_in_bins(
    process: Cevns, source: Source, edges_keV: Array, ratio: float = _MOST_RATIO, power: int = 0
) -> Array:  # fmt: skip
    """Cross section times T^power in cm^2 GeV^power in each bin of recoil energy, all neutrinos and nuclides."""
    total = np.zeros(len(edges_keV) - 1)
    for share, flux, _, spectrum in parts(process, source):
        total += share * in_bins(flux, spectrum, edges_keV * KEV, ratio, power)
    return total


def largest_recoil_keV(process: Cevns, source: Source) -> float:
    """Largest recoil of all."""
    return max(reach(flux, spectrum)[1] for _, flux, _, spectrum in parts(process, source)) / KEV


def by_kind(process: Cevns, source: Source, edges_keV: Array) -> dict[tuple[int, int], float]:
    """Cross section in cm^2 by the PDG codes of neutrino and nucleus."""
    found: dict[tuple[int, int], float] = {}
    for share, flux, _, spectrum in parts(process, source):
        key = (spectrum.neutrino.pdgid, spectrum.nuclide.pdgid)
        size = float(np.sum(in_bins(flux, spectrum, edges_keV * KEV)))
        found[key] = found.get(key, 0.0) + share * size
    return found
