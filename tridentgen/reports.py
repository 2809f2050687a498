"""What the commands print: runs, cross sections, cards and event files, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from tridentgen.analysis.cut_flow import Measured
from tridentgen.card_process import ProcessCard
from tridentgen.cards import Card
from tridentgen.errors import FileError
from tridentgen.flux import Monochromatic, Source
from tridentgen.jobs import Job, beam_of, engine_of, job_of, placement_of, rate_of, require_single_energy
from tridentgen.processes.cevns import Cevns
from tridentgen.run import Run
from tridentgen.sampling.integrate import CrossSection, trained_cross_section
from tridentgen.sampling.train import Progress
from tridentgen.text_tables import aligned

Json = dict[str, Any]

_PLAIN = (1e-3, 1e7)
"""Numbers of events within are printed without a power of ten."""

_PARTS: Mapping[str, str] = {
    "regimes": "",
    "components": "from the source",
    "flavours": "flavours",
    "isotopes": "nuclides",
    "final_states": "final states",
}
"""What `tridentgen.events.events.summary` sorts the cross section by, and the line above it."""


def run_json(run: Run, card: Card) -> Json:
    """Return what a run gave."""
    return {
        "path": str(run.path),
        "process": card.reaction.line,
        "events": run.events,
        "trials": run.trials,
        "sigma_cm2": run.sigma,
        "error_cm2": run.error,
        "effective_share": run.effective_share,
        "unweighting_efficiency": run.unweighting_efficiency,
        "expected_events": run.expected_events,
        "acceptance": run.acceptance,
        "overweight_events": run.overweight,
        "engine": run.engine,
        "seconds": run.seconds,
        "complete": run.complete,
    }


def run_text(run: Run, card: Card) -> str:
    """Return what a run gave as a few lines."""
    rows = [
        ("process", card.reaction.line),
        ("events", f"{run.events}" + (f" of {run.trials} tried" if run.trials != run.events else "")),
        ("cross section", f"{measured(run.sigma, run.error)} cm2 per {_unit(card)}"),
        (
            "effective events",
            f"{run.effective_share:.1%}; unweighting keeps {run.unweighting_efficiency:.1%}",
        ),
        ("engine", f"{run.engine}, {run.seconds:.1f} s"),
        ("file", str(run.path)),
    ]
    if run.overweight is not None:
        kept = run.events / run.trials
        rows[3] = (
            "unweighted",
            f"{kept:.1%} of the trials kept, {run.overweight} of them with weights above the others",
        )
    if run.expected_events is not None:
        rows.insert(3, ("expected events", f"{run.expected_events:.4g} in the exposure of the card"))
    if run.acceptance is not None:
        rows.insert(3, ("detector", f"keeps {run.acceptance:.2%} of the cross section"))
    return _rows(card.title, rows)


def _unit(card: Card) -> str:
    """Return what the cross section is per."""
    reaction = card.reaction
    if isinstance(reaction, Cevns) and len(reaction.nuclides) > 1:
        return f"nucleus of {reaction.target}"
    return card.process.target


def measured(value: float, error: float) -> str:
    """Return a value with its error, such as ``(1.2987 +- 0.0008)e-42``."""
    if not value > 0.0:
        return f"{value:g} +- {error:g}"
    exponent = int(f"{value:e}".split("e")[1])
    scale = 10.0**exponent
    digits = max(1, min(9, 1 - int(f"{error / scale:e}".split("e")[1]))) if error > 0.0 else 6
    return f"({value / scale:.{digits}f} +- {error / scale:.{digits}f})e{exponent:+03d}"


def amount(found: Measured) -> str:
    """Return a number of events with its error, such as ``58.351 +- 0.041``."""
    if not _PLAIN[0] <= found.value < _PLAIN[1]:
        return measured(found.value, found.error)
    if not found.error > 0.0:
        return f"{found.value:.6g}"
    digits = max(0, min(9, 1 - int(f"{found.error:e}".split("e")[1])))
    return f"{found.value:.{digits}f} +- {found.error:.{digits}f}"


class CrossSectionReport(NamedTuple):
    """One cross section as it is printed, and what to know before trusting it, in words."""

    json: Json
    warnings: tuple[str, ...]


def cross_sections(
    card: Card, energies_GeV: Sequence[float] | None, progress: Progress
) -> Iterator[CrossSectionReport]:
    """Yield a cross section for each energy and each regime of a card, or averaged over the card's flux.

    Raise `InputError` before the first one where any of the energies is below a threshold.
    """
    engine = engine_of(card)
    for job in _jobs(card, energies_GeV):
        found = trained_cross_section(
            job.process,
            engine,
            card.sampling.seed,
            rel_error=card.sampling.rel_error,
            training_points=card.sampling.training_points,
            progress=progress,
        )
        place = f"{job.reaction.line}, {job.beam.description}"
        yield CrossSectionReport(_row(job, found), tuple(f"{place}: {warning}" for warning in found.warnings))


def _jobs(card: Card, energies_GeV: Sequence[float] | None) -> list[Job]:
    """Return a job for each energy, or the card's flux, and each regime of a trident."""
    parts = [card]
    if isinstance(card.process, ProcessCard):
        parts = [replace(card, process=replace(card.process, regimes=(name,))) for name in card.process.regimes]
    if energies_GeV is None:
        beam = beam_of(card)
        return [job_of(part, beam) for part in parts]
    for energy in energies_GeV:
        for part in parts:
            require_single_energy(part.reaction, energy)
    return [job_of(part, Monochromatic(energy)) for energy in energies_GeV for part in parts]


