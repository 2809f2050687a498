"""What the commands do, as functions: the names that `import tridentgen as tg` offers beside classes."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tridentgen.analysis.cut_results import CutFlow
from tridentgen.analysis.cutting import CutRequest, apply_cuts
from tridentgen.analysis.epa_comparison import EpaRatio, Sampling, epa_ratios
from tridentgen.cards import Card, read_card
from tridentgen.engines import choose_engine
from tridentgen.errors import InputError
from tridentgen.events.events import Events
from tridentgen.exchange.importing.candidates import Candidates, Taken
from tridentgen.flux import Beam
from tridentgen.processes.base import beam_from, only_flux
from tridentgen.processes.trident.trident import Trident
from tridentgen.progress import Progress, silent

if TYPE_CHECKING:
    from tridentgen.reports.rates import RateReport
    from tridentgen.runs.bench import Json

PathLike = str | os.PathLike[str]


def cut(
    path: PathLike,
    cuts: Sequence[str] | Mapping[str, float] = (),
    output: PathLike | None = None,
    *,
    card: PathLike | None = None,
    minus: Sequence[str] = (),
    plus: Sequence[str] = (),
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
        Keys of [cuts] with their values in the units of the keys: ``{"m2_ll_max_GeV2": 0.2}``, or texts ``KEY=VALUE``;
        in their order. Those of the file's card unless given.
    output
        Event file to write with the events that pass.
    card
        A card whose [cuts] are taken, with `cuts` laid over them.
    minus, plus
        Of other generators: the particles taken for the negative and the positive lepton, the lepton first.
    veto_GeV
        Reject tridents with another visible particle of more kinetic energy.
    beam_direction
        Of other generators: the beam where an event has no incoming particle.
    weight
        Of HepMC: name of the weight that is taken; that named CV, or the only one, unless given.
    force
        Overwrite the output.
    progress
        Called with the name of the step and the completed fraction.

    Returns
    -------
    CutFlow
        What each cut leaves, by regime: shares, cross sections and their errors; `notes` on files of others.

    Raises
    ------
    InputError, FileError
        No cuts, cuts that do not fit the events, or a file that cannot be read or written.
    """
    options = tuple(f"{key}={value}" for key, value in cuts.items()) if isinstance(cuts, Mapping) else tuple(cuts)
    if bool(minus) != bool(plus):
        raise InputError("minus and plus go together: give the particles taken for both leptons")
    candidates = None
    if minus:
        candidates = Candidates(Taken.named("minus", minus, -1), Taken.named("plus", plus, 1), beam_direction)
    request = CutRequest(options, None if card is None else Path(card), candidates, veto_GeV, weight)
    return apply_cuts(Path(path), request, output if output is None else Path(output), force=force, progress=progress)


def rate(
    card: Card | PathLike, *, overrides: Sequence[str] = (), all_pairs: bool = False, progress: Progress = silent
) -> RateReport:
    """Return the expected events of a card in its exposure: ``tridentgen rate``.

    Parameters
    ----------
    card
        A `Card`, the path of one, or the name of a built-in one.
    overrides
        Card keys to set, ``KEY=VALUE``.
    all_pairs
        Tridents of all neutrinos of the flux and all lepton pairs.
    progress
        Called with the name of the step and the completed fraction.

    Returns
    -------
    RateReport
        With the numbers as `json`, a table as `text` (and as ``str(report)``), and `warnings`.

    Raises
    ------
    CardError, InputError, FileError
        For a card that is wrong, a flux that has no size, or an exposure that does not go with it.
    """
    from tridentgen.reports.by_kind import rate_report  # reports are not needed for anything else here

    if isinstance(card, Card):
        if overrides:
            raise InputError("overrides go with a card's path or name, not with a Card")
        return rate_report(card, all_pairs=all_pairs, progress=progress)
    return rate_report(read_card(Path(card) if not isinstance(card, str) else card, overrides), all_pairs=all_pairs,
                       progress=progress)  # fmt: skip


def plot(events: Events | PathLike, folder: PathLike | None = None, *, formats: Sequence[str] = ("png",)) -> list[Path]:
    """Draw the distributions of events: ``tridentgen plot``.

    Parameters
    ----------
    events
        An event file, or events in memory.
    folder
        Where the pictures go; a folder named after the file unless given.
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
    from tridentgen.plots.events import plot_events  # the extra `plot` is not needed for anything else

    if isinstance(events, Events):
        if folder is None:
            raise InputError("events in memory have no file to name a folder after; give folder")
        return plot_events(events, folder, tuple(formats))
    path = Path(events)
    return plot_events(path, path.with_suffix("") if folder is None else folder, tuple(formats))


def epa(
    trident: Trident,
    energy: float | None = None,
    *,
    flux: Beam | None = None,
    photon_fluxes: Sequence[str] = ("exact", "lambda-qcd", "q-max", "uncut"),
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
        Neutrino energy in GeV, or a flux; just one of them.
    photon_fluxes
        Fluxes of photons, as for `EpaTrident`.
    q_max_GeV
        Cut of ``q-max``.
    rel_error, seed, engine, threads
        As for `Trident.cross_section`.
    progress
        Called with the name of the step and the completed fraction.

    Returns
    -------
    list of EpaRatio
        For each flux of photons: `value`, `error`, and both cross sections.

    Raises
    ------
    InputError
        An unknown flux of photons, or a beam below the threshold.
    """
    beam = only_flux(beam_from(energy, flux))
    fluxes = [(name, q_max_GeV if name == "q-max" else None) for name in photon_fluxes]
    return epa_ratios(trident, beam, fluxes, Sampling(choose_engine(engine, threads), seed, rel_error), progress)


def bench(progress: Progress = silent) -> list[Json]:
    """Measure the speed of this machine, as ``tridentgen bench`` does: a row for every engine and process."""
    from tridentgen.runs.bench import measure

    return measure(progress)
