"""Discovery limits and the neutrino fog of a card: `tridentgen floor`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from numbers import Real
from pathlib import Path

from tridentgen.analysis.fog.limits import LimitPoint, Searcher, boundaries, needed_q, smoothed_boundaries
from tridentgen.analysis.fog.spectra import Spectra
from tridentgen.cards import Card, read_card
from tridentgen.errors import InputError
from tridentgen.floor_card import FloorCard
from tridentgen.flux import Halo
from tridentgen.processes.wimp.wimp import Wimp
from tridentgen.progress import Progress, silent
from tridentgen.runs.job import job_of

LIMIT_PROBABILITY, FOG_PROBABILITY = 0.9, 0.5
"""Of a discovery, where the card gives none."""

_MOST_MASS_GEV, _LEAST_MASS_GEV = 1e6, 0.01


@dataclass(frozen=True, eq=False)
class FogMass:
    """What was found for one mass.

    Attributes
    ----------
    mass_GeV : float
    limits : tuple of LimitPoint
        Discovery limits for the exposures.
    boundary : tuple of LimitPoint or None
        Largest cross section at which each index is reached; None where it is not.
    line : tuple of LimitPoint
        Discovery limits from a small exposure to that of the last boundary; empty for limits alone.
    """

    mass_GeV: float
    limits: tuple[LimitPoint, ...]
    boundary: tuple[LimitPoint | None, ...]
    line: tuple[LimitPoint, ...]


@dataclass(frozen=True, eq=False)
class Fog:
    """Discovery limits and boundaries of the fog, for all masses.

    Attributes
    ----------
    title, target : str
    floor : FloorCard
    free : mapping of str to float
        Free numbers of the model and their relative widths.
    components : tuple of (name, error, events per tonne-year)
        The neutrinos in the bins.
    masses : tuple of FogMass
    """

    title: str
    target: str
    floor: FloorCard
    free: Mapping[str, float]
    components: tuple[tuple[str, float, float], ...]
    masses: tuple[FogMass, ...]

    @property
    def probabilities(self) -> tuple[float, float]:
        """Probability of a discovery at the limits and on the boundary of the fog."""
        given = self.floor.probability
        return (LIMIT_PROBABILITY, FOG_PROBABILITY) if given is None else (given, given)


@dataclass(frozen=True, eq=False)
class _Experiment:
    """A card, ready for many masses."""

    card: Card
    free: Mapping[str, float]

    @cached_property
    def floor(self) -> FloorCard:
        return self.card.floor or FloorCard()

    @cached_property
    def spectra(self) -> Spectra:
        job = job_of(self.card)
        assert isinstance(job.reaction, Wimp)
        assert isinstance(job.beam, Halo)
        with self.card.blaming("floor"):
            return Spectra(job.reaction, job.detector, self.floor, self.free)

    @cached_property
    def halo(self) -> Halo:
        beam = job_of(self.card).beam
        assert isinstance(beam, Halo)
        return beam

    def searcher(self, mass_GeV: float, probability: float) -> Searcher:
        q = needed_q(self.floor.significance, probability)
        signal = self.spectra.signal(replace(self.halo, mass_GeV=mass_GeV))
        return Searcher(signal, self.spectra.wimp.cross_section_cm2, self.spectra.background, q)


def discovery_limit(
    card: Card | str | Path, masses_GeV: Sequence[float] | None = None,
    exposures_t_year: Sequence[float] | None = None, *, free: Mapping[str, float] | None = None,
    progress: Progress = silent,
) -> Fog:  # fmt: skip
    """Return the cross sections of WIMPs that are discovered over the neutrinos, as ``tridentgen floor --exposure``.

    Parameters
    ----------
    card : Card, path or name of a built-in card
        A card for WIMPs; its [floor] table is optional.
    masses_GeV, exposures_t_year : sequence of float
        Those of the card unless given.
    free : mapping of str to float
        Numbers of the model that are not known, by key, with their relative errors: ``{"model.sin2_theta_w": 0.1}``.
    progress : callable

    Returns
    -------
    Fog

    Raises
    ------
    InputError
        For another kind of card, a mass or an exposure out of range, or particles without recoils in the bins.
    """
    return _found(card, masses_GeV, exposures_t_year, (), free, progress)


def neutrino_fog(
    card: Card | str | Path, masses_GeV: Sequence[float] | None = None, index: Sequence[float] | None = None, *,
    exposures_t_year: Sequence[float] | None = (), free: Mapping[str, float] | None = None, progress: Progress = silent,
) -> Fog:  # fmt: skip
    """Return the boundary of the neutrino fog: the largest cross section at which the index reaches ``index``.

    Parameters
    ----------
    card, masses_GeV, free, progress
        As for `discovery_limit`.
    index : sequence of float
        n = -(d ln sigma/d ln N)^-1, 2 unless given here or on the card.
    exposures_t_year : sequence of float
        Exposures of discovery limits that are wanted besides.

    Returns
    -------
    Fog

    Raises
    ------
    InputError
        As `discovery_limit`.
    """
    return _found(card, masses_GeV, exposures_t_year, index, free, progress)


def _found(
    card: Card | str | Path, masses: Sequence[float] | None, exposures: Sequence[float] | None,
    index: Sequence[float] | None, free: Mapping[str, float] | None, progress: Progress,
) -> Fog:  # fmt: skip
    read = card if isinstance(card, Card) else read_card(card)
    if read.kind.name != "wimp":
        raise InputError(
            f"{read.where(('process',))}: process.kind = '{read.kind.name}': the fog is that of dark matter; use a "
            "card of process.kind = 'wimp', such as the built-in card xenon"
        )
    experiment = _Experiment(read, dict(free or {}))
    floor = experiment.floor
    usual = floor.masses_GeV or (experiment.halo.mass_GeV,)
    chosen = _checked("mass", usual if masses is None else masses, _LEAST_MASS_GEV, _MOST_MASS_GEV)
    amounts = _checked("exposure", floor.exposures_t_year if exposures is None else exposures, 1e-6, 1e12)
    wanted = _checked("index", floor.index if index is None else index, 1.3, 50.0)
    if not chosen:
        raise InputError("mass: give at least one mass in GeV")
    if not (amounts or wanted):
        raise InputError("exposures_t_year: give at least one exposure in tonne-years")
    found = []
    given = floor.probability
    for number, mass in enumerate(chosen):
        progress("discovery limits", number / len(chosen))
        limits: tuple[LimitPoint, ...] = ()
        if amounts:
            searcher = experiment.searcher(mass, LIMIT_PROBABILITY if given is None else given)
            limits = tuple(searcher.cross_section(amount) for amount in amounts)
        borders: list[LimitPoint | None] = []
        line: list[LimitPoint] = []
        if wanted:
            searcher = experiment.searcher(mass, FOG_PROBABILITY if given is None else given)
            search = smoothed_boundaries if experiment.spectra.published else boundaries
            borders, line = search(searcher, wanted)
        found.append(FogMass(mass, limits, tuple(borders), tuple(line)))
    progress("discovery limits", 1.0)
    background = experiment.spectra.background
    events = background.rates.sum(axis=1).tolist()
    components = tuple(zip(background.names, background.errors.tolist(), events, strict=True))
    shown = replace(floor, index=tuple(wanted), masses_GeV=tuple(chosen), exposures_t_year=tuple(amounts))
    return Fog(read.title, experiment.spectra.wimp.target, shown, experiment.free, components, tuple(found))


def _checked(name: str, values: object, least: float, most: float) -> tuple[float, ...]:
    """Return the numbers; raise `InputError` for something else than numbers, or one that is out of range."""
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise InputError(f"{name} = {values!r}: must be a list of numbers, such as [10.0]")
    found = tuple(values)
    for value in found:
        if not (isinstance(value, Real) and math.isfinite(value) and least <= float(value) <= most):
            raise InputError(f"{name} = {value!r}: must be a number from {least:g} to {most:g}")
    return tuple(float(value) for value in found)
