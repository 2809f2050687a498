"""What `tridentgen flux` prints: the fluxes there are, and what is known of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from tridentgen.analysis.flux_numbers import ComponentNumbers, ListedFlux, component_numbers, components_of
from tridentgen.flux import Beam, Halo
from tridentgen.flux.card import FluxCard
from tridentgen.flux.facility import facility_table
from tridentgen.reports.layout import Json, aligned, block

SHAPE = "relative (only the shape is known)"


def list_json(fluxes: tuple[ListedFlux, ...]) -> list[Json]:
    """Return a row for each flux."""
    return [
        {
            "kind": flux.kind,
            "name": flux.name,
            "about": flux.about,
            "source": flux.origin,
            "neutrinos": [] if isinstance(flux.beam, Halo) else list(flux.beam.neutrinos),
            "total": _total(flux.beam),
            "units": flux.beam.total_units,
        }
        for flux in fluxes
    ]


def list_text(fluxes: tuple[ListedFlux, ...]) -> str:
    """Return the built-in sources and the tables of facilities, each with its integral over all neutrinos."""
    rows = [("name", "integral", "units", "what", "source")]
    for flux in fluxes:
        units = flux.beam.total_units
        rows.append(
            (flux.name, f"{flux.beam.total:.4g}" if units else "-", units or "relative", flux.about, flux.origin)
        )
    return aligned(rows)


def show_json(card: FluxCard, beam: Beam, neutrino: str | None) -> Json:
    """Return what is known of the flux of a card's [flux] table."""
    return {
        "kind": card.kind,
        "keys": dict(card.options),
        "description": beam.description,
        "units": beam.total_units,
        "total": _total(beam),
        **facts(card),
        **_halo_json(beam),
        "components": [asdict(numbers) for numbers in _numbers(beam, neutrino)],
    }


def show_text(card: FluxCard, beam: Beam, neutrino: str | None) -> str:
    """Return the same as lines and a table."""
    if isinstance(beam, Halo):
        given = [(key, str(value)) for key, value in card.options.items()]
        about = [(key, f"{value:.6g}") for key, value in _halo_json(beam).items()]
        rows = [("kind", card.kind), *given, ("integral", f"{beam.total:.5g} {beam.total_units}"), *about]
        return block(beam.description, rows)
    numbers = _numbers(beam, neutrino)
    total = f"{beam.total:.5g} {beam.total_units}" if beam.total_units else SHAPE
    rows = [("kind", card.kind), *((key, str(value)) for key, value in card.options.items())]
    rows += [(key, value) for key, value in facts(card).items() if key != "own_file"]
    rows += [("integral", total)]
    if card.kind != "facility":
        rows += [(f"{each.neutrino} taken" if card.kind == "file" else each.name, each.description) for each in numbers]
    table: list[tuple[str, ...]] = [("component", "integral", "mean energy/GeV", "from/GeV", "to/GeV")]
    for each in numbers:
        energies = (each.mean_energy_GeV, each.energy_min_GeV, each.energy_max_GeV)
        size = f"{each.total:.5g}" if beam.total_units else "-"
        table.append((each.name, size, *(f"{energy:.5g}" for energy in energies)))
    return "\n".join([block(beam.description, rows), "", aligned(table, "  ")])


def facts(card: FluxCard) -> Mapping[str, str]:
    """Return what the head of a facility's table says; nothing for other kinds."""
    if card.kind != "facility":
        return {}
    table = facility_table(str(card.options["name"]))
    own = "; ".join(f"{key} = {value}" for key, value in table.own_file.items())
    return {
        "facility": table.facility,
        "mode": table.mode,
        "columns": f"E/GeV {' '.join(table.beam.neutrinos)}, {table.units} (says the head of the table)",
        "source": table.source,
        "reference": table.reference,
        "normalisation": table.normalisation,
        "made": table.made,
        "own_file": own,
    }


def _numbers(beam: Beam, neutrino: str | None) -> list[ComponentNumbers]:
    if isinstance(beam, Halo):
        return []
    return [component_numbers(component) for component in components_of(beam, neutrino)]


def _halo_json(beam: Beam) -> Mapping[str, float]:
    """Return the speeds of dark matter; nothing for neutrinos."""
    if not isinstance(beam, Halo):
        return {}
    return {
        "speed_of_earth_km_s": beam.v_lab_km_s,
        "mean_speed_km_s": beam.mean_speed_km_s,
        "fastest_km_s": beam.fastest_km_s,
    }


def _total(beam: Beam) -> float | None:
    return beam.total if beam.total_units else None
