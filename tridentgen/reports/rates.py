"""The output of `tridentgen rate`: expected events of tridents and CEvNS, as text and as JSON."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import NamedTuple

from tridentgen._version import __version__
from tridentgen.analysis.class_rates import ClassRates
from tridentgen.analysis.cut_flow import Measured, Share, cut_flow
from tridentgen.analysis.rate_table import (
    exposure_of,
    material_of,
)
from tridentgen.analysis.recoil_spectra import RecoilRate, Spectrum
from tridentgen.cards import Card
from tridentgen.exposure import Exposure, number_of_nuclei
from tridentgen.flux import Beam
from tridentgen.progress import Progress
from tridentgen.reports.layout import Json, aligned, amount, block, measured, percent
from tridentgen.runs.job import Job, engine_of, job_of, place, placement_of
from tridentgen.sampling.generate import event_batches
from tridentgen.sampling.integrate import short_training, trained_cross_section
from tridentgen.typing import Columns


class RateReport(NamedTuple):
    """A rate as printed, warnings about its reliability, and the spectra to draw (of recoils only)."""

    json: Json
    text: str
    exposure: str
    warnings: tuple[str, ...]
    rate: RecoilRate | None = None
    spectra: tuple[Spectrum, ...] = ()

    def __str__(self) -> str:
        return self.text


def flow_of(card: Card, job: Job, progress: Progress, rates: ClassRates | None = None) -> list[Share]:
    """Return the shares left after each cut, and after the detector if there is one; add all events to `rates`.

    Events of a job with a placement are placed: in a detector with volumes particles decay inside or outside.
    """
    engine, sampling = engine_of(card), card.sampling
    proposal = short_training(job.process, engine, sampling.seed, sampling.training_points, progress)

    def batches() -> Iterator[Columns]:
        done = 0
        for batch in event_batches(job.process, proposal, engine, sampling.seed, first=0, count=sampling.events):
            done += len(batch["weight"])
            progress("cutting", done / sampling.events)
            if rates is not None:
                rates.add(batch)
            yield place(job.placement, job.process.columns, batch, sampling.seed) if job.placement else batch

    return cut_flow(batches(), card.cuts.cuts)[0]


def head_json(process: str, beam: Beam, card: Card, exposure: Exposure) -> Json:
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


def exposure_words(card: Card, exposure: Exposure, beam: Beam) -> str:
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
    rates = ClassRates(card.kind, job.process, job.attributes)
    flow = flow_of(card, job, progress, rates)[: len(steps)]
    head, told = head_json(job.reaction.line, job.beam, card, exposure), exposure_words(card, exposure, job.beam)
    warnings = (*sigma.warnings, *(caveat.text for caveat in job.caveats))
    events = scale * sigma.value
    found = {
        **head,
        "sigma_cm2": sigma.value,
        "error_cm2": sigma.error,
        "nuclei": nuclei,
        "events": events,
        "events_error": scale * sigma.error,
        **_classes_json(rates, events),
        "cuts": [
            {"cut": cut, "share": share.value, "error": share.error, "events": events * share.value}
            for cut, share in zip(steps, flow, strict=True)
        ],
        "warnings": list(warnings),
        "version": __version__,
    }
    rows = [("left after", "share", "events"), ("no cut", "100%", measured(events, scale * sigma.error))]
    rows += [(cut, percent(share), f"{events * share.value:.5g}") for cut, share in zip(steps, flow, strict=True)]
    lines = [block(card.title, head_rows(head, told)), "", aligned(rows, "  ")]
    for table in _class_tables(rates, events):
        lines += ["", aligned(table, "  ")]
    return RateReport(found, "\n".join(lines), told, warnings)


def _classes_json(rates: ClassRates, events: float) -> Json:
    """Return the events by class, and in bins of the first axis."""
    found: Json = {f"by_{sort}": {name: _share_json(share, events) for name, share in shares.items()}
                   for sort, shares in rates.classes().items()}  # fmt: skip
    bins = rates.bins()
    if bins is not None:
        found["spectrum"] = {
            "column": bins.column,
            "units": bins.units,
            "edges": bins.edges.tolist(),
            "bins": [_share_json(share, events) for share in bins.shares],
        }
    return found


def _share_json(share: Share, events: float) -> Json:
    return {"events": events * share.value, "events_error": events * share.error}


def _class_tables(rates: ClassRates, events: float) -> Iterator[list[tuple[str, ...]]]:
    """Yield the table of classes and that of the bins; what has no second row is left out."""
    rows: list[tuple[str, ...]] = [("", "events")]
    for sort, shares in rates.classes().items():
        rows += [(f"{sort} {name}", _events(share, events)) for name, share in shares.items()]
    if len(rows) > 1:
        yield rows
    bins = rates.bins()
    if bins is None or len(bins.edges) < 2:
        return
    ends = [*(f"{edge:g}" for edge in bins.edges[1:]), ""]
    names = [f"{low:g} to {high}" if high else f"above {low:g}" for low, high in zip(bins.edges, ends, strict=True)]
    head = (f"{bins.column}/{bins.units}" if bins.units else bins.column, "events", "from here on")
    above = [math.fsum(share.value for share in bins.shares[number:]) for number in range(len(names))]
    yield [head, *((name, _events(share, events), f"{events * rest:.5g}")
                   for name, share, rest in zip(names, bins.shares, above, strict=True))]  # fmt: skip


def _events(share: Share, events: float) -> str:
    return amount(Measured(events * share.value, events * share.error))
