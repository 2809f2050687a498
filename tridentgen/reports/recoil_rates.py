"""Expected recoils of nuclei, by neutrinos or dark matter, and their spectra, as text and as JSON."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from tridentgen._version import __version__
from tridentgen.analysis.rate_table import exposure_of
from tridentgen.analysis.recoil_spectra import RecoilRate, Spectrum, recoil_rate
from tridentgen.cards import Card
from tridentgen.constants import KEV_PER_GEV
from tridentgen.exposure import DAY_YEARS, KG_T, Exposure, number_of_nuclei
from tridentgen.flux.source import Source
from tridentgen.processes.cevns.cevns import Cevns
from tridentgen.processes.wimp.wimp import Wimp
from tridentgen.progress import Progress
from tridentgen.reports.layout import Json, aligned, block, percent
from tridentgen.reports.lifted import lifted_words
from tridentgen.reports.rates import RateReport, exposure_words, flow_of, head_json, head_rows
from tridentgen.runs.job import Job, job_of

_ABOVE_KEV = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
"""Energies above which the recoils of dark matter are listed."""


def recoil_report(card: Card, progress: Progress) -> RateReport:
    """Return the recoils expected for the card's exposure, with their spectra."""
    job = job_of(card)
    reaction, beam = job.reaction, job.beam
    if not isinstance(reaction, Cevns | Wimp):
        raise TypeError(f"{card.kind.name} has another report")
    exposure = exposure_of(card, beam)
    nuclei = number_of_nuclei(reaction.target, exposure.mass_t)
    rate = recoil_rate(reaction, beam, nuclei, exposure.times(beam), job.detector, progress)
    spectra = [rate.recoil_spectrum(), *([rate.observed_spectrum()] if rate.detector is not None else [])]
    cuts = [cut.words for cut in card.cuts.cuts]
    flow = flow_of(card, job, progress) if cuts else []
    seen = rate.observed_events
    steps = [*cuts, *(["detector"] if cuts and seen is not None else [])]
    head = head_json(reaction.line, beam, card, exposure)
    found = {
        **head,
        "sigma_cm2": rate.sigma_cm2,
        "nuclei": nuclei,
        "events": rate.events,
        "observed_events": None if seen is None else float(seen.sum()),
        "lifted_events": None if seen is None else rate.lifted_events,
        **{f"by_{name}": _groups_json(rate, name) for name in rate.classifications},
        **({"recoils_above": _above(rate, reaction, exposure)} if isinstance(reaction, Wimp) else {}),
        "cuts": [
            {"cut": step, "share": share.value, "error": share.error, "events": rate.events * share.value}
            for step, share in zip(steps, flow, strict=True)
        ],
        **{f"{spectrum.kind}_spectrum": _spectrum_json(rate, spectrum) for spectrum in spectra},
        "version": __version__,
    }
    warnings = (*_steady_warning(job), *(caveat.text for caveat in job.caveats))
    found["warnings"] = list(warnings)
    told = exposure_words(card, exposure, beam)
    lines = [block(card.title, head_rows(head, told)), "", aligned(_table(rate), "  ")]
    if isinstance(reaction, Wimp):
        lines += ["", aligned(_above_table(found["recoils_above"]), "  ")]
    if seen is not None and job.detector is not None:
        share = rate.lifted_events / math.fsum(seen) if rate.lifted_events else 0.0
        lines += [f"\n  {words}" for words in lifted_words(share, job.detector.threshold_keVee)]
    if cuts:
        rows = [("cut", "left", "events")]
        rows += [
            (step, percent(share), f"{rate.events * share.value:.5g}") for step, share in zip(steps, flow, strict=True)
        ]
        lines += ["", aligned(rows, "  ")]
    return RateReport(found, "\n".join(lines), told, warnings, rate, tuple(spectra))


def _steady_warning(job: Job) -> Iterator[str]:
    """Warn about a time efficiency applied to a source without arrival times."""
    kept = job.detector.time_efficiency if job.detector is not None else None
    components = job.beam.components if isinstance(job.beam, Source) else ()
    if kept is not None and not any(component.time is not None for component in components):
        share = float(kept(np.float64(0.0)))
        yield (
            f"detector.time_efficiency: {job.beam.description} has no arrival times; all neutrinos count as "
            f"arriving at 0 ns, where its efficiency is {share:.3g}"
        )


def _table(rate: RecoilRate) -> list[tuple[str, ...]]:
    seen = rate.observed_events
    lines: list[tuple[str, ...]] = [("", "recoils", *(["observed"] if seen is not None else []))]
    groups = [("all", list(range(len(rate.parts))))]
    for by in rate.classifications:
        groups += [(f"{by} {name}", members) for name, members in rate.groups(by).items()]
    for name, members in groups:
        recoils = sum(rate.parts[i].events for i in members)
        lines.append((name, f"{recoils:.5g}", *([f"{seen[members].sum():.5g}"] if seen is not None else [])))
    return lines


def _above(rate: RecoilRate, reaction: Wimp, exposure: Exposure) -> list[dict[str, float]]:
    """Return the recoils above several energies: in the exposure, per tonne and year, per kilogram and day."""
    most = max(part.curve.limits_GeV[1] for part in rate.parts) * KEV_PER_GEV
    least = [reaction.recoil_min_keV, *(each for each in _ABOVE_KEV if reaction.recoil_min_keV < each < most)]
    counts = rate.recoil_counts(np.array([*least, most])).sum(axis=0)
    above = np.cumsum(counts[::-1])[::-1].tolist()
    per_t_year = 1.0 / (exposure.mass_t * (exposure.years or 1.0))
    return [
        {
            "recoil_min_keV": energy,
            "events": events,
            "per_t_year": events * per_t_year,
            "per_kg_day": events * per_t_year * KG_T * DAY_YEARS,
        }
        for energy, events in zip(least, above, strict=True)
    ]


def _above_table(rows: list[dict[str, float]]) -> list[tuple[str, ...]]:
    head = ("recoil above/keV", "recoils", "per t and year", "per kg and day")
    return [
        head,
        *((f"{row['recoil_min_keV']:g}", *(f"{value:.5g}" for value in list(row.values())[1:])) for row in rows),
    ]


def _groups_json(rate: RecoilRate, by: str) -> Json:
    seen = rate.observed_events
    return {
        name: {
            "events": sum(rate.parts[i].events for i in members),
            "observed_events": None if seen is None else float(seen[members].sum()),
        }
        for name, members in rate.groups(by).items()
    }


def _spectrum_json(rate: RecoilRate, spectrum: Spectrum) -> Json:
    """Return bin edges and densities: events per keV, averaged over each bin."""
    width = np.diff(spectrum.edges_keV)

    def density(counts: NDArray[np.float64]) -> list[float]:
        return (counts.sum(axis=0) / width).tolist()  # type: ignore[no-any-return]

    found: Json = {
        f"edges_{spectrum.units}": spectrum.edges_keV.tolist(),
        f"events_per_{spectrum.units}": density(spectrum.counts),
    }
    for by in rate.classifications:
        found[f"by_{by}"] = {name: density(spectrum.counts[members]) for name, members in rate.groups(by).items()}
    return found
