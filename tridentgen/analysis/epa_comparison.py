"""Accuracy of the equivalent-photon approximation: its cross sections and distributions over those of the full process.

Each is integrated with its own proposal. Their ratio is also computed at common points, drawn from either proposal: the
more similar the two integrands, the more their fluctuations cancel.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from tridentgen.analysis.histograms import axis_histogram, bin_edges
from tridentgen.cards import Card
from tridentgen.engines.process import Process
from tridentgen.engines.proposal import Proposal
from tridentgen.engines.work import Engine
from tridentgen.errors import InputError
from tridentgen.events.events import Events
from tridentgen.events.observables import Axis
from tridentgen.flux import Flux
from tridentgen.processes.trident.epa import EpaTrident
from tridentgen.processes.trident.observables import TRIDENT_AXES
from tridentgen.processes.trident.trident import Trident
from tridentgen.progress import Progress, silent
from tridentgen.runs.job import engine_of
from tridentgen.sampling.common_points import CommonRatio, better_ratio
from tridentgen.sampling.generate import generate_events
from tridentgen.sampling.integrate import CrossSection, cross_section, short_training
from tridentgen.typing import FloatArray

COMPARED = ("m2_ll", "delta_theta")
"""Observables whose distributions are compared."""


@dataclass(frozen=True)
class Sampling:
    """Sampling settings: engine, seed, and the relative precision of a cross section or the number of events.

    `training_points` is as in `short_training`: few by default, which suffices for histograms.
    """

    engine: Engine
    seed: int
    rel_error: float = 1e-3
    events: int = 100_000
    training_points: int | None = None

    @classmethod
    def of(cls, card: Card) -> Sampling:
        """Return the settings of a card."""
        asked = card.sampling
        return cls(engine_of(card), asked.seed, asked.rel_error, asked.events, asked.training_points)


@dataclass(frozen=True)
class EpaRatio:
    """The approximation and the full process in a beam of a single energy or a spectrum.

    `common` is the ratio at common points, if it is more precise than the ratio of the cross sections.
    """

    epa: EpaTrident
    beam: Flux
    sigma_epa: CrossSection | None
    sigma_full: CrossSection
    common: CommonRatio | None = None

    @property
    def of_totals(self) -> tuple[float, float]:
        """The ratio of the two cross sections, and its standard deviation; 0 if the cut on Q leaves no phase space."""
        if self.sigma_epa is None:
            return 0.0, 0.0
        parts = (self.sigma_epa.error / self.sigma_epa.value, self.sigma_full.error / self.sigma_full.value)
        value = self.sigma_epa.value / self.sigma_full.value
        return value, value * math.hypot(*parts)

    @property
    def value(self) -> float:
        """The more precise of the two ratios; 0 if the cut on Q leaves no phase space."""
        return self.of_totals[0] if self.common is None else self.common.value

    @property
    def error(self) -> float:
        """Its standard deviation."""
        return self.of_totals[1] if self.common is None else self.common.error


@dataclass(frozen=True)
class EpaDistribution:
    """dsigma/dx of the approximation and of the full process in common bins, or dsigma/dln x in logarithmic ones.

    Attributes
    ----------
    epa : EpaTrident
    beam : Flux
    observable : Axis
    edges : array of shape (B + 1,)
        In the units of the observable.
    log : bool
        Whether the bins are logarithmic.
    sigma_epa, error_epa, sigma_full, error_full : arrays of shape (B,)
        In cm^2 per unit of the observable, or of its logarithm, and their standard deviations.
    """

    epa: EpaTrident
    beam: Flux
    observable: Axis
    edges: FloatArray
    log: bool
    sigma_epa: FloatArray
    error_epa: FloatArray
    sigma_full: FloatArray
    error_full: FloatArray

    @property
    def ratio(self) -> tuple[FloatArray, FloatArray]:
        """The ratio of the two and its error, (B,); NaN in bins without events of the full process."""
        with np.errstate(divide="ignore", invalid="ignore"):
            value = np.where(self.sigma_full > 0.0, self.sigma_epa / self.sigma_full, math.nan)
            parts = [
                np.where(sigma > 0.0, error / sigma, 0.0)
                for sigma, error in ((self.sigma_epa, self.error_epa), (self.sigma_full, self.error_full))
            ]
        return value, value * np.hypot(*parts)

    @property
    def shape_distance(self) -> float:
        """Share of the cross section that would have to move to another bin for the shapes to be equal, 0 to 1."""
        widths = np.diff(np.log(self.edges) if self.log else self.edges)
        epa, full = (sigma * widths for sigma in (self.sigma_epa, self.sigma_full))
        return 0.5 * float(np.sum(np.abs(epa / np.sum(epa) - full / np.sum(full))))


def epa_ratios(
    trident: Trident,
    beam: Flux,
    fluxes: Sequence[tuple[str, float | None]],
    sampling: Sampling,
    progress: Progress = silent,
) -> list[EpaRatio]:
    """Return the ratio to the full process for each photon flux, (photon_flux, q_max_GeV) as in `EpaTrident`."""

    def integrated(process: Trident) -> _Integrated:
        sampled, engine, seed = process.sampled(beam), sampling.engine, sampling.seed
        proposal = short_training(sampled, engine, seed, sampling.training_points, progress)
        sigma = cross_section(sampled, proposal, engine, seed, rel_error=sampling.rel_error, progress=progress)
        return _Integrated(sampled, proposal, sigma)

    full = integrated(trident)
    found = []
    for photon_flux, q_max_GeV in fluxes:
        epa = EpaTrident.of(trident, photon_flux, q_max_GeV)
        if not beam.energy_max_GeV > epa.threshold_GeV():
            found.append(EpaRatio(epa, beam, None, full.sigma))
            continue
        approximate = integrated(epa)
        apart = EpaRatio(epa, beam, approximate.sigma, full.sigma)
        common = better_ratio(
            approximate.process, full.process, (full.proposal, approximate.proposal), sampling.engine, sampling.seed,
            full.sigma.points, apart.error,
        )  # fmt: skip
        found.append(replace(apart, common=common))
    return found


class _Integrated(NamedTuple):
    """A process, the proposal of its integration, and its cross section."""

    process: Process
    proposal: Proposal
    sigma: CrossSection


def epa_distributions(
    trident: Trident,
    beam: Flux,
    fluxes: Sequence[tuple[str, float | None]],
    sampling: Sampling,
    progress: Progress = silent,
) -> list[EpaDistribution]:
    """Return the distributions of `COMPARED` for each photon flux; arguments as for `epa_ratios`.

    Raise `InputError` if the cut on Q leaves no phase space.
    """
    observables = [observable for observable in TRIDENT_AXES if observable.name in COMPARED]
    full = sampled_events(trident, beam, sampling, progress)
    found = []
    for photon_flux, q_max_GeV in fluxes:
        epa = EpaTrident.of(trident, photon_flux, q_max_GeV)
        if not beam.energy_max_GeV > epa.threshold_GeV():
            raise InputError(
                f"{beam.description} is below the threshold of {epa.line}, {epa.threshold_GeV():.4g} GeV: there is no "
                "distribution"
            )
        approximate = sampled_events(epa, beam, sampling, progress)
        found += [_distribution(epa, beam, observable, approximate, full) for observable in observables]
    return found


def sampled_events(trident: Trident, beam: Flux, sampling: Sampling, progress: Progress = silent) -> Events:
    """Return weighted events of a process, `sampling.events` of them."""
    process, engine, seed = trident.sampled(beam), sampling.engine, sampling.seed
    proposal = short_training(process, engine, seed, sampling.training_points, progress)
    return generate_events(process, proposal, engine, seed, sampling.events, {})


def _distribution(epa: EpaTrident, beam: Flux, observable: Axis, approximate: Events, full: Events) -> EpaDistribution:
    """Histogram both in bins chosen for their sum."""
    values = [observable.value(events[observable.column]) for events in (approximate, full)]
    shapes = [events["weight"] / events.sum_weights for events in (approximate, full)]
    edges, log = bin_edges(np.concatenate(values), np.concatenate(shapes))
    of_epa, of_full = (
        axis_histogram(events, x, edges, log) for events, x in zip((approximate, full), values, strict=True)
    )
    return EpaDistribution(epa, beam, observable, edges, log, *of_epa, *of_full)
