"""Recoils of nuclei for an exposure: numbers, recoil spectra and observed spectra, computed without events.

Every sampling channel, a source component on a nuclide, has its `RecoilCurve`; a rate is their sum, weighted with
the numbers of incoming particles and nuclei. Observed spectra are the curves at the recoils that
`tridentgen.detector.fold` takes, times the response there and the time efficiency of each channel.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import numpy as np

from tridentgen.analysis.recoil_curve import RecoilChannel, RecoilCurve, recoil_curve
from tridentgen.constants import KEV_PER_GEV
from tridentgen.detector import Detector
from tridentgen.detector.folding import response_at_nodes
from tridentgen.flux import Beam, Halo, Source
from tridentgen.progress import Progress, silent
from tridentgen.typing import FloatArray

_LEAST_DRAWN = 1e-6  # of the maximum recoil energy: lower end of spectra
_FAR = 9.0  # standard deviations
_TAIL = 5e-4  # share of the recoils beyond the last edge
_LOG_SPAN = 100.0  # as `tridentgen.plots.events`: logarithmic if the middle 90 % span more
_MOST_BINS, _LOG_BINS = 100, 80
_LADDER = (1.0, 2.0, 5.0, 10.0)


class SampledRecoils(Protocol):
    """A process whose sampling channels have recoils."""

    @property
    def parts(self) -> Sequence[RecoilChannel]:
        """The channels."""


class RecoilReaction(Protocol):
    """A reaction with recoils of nuclei: CEvNS, and dark matter."""

    def source(self, beam: Beam, /) -> Source | Halo:
        """Return what of a beam takes part."""

    def sampled(self, beam: Beam, /) -> SampledRecoils:
        """Return the process to sample."""


@dataclass(frozen=True, eq=False)
class RecoilPart:
    """A component of the source on a nuclide, with one final state.

    Attributes
    ----------
    curve : RecoilCurve
    scale : float
        Recoils per cm^2 of the curve's integral: neutrinos per cm^2 times nuclei.
    kept_in_time : float
        Share of the recoils accepted by the detector's time efficiency.
    """

    curve: RecoilCurve
    scale: float
    kept_in_time: float

    @property
    def channel(self) -> RecoilChannel:
        """Component, nuclide and final state."""
        return self.curve.channel

    @property
    def events(self) -> float:
        """All recoils, whether accepted by the detector or not."""
        return self.scale * self.curve.sigma_cm2


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Numbers of events in bins.

    Attributes
    ----------
    kind : str
        ``recoil`` or ``observed``.
    edges_keV : array of shape (B+1,)
        keVnr or keVee.
    counts : array of shape (P, B)
        Events of each part of the rate in each bin.
    log : bool
        Whether the bins are uniform in the logarithm.
    """

    kind: str
    edges_keV: FloatArray
    counts: FloatArray
    log: bool

    @property
    def units(self) -> str:
        """Units of the energy."""
        return "keVnr" if self.kind == "recoil" else "keVee"


