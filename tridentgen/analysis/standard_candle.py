"""The standard candle: neutrino-electron scattering against a background, and the precision that the flux gets from it.

Electrons of neutrino-electron scattering have E theta^2 = 2m(1 - y), below 2m = 1.02 MeV, and those of a background do
not (J. Park et al., Phys. Rev. D 93 (2016) 112007). The number left by a cut on E theta^2 measures the flux, as the
cross section is known; with prior errors of the flux, a linear fit of the spectrum of the electrons gives its errors in
bins of the neutrino energy (C. Marshall, K. McFarland and C. Wilkinson, Phys. Rev. D 101 (2020) 032002).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tridentgen.analysis.electron_counts import STEPS, CandleSelection, ElectronCounts, require_sizes
from tridentgen.constants import ELECTRON_MASS_GEV
from tridentgen.errors import InputError
from tridentgen.events.reader import EventFile, name_unnormalised, open_events, require_events
from tridentgen.exchange.importing.electrons import ElectronCandidates, Electrons, is_table, table_electrons
from tridentgen.exchange.importing.formats import is_foreign, open_foreign
from tridentgen.processes.kinds import kind_of
from tridentgen.processes.neutrino_electron.kind import NEUTRINO_ELECTRON
from tridentgen.typing import FloatArray

_GROUPS = 6
"""Groups of the bins of E theta^2 below the cut, for the fit: the angle tells the energy of the neutrino."""

_LEAST_SHARE = 0.04
"""Bins of the neutrino energy with a smaller share of the signal are joined with the next."""


@dataclass(frozen=True)
class CandleErrors:
    """Relative errors, each of one standard deviation.

    Attributes
    ----------
    background : float
        Of the number of events of each background.
    cross_section : float
        Of the cross section: 0.2 to 0.4 % (O. Tomalak and R. Hill, Phys. Rev. D 101 (2020) 033006).
    flux : float
        Of the normalisation of the flux, before the measurement.
    flux_shape : float
        Of the flux in each bin of the energy besides, independent of the others.

    Raises
    ------
    InputError
        For a number that is negative or not finite, or if the flux has no errors.
    """

    background: float = 0.1
    cross_section: float = 0.004
    flux: float = 0.08
    flux_shape: float = 0.05

    def __post_init__(self) -> None:
        require_sizes(self, *(field.name for field in fields(self)))
        if self.flux == 0.0 or self.flux_shape == 0.0:
            raise InputError("flux and flux_shape must be positive: without an error there is nothing to measure")


class CandleCut(NamedTuple):
    """What a cut on E theta^2 leaves: events, and the relative error of the flux that follows from their number."""

    max_e_theta2_GeV: float
    signal: float
    background: float
    precision: float

    @property
    def purity(self) -> float:
        """Share of the signal."""
        return self.signal / (self.signal + self.background)


class FluxBin(NamedTuple):
    """A bin of the neutrino energy: its events of the signal after the cut, and relative errors of the flux."""

    low_GeV: float
    high_GeV: float
    signal: float
    before: float
    after: float


@dataclass(frozen=True, eq=False)
class Candle:
    """The standard candle of an exposure.

    Attributes
    ----------
    path : Path
    selection : CandleSelection
    errors : CandleErrors
    made : float
        Events of the signal of any energy and angle.
    counted : float
        Those above the smallest energy.
    edges_GeV : array of shape (STEPS + 1,)
        Edges of the bins of E theta^2.
    signal : array of shape (STEPS,)
        Events of the signal in each bin.
    backgrounds : mapping of str to array of shape (STEPS,)
    cuts : tuple of CandleCut
        At the edges of the bins.
    chosen : CandleCut
        The cut asked for, or the best one.
    flux : tuple of FluxBin
        Errors of the flux in bins of the neutrino energy, with the chosen cut.
    before, after : float
        Relative error of the flux averaged over the signal: of the prior, and after the fit.
    """

    path: Path
    selection: CandleSelection
    errors: CandleErrors
    made: float
    counted: float
    edges_GeV: FloatArray
    signal: FloatArray
    backgrounds: Mapping[str, FloatArray]
    cuts: tuple[CandleCut, ...]
    chosen: CandleCut
    flux: tuple[FluxBin, ...]
    before: float
    after: float


@dataclass(frozen=True)
class Background:
    """A background that the user brings: a table of text, or events of a generator with their number `events`."""

    path: Path
    events: float | None = None

    def electrons(self, candidates: ElectronCandidates) -> Iterator[Electrons]:
        """Return its electrons; raise `InputError` or `FileError` where the file does not fit."""
        if is_table(self.path):
            if self.events is not None:
                raise InputError(f"'{self.path}' has a column 'events'; leave the number of its events out")
            return table_electrons(self.path)
        if not is_foreign(self.path):
            raise InputError(
                f"'{self.path}' is neither a table (.csv, .txt, .dat) nor events of a generator (.hepmc3, .hepmc, "
                ".hepevt); convert it to one of these"
            )
        if self.events is None:
            raise InputError(f"'{self.path}' does not say for how many events of the exposure it stands; give that")
        if not (math.isfinite(self.events) and self.events > 0.0):
            raise InputError(f"'{self.path}' cannot stand for {self.events:g} events; give a positive number")
        return candidates.of(open_foreign(self.path), self.events)


def standard_candle(
    path: Path, backgrounds: Sequence[Background], candidates: ElectronCandidates,
    selection: CandleSelection, errors: CandleErrors,
) -> Candle:  # fmt: skip
    """Return the standard candle of a file of neutrino-electron scattering.

    Parameters
    ----------
    path
        Event file of a card with an exposure.
    backgrounds
        What looks alike: the smearing is applied to events of generators; tables hold measured electrons.
    candidates
        What a generator's events must have.
    selection, errors

    Raises
    ------
    InputError, FileError
        The file is of another process or has no exposure, a background does not fit, or no electron is left.
    """
    counts = ElectronCounts(selection)
    with open_events(path) as file:
        made = sum(_each(file, counts))
    if not counts.signal.sum() > 0.0:
        raise InputError(
            f"'{path}' has no electron above {selection.min_energy_GeV:g} GeV with E theta^2 below "
            f"{1e3 * counts.edges[-1]:g} MeV; choose a smaller energy"
        )
    noise = {}
    for number, each in enumerate(backgrounds, start=1):
        name = str(each.path)
        if name in noise:
            raise InputError(f"'{name}' is given twice as background; give it once")
        smeared = not is_table(each.path)
        noise[name] = counts.background(each.electrons(candidates), number if smeared else None)
    return _result(path, selection, errors, counts, made, noise)


def _each(file: EventFile, counts: ElectronCounts) -> Iterator[float]:
    """Count the electrons of the signal; yield the events of each block."""
    require_events(file)
    name_unnormalised(file)
    kind = kind_of(file.attributes, file.path)
    if kind is not NEUTRINO_ELECTRON:
        raise InputError(f"'{file.path}' holds {kind.events_are}; give a file of {NEUTRINO_ELECTRON.events_are}")
    expected = float(file.attributes.get("expected_events", 0.0))
    if not expected > 0.0:
        raise InputError(
            f"'{file.path}' does not say how many events are expected; generate it with an [exposure] and an absolute "
            "flux in its card"
        )
    total = math.fsum(float(np.sum(block["weight"])) for block in file.sound_blocks(["weight"]))
    start = 0
    for block in file.sound_blocks(["weight", "electron_energy", "e_theta2", "e_nu"]):
        energy = 1e-3 * block["electron_energy"] + ELECTRON_MASS_GEV
        events = block["weight"] * (expected / total)
        counts.add_signal(Electrons(energy, block["e_theta2"] / energy, events), block["e_nu"], start)
        start += len(events)
        yield float(np.sum(events))


def _result(
    path: Path, selection: CandleSelection, errors: CandleErrors, counts: ElectronCounts, made: float,
    noise: Mapping[str, FloatArray],
) -> Candle:  # fmt: skip
    signal: FloatArray = np.sum(counts.signal, axis=(0, 2))
    backgrounds = {name: found.sum(axis=0) for name, found in noise.items()}
    cuts = _cuts(counts.edges, signal, list(backgrounds.values()), errors)
    asked = selection.max_e_theta2_GeV
    number = int(np.argmin([cut.precision for cut in cuts])) if asked is None else round(asked / counts.edges[1]) - 1
    edges, response = _joined(counts.neutrinos, _grouped(counts.signal, number + 1))
    others = [_grouped(found, number + 1).ravel() for found in noise.values()]
    flux, before, after = _fit(edges, response.reshape(-1, len(edges) - 1), others, errors)
    return Candle(
        path, selection, errors, made, counts.counted, counts.edges, signal, backgrounds, cuts, cuts[number], flux,
        before, after,
    )  # fmt: skip


def _cuts(
    edges: FloatArray, signal: FloatArray, backgrounds: Sequence[FloatArray], errors: CandleErrors
) -> tuple[CandleCut, ...]:
    """Return what cuts at the edges leave: the background is subtracted, with the error of its number."""
    left, others = np.cumsum(signal), [np.cumsum(each) for each in backgrounds]
    noise = sum(others, np.zeros(STEPS))
    variance = left + noise + sum(((errors.background * each) ** 2 for each in others), np.zeros(STEPS))
    with np.errstate(divide="ignore", invalid="ignore"):
        precision = np.where(left > 0.0, np.sqrt(variance / left**2 + errors.cross_section**2), math.inf)
    rows = zip(edges[1:], left, noise, precision, strict=True)
    return tuple(CandleCut(*map(float, row)) for row in rows)


def _grouped(counts: FloatArray, bins: int) -> FloatArray:
    """Return the first bins of E theta^2, which are the second axis, joined to a few groups."""
    starts = np.unique(np.linspace(0, bins, _GROUPS, endpoint=False).astype(np.int64))
    return np.add.reduceat(counts[:, :bins], starts, axis=1)


def _joined(edges: FloatArray, response: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return edges of the neutrino energy and the response, the last axis, with bins of few events joined."""
    share = response.sum(axis=(0, 1)) / response.sum()
    starts, gathered = [0], 0.0
    for number, each in enumerate(share):
        if gathered >= _LEAST_SHARE and share[number:].sum() >= _LEAST_SHARE:
            starts.append(number)
            gathered = 0.0
        gathered += float(each)
    return np.append(edges[starts], math.inf), np.add.reduceat(response, starts, axis=2)


