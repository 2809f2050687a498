"""Moments of a flux above any energy as fast functions: for masses of a heavy neutral lepton, which move it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.polynomial import legendre

from tridentgen.analysis.flux_moments import moments_of
from tridentgen.analysis.recoil_nodes import TO_SERIES, even_in_log, halves, recoils_of, rest
from tridentgen.flux import Flux, Monochromatic, Source
from tridentgen.flux.tabulated import TabulatedFlux
from tridentgen.typing import FloatArray

Tail = Callable[[FloatArray], FloatArray]
"""`moments_of` one flux: of energies of shape (N,), shape (3, N)."""

_TOLERANCE = 1e-10
"""Limit on the last terms of the series in a panel over its largest value."""

_LEAST_RATIO = 1e-6  # of the highest energy: below it the flux is taken to be nothing
_NARROWEST = 1e-6  # panels at a kink
_RATIO = 2.0


@dataclass(frozen=True, eq=False)
class FluxTail:
    """`moments_of` a flux, as series of log E in panels; good to 1e-9 of the largest moment near the energy.

    Attributes
    ----------
    edges_GeV : array of shape (P+1,)
    series : array of shape (3, P, 8)
    """

    edges_GeV: FloatArray
    series: FloatArray

    def __call__(self, least_GeV: FloatArray) -> FloatArray:
        """Return int dE f(E) (E_min/E)^k above E_min of shape (N,), k = 0, 1, 2; shape (3, N)."""
        low, high = self.edges_GeV[0], self.edges_GeV[-1]
        at = np.clip(least_GeV, low, high)
        panel = np.clip(np.searchsorted(self.edges_GeV, at, side="right") - 1, 0, len(self.edges_GeV) - 2)
        begin, end = self.edges_GeV[panel], self.edges_GeV[panel + 1]
        x = np.clip(2.0 * np.log(at / begin) / np.log(end / begin) - 1.0, -1.0, 1.0)
        found = np.einsum("knj,nj->kn", self.series[:, panel], legendre.legvander(x, self.series.shape[2] - 1))
        # Below all of the flux the integrals do not change, but for the factor (E_min/E)^k.
        found *= np.minimum(least_GeV / low, 1.0) ** np.arange(3)[:, None]
        return np.where(least_GeV < high, found, 0.0)


def tails_of(source: Source) -> tuple[Tail, ...]:
    """Return the moments of each component as a function of the energy where they begin."""
    return tuple(
        partial(moments_of, component.flux)
        if isinstance(component.flux, (TabulatedFlux, Monochromatic))
        else flux_tail(component.flux)
        for component in source.components
    )


def flux_tail(flux: Flux) -> FluxTail:
    """Return the moments of a smooth flux as a function of the energy where they begin."""
    highest = flux.energy_max_GeV
    lowest = max(flux.energy_min_GeV, _LEAST_RATIO * highest)
    edges = even_in_log(lowest, highest, _RATIO)
    low, high = edges[:-1], edges[1:]
    values = _at_nodes(flux, low, high)
    while True:
        largest = np.max(np.abs(values), axis=(0, 2))
        rough = np.any(rest(values) > _TOLERANCE * largest, axis=0) & (high > (1.0 + _NARROWEST) * low)
        if not rough.any():
            order = np.argsort(low)
            return FluxTail(np.append(low[order], highest), (values @ TO_SERIES.T)[:, order])
        pieces = halves(low[rough], high[rough])
        values = np.concatenate([values[:, ~rough], _at_nodes(flux, *pieces)], axis=1)
        low, high = np.concatenate([low[~rough], pieces[0]]), np.concatenate([high[~rough], pieces[1]])


def _at_nodes(flux: Flux, low: FloatArray, high: FloatArray) -> FloatArray:
    """Return the moments at nodes of panels, shape (3, P, 8)."""
    energy, _ = recoils_of(low, high)
    return moments_of(flux, energy.ravel()).reshape(3, *energy.shape)
