"""Beams from the card of a run, for the formats that record them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tridentgen.cards import parse_card
from tridentgen.constants import MEV_PER_GEV
from tridentgen.errors import TridentgenError
from tridentgen.exchange.export.facts import Beam
from tridentgen.flux.base import Flux
from tridentgen.flux.dark_matter import Halo
from tridentgen.flux.monochromatic import Monochromatic
from tridentgen.flux.source import Source
from tridentgen.matter.particles import neutrino
from tridentgen.runs.job import beam_of
from tridentgen.typing import FloatArray

_BINS = 500


_POINTS_PER_BIN = 16


_LOGARITHMIC_FROM = 30.0  # ratio of the highest to the lowest energy


def beams_of(attributes: Mapping[str, Any]) -> tuple[Beam, ...]:
    """Return the beams of neutrinos from the card of a run; empty if it no longer describes the same beam."""
    try:
        flux = beam_of(parse_card(str(attributes["card"])))
    except (KeyError, TridentgenError, OSError):  # the file of the flux no longer exists
        return ()
    if isinstance(flux, Halo) or flux.description != attributes.get("flux"):
        return ()
    source = flux if isinstance(flux, Source) else Source.of(flux, str(attributes["neutrino"]))
    return tuple(_beam(source.only(name), neutrino(name).pdgid) for name in source.neutrinos)


def _beam(source: Source, pdgid: int) -> Beam:
    """Return the spectrum of one kind of neutrino."""
    fluxes = [component.flux for component in source.components]
    unit = source.total_units or "Arbitrary"
    if len(fluxes) == 1 and isinstance(fluxes[0], Monochromatic):
        return Beam(pdgid, fluxes[0].energy_GeV * MEV_PER_GEV, np.empty(0), np.empty(0), unit)
    edges = _edges(min(flux.energy_min_GeV for flux in fluxes), max(flux.energy_max_GeV for flux in fluxes))
    contents = sum((_contents(flux, edges) for flux in fluxes), np.zeros(_BINS))
    return Beam(pdgid, None, edges * MEV_PER_GEV, contents, unit)


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
