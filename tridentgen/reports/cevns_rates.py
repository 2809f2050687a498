"""Expected CEvNS recoils and their spectra, as text and as JSON."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from tridentgen._version import __version__
from tridentgen.analysis.rate_table import exposure_of
from tridentgen.analysis.recoil_spectra import LABELS, RecoilRate, Spectrum, recoil_rate
from tridentgen.cards import Card
from tridentgen.exposure import number_of_nuclei
from tridentgen.flux.source import Source
from tridentgen.processes.cevns.cevns import Cevns
from tridentgen.progress import Progress
from tridentgen.reports.layout import Json, aligned, block, percent
from tridentgen.reports.lifted import lifted_words
from tridentgen.reports.rates import RateReport, exposure_words, flow_of, head_json, head_rows
from tridentgen.runs.job import Job, job_of


def cevns_report(card: Card, progress: Progress) -> RateReport:
    """Return the recoils expected for the card's exposure, with their spectra."""
    job = job_of(card)
    reaction, beam = job.reaction, job.beam
    if not isinstance(reaction, Cevns):
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
        **{f"by_{name}": _groups_json(rate, name) for name in LABELS},
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
    lines = [block(card.title, head_rows(head, told)), "", aligned(_cevns_table(rate), "  ")]
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


def _cevns_table(rate: RecoilRate) -> list[tuple[str, ...]]:
    seen = rate.observed_events
    lines: list[tuple[str, ...]] = [("", "recoils", *(["observed"] if seen is not None else []))]
    groups = [("all", list(range(len(rate.parts))))]
    for by in LABELS:
        groups += [(f"{by} {name}", members) for name, members in rate.groups(by).items()]
    for name, members in groups:
        recoils = sum(rate.parts[i].events for i in members)
        lines.append((name, f"{recoils:.5g}", *([f"{seen[members].sum():.5g}"] if seen is not None else [])))
    return lines


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
    for by in LABELS:
        found[f"by_{by}"] = {name: density(spectrum.counts[members]) for name, members in rate.groups(by).items()}
    return found
