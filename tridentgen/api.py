"""The commands as functions: the names that `import tridentgen as tg` offers besides classes."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tridentgen.analysis.cut_results import CutFlow
from tridentgen.analysis.cutting import CutRequest, apply_cuts
from tridentgen.analysis.electron_counts import CandleSelection
from tridentgen.analysis.epa_comparison import EpaRatio, Sampling, epa_ratios
from tridentgen.analysis.standard_candle import Background, Candle, CandleErrors, standard_candle
from tridentgen.cards import Card, read_card
from tridentgen.engines import choose_engine
from tridentgen.errors import InputError
from tridentgen.events.events import Events
from tridentgen.exchange.importing.candidates import Candidates, Taken
from tridentgen.exchange.importing.electrons import ElectronCandidates
from tridentgen.fits.fit import LEVELS, FitResult, fit_measurements
from tridentgen.fits.measurement import Measurement
from tridentgen.fits.models import FreeKey, free_key
from tridentgen.fits.read import read_measurement
from tridentgen.flux import Beam
from tridentgen.processes.base import beam_from, only_flux
from tridentgen.processes.trident.trident import Trident
from tridentgen.progress import Progress, silent

if TYPE_CHECKING:
    from tridentgen.reports.rates import RateReport
    from tridentgen.runs.bench import Json

PathLike = str | os.PathLike[str]


def _listed(given: str | Sequence[str]) -> tuple[str, ...]:
    """Return a list of names, also where one is given by itself."""
    return (given,) if isinstance(given, str) else tuple(given)


def cut(
    path: PathLike,
    cuts: str | Sequence[str] | Mapping[str, float] = (),
    output: PathLike | None = None,
    *,
    card: PathLike | None = None,
    minus: str | Sequence[str] = (),
    plus: str | Sequence[str] = (),
    veto_GeV: float | None = None,
    beam_direction: tuple[float, float, float] | None = None,
    weight: str | None = None,
    force: bool = False,
    progress: Progress = silent,
) -> CutFlow:
    """Apply cuts to the events of a file, block by block: ``tridentgen cut``.

    Parameters
    ----------
    path
        An event file, or HepMC or HEPEVT of any generator.
    cuts
        Keys of [cuts] with their values in the units of the keys, ``{"m2_ll_max_GeV2": 0.2}``, or strings
        ``KEY=VALUE``; applied in this order. Default: the cuts of the file's card.
    output
        Event file for the events that pass.
    card
        A card whose [cuts] are used, overridden by `cuts`.
    minus, plus
        For files of other generators: particles taken for the negative and the positive lepton, the lepton first.
    veto_GeV
        Reject events with another visible particle of more kinetic energy; for tridents.
    beam_direction
        For files of other generators: direction of the beam if an event has no incoming particle.
    weight
        For HepMC files: name of the weight to use; the default is the weight named CV, or the only one.
    force
        Overwrite the output.
    progress
        Called with the name of the step and the completed fraction.

    Returns
    -------
    CutFlow
        The cut flow by regime: shares, cross sections and their errors; `notes` on files of other generators.

    Raises
    ------
    InputError, FileError
        No cuts, cuts that do not apply to the events, or a file that cannot be read or written.
    """
    options = tuple(f"{key}={value}" for key, value in cuts.items()) if isinstance(cuts, Mapping) else _listed(cuts)
    minus, plus = _listed(minus), _listed(plus)
    if beam_direction is not None and len(beam_direction) != 3:
        raise InputError(f"beam_direction = {beam_direction} must be three numbers, such as (0, -0.1, 1)")
    if veto_GeV is not None and not (math.isfinite(veto_GeV) and veto_GeV > 0.0):
        raise InputError(f"veto_GeV = {veto_GeV} must be positive and finite")
    if bool(minus) != bool(plus):
        raise InputError("minus and plus go together: give the particles taken for both leptons")
    candidates = None
    if minus:
        candidates = Candidates(Taken.named("minus", minus, -1), Taken.named("plus", plus, 1), beam_direction)
    request = CutRequest(options, None if card is None else Path(card), candidates, veto_GeV, weight)
    return apply_cuts(Path(path), request, output if output is None else Path(output), force=force, progress=progress)


def candle(
    path: PathLike,
    backgrounds: PathLike | Mapping[str, float | None] | Sequence[PathLike] = (),
    *,
    selection: CandleSelection | None = None,
    errors: CandleErrors | None = None,
    electron: str | Sequence[str] = ("e-", "e+"),
    veto_GeV: float = math.inf,
) -> Candle:
    """Return what neutrino-electron scattering tells of the flux: ``tridentgen candle``.

    Parameters
    ----------
    path
        Event file of neutrino-electron scattering, of a card with an exposure.
    backgrounds
        Tables of electrons; or a mapping from files to the number of events for which a file of a generator stands,
        None for tables.
    selection
        Which electrons are counted and how well they are measured; `CandleSelection()` by default.
    errors
        Relative errors of background, cross section and flux; `CandleErrors()` by default.
    electron
        For files of generators: particles taken for the electron, ``e-`` first.
    veto_GeV
        For files of generators: reject events with another visible particle of more kinetic energy.

    Returns
    -------
    Candle
        Numbers of events by E theta^2, `cuts`, the `chosen` one, and the errors of the flux in bins of energy.

    Raises
    ------
    InputError, FileError
        A file of another process or without an exposure, or a file that cannot be read.
    """
    if isinstance(backgrounds, Mapping):
        given = [Background(Path(name), events) for name, events in backgrounds.items()]
    else:
        paths = [backgrounds] if isinstance(backgrounds, (str, os.PathLike)) else backgrounds
        given = [Background(Path(each)) for each in paths]
    candidates = ElectronCandidates(Taken.named("electron", _listed(electron), -1), veto_GeV)
    return standard_candle(Path(path), given, candidates, selection or CandleSelection(), errors or CandleErrors())


Free = str | Sequence[str] | Mapping[str, tuple[float, float] | None]
"""Keys of a card, or keys with ranges (None for no range)."""


def measurement(
    name: PathLike, *, overrides: str | Sequence[str] = (), free: Free = (), asimov: bool = False
) -> Measurement:
    """Return measured CEvNS events and the card that predicts them.

    Parameters
    ----------
    name
        A built-in card with [fit], such as ``"csi-2021"``, or the path of a card.
    overrides
        Card keys to set, ``KEY=VALUE``.
    free
        Keys that a fit will need and that the card lacks, such as ``"model.vector.strength"``: they begin at zero.
    asimov
        Take the events that the card expects as data.

    Returns
    -------
    Measurement
        Its `chi2(model, nuisances)` is the likelihood as a plain function.

    Raises
    ------
    CardError, InputError, FileError
        An invalid card, unknown data, or a file that cannot be read.
    """
    return read_measurement(
        name if isinstance(name, str) else Path(name), _listed(overrides), _keys(free), asimov=asimov
    )


def fit(
    data: Measurement | PathLike | Sequence[Measurement | PathLike], free: Free = (), *,
    levels: Sequence[float] = LEVELS, progress: Progress = silent,
) -> FitResult:  # fmt: skip
    """Fit numbers of cards to measured events: ``tridentgen fit``.

    Parameters
    ----------
    data
        Measurements, or names of cards; several are fitted together.
    free
        Keys to fit, ``{"model.sin2_theta_w": (0.1, 0.4)}`` with ranges; ``"csi-2021:process.neutron_radius_fm"`` is the
        key of one card. Without any, the number of CEvNS events is fitted.
    levels
        Confidence levels of the intervals.
    progress
        Called with the name of the step and the completed fraction.

    Returns
    -------
    FitResult
        Best values, all intervals, chi2, pulls; `interval`, `profile` and `contour` give more.

    Raises
    ------
    InputError, CardError, FileError
        A key that does not change the expected events, a best value at its limit, or a fit that does not converge.
    TridentgenError
        iminuit is not installed.
    """
    keys = _keys(free)
    several = [data] if isinstance(data, (Measurement, str, os.PathLike)) else list(data)
    found = [each if isinstance(each, Measurement) else measurement(each, free=free) for each in several]
    return fit_measurements(found, keys, tuple(levels), progress)


def _keys(free: Free) -> tuple[FreeKey, ...]:
    if isinstance(free, Mapping):
        return tuple(free_key(k if r is None else f"{k}={r[0]!r}:{r[1]!r}") for k, r in free.items())
    return tuple(free_key(key) for key in _listed(free))


def rate(
    card: Card | PathLike, *, overrides: str | Sequence[str] = (), all_pairs: bool = False, progress: Progress = silent
) -> RateReport:
    """Return the events expected for the card's exposure: ``tridentgen rate``.

    Parameters
    ----------
    card
        A `Card`, the path of one, or the name of a built-in one.
    overrides
        Card keys to set, ``KEY=VALUE``.
    all_pairs
        Compute tridents of all neutrinos in the flux and all lepton pairs.
    progress
        Called with the name of the step and the completed fraction.

    Returns
    -------
    RateReport
        The numbers as `json`, a table as `text` (and as ``str(report)``), and `warnings`.

    Raises
    ------
    CardError, InputError, FileError
        An invalid card, a flux known only in shape, or an exposure that does not fit the flux.
    """
    from tridentgen.reports.by_kind import rate_report  # only this function needs reports

    if isinstance(card, Card):
        if overrides:
            raise InputError("overrides go with a card's path or name, not with a Card")
        return rate_report(card, all_pairs=all_pairs, progress=progress)
    found = read_card(card if isinstance(card, str) else Path(card), _listed(overrides))
    return rate_report(found, all_pairs=all_pairs, progress=progress)


def plot(
    events: Events | PathLike, folder: PathLike | None = None, *, formats: str | Sequence[str] = ("png",)
) -> list[Path]:
    """Draw the distributions of events: ``tridentgen plot``.

    Parameters
    ----------
    events
        An event file, or events in memory.
    folder
        Folder for the pictures; default: a folder named after the file.
    formats
        Any of ``png``, ``pdf``, ``svg``.

    Returns
    -------
    list of Path
        One picture for each observable and format, then an overview.

    Raises
    ------
    TridentgenError
        matplotlib or mplhep is not installed.
    InputError, FileError
        An unknown format, nothing to draw, no folder for events in memory, or a file that cannot be read or written.
    """
    from tridentgen.plots.events import plot_events  # only drawing needs the extra `plot`

    if isinstance(events, Events):
        if folder is None:
            raise InputError("events in memory have no file to name a folder after; give folder")
        return plot_events(events, folder, _listed(formats))
    path = Path(events)
    return plot_events(path, path.with_suffix("") if folder is None else folder, _listed(formats))


def epa(
    trident: Trident,
    energy: float | None = None,
    *,
    flux: Beam | None = None,
    photon_fluxes: str | Sequence[str] = ("exact", "lambda-qcd", "q-max", "uncut"),
    q_max_GeV: float | None = None,
    rel_error: float = 1e-3,
    seed: int = 1,
    engine: str = "auto",
    threads: int | None = None,
    progress: Progress = silent,
) -> list[EpaRatio]:
    """Return the ratio of the equivalent-photon approximation to the full phase space: ``tridentgen epa``.

    Parameters
    ----------
    trident
        The full process.
    energy, flux
        Neutrino energy in GeV, or a flux; exactly one of them.
    photon_fluxes
        Photon fluxes, as for `EpaTrident`.
    q_max_GeV
        Cut of ``q-max``.
    rel_error, seed, engine, threads
        As for `Trident.cross_section`.
    progress
        Called with the name of the step and the completed fraction.

    Returns
    -------
    list of EpaRatio
        For each photon flux: `value`, `error`, and both cross sections.

    Raises
    ------
    InputError
        An unknown photon flux, or a beam below the threshold.
    """
    if not isinstance(trident, Trident):
        raise InputError(f"the EPA is an approximation of tridents, not of {trident!r}; give a Trident")
    beam = only_flux(beam_from(energy, flux))
    fluxes = [(name, q_max_GeV if name == "q-max" else None) for name in _listed(photon_fluxes)]
    return epa_ratios(trident, beam, fluxes, Sampling(choose_engine(engine, threads), seed, rel_error), progress)


def bench(progress: Progress = silent) -> list[Json]:
    """Measure the speed of this machine, one row per engine and process: ``tridentgen bench``."""
    from tridentgen.runs.bench import measure

    return measure(progress)
