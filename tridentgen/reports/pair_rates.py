"""The output of `tridentgen rate --all-pairs`, as text and as JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tridentgen._version import __version__
from tridentgen.analysis.pair_rates import PairRate, pair_rates
from tridentgen.analysis.rate_table import material_of
from tridentgen.cards import Card
from tridentgen.errors import InputError
from tridentgen.processes.trident.columns import REGIME_NAMES
from tridentgen.processes.trident.labels import regime_rows
from tridentgen.progress import Progress
from tridentgen.reports.caveats import largest
from tridentgen.reports.layout import aligned, amount, block
from tridentgen.reports.rates import RateReport, exposure_json, exposure_words
from tridentgen.reports.trident_rates import part_json, part_warnings, rate_caveats, regime_json


def pairs_report(card: Card, progress: Progress) -> RateReport:
    """Return the tridents of all neutrinos and lepton pairs expected for the card's exposure.

    Raise `InputError` where no lepton pair is above threshold.
    """
    exposure, channels = pair_rates(card, progress)
    if not channels:
        raise InputError(f"{card.where(('flux',))}: flux: all of it is below the threshold of every lepton pair")
    cuts = [cut.words for cut in card.cuts.cuts]
    told = exposure_words(card, exposure, channels[0].flux)
    warnings = _warnings(channels)
    found = {
        "exposure": exposure_json(card, exposure),
        "channels": [_channel_json(channel, len(cuts)) for channel in channels],
        "cuts": cuts,
        "warnings": list(warnings),
        "version": __version__,
    }
    title = f"{card.title}: all neutrinos and lepton pairs" if card.title else ""
    flux = f"{', '.join(dict.fromkeys(channel.neutrino for channel in channels))}: {_flux(card)}"
    head = block(title, [("target", material_of(card).name), ("flux", flux), ("exposure", told)])
    text = "\n".join([head, "", aligned(_table(channels, len(cuts)), "  ")])
    return RateReport(found, text, told, warnings)


def _warnings(channels: tuple[PairRate, ...]) -> tuple[str, ...]:
    """Return the warnings of all pairs, and the caveats of those where they matter most."""
    names = [f"{channel.neutrino} -> {' '.join(channel.leptons)}" for channel in channels]
    named = list(zip(names, channels, strict=True))
    of_parts = tuple(f"{name}, {warning}" for name, channel in named for warning in part_warnings(channel.rate))
    caveats = (
        (name, caveat) for name, channel in named for caveat in rate_caveats(channel.card, channel.rate, channel.flux)
    )
    return of_parts + largest(caveats)


def _flux(card: Card) -> str:
    """Return the kind of flux, or the name of its file or facility."""
    named = {"file": "path", "facility": "name"}.get(card.flux.kind)
    return card.flux.kind if named is None else Path(str(card.flux.options[named])).name


def _channel_json(channel: PairRate, cuts: int) -> dict[str, Any]:
    rate, total = channel.rate, channel.rate.events()
    return {
        "nu": channel.neutrino,
        "leptons": list(channel.leptons),
        "flux_total": channel.flux.total,
        "flux_units": channel.flux.total_units,
        "events": total.value,
        "events_error": total.error,
        "by_regime": [regime_json(rate, name, regimes, cuts) for name, regimes in regime_rows(rate.regimes)],
        "by_nuclide": [part_json(rate, number) for number in range(len(rate.parts))],
    }


def _table(channels: tuple[PairRate, ...], cuts: int) -> list[tuple[str, ...]]:
    """Return a row for each neutrino and lepton pair, and a column for each regime."""
    there = [name for name in REGIME_NAMES if any(name in channel.rate.regimes for channel in channels)]
    columns = regime_rows(there)
    rows = [("nu", "leptons", *(name for name, _ in columns), *(["after cuts"] if cuts else []))]
    for channel in channels:
        cells = [
            amount(channel.rate.events(regimes)) if set(regimes) & set(channel.rate.regimes) else "-"
            for _, regimes in columns
        ]
        cells += [amount(channel.rate.events(cuts=cuts))] if cuts else []
        rows.append((channel.neutrino, " ".join(channel.leptons), *cells))
    return rows
