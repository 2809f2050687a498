"""Expected recoils in bins of energy for any model of CEvNS: moments of the flux times a response.

Both are made once. A new model then costs its couplings at some hundred recoil energies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple, Protocol

import numpy as np

from tridentgen.analysis.flux_tails import Tail, tails_of
from tridentgen.analysis.recoil_moments import RecoilMoments, recoil_nodes
from tridentgen.analysis.recoil_nodes import RecoilNodes
from tridentgen.constants import KEV_PER_GEV
from tridentgen.detector import Detector
from tridentgen.detector.folding import response_at_nodes
from tridentgen.errors import InputError
from tridentgen.flux import Source
from tridentgen.processes.cevns.cevns import Cevns
from tridentgen.typing import FloatArray

_SAME = ("target", "neutrino", "recoil_min_keV")


class Response(Protocol):
    """Probabilities that recoils are counted in bins."""

    @property
    def modes(self) -> tuple[str, ...]:
        """Names of its uncertainties."""

    @property
    def bins(self) -> int:
        """Number B of bins."""

    def matrices(self, nodes: RecoilNodes, nuclide: int) -> FloatArray:
        """Return the matrix from a spectrum at nodes to counts, and its change for each mode, shape (1+K, B, N)."""


@dataclass(frozen=True, eq=False)
class DetectorResponse:
    """The response of a detector in bins of observed energy.

    Parameters
    ----------
    detector : Detector
    edges_keVee : array of shape (B+1,)
    varied : mapping of str to (Detector, Detector)
        The detector one standard deviation up and down; counts change linearly.
    """

    detector: Detector
    edges_keVee: FloatArray
    varied: Mapping[str, tuple[Detector, Detector]] = field(default_factory=dict)

    @property
    def modes(self) -> tuple[str, ...]:
        """Names of the varied properties."""
        return tuple(self.varied)

    @property
    def bins(self) -> int:
        """Number of bins."""
        return len(self.edges_keVee) - 1

    def matrices(self, nodes: RecoilNodes, nuclide: int) -> FloatArray:
        """Return the matrices of `Response`."""

        def matrix(detector: Detector) -> FloatArray:
            recoil, counted = response_at_nodes(detector, nodes.edges_GeV, self.edges_keVee, nuclide)
            return np.asarray(counted @ nodes.values(recoil))

        changes = [0.5 * (matrix(up) - matrix(down)) for up, down in self.varied.values()]
        return np.array([matrix(self.detector), *changes])


@dataclass(frozen=True, eq=False)
class RecoilBins:
    """Bins of the recoil energy itself, without a detector."""

    edges_keV: FloatArray
    modes: tuple[str, ...] = ()

    @property
    def bins(self) -> int:
        """Number of bins."""
        return len(self.edges_keV) - 1

    def matrices(self, nodes: RecoilNodes, nuclide: int) -> FloatArray:  # noqa: ARG002
        """Return the matrices of `Response`."""
        return nodes.integrals(self.edges_keV / KEV_PER_GEV)[None]


@dataclass(frozen=True, eq=False)
class Runs:
    """Numbers of recoils in runs, each with its share of the exposure and an efficiency by recoil energy.

    Parameters
    ----------
    recoil_keV : array of shape (P,)
    efficiency : array of shape (B, P)
        Interpolated linearly, zero beyond the points.
    share : array of shape (B,)
    """

    recoil_keV: FloatArray
    efficiency: FloatArray
    share: FloatArray
    modes: tuple[str, ...] = ()

    @property
    def bins(self) -> int:
        """Number of runs."""
        return len(self.share)

    def matrices(self, nodes: RecoilNodes, nuclide: int) -> FloatArray:  # noqa: ARG002
        """Return the matrices of `Response`."""
        edges = np.linspace(self.recoil_keV[0], self.recoil_keV[-1], 8 * len(self.recoil_keV) - 7)
        middle = 0.5 * (edges[1:] + edges[:-1])
        seen = np.array([np.interp(middle, self.recoil_keV, each) for each in self.efficiency])
        return ((seen * self.share[:, None]) @ nodes.integrals(edges / KEV_PER_GEV))[None]


class _Part(NamedTuple):
    """Moments of a nuclide for a final state, and the matrices times nuclei and neutrinos, shape ((1+K) B, N)."""

    moments: RecoilMoments
    counted: FloatArray


@dataclass(frozen=True, eq=False)
class RecoilCounts:
    """Expected counts of CEvNS in bins of energy, by component of the source.

    Parameters
    ----------
    source : Source
    reaction : Cevns
        Its target, neutrino and smallest recoil are those of all models.
    scale : float
        Neutrinos per cm^2 for the exposure, of all components, times nuclei of the target.
    response : Response
    """

    source: Source
    reaction: Cevns
    scale: float
    response: Response

    @property
    def components(self) -> tuple[str, ...]:
        """Names of the components of the source, in the order of the counts."""
        return tuple(component.name for component in self.source.components)

    def counts(self, reaction: Cevns) -> FloatArray:
        """Return the counts of a model and their change for each mode, shape (1+K, C, B).

        Raise `InputError` for another target, neutrino or `recoil_min_keV`, whose moments are others.
        """
        return self._summed(reaction, lambda moments: moments.dsigma_dT(reaction))

    def derivative(self, reaction: Cevns, key: str) -> FloatArray:
        """Return the derivatives of `counts` by a number of the model, in closed form, per unit of its key.

        Keys and errors are those of `RecoilMoments.derivative`.
        """
        return self._summed(reaction, lambda moments: moments.derivative(reaction, key))

    def _summed(self, reaction: Cevns, spectra: Callable[[RecoilMoments], FloatArray]) -> FloatArray:
        """Return the sum over nuclides and final states of spectra of shape (C, N) times the response to them."""
        for name in _SAME:
            here, there = getattr(self.reaction, name), getattr(reaction, name)
            if here != there:
                raise InputError(f"{name} = {there!r} differs from {here!r}, for which the counts were set up")
        portal = reaction.model.dipole
        modes = 1 + len(self.response.modes)
        total = np.zeros((len(self.components), modes * self.response.bins))
        for mass in [0.0] if portal is None or portal.mu_muB == 0.0 else [0.0, portal.mass_GeV]:
            for part in self._parts(mass):
                total += spectra(part.moments) @ part.counted.T
        total *= self._flux_shares[:, None]
        return total.reshape(len(total), modes, -1).transpose(1, 0, 2)

    @cached_property
    def _flux_shares(self) -> FloatArray:
        return np.array([component.flux.total / self.source.total for component in self.source.components])

    @cached_property
    def _made(self) -> dict[float, tuple[_Part, ...]]:
        """What was made for the mass of the outgoing lepton; of heavy ones only the last."""
        return {}

    @cached_property
    def _tails(self) -> tuple[Tail, ...]:
        return tails_of(self.source)

    def _parts(self, mass: float) -> tuple[_Part, ...]:
        made = self._made
        if mass not in made:
            for other in [m for m in made if m > 0.0]:
                del made[other]
            made[mass] = tuple(self._make(mass))
        return made[mass]

    def _make(self, mass: float) -> Iterator[_Part]:
        least = self.reaction.recoil_min_keV / KEV_PER_GEV
        tails = self._tails if mass > 0.0 else None
        for number, nuclide in enumerate(self.reaction.nuclides):
            nodes = recoil_nodes(self.source, nuclide, least, mass, tails)
            if nodes is None:
                continue
            matrices = self.response.matrices(nodes, number)
            seen = np.any(matrices != 0.0, axis=(0, 1))
            if seen.any():
                moments = RecoilMoments(self.source, nuclide, nodes.recoil_GeV[seen], mass, tails)
                rows = matrices[:, :, seen].reshape(-1, int(np.sum(seen)))
                yield _Part(moments, np.ascontiguousarray(rows * (self.scale * self.reaction.fractions[number])))