def _fit(
    edges: FloatArray, response: FloatArray, others: Sequence[FloatArray], errors: CandleErrors
) -> tuple[tuple[FluxBin, ...], float, float]:
    """Return relative errors of the flux by a linear fit: in bins of the energy, and of the average before and after.

    The numbers of electrons have the covariance N + sigma_x^2 S S^T + sigma_b^2 B B^T, and the flux the prior
    sigma_norm^2 + sigma_shape^2 1.
    """
    total = response.sum(axis=1)
    seen = total > 0.0
    response, total, others = response[seen], total[seen], [each[seen] for each in others]
    spread = np.diag(total + sum(others, np.zeros(len(total)))) + errors.cross_section**2 * np.outer(total, total)
    for each in others:
        spread = spread + errors.background**2 * np.outer(each, each)
    size = response.shape[1]
    prior = errors.flux**2 * np.ones((size, size)) + errors.flux_shape**2 * np.eye(size)
    after = np.linalg.inv(np.linalg.inv(prior) + response.T @ np.linalg.solve(spread, response))
    signal = response.sum(axis=0)
    share = signal / signal.sum()
    rows = zip(edges[:-1], edges[1:], signal, np.sqrt(np.diag(prior)), np.sqrt(np.diag(after)), strict=True)
    averaged = [math.sqrt(float(share @ matrix @ share)) for matrix in (prior, after)]
    return tuple(FluxBin(*map(float, row)) for row in rows), averaged[0], averaged[1]
