"""Recoil energies at which the spectra of CEvNS are taken, so that a series through them is accurate for every model.

Panels lie evenly in log T; only the first one, if it begins at T = 0, is in T. They end where a component of the source
ends, and are halved until the moments of the flux are smooth in each (`tridentgen.analysis.recoil_moments`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import NDArray

from tridentgen.errors import InputError
from tridentgen.typing import FloatArray

ORDER = 8
_X, _WEIGHTS = legendre.leggauss(ORDER)
TO_SERIES = (legendre.legvander(_X, ORDER - 1) * _WEIGHTS[:, None]).T * (np.arange(ORDER) + 0.5)[:, None]
_TO_INTEGRAL = legendre.legint(TO_SERIES, lbnd=-1, axis=0)


@dataclass(frozen=True, eq=False)
class RecoilNodes:
    """Panels of recoil energies with eight Gauss-Legendre nodes each.

    A spectrum is given by its values at the nodes, of shape (N,), N = 8 P. It is a polynomial of log T in each panel,
    or of T in the first one if that begins at zero. Matrices act on these values.

    Parameters
    ----------
    edges_GeV : array of shape (P+1,)
        Increasing energies of recoils, from zero or above.

    Raises
    ------
    InputError
        For edges that do not increase, or begin below zero.
    """

    edges_GeV: FloatArray

    def __post_init__(self) -> None:
        edges = np.array(self.edges_GeV, dtype=np.float64)
        if edges.ndim != 1 or len(edges) < 2 or not (edges[0] >= 0.0 and np.all(np.diff(edges) > 0.0)):
            raise InputError("edges_GeV of recoil nodes must be two or more increasing energies of 0 or above")
        edges.setflags(write=False)
        object.__setattr__(self, "edges_GeV", edges)

    @cached_property
    def recoil_GeV(self) -> FloatArray:
        """The nodes, shape (N,)."""
        return recoils_of(self.edges_GeV[:-1], self.edges_GeV[1:])[0].ravel()

    @cached_property
    def weights_GeV(self) -> FloatArray:
        """Weights that integrate over all recoils, shape (N,)."""
        return (recoils_of(self.edges_GeV[:-1], self.edges_GeV[1:])[1] * _WEIGHTS).ravel()

    def values(self, recoil_GeV: FloatArray) -> FloatArray:
        """Return the matrix that gives a spectrum at recoils of shape (M,), zero outside all panels; shape (M, N)."""
        recoil = np.asarray(recoil_GeV, dtype=np.float64)
        panel, x = self._places(recoil)
        series = legendre.legvander(x, ORDER - 1) @ TO_SERIES
        inside = (recoil >= self.edges_GeV[0]) & (recoil <= self.edges_GeV[-1])
        matrix = np.zeros((len(recoil), len(self.edges_GeV) - 1, ORDER))
        matrix[np.arange(len(recoil)), panel] = series * inside[:, None]
        return matrix.reshape(len(recoil), -1)

    def integrals(self, edges_GeV: FloatArray) -> FloatArray:
        """Return the matrix that integrates a spectrum over bins between edges of shape (M+1,); shape (M, N)."""
        panel, x = self._places(np.asarray(edges_GeV, dtype=np.float64))
        panels = len(self.edges_GeV) - 1
        slopes = recoils_of(self.edges_GeV[:-1], self.edges_GeV[1:])[1]
        below = np.where(np.arange(panels) < panel[:, None], 1.0, 0.0)[:, :, None] * (slopes * _WEIGHTS)
        below[np.arange(len(panel)), panel] += (legendre.legvander(x, ORDER) @ _TO_INTEGRAL) * slopes[panel]
        return np.diff(below.reshape(len(panel), -1), axis=0)

    def _places(self, recoil: FloatArray) -> tuple[NDArray[np.intp], FloatArray]:
        """Return panel and position in it from -1 to 1; recoils beyond the panels are clipped."""
        edges = self.edges_GeV
        at = np.clip(recoil, edges[0], edges[-1])
        panel = np.clip(np.searchsorted(edges, at, side="right") - 1, 0, len(edges) - 2)
        low, high = edges[panel], edges[panel + 1]
        safe = np.where(low > 0.0, low, 1.0)
        in_log = np.log(np.where(low > 0.0, at, 1.0) / safe) / np.log(np.where(low > 0.0, high, 2.0) / safe)
        share = np.where(low > 0.0, in_log, (at - low) / (high - low))
        return panel, np.clip(2.0 * share - 1.0, -1.0, 1.0)


def recoils_of(low_GeV: FloatArray, high_GeV: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the nodes of panels and dT/dx there, x from -1 to 1, both of shape (P, 8)."""
    low, high = low_GeV[:, None], high_GeV[:, None]
    in_log = low > 0.0
    safe = np.where(in_log, low, high)
    span = np.log(high / safe)
    share = 0.5 * (1.0 + _X)
    recoil = np.where(in_log, safe * np.exp(span * share), high * share)
    return recoil, np.where(in_log, 0.5 * span * recoil, 0.5 * high)


def rest(values: FloatArray) -> FloatArray:
    """Return the last two terms of the series of values at the nodes of panels, shape (..., P, 8)."""
    series = values @ TO_SERIES[-2:].T
    return np.asarray(np.abs(series[..., 0]) + np.abs(series[..., 1]))


def halves(low_GeV: FloatArray, high_GeV: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return lower and upper ends of both halves of panels of shape (P,), as arrays of shape (2P,)."""
    middle = np.where(low_GeV > 0.0, np.sqrt(low_GeV) * np.sqrt(high_GeV), 0.5 * high_GeV)
    return np.concatenate([low_GeV, middle]), np.concatenate([middle, high_GeV])


def even_in_log(low_GeV: float, high_GeV: float, ratio: float) -> FloatArray:
    """Return edges from low to high that grow by at most `ratio`, evenly."""
    parts = max(math.ceil(math.log(high_GeV / low_GeV) / math.log(ratio) * (1.0 - 1e-12)), 1)
    return np.geomspace(low_GeV, high_GeV, parts + 1)
