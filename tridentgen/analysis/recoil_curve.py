"""Recoil spectrum S(T) of one sampling channel of a process with recoils, averaged over its flux.

The curve is a Legendre series in each of several panels of T, or of log T if the spectrum is steep; a panel is halved
until its last terms are small. Integrals over any range follow from the series without further evaluations.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import NDArray

from tridentgen.errors import TridentgenError
from tridentgen.flux import TabulatedProfile, TimeProfile
from tridentgen.typing import FloatArray

TOLERANCE = 1e-6
"""Limit on the last terms of the series over the integral; the integral itself is far more accurate."""

_ORDER = 8
_T_NODES, _T_WEIGHTS = legendre.leggauss(_ORDER)
_TO_SERIES = (legendre.legvander(_T_NODES, _ORDER - 1) * _T_WEIGHTS[:, None]).T * (np.arange(_ORDER) + 0.5)[:, None]
_GRADING, _GRADES = 4.0, 13  # initial panels: each ends at 4 times the end of the previous one
_LOG_PANELS = 16
_MOST_ROUNDS, _MOST_PANELS = 40, 100_000


class RecoilChannel(Protocol):
    """A sampling channel with recoils of one nuclide."""

    @property
    def name(self) -> str:
        """Name of the channel in files."""

    @property
    def nuclide(self) -> int:
        """Number of the nuclide in the target."""

    @property
    def share(self) -> float:
        """Share of the beam, times share of the nuclide in the nuclei of the target."""

    @property
    def time(self) -> TimeProfile | TabulatedProfile | None:
        """Arrival times; None for a steady beam."""

    @property
    def labels(self) -> Mapping[str, str]:
        """Names of the classes to which its recoils belong, by classification, such as ``nuclide``."""

    @property
    def is_steep(self) -> bool:
        """Whether the spectrum is steep at small recoils: its curve is then one of log T."""

    def recoil_range(self) -> tuple[float, float]:
        """Return the smallest and the largest recoil in GeV; the smallest is positive if the spectrum is steep."""

    def average(self, recoil_GeV: float) -> float:
        """Return S(T) in cm^2/GeV at one recoil, without the share."""


@dataclass(frozen=True, eq=False)
class RecoilCurve:
    """S(T) of a channel between its kinematic limits, zero elsewhere.

    Attributes
    ----------
    channel : RecoilChannel
    edges : array of shape (P+1,)
        Panel edges, in GeV or its logarithm.
    series : array of shape (P, 8)
        Legendre coefficients of S(T) dT/dx in cm^2 in each panel, x from -1 to 1.
    log : bool
        Whether panels are in log T.
    """

    channel: RecoilChannel
    edges: FloatArray
    series: FloatArray
    log: bool

    @property
    def limits_GeV(self) -> tuple[float, float]:
        """Minimum and maximum recoil energy."""
        low, high = float(self.edges[0]), float(self.edges[-1])
        return (math.exp(low), math.exp(high)) if self.log else (low, high)

    @cached_property
    def _below(self) -> FloatArray:
        """Integral below each edge, shape (P+1,)."""
        return np.concatenate([[0.0], np.cumsum(2.0 * self.series[:, 0])])

    @cached_property
    def _integrals(self) -> FloatArray:
        """Legendre coefficients of the integral from the panel's beginning, shape (P, 9)."""
        return np.asarray(legendre.legint(self.series, lbnd=-1, axis=1))

    @property
    def sigma_cm2(self) -> float:
        """Integral over all recoils: the cross section of the nuclide, averaged over the component's flux."""
        return float(self._below[-1])

    def integral(self, recoil_GeV: FloatArray) -> FloatArray:
        """Return the integral in cm^2 from the minimum recoil energy to those of shape (N,)."""
        panel, x, _ = self._places(recoil_GeV)
        return self._below[panel] + _values(self._integrals[panel], x)

    def counts(self, edges_GeV: FloatArray) -> FloatArray:
        """Return the integrals in cm^2 over bins, shape (N,), between edges of shape (N+1,)."""
        return np.maximum(np.diff(self.integral(edges_GeV)), 0.0)

    def __call__(self, recoil_GeV: FloatArray) -> FloatArray:
        """Return S(T) in cm^2/GeV at recoils of shape (N,)."""
        recoil = np.asarray(recoil_GeV, dtype=np.float64)
        low, high = self.limits_GeV
        panel, x, width = self._places(recoil)
        slope = _values(self.series[panel], x) * 2.0 / width
        if self.log:
            slope = slope / np.maximum(recoil, low)
        return np.where((recoil >= low) & (recoil <= high), np.maximum(slope, 0.0), 0.0)

    def _places(self, recoil_GeV: FloatArray) -> tuple[NDArray[np.intp], FloatArray, FloatArray]:
        """Return panel, position in it from -1 to 1, and its width; recoils beyond the limits are clipped."""
        recoil = np.asarray(recoil_GeV, dtype=np.float64)
        at = np.log(np.maximum(recoil, self.limits_GeV[0])) if self.log else recoil
        at = np.clip(at, self.edges[0], self.edges[-1])
        panel = np.clip(np.searchsorted(self.edges, at, side="right") - 1, 0, len(self.series) - 1)
        width = np.diff(self.edges)[panel]
        return panel, np.clip(2.0 * (at - self.edges[panel]) / width - 1.0, -1.0, 1.0), width


