"""The output of `tridentgen floor`: discovery limits and the neutrino fog, as text and as JSON."""

from __future__ import annotations

import math

from tridentgen._version import __version__
from tridentgen.analysis.fog.fog import Fog, FogMass
from tridentgen.analysis.fog.limits import LimitPoint
from tridentgen.reports.layout import Json, aligned, block


def fog_json(fog: Fog) -> Json:
    """Return all numbers of the fog."""
    floor = fog.floor
    limits, boundary = fog.probabilities
    return {
        "title": fog.title,
        "target": fog.target,
        "convention": floor.convention,
        "supernovae": floor.supernovae,
        "significance": floor.significance,
        "probability": {"limits": limits, "boundary": boundary},
        "free": dict(fog.free),
        "neutrinos": [
            {"name": name, "error": error, "events_per_t_year": events} for name, error, events in fog.components
        ],
        "masses": [_mass_json(fog, mass) for mass in fog.masses],
        "version": __version__,
    }


def _mass_json(fog: Fog, mass: FogMass) -> Json:
    return {
        "mass_GeV": mass.mass_GeV,
        "boundary": [
            {
                "index": index,
                "cross_section_cm2": None if point is None else point.cross_section_cm2,
                "exposure_t_year": None if point is None else point.exposure_t_year,
            }
            for index, point in zip(fog.floor.index, mass.boundary, strict=True)
        ],
        "limits": [_point_json(point) for point in mass.limits],
    }


def _point_json(point: LimitPoint) -> Json:
    index = point.index if math.isfinite(point.index) else None
    return {"exposure_t_year": point.exposure_t_year, "cross_section_cm2": point.cross_section_cm2, "index": index}


def fog_text(fog: Fog) -> str:
    """Return the tables of boundaries and limits."""
    floor = fog.floor
    limits, boundary = fog.probabilities
    bins = "trapezoids in 50 bins, smoothed (ohare-2021)" if floor.convention == "ohare-2021" else "exact bins"
    neutrinos = ", ".join(f"{name} {error:.2g}" for name, error, _ in fog.components)
    head = [("target", fog.target), ("rates", bins), ("neutrinos, errors", neutrinos)]
    if fog.free:
        head.append(("free", ", ".join(f"{key} within {width:.2g}" for key, width in fog.free.items())))
    parts = [block(fog.title or "The neutrino fog", head)]
    if floor.index:
        title = f"largest cross section with index n, {_words(floor.significance, boundary)}:"
        rows: list[tuple[str, ...]] = [("  mass/GeV", *(f"n = {index:g}: sigma/cm2" for index in floor.index), "t yr")]
        rows += [_boundary_row(mass) for mass in fog.masses]
        parts += [title, aligned(rows)]
    if floor.exposures_t_year:
        title = f"cross section in cm2 that is discovered, {_words(floor.significance, limits)}:"
        rows = [("  mass/GeV", *(f"{amount:g} t yr" for amount in floor.exposures_t_year))]
        rows += [(f"  {mass.mass_GeV:g}", *(f"{p.cross_section_cm2:.4g}" for p in mass.limits)) for mass in fog.masses]
        parts += [title, aligned(rows)]
    return "\n\n".join(parts)


def _words(significance: float, probability: float) -> str:
    return f"{significance:g} sigma with {100.0 * probability:g} % probability"


def _boundary_row(mass: FogMass) -> tuple[str, ...]:
    """Return the cells of a mass, with the exposure at the first boundary."""
    first = mass.boundary[0]
    sigmas = ("not reached" if point is None else f"{point.cross_section_cm2:.4g}" for point in mass.boundary)
    return (f"  {mass.mass_GeV:g}", *sigmas, "-" if first is None else f"{first.exposure_t_year:.4g}")
