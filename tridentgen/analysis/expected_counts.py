"""Expected counts of CEvNS in bins of observed energy and time, for one model after another.

All that does not depend on the model is made once: the moments of the flux (`RecoilMoments`), the response of the
detector as a matrix, and the shares of each component in the bins of time. `recoil_rate` has the same counts for one
model.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tridentgen.analysis.recoil_counts import DetectorResponse, RecoilCounts
from tridentgen.detector import Detector
from tridentgen.detector.arrival import arrival_shares
from tridentgen.detector.folding import edges_keVee
from tridentgen.errors import InputError
from tridentgen.flux import Flux, Source
from tridentgen.processes.cevns.cevns import Cevns
from tridentgen.typing import FloatArray


@dataclass(frozen=True, eq=False)
class ExpectedCounts:
    """Counts in bins as a function of the model; from `expected_counts`.

    Attributes
    ----------
    reaction : Cevns
        The process with the model of the start.
    source : Source
    detector : Detector
    edges : array of shape (B+1,)
        Of the observed energy, in keVee.
    scale : float
        Neutrinos per cm^2 of all components, times nuclei of the target.
    arrivals : array of shape (C, T)
        Share of each component accepted in each bin of time.
    timed : bool
        Whether there are bins of time.
    """

    reaction: Cevns
    source: Source
    detector: Detector
    edges: FloatArray
    scale: float
    arrivals: FloatArray
    timed: bool

    @cached_property
    def _recoils(self) -> RecoilCounts:
        return RecoilCounts(self.source, self.reaction, self.scale, DetectorResponse(self.detector, self.edges))

    @property
    def components(self) -> tuple[str, ...]:
        """Names of the components of the source, in the order of the counts."""
        return self._recoils.components

    def counts(self, reaction: Cevns | None = None) -> FloatArray:
        """Return the counts of each component, shape (C, B), or (C, B, T) in bins of time.

        `reaction` is the process with another model or other radii; raise `InputError` for one with another target,
        neutrino or `recoil_min_keV`, whose moments are others.
        """
        return self._in_time(self._recoils.counts(self.reaction if reaction is None else reaction))

    def derivative(self, key: str, reaction: Cevns | None = None) -> FloatArray:
        """Return the derivatives of `counts` by a number of the model, in closed form, per unit of its key.

        Keys and errors are those of `RecoilMoments.derivative`.
        """
        return self._in_time(self._recoils.derivative(self.reaction if reaction is None else reaction, key))

    def _in_time(self, counts: FloatArray) -> FloatArray:
        """Return counts of shape (1, C, B) in bins of time."""
        if self.timed:
            return np.asarray(counts[0][:, :, None] * self.arrivals[:, None, :])
        return np.asarray(counts[0] * self.arrivals)


def expected_counts(
    reaction: Cevns, flux: Source | Flux, nuclei: float, times: float, detector: Detector, edges: FloatArray,
    *, unit: str = "keVee", time_edges_ns: FloatArray | None = None,
) -> ExpectedCounts:  # fmt: skip
    """Return the counts in bins for an exposure, for any model.

    Parameters
    ----------
    reaction : Cevns
        Target, neutrino, smallest recoil, and the model of the start.
    flux : Source or Flux
    nuclei : float
        Number of nuclei of the target, all nuclides together.
    times : float
        Factor that multiplies the flux: protons on target, seconds, or 1.
    detector : Detector
    edges : array of shape (B+1,)
        Increasing edges of the observed energy.
    unit : str
        Of `edges`: ``keVee``, or ``PE`` by the detector's light yield.
    time_edges_ns : array of shape (T+1,) or None
        Edges of bins of the arrival time; None for all times.

    Raises
    ------
    InputError
        For numbers that are negative or not finite, edges that do not increase, an unknown unit, or a flux that
        produces no such recoil.
    """
    for name, number in (("nuclei", nuclei), ("times", times)):
        if not (math.isfinite(number) and number >= 0.0):
            raise InputError(f"{name} = {number!r} must be a number that is finite and not negative")
    source = reaction.source(flux)
    reaction.sampled(source)  # raises where there is no recoil
    kept = detector.time_efficiency
    if time_edges_ns is None:
        averages = [1.0 if kept is None else kept.averaged(component.time) for component in source.components]
        arrivals = np.array(averages)[:, None]
    else:
        arrivals = np.array([arrival_shares(component.time, time_edges_ns, kept) for component in source.components])
    scale = source.total * times * nuclei
    found = ExpectedCounts(
        reaction, source, detector, edges_keVee(detector, edges, unit), scale, arrivals, time_edges_ns is not None
    )
    found.counts()  # raises for edges that are wrong
    return found
