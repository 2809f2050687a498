"""Particles of CEvNS, and the numbers of its processes: NuHepMC 1.0.0, E.C.1, reserves 100 to 199 for low energies."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from tridentgen.errors import InputError
from tridentgen.events.particles import (
    DECAYS,
    UNKNOWN_HELICITY,
    Cite,
    Group,
    Particle,
    Place,
    Processes,
    Rows,
    at_rest,
    codes,
    components,
    needed,
    neutrino_particle,
    places_in,
    treat_nuclei,
    with_decay,
)
from tridentgen.matter.nuclei import PROTON_PDG
from tridentgen.matter.particles import HEAVY_NEUTRAL_LEPTON, PHOTON
from tridentgen.processes.bound_nucleons import separated
from tridentgen.processes.cevns import labels
from tridentgen.processes.cevns.upscattering import NEUTRON, PROTON
from tridentgen.typing import Columns, IntArray

CEVNS, UPSCATTERING, UPSCATTERING_PROTON, UPSCATTERING_NEUTRON = 150, 151, 152, 153
_BY_FINAL = {
    labels.UPSCATTERING: UPSCATTERING,
    labels.UPSCATTERING_PROTON: UPSCATTERING_PROTON,
    labels.UPSCATTERING_NEUTRON: UPSCATTERING_NEUTRON,
}
_NUCLEONS = {UPSCATTERING_PROTON: PROTON, UPSCATTERING_NEUTRON: NEUTRON}
_CEVNS_CITE: Cite = (("DOI", "10.1103/PhysRevD.9.1389"), ("arXiv", "1708.01294"))
_DIPOLE_CITE: Cite = (("arXiv", "1803.03262"),)


class CevnsProcesses:
    """The processes of a CEvNS file: elastic scattering, and upscattering to a heavy neutral lepton."""

    columns = ("channel",)

    def __init__(self, attributes: Mapping[str, Any]) -> None:
        names = str(needed(attributes, "channel_names")).split(",")
        self._by_channel = np.array([_BY_FINAL.get(name.rpartition("/")[2], CEVNS) for name in names])
        self._target = str(needed(attributes, "target"))

    def numbers(self, columns: Columns) -> IntArray:
        """Return the number of each event's process, shape (N,)."""
        numbers: IntArray = self._by_channel[columns["channel"]]
        return numbers

    def describe(self, number: int) -> tuple[str, str, Cite]:
        """Return name, description and sources of a process."""
        if number == UPSCATTERING:
            return "CEvNS upscattering", f"nu A -> N A on nuclei of {self._target}, dipole portal", _DIPOLE_CITE
        if number in _NUCLEONS:
            nucleon = _NUCLEONS[number].regime
            said = f"nu {nucleon} -> N {nucleon} on nucleons of {self._target}, dipole portal"
            return f"upscattering, {nucleon}", said, _DIPOLE_CITE
        return "CEvNS", f"coherent elastic neutrino-nucleus scattering on nuclei of {self._target}", _CEVNS_CITE


class CevnsRecords:
    """Makes particles from the columns of CEvNS events."""

    columns: tuple[str, ...] = ("channel", "flavour", "isotope", "p4_nu_in", "p4_nu_out", "p4_recoil")
    optional: tuple[str, ...] = ()

    def __init__(self, attributes: Mapping[str, Any], recoil: str) -> None:
        dipole = json.loads(str(attributes.get("model", "{}"))).get("dipole") or {}
        self._heavy_GeV = float(dipole.get("mass_GeV", 0.0))
        self._decay = str(attributes.get("decay", ""))
        if recoil == "omit" and not self._decay:
            raise InputError("recoil = omit leaves no visible particle in CEvNS; use final or pseudo")
        self.processes: Processes = CevnsProcesses(attributes)
        self._codes = np.array(codes(attributes, "target_pdg"))
        masses = str(needed(attributes, "target_mass_GeV")).split(",")
        self._masses_GeV = np.array([float(mass) for mass in masses])
        self._recoil = recoil
        if self._decay:
            self.columns = (*self.columns, *DECAYS, "decay_flavour", "p4_photon", "p4_nu_decay")

    def groups(self, columns: Columns) -> tuple[Group, ...]:
        """Return the events of a block: those on nuclei as one group, others by nucleon and nuclide."""
        isotope = columns["isotope"].astype(np.int64)
        place = places_in(self._codes, isotope)
        if (place < 0).any():
            raise InputError(
                "column 'isotope' names nuclides that attribute 'target_pdg' does not; make the file again"
            )
        process = self.processes.numbers(columns)
        bound = np.isin(process, tuple(_NUCLEONS))
        if not bound.any():
            return (self._group(slice(None), columns, process, place),)
        found = [np.flatnonzero(~bound)] if not bound.all() else []
        sorts = np.unique(np.stack([process[bound], place[bound]]), axis=1).T
        found += [np.flatnonzero((process == number) & (place == which)) for number, which in sorts.tolist()]
        return tuple(self._group(rows, columns, process, place) for rows in found)

    def _group(self, rows: Rows, columns: Columns, process: IntArray, place: IntArray) -> Group:
        """Return events on nuclei, or those on one kind of nucleon of one nuclide."""
        mine = {name: columns[name][rows] for name in self.columns}
        flavour, isotope = mine["flavour"].astype(np.int64), self._codes[place[rows]]
        process, mass = process[rows], self._masses_GeV[place[rows]]
        incoming = [
            neutrino_particle(Place.BEAM, flavour, mine["p4_nu_in"]),
            Particle(Place.TARGET, isotope, at_rest(mass), mass),
        ]
        struck = _NUCLEONS.get(int(process[0])) if len(process) else None
        recoil = Particle(Place.OUT, isotope, components(mine["p4_recoil"]), mass)
        if struck is not None:
            nucleus, nucleus_GeV = int(isotope[0]), float(mass[0])
            if nucleus != PROTON_PDG:
                incoming += separated(nucleus, nucleus_GeV, struck.pdgid, struck.mass_GeV)
            recoil = Particle(Place.OUT, struck.pdgid, components(mine["p4_recoil"]), struck.mass_GeV)
        outgoing: tuple[Particle, ...] = (self._outgoing(mine, flavour, process), recoil)
        if self._decay:
            photon = Particle(Place.OUT, PHOTON, components(mine["p4_photon"]), 0.0)
            light = neutrino_particle(Place.OUT, mine["decay_flavour"].astype(np.int64), mine["p4_nu_decay"])
            outgoing = with_decay(outgoing, 0, (photon, light), mine)
        return Group(rows, process, treat_nuclei((*incoming, *outgoing), self._recoil))

    def _outgoing(self, mine: Columns, flavour: IntArray, process: IntArray) -> Particle:
        """Return the outgoing neutrino or heavy neutral lepton."""
        outgoing = neutrino_particle(Place.OUT, flavour, mine["p4_nu_out"])
        heavy = process != CEVNS
        if not heavy.any():
            return outgoing
        sign = np.where((flavour < 0) & (self._decay == "dirac"), -1, 1)
        code, mass = np.where(heavy, sign * HEAVY_NEUTRAL_LEPTON, flavour), np.where(heavy, self._heavy_GeV, 0.0)
        spin = UNKNOWN_HELICITY if self._decay else outgoing.helicity
        return replace(outgoing, pdgid=code, mass_GeV=mass, helicity=spin)
