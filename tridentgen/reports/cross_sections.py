"""The output of `tridentgen xsec`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tridentgen.cards import Card
from tridentgen.flux import Beam, Halo, Monochromatic, Source
from tridentgen.processes.base import Reaction
from tridentgen.progress import Progress
from tridentgen.reports.caveats import largest
from tridentgen.reports.layout import Json, aligned, measured
from tridentgen.runs.job import Job, beam_of, engine_of, job_of, require_single_energy
from tridentgen.sampling.integrate import CrossSection, trained_cross_section


class CrossSectionReport(NamedTuple):
    """One cross section as printed, and warnings about its reliability."""

    json: Json
    warnings: tuple[str, ...]


def cross_sections(
    card: Card, energies_GeV: Sequence[float] | None, progress: Progress
) -> Iterator[CrossSectionReport]:
    """Yield a cross section for each energy and each regime of a card, or averaged over the card's flux.

    Raise `InputError` before the first one if any energy is below a threshold.
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
        place = _place(job.reaction, job.beam)
        yield CrossSectionReport(_row(job, found), tuple(f"{place}: {warning}" for warning in found.warnings))


def _jobs(card: Card, energies_GeV: Sequence[float] | None) -> list[Job]:
    """Return a job for each energy (or the card's flux) and each part of the reaction."""
    parts = card.reaction.parts()
    if energies_GeV is None:
        beam = beam_of(card)
        return [job_of(card, beam, part) for part in parts]
    for energy in energies_GeV:
        for part in parts:
            require_single_energy(part, energy)
    return [job_of(card, Monochromatic(energy), part) for energy in energies_GeV for part in parts]


def cross_section_caveats(card: Card, energies_GeV: Sequence[float] | None) -> tuple[str, ...]:
    """Return what the calculation leaves out and matters in the whole reaction, where it matters most."""
    beams = [beam_of(card)] if energies_GeV is None else [Monochromatic(energy) for energy in energies_GeV]
    return largest(
        (_place(card.reaction, beam), caveat) for beam in beams for caveat in card.reaction.caveats(flux=beam)
    )


def _place(reaction: Reaction, beam: Beam) -> str:
    return f"{reaction.line}, {beam.description}"


def _row(job: Job, found: CrossSection) -> Json:
    reaction, beam = job.reaction, job.beam
    row: Json = {"process": reaction.kind, **reaction.row(beam)}
    energy = _single_energy_GeV(beam)
    row |= {
        "energy_GeV": energy,
        "sigma_cm2": found.value,
        "error_cm2": found.error,
        "chi2_dof": found.chi2_dof,
        "points": found.points,
        "engine": found.engine,
        "seconds": found.seconds,
    }
    return row if energy is not None else {**row, "flux": beam.description}


def _single_energy_GeV(beam: Beam) -> float | None:
    """Return the energy of a beam of one energy, else None."""
    if isinstance(beam, Halo):
        return None
    fluxes = [component.flux for component in beam.components] if isinstance(beam, Source) else [beam]
    return fluxes[0].energy_max_GeV if len(fluxes) == 1 and isinstance(fluxes[0], Monochromatic) else None


def cross_section_text(results: Sequence[Json]) -> str:
    """Return a table of cross sections, and before it the flux over which they are averaged."""
    fluxes = [f"flux: {flux}" for flux in dict.fromkeys(r["flux"] for r in results if "flux" in r)]
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
    return "\n".join([*fluxes, *[""][: len(fluxes)], aligned(lines)])
