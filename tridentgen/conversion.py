"""From an event file to a file of another format, and back: the whole job, with what the run's card knows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tridentgen.cards import parse_card
from tridentgen.errors import InputError, TridentgenError
from tridentgen.events.export import convert as export
from tridentgen.events.export.convert import Conversion
from tridentgen.events.export.facts import Beam, Exposure
from tridentgen.events.importing.formats import is_foreign, read_foreign
from tridentgen.events.reader import open_events
from tridentgen.exposure import SECONDS_PER_YEAR
from tridentgen.flux import Flux, Monochromatic, Source
from tridentgen.jobs import beam_of
from tridentgen.matter.particles import neutrino
from tridentgen.progress import Progress

FloatArray = NDArray[np.float64]

_MEV_PER_GEV = 1e3
_BINS = 500
_POINTS_PER_BIN = 16
_LOGARITHMIC_FROM = 30.0  # ratio of the highest to the lowest energy


def convert(
    source: str | Path, target: str | Path, *, flavour: str | None = None, recoil: str = "final",
    unweight: bool = False, seed: int = 1, force: bool = False, progress: Progress | None = None,
) -> Conversion | None:  # fmt: skip
    """Write an event file in the format that the name of `target` ends with; see `tridentgen.events.export.convert`.

    With a `target` that ends with ``.h5``, read NuHepMC or HEPEVT of another generator into an event file instead, and
    return None.
    """
    source, target = Path(source), Path(target)
    if is_foreign(source):
        if target.suffix != ".h5":
            raise InputError(f"'{source}' can be converted to an event file only; give a name that ends with .h5")
        read_foreign(source).to_hdf5(target, force=force)
        return None
    with open_events(source) as file:
        attributes = dict(file.attributes)
    beams, exposure = beam_and_exposure(attributes)
    return export.convert(
        source, target, flavour=flavour, recoil=recoil, unweight=unweight, seed=seed, beams=beams, exposure=exposure,
        force=force, progress=progress,
    )  # fmt: skip


def beam_and_exposure(attributes: Mapping[str, Any]) -> tuple[tuple[Beam, ...], Exposure]:
    """Return what the card of a run says of its beam and exposure, as far as it still says the same."""
    try:
        card = parse_card(str(attributes["card"]))
    except (KeyError, TridentgenError):
        return (), Exposure()
    exposure = Exposure()
    if card.exposure is not None:
        years = card.exposure.years
        exposure = Exposure(card.exposure.pot, None if years is None else years * SECONDS_PER_YEAR)
    try:
        flux = beam_of(card)
    except (TridentgenError, OSError):  # the file of a flux is not here any more
        return (), exposure
    if flux.description != attributes.get("flux"):
        return (), exposure
    source = flux if isinstance(flux, Source) else Source.of(flux, str(attributes["neutrino"]))
    return tuple(_beam(source.only(name), neutrino(name).pdgid) for name in source.neutrinos), exposure


def _beam(source: Source, pdgid: int) -> Beam:
    """Return the spectrum of one kind of neutrino."""
    fluxes = [component.flux for component in source.components]
    unit = source.total_units or "Arbitrary"
    if len(fluxes) == 1 and isinstance(fluxes[0], Monochromatic):
        return Beam(pdgid, fluxes[0].energy_GeV * _MEV_PER_GEV, np.empty(0), np.empty(0), unit)
    edges = _edges(min(flux.energy_min_GeV for flux in fluxes), max(flux.energy_max_GeV for flux in fluxes))
    contents = sum((_contents(flux, edges) for flux in fluxes), np.zeros(_BINS))
    return Beam(pdgid, None, edges * _MEV_PER_GEV, contents, unit)


def _edges(low: float, high: float) -> FloatArray:
    """Return edges of bins, logarithmic over wide ranges."""
    if low > 0.0 and high / low > _LOGARITHMIC_FROM:
        return np.geomspace(low, high, _BINS + 1)
    return np.linspace(low, high, _BINS + 1)


def _contents(flux: Flux, edges: FloatArray) -> FloatArray:
    """Return the flux in each bin, by the midpoint rule."""
    if isinstance(flux, Monochromatic):
        place = min(int(np.searchsorted(edges, flux.energy_GeV, side="right")) - 1, _BINS - 1)
        return np.where(np.arange(_BINS) == place, flux.total, 0.0)
    widths = np.diff(edges)
    inside = (np.arange(_POINTS_PER_BIN) + 0.5) / _POINTS_PER_BIN
    energies = edges[:-1, None] + widths[:, None] * inside
    density = flux.density(energies.reshape(-1)).reshape(energies.shape)
    return np.asarray(flux.total * widths * density.mean(axis=1), dtype=np.float64)
