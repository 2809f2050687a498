"""Rates of all tridents in a beam: all its neutrinos, all lepton pairs."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tridentgen.analysis.rate_table import (
    TridentRate,
    exposure_of,
    process_of,
    regimes_above_threshold,
    trident_rate,
)
from tridentgen.cards import Card, CardError
from tridentgen.exposure import Exposure
from tridentgen.flux import Flux, build_source, has_one_neutrino
from tridentgen.processes.base import only_flux
from tridentgen.processes.trident.pairs import Pair, lepton_pairs
from tridentgen.progress import Progress, silent
from tridentgen.runs.job import beam_of, engine_of


@dataclass(frozen=True)
class PairRate:
    """Tridents of one neutrino and one lepton pair; `card` has them in place of its own."""

    card: Card
    neutrino: str
    leptons: Pair
    flux: Flux
    rate: TridentRate


def pair_rates(card: Card, progress: Progress = silent) -> tuple[Exposure, tuple[PairRate, ...]]:
    """Return the exposure of a card and the rates of all neutrinos and lepton pairs above threshold in its flux.

    Parameters
    ----------
    card : Card
        Its neutrino and leptons are ignored; the rest is used as in `trident_rate`.
    progress : callable

    Raises
    ------
    CardError, FileError
        As `trident_rate`.
    """
    require_common_model(card)
    fluxes = {name: _flux(card, name) for name in neutrinos_of(card)}
    exposure = exposure_of(card, next(iter(fluxes.values())))
    plans = []
    for name, flux in fluxes.items():
        for pair in lepton_pairs(name):
            changed = _with(card, name, pair)
            if regimes_above_threshold(changed, flux):
                plans.append((name, pair, flux, changed))
    engine, found = engine_of(card), []
    for number, (name, pair, flux, changed) in enumerate(plans):
        progress(f"{name} {' '.join(pair)}", number / len(plans))
        found.append(PairRate(changed, name, pair, flux, trident_rate(changed, exposure, flux, engine)))
    return exposure, tuple(found)


def require_common_model(card: Card) -> None:
    """Raise `CardError` if the model of a card holds for one neutrino and one lepton pair only."""
    for key in ("vector_coupling", "axial_coupling", "zprime", "z_propagator"):
        if getattr(card.model, key) not in (None, False):
            raise CardError(
                f"{card.where(('model', key))}: model.{key} holds for one neutrino and one lepton pair, and several "
                "are computed; leave it out"
            )


def neutrinos_of(card: Card) -> tuple[str, ...]:
    """Return the neutrino species in the flux of a card: all those of a file or a source, else the card's own."""
    options = card.flux.options
    if has_one_neutrino(card.flux.kind, options):
        return (process_of(card).neutrino,)
    with card.blaming("flux", card.flux.range_key):
        return build_source(card.flux.kind, options, None, card.base_dir).neutrinos


def _with(card: Card, name: str, pair: Pair) -> Card:
    return replace(card, process=replace(process_of(card), neutrino=name, leptons=pair))


def _flux(card: Card, name: str) -> Flux:
    return only_flux(beam_of(_with(card, name, lepton_pairs(name)[0])))
