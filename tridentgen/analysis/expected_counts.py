"""Expected counts of CEvNS in bins of observed energy and time, for one model after another.

All that does not depend on the model is made once: the moments of the flux (`RecoilMoments`), the response of the
detector as a matrix, and the shares of each component in the bins of time. `recoil_rate` has the same counts for one
model.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tridentgen.analysis.flux_tails import Tail, tails_of
from tridentgen.analysis.recoil_moments import RecoilMoments, recoil_nodes
from tridentgen.constants import KEV_PER_GEV
from tridentgen.detector import Detector
from tridentgen.detector.arrival import arrival_shares
from tridentgen.detector.folding import edges_keVee, response_at_nodes
from tridentgen.errors import InputError
from tridentgen.flux import Flux, Source
from tridentgen.processes.cevns.cevns import Cevns
from tridentgen.typing import FloatArray

_SAME = ("target", "neutrino", "recoil_min_keV")


@dataclass(frozen=True, eq=False)
class _OfNuclide:
    """Moments at the recoils of one nuclide, and the response to them of shape (B, N), times nuclei and neutrinos."""

    moments: RecoilMoments
    response: FloatArray


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

    @property
    def components(self) -> tuple[str, ...]:
        """Names of the components of the source, in the order of the counts."""
        return tuple(component.name for component in self.source.components)

    def counts(self, reaction: Cevns | None = None) -> FloatArray:
        """Return the counts of each component, shape (C, B), or (C, B, T) in bins of time.

        `reaction` is the process with another model or other radii; raise `InputError` for one with another target,
        neutrino or `recoil_min_keV`, whose moments are others.
        """
        reaction = self._checked(reaction)
        return self._summed(reaction, lambda moments: moments.dsigma_dT(reaction))

    def derivative(self, key: str, reaction: Cevns | None = None) -> FloatArray:
        """Return the derivatives of `counts` by a number of the model, in closed form, per unit of its key.

        Keys and errors are those of `RecoilMoments.derivative`.
        """
        reaction = self._checked(reaction)
        return self._summed(reaction, lambda moments: moments.derivative(reaction, key))

    def _summed(self, reaction: Cevns, spectra: Callable[[RecoilMoments], FloatArray]) -> FloatArray:
        """Return the sum over nuclides and final states of folded spectra of shape (C, N)."""
        dipole = reaction.model.dipole
        masses = [0.0] if dipole is None or dipole.mu_muB == 0.0 else [0.0, dipole.mass_GeV]
        total = np.zeros((len(self.source.components), len(self.edges) - 1))
        for mass in masses:
            for part in self._parts(mass):
                total += spectra(part.moments) @ part.response.T
        total *= self._flux_shares[:, None]
        if self.timed:
            return np.asarray(total[:, :, None] * self.arrivals[:, None, :])
        return np.asarray(total * self.arrivals)

    @cached_property
    def _flux_shares(self) -> FloatArray:
        return np.array([component.flux.total / self.source.total for component in self.source.components])

    def _checked(self, reaction: Cevns | None) -> Cevns:
        if reaction is None:
            return self.reaction
        for name in _SAME:
            here, there = getattr(self.reaction, name), getattr(reaction, name)
            if here != there:
                raise InputError(f"{name} = {there!r} differs from {here!r}, for which the counts were set up")
        return reaction

    @cached_property
    def _made(self) -> dict[float, tuple[_OfNuclide, ...]]:
        """What was made for the mass of the outgoing lepton; of heavy ones only the last."""
        return {}

    @cached_property
    def _tails(self) -> tuple[Tail, ...]:
        return tails_of(self.source)

    def _parts(self, final_mass_GeV: float) -> tuple[_OfNuclide, ...]:
        made = self._made
        if final_mass_GeV not in made:
            for other in [mass for mass in made if mass > 0.0]:
                del made[other]
            made[final_mass_GeV] = self._make(final_mass_GeV)
        return made[final_mass_GeV]

    def _make(self, final_mass_GeV: float) -> tuple[_OfNuclide, ...]:
        least = self.reaction.recoil_min_keV / KEV_PER_GEV
        tails = self._tails if final_mass_GeV > 0.0 else None
        parts = []
        for number, nuclide in enumerate(self.reaction.nuclides):
            nodes = recoil_nodes(self.source, nuclide, least, final_mass_GeV, tails)
            if nodes is None:
                continue
            at, response = response_at_nodes(self.detector, nodes.edges_GeV, self.edges, number)
            matrix = response @ nodes.values(at)
            seen = np.any(matrix != 0.0, axis=0)
            if seen.any():
                moments = RecoilMoments(self.source, nuclide, nodes.recoil_GeV[seen], final_mass_GeV, tails)
                share = self.scale * self.reaction.fractions[number]
                parts.append(_OfNuclide(moments, np.ascontiguousarray(matrix[:, seen] * share)))
        return tuple(parts)


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