def _row(job: Job, found: CrossSection) -> Json:
    reaction, beam = job.reaction, job.beam
    if isinstance(reaction, Cevns):
        row: Json = {"process": "cevns", "nu": ",".join(reaction.source(beam).neutrinos), "leptons": []}
        row |= {"target": reaction.target, "regime": "coherent"}
    else:
        leptons = [reaction.lepton_minus, reaction.lepton_plus]
        row = {"process": reaction.kind, "nu": reaction.neutrino, "leptons": leptons}
        row |= {"target": reaction.target, "regime": reaction.regimes[0]}
    fluxes = [component.flux for component in beam.components] if isinstance(beam, Source) else [beam]
    single = len(fluxes) == 1 and isinstance(fluxes[0], Monochromatic)
    row |= {
        "energy_GeV": fluxes[0].energy_max_GeV if single else None,
        "sigma_cm2": found.value,
        "error_cm2": found.error,
        "chi2_dof": found.chi2_dof,
        "points": found.points,
        "engine": found.engine,
        "seconds": found.seconds,
    }
    return row if single else {**row, "flux": beam.description}


def cross_section_text(results: Sequence[Json]) -> str:
    """Return a table of cross sections."""
    header = ("nu", "leptons", "target", "regime", "energy/GeV", "sigma/cm2", "chi2/dof", "points")
    lines = [header] + [
        (
            r["nu"],
            " ".join(r["leptons"]),
            r["target"],
            r["regime"],
            "flux" if r["energy_GeV"] is None else f"{r['energy_GeV']:g}",
            measured(r["sigma_cm2"], r["error_cm2"]),
            f"{r['chi2_dof']:.2f}",
            f"{r['points']:.2g}",
        )
        for r in results
    ]
    return aligned(lines)


def card_json(card: Card) -> Json:
    """Return what a card asks for; raise `CardError` for values that do not fit together.

    A flux file that cannot be read is no mistake here: ``flux_problem`` says what is wrong with it.
    """
    found: Json = {
        "title": card.title,
        "process": card.reaction.line,
        "threshold_GeV": card.reaction.threshold_GeV(),
        "flux": {"kind": card.flux.kind, **card.flux.options},
        "events": card.sampling.events,
        "seed": card.sampling.seed,
        "engine": card.sampling.engine,
        "output": card.output.path,
    }
    try:
        beam = beam_of(card)
    except FileError as error:
        return {**found, "flux_description": None, "flux_problem": str(error)}
    job_of(card, beam)
    placement_of(card)
    rate_of(card, beam, 0.0)
    return {**found, "flux_description": beam.description, "flux_problem": None}


def card_text(card: Card) -> str:
    """Return what a card asks for as a few lines."""
    found = card_json(card)
    rows = [
        ("process", found["process"]),
        ("threshold", f"{found['threshold_GeV']:.4g} GeV"),
        ("flux", found["flux_description"] or f"not to be had: {found['flux_problem']}"),
        ("events", f"{found['events']}, seed {found['seed']}, engine {found['engine']}"),
        ("output", str(found["output"])),
    ]
    return _rows(card.title, rows)


def events_text(found: Mapping[str, Any]) -> str:
    """Return what `tridentgen.events.events.summary` found as a few lines and a table of the columns."""
    a = found["attributes"]
    done = "complete" if a.get("complete") else "interrupted"
    rows = [
        ("file", found["path"]),
        ("made by", f"{a.get('generator')} {a.get('version')}, {a.get('created')}, {a.get('engine')} engine"),
        ("process", a.get("reaction", "")),
        ("flux", a.get("flux", "")),
        ("events", f"{found['events']} of {a.get('n_trials')} tried, {done}; seed {a.get('seed')}"),
        ("cross section", f"{measured(float(a.get('sigma', 0.0)), float(a.get('sigma_error', 0.0)))} cm2"),
        ("sum of weights", f"{found['sum_weight']:.6g} cm2"),
        ("effective events", f"{found['effective_share']:.1%}"),
        ("unweighting", f"keeps {found['unweighting_efficiency']:.1%} with 1e-4 of the cross section overweight"),
    ]  # fmt: skip
    if "acceptance" in a:
        rows.append(("detector", f"keeps {a['acceptance']:.2%} of the cross section"))
    rows += _shares(found)
    width = max(len(column["name"]) for column in found["columns"])
    columns = [f"  {c['name']:<{width}}  {c['units']:<5} {c['description']}" for c in found["columns"]]
    return "\n".join([_rows(str(a.get("title", "")), rows), "columns", *columns])


def _shares(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what the parts of the cross section are: regimes, source components, flavours, isotopes."""
    for key, heading in _PARTS.items():
        parts = found[key]
        if key == "final_states" and len(parts) < 2:
            continue
        if parts and heading:
            yield heading, ""
        for name, part in parts.items():
            yield f"  {name}", f"{part['events']} events, {part['share']:.1%} of the cross section"


def _rows(title: str, rows: Sequence[tuple[str, str]]) -> str:
    width = max(len(name) for name, _ in rows)
    lines = [f"  {name:<{width}}  {value}".rstrip() for name, value in rows]
    return "\n".join([title, *lines] if title else lines)
