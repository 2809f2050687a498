"""Particles of CEvNS, and the numbers of its processes: NuHepMC 1.0.0, E.C.1, reserves 100 to 199 for low energies."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from tridentgen.errors import InputError
from tridentgen.events.particles import (
    Cite,
    Group,
    Particle,
    Place,
    Processes,
    at_rest,
    codes,
    components,
    needed,
    neutrino_particle,
    places_in,
    treat_nuclei,
)
from tridentgen.matter.particles import HEAVY_NEUTRAL_LEPTON
from tridentgen.typing import Columns, IntArray

CEVNS, UPSCATTERING = 150, 151
_CEVNS_CITE: Cite = (("DOI", "10.1103/PhysRevD.9.1389"), ("arXiv", "1708.01294"))
_DIPOLE_CITE: Cite = (("arXiv", "1803.03262"),)


class CevnsProcesses:
    """The processes of a CEvNS file: elastic scattering, and upscattering to a heavy neutral lepton."""

    columns = ("channel",)

    def __init__(self, attributes: Mapping[str, Any]) -> None:
        names = str(needed(attributes, "channel_names")).split(",")
        self._by_channel = np.array([UPSCATTERING if name.endswith("/upscattering") else CEVNS for name in names])
        self._target = str(needed(attributes, "target"))

    def numbers(self, columns: Columns) -> IntArray:
        """Return the number of each event's process, shape (N,)."""
        numbers: IntArray = self._by_channel[columns["channel"]]
        return numbers

    def describe(self, number: int) -> tuple[str, str, Cite]:
        """Return name, description and sources of a process."""
        if number == UPSCATTERING:
            return "CEvNS upscattering", f"nu A -> N A on nuclei of {self._target}, dipole portal", _DIPOLE_CITE
        return "CEvNS", f"coherent elastic neutrino-nucleus scattering on nuclei of {self._target}", _CEVNS_CITE


class CevnsRecords:
    """Makes particles from the columns of CEvNS events."""

    columns: tuple[str, ...] = ("channel", "flavour", "isotope", "p4_nu_in", "p4_nu_out", "p4_recoil")
    optional: tuple[str, ...] = ()

    def __init__(self, attributes: Mapping[str, Any], recoil: str) -> None:
        if recoil == "omit":
            raise InputError("recoil = omit leaves no visible particle in CEvNS; use final or pseudo")
        self.processes: Processes = CevnsProcesses(attributes)
        self._codes = np.array(codes(attributes, "target_pdg"))
        masses = str(needed(attributes, "target_mass_GeV")).split(",")
        self._masses_GeV = np.array([float(mass) for mass in masses])
        dipole = json.loads(str(attributes.get("model", "{}"))).get("dipole") or {}
        self._heavy_GeV = float(dipole.get("mass_GeV", 0.0))
        self._recoil = recoil

    def groups(self, columns: Columns) -> tuple[Group, ...]:
        """Return the events of a block as one group."""
        isotope, flavour = (columns[name].astype(np.int64) for name in ("isotope", "flavour"))
        place = places_in(self._codes, isotope)
        if (place < 0).any():
            raise InputError(
                "column 'isotope' names nuclides that attribute 'target_pdg' does not; make the file again"
            )
        mass = self._masses_GeV[place]
        process = self.processes.numbers(columns)
        heavy = process == UPSCATTERING
        outgoing = neutrino_particle(Place.OUT, flavour, columns["p4_nu_out"])
        if heavy.any():
            code, heavy_mass = np.where(heavy, HEAVY_NEUTRAL_LEPTON, flavour), np.where(heavy, self._heavy_GeV, 0.0)
            outgoing = replace(outgoing, pdgid=code, mass_GeV=heavy_mass)
        particles = (
            neutrino_particle(Place.BEAM, flavour, columns["p4_nu_in"]),
            Particle(Place.TARGET, isotope, at_rest(mass), mass),
            outgoing,
            Particle(Place.OUT, isotope, components(columns["p4_recoil"]), mass),
        )
        return (Group(slice(None), process, treat_nuclei(particles, self._recoil)),)