@dataclass(frozen=True, eq=False)
class RecoilRate:
    """Rate of recoils for an exposure, from `recoil_rate`."""

    parts: tuple[RecoilPart, ...]
    detector: Detector | None

    @property
    def events(self) -> float:
        """All recoils above the minimum recoil energy, whether accepted by the detector or not."""
        return math.fsum(part.events for part in self.parts)

    @property
    def sigma_cm2(self) -> float:
        """Cross section per nucleus of the target, averaged over the flux, as from ``tridentgen xsec``."""
        return math.fsum(part.channel.share * part.curve.sigma_cm2 for part in self.parts)

    @cached_property
    def observed_events(self) -> FloatArray | None:
        """Events of each part that the detector accepts; None without a detector."""
        if self.detector is None:
            return None
        return np.asarray(self.observed_counts(np.array([0.0, self._farthest_keVee]))[:, 0])

    @cached_property
    def lifted_events(self) -> float:
        """Accepted events with a quenched energy below `threshold_keVee`, which the resolution lifts above it."""
        detector, seen = self.detector, self.observed_events
        if detector is None or seen is None or detector.resolution is None or detector.threshold_keVee == 0.0:
            return 0.0
        least = max(detector.threshold_keVee, detector.quenched_min_keVee)
        above = RecoilRate(self.parts, replace(detector, quenched_min_keVee=least)).observed_events
        assert above is not None
        return max(math.fsum(seen) - math.fsum(above), 0.0)

    @property
    def classifications(self) -> tuple[str, ...]:
        """How recoils can be classified: by ``flavour``, ``component`` and ``nuclide``, or by ``nuclide`` alone."""
        return tuple(self.parts[0].channel.labels)

    def groups(self, by: str) -> dict[str, list[int]]:
        """Return the numbers of the parts under each name of one of the `classifications`."""
        found: dict[str, list[int]] = {}
        for number, part in enumerate(self.parts):
            found.setdefault(part.channel.labels[by], []).append(number)
        return found

    def recoil_counts(self, edges_keV: FloatArray) -> FloatArray:
        """Return the recoils in bins of their energy in keV, shape (P, B)."""
        edges = np.asarray(edges_keV) / KEV_PER_GEV
        return np.array([part.scale * part.curve.counts(edges) for part in self.parts])

    def observed_counts(self, edges_keVee: FloatArray) -> FloatArray:
        """Return the accepted events in bins of the observed energy in keV, shape (P, B); needs a detector."""
        assert self.detector is not None
        return np.array([self._folded(self.detector, part, np.asarray(edges_keVee)) for part in self.parts])

    def recoil_spectrum(self) -> Spectrum:
        """Return the recoil spectrum in suitable bins: all but 5e-4 of the recoils are below the last edge."""
        low = min(part.curve.limits_GeV[0] for part in self.parts) * KEV_PER_GEV
        high = max(part.curve.limits_GeV[1] for part in self.parts) * KEV_PER_GEV
        fine = np.append(low, np.geomspace(max(low, _LEAST_DRAWN * high), high, 2000)[1:])
        edges, log = _suitable_edges(fine, self.recoil_counts(fine).sum(axis=0))
        return Spectrum("recoil", edges, self.recoil_counts(edges), log)

    def observed_spectrum(self) -> Spectrum:
        """Return the spectrum of observed energies, with acceptance; needs a detector."""
        far = self._farthest_keVee
        fine = np.append(0.0, np.geomspace(_LEAST_DRAWN * far, far, 100))
        edges, log = _suitable_edges(fine, self.observed_counts(fine).sum(axis=0))
        return Spectrum("observed", edges, self.observed_counts(edges), log)

    @cached_property
    def _farthest_keVee(self) -> float:
        """An energy above all observed energies."""
        assert self.detector is not None
        far = 0.0
        for part in self.parts:
            quench = self.detector.quenching_of(part.channel.nuclide)
            energy = np.asarray(quench(np.array([part.curve.limits_GeV[1]]))) * KEV_PER_GEV
            if self.detector.resolution is not None:
                energy = np.asarray(self.detector.resolution.observed(energy, np.array([_FAR])))
            far = max(far, float(energy[0]))
        return far * (1.0 + 1e-9)

    @staticmethod
    def _folded(detector: Detector, part: RecoilPart, edges_keVee: FloatArray) -> FloatArray:
        # The curve is a polynomial between the edges of its panels, and the response is smooth between those of `fold`.
        edges = part.curve.edges
        panels = np.exp(edges) if part.curve.log else edges
        recoil, response = response_at_nodes(detector, panels, edges_keVee, part.channel.nuclide)
        counts = np.maximum(response @ part.curve(recoil), 0.0)
        return counts * (part.scale * part.kept_in_time)


def recoil_rate(
    reaction: RecoilReaction, flux: Beam, nuclei: float, times: float = 1.0, detector: Detector | None = None,
    progress: Progress = silent,
) -> RecoilRate:  # fmt: skip
    """Return the recoils for an exposure.

    Parameters
    ----------
    reaction : Cevns or Wimp
        Recoils below its `recoil_min_keV` are left out.
    flux : Source or Flux, or Halo
    nuclei : float
        Number of nuclei of the target, all nuclides together.
    times : float
        Factor that multiplies the flux: protons on target, seconds, or 1.
    detector : Detector

    Raises
    ------
    InputError
        The flux produces no such recoil.
    """
    source = reaction.source(flux)
    channels = reaction.sampled(source).parts
    neutrinos = source.total * times
    parts = []
    for number, channel in enumerate(channels, start=1):
        kept = detector.time_efficiency if detector is not None else None
        in_time = 1.0 if kept is None else kept.averaged(channel.time)
        parts.append(RecoilPart(recoil_curve(channel), neutrinos * nuclei * channel.share, in_time))
        progress("integrating recoil spectra", number / len(channels))
    return RecoilRate(tuple(parts), detector)


def _suitable_edges(fine: FloatArray, counts: FloatArray) -> tuple[FloatArray, bool]:
    """Return edges for a spectrum known in fine bins, and whether they are logarithmic.

    Linear edges are multiples of 1, 2 or 5 times a power of ten, 40 to 100 of them.
    """
    below = np.concatenate([[0.0], np.cumsum(counts)])
    if not below[-1] > 0.0:  # no event is accepted
        return np.linspace(fine[0], fine[-1], _LOG_BINS + 1), False
    low, early, late, high = np.interp(np.array([_TAIL, 0.05, 0.95, 1.0 - _TAIL]) * below[-1], below, fine)
    if early > 0.0 and late > _LOG_SPAN * early:
        return np.geomspace(max(low, fine[1]) if fine[0] == 0.0 else fine[0], high, _LOG_BINS + 1), True
    span = high - fine[0]
    power = 10.0 ** math.floor(math.log10(span / _MOST_BINS))
    step = next(power * factor for factor in _LADDER if span <= _MOST_BINS * power * factor)
    bins = math.ceil(span / step * (1.0 - 1e-9))
    return fine[0] + np.arange(bins + 1) * step, False
