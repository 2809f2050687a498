"""Shares of the neutrinos of a source component that arrive in bins of time, without events."""

from __future__ import annotations

import numpy as np

from tridentgen.detector.time_efficiency import TimeEfficiency
from tridentgen.errors import InputError
from tridentgen.flux.tabulated_profile import TabulatedProfile
from tridentgen.flux.time_profile import TimeProfile
from tridentgen.typing import FloatArray

_NODES, _NODE_WEIGHTS = np.polynomial.legendre.leggauss(16)


def arrival_shares(
    profile: TimeProfile | TabulatedProfile | None, edges_ns: FloatArray, efficiency: TimeEfficiency | None = None
) -> FloatArray:
    """Return the shares of all neutrinos that arrive in bins of time and are accepted.

    Parameters
    ----------
    profile : TimeProfile, TabulatedProfile or None
        Arrival times; those of a steady flux (None) are time 0.
    edges_ns : array of shape (B+1,)
        Increasing edges.
    efficiency : TimeEfficiency or None
        None accepts all.

    Returns
    -------
    array of shape (B,)
        By quadrature to 1e-10. Without efficiency they sum to 1 if the bins hold all times.

    Raises
    ------
    InputError
        For edges that are not finite or do not increase.
    """
    edges = np.asarray(edges_ns, dtype=np.float64)
    if edges.ndim != 1 or len(edges) < 2 or not (np.isfinite(edges).all() and np.all(np.diff(edges) > 0.0)):
        raise InputError("edges_ns must be two or more finite times that increase")
    if profile is None or profile.numbers == 0:
        times = np.array([0.0 if profile is None else float(profile.time_ns(()))])
        weights = np.ones(1)
    else:
        breaks = () if efficiency is None else efficiency.breaks_ns
        panels = profile.panels((*edges.tolist(), *breaks))
        half = 0.5 * np.diff(panels)
        times = ((panels[:-1] + half)[:, None] + half[:, None] * _NODES).ravel()
        weights = (half[:, None] * _NODE_WEIGHTS).ravel() * profile.density(times)
    if efficiency is not None:
        weights = weights * np.asarray(efficiency(times))
    shares, _ = np.histogram(times, edges, weights=weights)
    return np.asarray(shares, dtype=np.float64)
