"""Numbers of fluxes: integrals, mean energies and ranges, by component of a source."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tridentgen.errors import InputError
from tridentgen.flux import Beam, Component, Flux, Halo, Source
from tridentgen.flux.facility import facility_names, facility_table
from tridentgen.flux.from_card import build_beam
from tridentgen.resources import cards_dir

_POINTS = 200_000
"""Points of an average over the spectrum: exact for lines and to some 1e-5 for smooth spectra and tables."""

EXAMPLES: dict[str, tuple[dict[str, object], str]] = {
    "pion-decay-at-rest": ({"distance_m": 20.0}, "pions and muons at rest, at 20 m"),
    "reactor": ({"thermal_power_GW": 3.0, "distance_m": 20.0}, "reactor of 3 GW, at 20 m"),
    "solar": ({}, "the Sun"),
    "atmospheric": ({}, "the atmosphere"),
    "dsnb": ({}, "diffuse supernova background"),
    "supernova": ({"distance_kpc": 10.0}, "supernova, at 10 kpc"),
    "halo": ({"mass_GeV": 100.0}, "dark matter of the halo, 100 GeV"),
}
"""Keys of the built-in sources for which their integrals are listed, and these in words."""


@dataclass(frozen=True)
class ComponentNumbers:
    """One component: its integral in the units of the source, mean energy and range of energies with flux."""

    name: str
    neutrino: str
    total: float
    mean_energy_GeV: float
    energy_min_GeV: float
    energy_max_GeV: float
    description: str


@dataclass(frozen=True)
class ListedFlux:
    """A line of the list: the kind of flux, its name, what it is, where it is from, and its source."""

    kind: str
    name: str
    about: str
    origin: str
    beam: Source | Halo


def mean_energy_GeV(flux: Flux) -> float:
    """Return the mean energy of the neutrinos of a flux."""
    u = (np.arange(_POINTS) + 0.5) / _POINTS
    energy, weight = np.broadcast_arrays(*flux.energy_map(0.0)(u))
    return float(np.sum(energy * weight) / np.sum(weight))


def components_of(beam: Beam, neutrino: str | None = None) -> tuple[Component, ...]:
    """Return the components of a source; `neutrino` names that of a flux alone. Raise `InputError` for dark matter."""
    if isinstance(beam, Halo):
        raise InputError(f"{beam.description}: has no neutrinos and no spectrum of energies")
    return beam.components if isinstance(beam, Source) else Source.of(beam, neutrino or "numu").components


def component_numbers(component: Component) -> ComponentNumbers:
    """Return the numbers of a component."""
    flux = component.flux
    return ComponentNumbers(
        name=component.name,
        neutrino=component.neutrino,
        total=flux.total,
        mean_energy_GeV=mean_energy_GeV(flux),
        energy_min_GeV=flux.energy_min_GeV,
        energy_max_GeV=flux.energy_max_GeV,
        description=flux.description,
    )


def listed_fluxes() -> tuple[ListedFlux, ...]:
    """Return the built-in sources, each with the keys of `EXAMPLES`, and the tables of the facilities."""
    sources = [
        ListedFlux(kind, kind, about, "computed", build_beam(kind, options, None, cards_dir()))
        for kind, (options, about) in EXAMPLES.items()
    ]
    tables = [facility_table(name) for name in facility_names()]
    facilities = [
        ListedFlux("facility", table.name, f"{table.facility}; {table.mode}", table.source, table.beam)
        for table in tables
    ]
    return (*sources, *facilities)