def recoil_curve(channel: RecoilChannel) -> RecoilCurve:
    """Return the recoil spectrum of a channel.

    Raises
    ------
    TridentgenError
        Halving the panels 40 times does not reach `TOLERANCE`.
    """
    low, high = channel.recoil_range()
    log = channel.is_steep
    if log:
        edges = np.linspace(math.log(low), math.log(high), _LOG_PANELS + 1)
    else:
        graded = high * _GRADING ** -np.arange(float(_GRADES))[::-1]
        edges = np.concatenate([[low], graded[graded > low]])
    begin, end = edges[:-1], edges[1:]
    series = _series(channel, begin, end, log)
    for _ in range(_MOST_ROUNDS):
        rest = np.abs(series[:, -2]) + np.abs(series[:, -1])
        rough = rest > TOLERANCE * np.sum(series[:, 0]) / len(series)
        if not rough.any():
            order = np.argsort(begin)
            return RecoilCurve(channel, np.append(begin[order], np.max(end)), series[order], log)
        middle = 0.5 * (begin[rough] + end[rough])
        halves = np.concatenate([begin[rough], middle]), np.concatenate([middle, end[rough]])
        series = np.concatenate([series[~rough], _series(channel, *halves, log)])
        begin, end = np.concatenate([begin[~rough], halves[0]]), np.concatenate([end[~rough], halves[1]])
        if len(begin) > _MOST_PANELS:
            break
    raise TridentgenError(f"the recoil spectrum of {channel.name} is too steep to integrate; please report this card")


def _series(channel: RecoilChannel, begin: FloatArray, end: FloatArray, log: bool) -> FloatArray:
    """Return the Legendre coefficients of S(T) dT/dx in panels, shape (P, 8)."""
    half = 0.5 * (end - begin)
    at = (begin + half)[:, None] + half[:, None] * _T_NODES
    recoil = np.exp(at) if log else at
    values = np.array([channel.average(float(T)) for T in recoil.ravel()]).reshape(recoil.shape)
    slopes = values * half[:, None] * (recoil if log else 1.0)
    return np.asarray(slopes @ _TO_SERIES.T)


def _values(series: FloatArray, x: FloatArray) -> FloatArray:
    """Return the Legendre series of shape (N, K), each at its own position x of shape (N,)."""
    return np.asarray(np.einsum("nk,nk->n", series, legendre.legvander(x, series.shape[1] - 1)))
