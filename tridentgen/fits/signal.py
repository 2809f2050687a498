"""Expected recoils in bins of energy for any model of CEvNS: moments of the flux times the response of a detector.

Both are made once. A new model then costs its couplings at some hundred recoil energies.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple, Protocol

import numpy as np

from tridentgen.analysis.rate_table import exposure_of
from tridentgen.analysis.recoil_moments import RecoilMoments, recoil_nodes
from tridentgen.analysis.recoil_nodes import RecoilNodes
from tridentgen.cards import Card, CardError
from tridentgen.constants import KEV_PER_GEV
from tridentgen.detector import Detector
from tridentgen.detector.folding import response_at_nodes
from tridentgen.exposure import number_of_nuclei
from tridentgen.flux import Source
from tridentgen.processes.cevns.cevns import Cevns
from tridentgen.runs.job import beam_of, detector_of
from tridentgen.typing import FloatArray

_MOST_MASSES = 2
"""Masses of a heavy neutral lepton whose moments are kept."""


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
    """Moments of a nuclide for a final state, and the matrices times nuclei and neutrinos, shape (C, (1+K) B, N)."""

    moments: RecoilMoments
    counted: FloatArray


@dataclass(frozen=True, eq=False)
class Signal:
    """Expected counts of CEvNS in bins of energy, by component of the source.

    Parameters
    ----------
    source : Source
    reaction : Cevns
        Its nuclides and its smallest recoil are those of all models.
    neutrinos_times_nuclei : float
        Neutrinos per cm^2 for the exposure, of all components, times the nuclei of the target.
    response : Response
    """

    source: Source
    reaction: Cevns
    neutrinos_times_nuclei: float
    response: Response
    _made: dict[float, tuple[_Part, ...]] = field(default_factory=dict, repr=False)

    def counts(self, reaction: Cevns) -> FloatArray:
        """Return the counts of a model and their change for each mode, shape (1+K, C, B).

        Raise `InputError` for a model that does not fit the target.
        """
        return self._sum(reaction, None)

    def slopes(self, reaction: Cevns, key: str) -> FloatArray:
        """Return the derivatives of `counts` by a number of the model, in closed form; errors as of `derivative`."""
        return self._sum(reaction, key)

    def _sum(self, reaction: Cevns, key: str | None) -> FloatArray:
        portal = reaction.model.dipole
        components, modes = len(self.source.components), 1 + len(self.response.modes)
        total = np.zeros((components, modes * self.response.bins))
        for mass in [0.0] if portal is None else [0.0, portal.mass_GeV]:
            for part in self._parts(mass):
                moments = part.moments
                spectra = moments.dsigma_dT(reaction) if key is None else moments.derivative(reaction, key)
                total += np.matmul(part.counted, spectra[:, :, None])[:, :, 0]
        return total.reshape(components, modes, -1).transpose(1, 0, 2)

    def _parts(self, mass: float) -> tuple[_Part, ...]:
        """Return the nuclides with the moments for a mass of the outgoing lepton, kept for the last masses."""
        if mass not in self._made:
            for old in [m for m in self._made if m != 0.0][: max(len(self._made) - _MOST_MASSES, 0)]:
                del self._made[old]
            self._made[mass] = tuple(self._make(mass))
        return self._made[mass]

    def _make(self, mass: float) -> list[_Part]:
        made = []
        least = self.reaction.recoil_min_keV / KEV_PER_GEV
        sizes = np.array([component.flux.total / self.source.total for component in self.source.components])
        for number, (nuclide, fraction) in enumerate(zip(self.reaction.nuclides, self.reaction.fractions, strict=True)):
            nodes = recoil_nodes(self.source, nuclide, least, mass)
            if nodes is None:
                continue
            matrices = self.response.matrices(nodes, number)
            seen = np.any(matrices != 0.0, axis=(0, 1))
            if not seen.any():
                continue
            moments = RecoilMoments(self.source, nuclide, nodes.recoil_GeV[seen], mass)
            scale = self.neutrinos_times_nuclei * fraction * sizes
            rows = matrices[:, :, seen].reshape(-1, int(np.sum(seen)))
            made.append(_Part(moments, scale[:, None, None] * rows))
        return made

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Components of the source."""
        return tuple(component.name for component in self.source.components)


def cevns_of(card: Card) -> Cevns:
    """Return the CEvNS of a card; raise `CardError` for another kind of reaction."""
    reaction = card.reaction
    if not isinstance(reaction, Cevns):
        raise CardError(
            f"{card.where(('process', 'kind'))}: process.kind = '{card.kind.name}': fits are made of CEvNS; "
            "give a card of kind 'cevns'"
        )
    return reaction


def source_of(card: Card) -> Source:
    """Return the neutrinos that scatter."""
    return cevns_of(card).source(beam_of(card))


def scale_of(card: Card, source: Source) -> float:
    """Return neutrinos per cm^2 for the card's exposure times nuclei; raise `CardError` if it is invalid."""
    exposure = exposure_of(card, source)
    return source.total * exposure.times(source) * number_of_nuclei(card.process.target, exposure.mass_t)


def detector_for(card: Card) -> Detector | None:
    """Return the detector of a card."""
    return detector_of(card, cevns_of(card))


def signal_of(card: Card, response: Response) -> Signal:
    """Return the expected counts of a card in the bins of a response."""
    source = source_of(card)
    return Signal(source, cevns_of(card), scale_of(card, source), response)
