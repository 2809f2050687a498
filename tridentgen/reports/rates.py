"""The output of `tridentgen rate`: expected events of tridents and CEvNS, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import NamedTuple

from tridentgen._version import __version__
from tridentgen.analysis.cut_flow import Share, cut_flow
from tridentgen.analysis.rate_table import (
    exposure_of,
    material_of,
)
from tridentgen.analysis.recoil_spectra import RecoilRate, Spectrum
from tridentgen.cards import Card
from tridentgen.exposure import Exposure, number_of_nuclei
from tridentgen.flux import Flux, Source
from tridentgen.progress import Progress
from tridentgen.reports.layout import Json, aligned, block, measured, percent
from tridentgen.runs.job import Job, engine_of, job_of, place, placement_of
from tridentgen.sampling.generate import event_batches
from tridentgen.sampling.integrate import short_training, trained_cross_section
from tridentgen.typing import Columns


class RateReport(NamedTuple):
    """A rate as printed, warnings about its reliability, and the spectra to draw (for CEvNS only)."""

    json: Json
    text: str
    exposure: str
    warnings: tuple[str, ...]
    rate: RecoilRate | None = None
    spectra: tuple[Spectrum, ...] = ()

    def __str__(self) -> str:
        return self.text


def flow_of(card: Card, job: Job, progress: Progress) -> list[Share]:
    """Return the shares left after each cut, and after the detector if there is one.

    Events of a job with a placement are placed: in a detector with volumes particles decay inside or outside.
    """
    engine, sampling = engine_of(card), card.sampling
    proposal = short_training(job.process, engine, sampling.seed, sampling.training_points, progress)

    def batches() -> Iterator[Columns]:
        done = 0
        for batch in event_batches(job.process, proposal, engine, sampling.seed, first=0, count=sampling.events):
            done += len(batch["weight"])
            progress("cutting", done / sampling.events)
            yield place(job.placement, job.process.columns, batch, sampling.seed) if job.placement else batch

    return cut_flow(batches(), card.cuts.cuts)[0]


def head_json(process: str, beam: Flux | Source, card: Card, exposure: Exposure) -> Json:
    """Return the process, flux and exposure of a rate."""
    return {
        "process": process,
        "flux": beam.description,
        "flux_total": beam.total,
        "flux_units": beam.total_units,
        "exposure": exposure_json(card, exposure),
    }


def exposure_json(card: Card, exposure: Exposure) -> Json:
    """Return the exposure, its material, and whether the card gives it."""
    return {
        **asdict(exposure),
        "material": material_of(card).name,
        "from_card": card.exposure is not None and not card.exposure.is_material_alone,
    }


def exposure_words(card: Card, exposure: Exposure, beam: Flux | Source) -> str:
    """Return the exposure as in ``50 t of Ar40, 1.1e+21 protons on target``."""
    unit = " (unit exposure; the card gives none)" if card.exposure is None or card.exposure.is_material_alone else ""
    return exposure.in_words(beam, material_of(card).name) + unit


def head_rows(head: Json, exposure: str) -> list[tuple[str, str]]:
    """Return the lines above the tables."""
    return [("process", head["process"]), ("flux", head["flux"]), ("exposure", exposure)]


def plain_report(card: Card, progress: Progress) -> RateReport:
    """Return the expected events of a reaction without a specific report."""
    job = job_of(card)
    if job.has_decays:
        job = replace(job, placement=placement_of(card))
    engine, sampling = engine_of(card), card.sampling
    exposure = exposure_of(card, job.beam)
    within = card.exposure.material if card.exposure is not None else None
    nuclei = number_of_nuclei(card.process.target, exposure.mass_t, within)
    sigma = trained_cross_section(
        job.process, engine, sampling.seed, rel_error=sampling.rel_error, training_points=sampling.training_points,
        progress=progress,
    )  # fmt: skip
    scale = nuclei * job.beam.total * exposure.times(job.beam)
    last = "decay in the detector" if job.has_decays else "detector"
    steps = [*(cut.words for cut in card.cuts.cuts), *([last] if job.has_acceptance else [])]
    flow = flow_of(card, job, progress) if steps else []
    head, told = head_json(job.reaction.line, job.beam, card, exposure), exposure_words(card, exposure, job.beam)
    warnings = (*sigma.warnings, *(caveat.text for caveat in job.caveats))
    found = {
        **head,
        "sigma_cm2": sigma.value,
        "error_cm2": sigma.error,
        "nuclei": nuclei,
        "events": scale * sigma.value,
        "events_error": scale * sigma.error,
        "cuts": [
            {"cut": cut, "share": share.value, "error": share.error, "events": scale * sigma.value * share.value}
            for cut, share in zip(steps, flow, strict=True)
        ],
        "warnings": list(warnings),
        "version": __version__,
    }
    rows = [("left after", "share", "events"), ("no cut", "100%", measured(scale * sigma.value, scale * sigma.error))]
    rows += [
        (cut, percent(share), f"{scale * sigma.value * share.value:.5g}")
        for cut, share in zip(steps, flow, strict=True)
    ]
    lines = [block(card.title, head_rows(head, told)), "", aligned(rows, "  ")]
    return RateReport(found, "\n".join(lines), told, warnings)
