"""What `tridentgen rate` prints: expected events of tridents and of coherent scattering, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tridentgen._version import __version__
from tridentgen.analysis.cut_flow import Share, cut_flow, in_words
from tridentgen.analysis.rate_table import (
    TridentRate,
    exposure_of,
    first_target,
    material_of,
    trident_rate,
)
from tridentgen.analysis.recoil_spectra import LABELS, RecoilRate, Spectrum, recoil_rate
from tridentgen.cards import Card
from tridentgen.engines.work import Columns
from tridentgen.exposure import Exposure, number_of_nuclei
from tridentgen.flux import Flux, Source
from tridentgen.processes.cevns.cevns import Cevns
from tridentgen.processes.cevns.observables import CEVNS_OBSERVABLES
from tridentgen.processes.trident.labels import regime_rows
from tridentgen.processes.trident.observables import TRIDENT_OBSERVABLES
from tridentgen.progress import Progress
from tridentgen.reports.layout import Json, aligned, amount, block, measured, percent
from tridentgen.runs.job import Job, beam_of, engine_of, job_of
from tridentgen.sampling.generate import event_batches
from tridentgen.sampling.integrate import short_training


class RateReport(NamedTuple):
    """A rate as it is printed, what to know before trusting it, and the spectra to draw; none of tridents."""

    json: Json
    text: str
    exposure: str
    warnings: tuple[str, ...]
    rate: RecoilRate | None = None
    spectra: tuple[Spectrum, ...] = ()


def trident_report(card: Card, progress: Progress) -> RateReport:
    """Return the tridents expected in the exposure of a card."""
    beam = beam_of(first_target(card))
    exposure = exposure_of(card, beam, coherent=False)
    rate = trident_rate(card, exposure, beam, progress)
    cuts = in_words(card.cuts.limits, TRIDENT_OBSERVABLES)
    target, line = material_of(card).name, first_target(card).reaction.line
    process = line.partition(" (")[0].replace(f" {first_target(card).process.target} ", f" {target} ", 1)
    head = _head(process, beam, card, exposure)
    rows = regime_rows(rate.regimes)
    total = rate.events()
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
        "version": __version__,
    }
    told = exposure_words(card, exposure, beam)
    lines = [block(card.title, _rows(head, told)), "", aligned(_trident_table(rate, rows, len(cuts)), "  ")]
    if cuts:
        lines += ["", aligned(_flow_table(rate, rows, cuts), "  ")]
    if len(rate.nuclides) > 1:
        lines += ["", aligned(_nuclide_table(rate, rows), "  ")]
    return RateReport(found, "\n".join(lines), told, part_warnings(rate))


def cevns_report(card: Card, progress: Progress) -> RateReport:
    """Return the recoils expected in the exposure of a card, with their spectra."""
    job = job_of(card)
    reaction, beam = job.reaction, job.beam
    assert isinstance(reaction, Cevns)
    exposure = exposure_of(card, beam, coherent=True)
    nuclei = number_of_nuclei(reaction.target, exposure.mass_t)
    rate = recoil_rate(reaction, beam, nuclei, exposure.times(beam), job.detector, progress)
    spectra = [rate.recoil_spectrum(), *([rate.observed_spectrum()] if rate.detector is not None else [])]
    cuts = in_words(card.cuts.limits, CEVNS_OBSERVABLES)
    flow = _cevns_flow(card, job, progress) if cuts else []
    seen = rate.observed_events
    steps = [*cuts, *(["detector"] if cuts and seen is not None else [])]
    head = _head(reaction.line, beam, card, exposure)
    found = {
        **head,
        "sigma_cm2": rate.sigma_cm2,
        "nuclei": nuclei,
        "events": rate.events,
        "observed_events": None if seen is None else float(seen.sum()),
        **{f"by_{name}": _groups_json(rate, name) for name in LABELS},
        "cuts": [
            {"cut": step, "share": share.value, "error": share.error, "events": rate.events * share.value}
            for step, share in zip(steps, flow, strict=True)
        ],
        **{f"{spectrum.kind}_spectrum": _spectrum_json(rate, spectrum) for spectrum in spectra},
        "version": __version__,
    }
    told = exposure_words(card, exposure, beam)
    lines = [block(card.title, _rows(head, told)), "", aligned(_cevns_table(rate), "  ")]
    if cuts:
        rows = [("cut", "left", "events")]
        rows += [
            (step, percent(share), f"{rate.events * share.value:.5g}") for step, share in zip(steps, flow, strict=True)
        ]
        lines += ["", aligned(rows, "  ")]
    return RateReport(found, "\n".join(lines), told, tuple(_steady_warning(job)), rate, tuple(spectra))


def _steady_warning(job: Job) -> Iterator[str]:
    """Say where a cut on time meets neutrinos that have none."""
    kept = job.detector.time_efficiency if job.detector is not None else None
    components = job.beam.components if isinstance(job.beam, Source) else ()
    if kept is not None and not any(component.time is not None for component in components):
        share = float(kept(np.float64(0.0)))
        yield (
            f"detector.time_efficiency: {job.beam.description} has no times of arrival; all neutrinos count as "
            f"arriving at 0 ns, where it keeps {share:.3g} of them"
        )


def _cevns_flow(card: Card, job: Job, progress: Progress) -> list[Share]:
    """Return the shares left after each cut, and after the detector where there is one."""
    engine, sampling = engine_of(card), card.sampling
    proposal = short_training(job.process, engine, sampling.seed, sampling.training_points, progress)

    def batches() -> Iterator[Columns]:
        done = 0
        for batch in event_batches(job.process, proposal, engine, sampling.seed, first=0, count=sampling.events):
            done += len(batch["weight"])
            progress("cutting", done / sampling.events)
            yield batch

    return cut_flow(batches(), card.cuts.limits)[0]


def _head(process: str, beam: Flux | Source, card: Card, exposure: Exposure) -> Json:
    """Return what a rate is of."""
    return {
        "process": process,
        "flux": beam.description,
        "flux_total": beam.total,
        "flux_units": beam.total_units,
        "exposure": exposure_json(card, exposure),
    }


def exposure_json(card: Card, exposure: Exposure) -> Json:
    """Return how much is measured, of what, and whether the card says so."""
    return {
        **asdict(exposure),
        "material": material_of(card).name,
        "from_card": card.exposure is not None and not card.exposure.is_material_alone,
    }


def part_warnings(rate: TridentRate) -> tuple[str, ...]:
    """Return what to know before trusting a rate."""
    return tuple(
        f"{part.regime} on {part.nuclide.name}: {warning}" for part in rate.parts for warning in part.sigma.warnings
    )


def exposure_words(card: Card, exposure: Exposure, beam: Flux | Source) -> str:
    """Return the exposure as in ``50 t of Ar40, 1.1e+21 protons on target``."""
    mass, _, rest = exposure.in_words(beam).partition(", ")
    unit = " (the card does not say how much)" if card.exposure is None or card.exposure.is_material_alone else ""
    return f"{mass} of {material_of(card).name}, {rest}{unit}"


def _rows(head: Json, exposure: str) -> list[tuple[str, str]]:
    """Return the lines above the tables."""
    return [("process", head["process"]), ("flux", head["flux"]), ("exposure", exposure)]


def regime_json(rate: TridentRate, name: str, regimes: tuple[str, ...], cuts: int) -> Json:
    """Return the events of some regimes under one name, and what the first `cuts` cuts leave of them."""
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
    """Return one part of a rate."""
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
    """Return edges and densities: events per keV, the mean over each bin."""
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
