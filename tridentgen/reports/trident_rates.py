"""Expected events of tridents, as text and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np

from tridentgen._version import __version__
from tridentgen.analysis.rate_table import (
    TridentRate,
    exposure_of,
    material_of,
    trident_of,
    trident_on,
    trident_rate,
)
from tridentgen.cards import Card
from tridentgen.flux import Flux
from tridentgen.processes.base import Caveat, only_flux
from tridentgen.processes.trident.labels import regime_rows
from tridentgen.progress import Progress
from tridentgen.reports.layout import Json, aligned, amount, block, measured
from tridentgen.reports.rates import RateReport, exposure_words, head_json, head_rows
from tridentgen.runs.job import beam_of, engine_of


def trident_report(card: Card, progress: Progress) -> RateReport:
    """Return the tridents expected for the card's exposure."""
    trident, beam = trident_of(card), only_flux(beam_of(card))
    exposure = exposure_of(card, beam)
    rate = trident_rate(card, exposure, beam, engine_of(card), progress)
    cuts = [cut.words for cut in card.cuts.cuts]
    target = material_of(card).name
    process = trident.line.partition(" (")[0].replace(f" {trident.target} ", f" {target} ", 1)
    head = head_json(process, beam, card, exposure)
    rows = regime_rows(rate.regimes)
    total = rate.events()
    warnings = part_warnings(rate) + tuple(caveat.text for caveat in rate_caveats(card, rate, beam))
    found = {
        **head,
        "events": total.value,
        "events_error": total.error,
        "by_regime": [regime_json(rate, name, regimes, len(cuts)) for name, regimes in rows],
        "by_nuclide": [part_json(rate, number) for number in range(len(rate.parts))],
        "cuts": [
            {"cut": cut, "by_regime": {name: asdict(rate.events(regimes, cuts=step)) for name, regimes in rows}}
            for step, cut in enumerate(cuts, start=1)
        ],
        "warnings": list(warnings),
        "version": __version__,
    }
    told = exposure_words(card, exposure, beam)
    lines = [block(card.title, head_rows(head, told)), "", aligned(_trident_table(rate, rows, len(cuts)), "  ")]
    if cuts:
        lines += ["", aligned(_flow_table(rate, rows, cuts), "  ")]
    if len(rate.nuclides) > 1:
        lines += ["", aligned(_nuclide_table(rate, rows), "  ")]
    return RateReport(found, "\n".join(lines), told, warnings)


def part_warnings(rate: TridentRate) -> tuple[str, ...]:
    """Return warnings about the reliability of a rate."""
    return tuple(
        f"{part.regime} on {part.nuclide.name}: {warning}" for part in rate.parts for warning in part.sigma.warnings
    )


def rate_caveats(card: Card, rate: TridentRate, flux: Flux) -> tuple[Caveat, ...]:
    """Return what the calculation leaves out and matters, on the nuclide with the most events."""
    main = max(rate.nuclides, key=lambda nuclide: rate.events(nuclide=nuclide).value)
    return trident_on(card, main).caveats(flux=flux)


def regime_json(rate: TridentRate, name: str, regimes: tuple[str, ...], cuts: int) -> Json:
    """Return the events of some regimes under one name, before cuts and after the first `cuts` cuts."""
    before, after = rate.events(regimes), rate.events(regimes, cuts=cuts)
    row = {"regime": name, "events": before.value, "events_error": before.error}
    if cuts:
        row |= {
            "events_after_cuts": after.value,
            "events_after_cuts_error": after.error,
            "efficiency": after.value / before.value,
        }
    return row


def part_json(rate: TridentRate, number: int) -> Json:
    """Return one part of a rate: a nuclide and a regime."""
    part = rate.parts[number]
    return {
        "nuclide": part.nuclide.name,
        "regime": part.regime,
        "nuclei": part.nuclei,
        "sigma_cm2": part.sigma.value,
        "error_cm2": part.sigma.error,
        "events": part.scale * part.sigma.value,
        "events_error": part.scale * part.sigma.error,
    }


def _trident_table(rate: TridentRate, rows: Sequence[tuple[str, tuple[str, ...]]], cuts: int) -> list[tuple[str, ...]]:
    single = len(rate.nuclides) == 1
    header = ["regime", *(["sigma/cm2"] if single else []), "events", *(["after cuts"] if cuts else [])]
    lines = [tuple(header)]
    for name, regimes in rows:
        sigmas = [part.sigma for part in rate.parts if part.regime in regimes]
        value, error = sum(s.value for s in sigmas), float(np.hypot.reduce([s.error for s in sigmas]))
        cells = [name, *([measured(value, error)] if single else []), amount(rate.events(regimes))]
        lines.append((*cells, *([amount(rate.events(regimes, cuts=cuts))] if cuts else [])))
    return lines


def _flow_table(
    rate: TridentRate, rows: Sequence[tuple[str, tuple[str, ...]]], cuts: Sequence[str]
) -> list[tuple[str, ...]]:
    lines = [("cut", *(name for name, _ in rows))]
    for step, cut in enumerate(cuts, start=1):
        cells = []
        for _, regimes in rows:
            left = rate.events(regimes, cuts=step)
            cells.append(f"{left.value:.4g} ({left.value / rate.events(regimes).value:.1%})")
        lines.append((cut, *cells))
    return lines


def _nuclide_table(rate: TridentRate, rows: Sequence[tuple[str, tuple[str, ...]]]) -> list[tuple[str, ...]]:
    lines = [("nuclide", "nuclei", *(name for name, _ in rows))]
    for nuclide in rate.nuclides:
        number = next(part.nuclei for part in rate.parts if part.nuclide == nuclide)
        events = [rate.events(regimes, nuclide) for _, regimes in rows]
        lines.append((nuclide.name, f"{number:.4e}", *(f"{found.value:.4g}" for found in events)))
    return lines
