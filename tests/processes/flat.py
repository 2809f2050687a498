"""A small process: elastic scattering of a neutrino on a nucleus with the same cross section at every energy and angle.

All that a process is to the package stands here, as it would in a folder of its own: what is sampled, the reaction, its
table of a card, and one `ReactionKind`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from tridentgen.constants import KEV_PER_GEV
from tridentgen.detector import Detector
from tridentgen.engines.process import Column, Role, Species
from tridentgen.errors import InputError
from tridentgen.events.columns import EVENT_NUMBER, identified, label, momentum
from tridentgen.events.kinematics import angle
from tridentgen.events.observables import RADIANS_PER_DEGREE, Observable
from tridentgen.flux import Beam, EnergyMap
from tridentgen.flux.fingerprint import fingerprint
from tridentgen.matter.nuclei import Nuclide, nuclide
from tridentgen.matter.particles import neutrino
from tridentgen.physics import cevns_kinematics as kinematics
from tridentgen.physics.elementary import Value, Values, sincos2pi
from tridentgen.processes.base import Attributes, Reaction, ReactionKind, Sort, only_flux
from tridentgen.toml.tables import Table, string

SIGMA_CM2 = 2.5e-40
NAME = "flat"

COLUMNS = (
    EVENT_NUMBER,
    Column("weight", "cm2", "weight", role=Role.WEIGHT),
    label("half", "0 where less than half of the largest recoil energy is transferred, 1 where more is"),
    Column("e_nu", "GeV", "energy of the incoming neutrino"),
    Column("recoil_energy", "keV", "kinetic energy of the nucleus"),
    momentum("p4_nu_in", "the incoming neutrino", Role.INCOMING),
    momentum("p4_nu_out", "the outgoing neutrino", Role.OUTGOING),
    momentum("p4_recoil", "the nucleus", Role.RECOIL),
)
OBSERVABLES = (
    Observable("recoil_energy", "keV"),
    Observable("e_nu", "GeV"),
    Observable("theta_recoil", "deg", RADIANS_PER_DEGREE, columns=("p4_recoil", "p4_nu_in"), value=angle),
)


@dataclass(frozen=True)
class SampledFlat:
    """The process in a flux; its integrand is a plain number at one energy."""

    mass_GeV: float
    energies: EnergyMap
    signature: str
    columns: tuple[Column, ...]
    channels: tuple[str, ...] = ("all",)
    spares: int = 1

    @property
    def dimensions(self) -> int:
        return 1 + self.energies.dimensions

    def integrand(self, _channel: int, x: Values) -> Value:
        return SIGMA_CM2 * self.energies(x[-1])[1]

    def event(self, channel: int, x: Values, spare: Values) -> dict[str, Value]:
        energy, _ = self.energies(x[-1])
        _, largest = kinematics.recoil_limits(energy, self.mass_GeV, 0.0)
        sine, cosine = sincos2pi(spare[0])
        momenta = kinematics.lab_momenta(energy, largest * x[0], self.mass_GeV, 0.0, (cosine, sine))
        return {
            "weight": self.integrand(channel, x),
            "half": np.where(x[0] < 0.5, 0.0, 1.0),
            "e_nu": energy,
            "recoil_energy": largest * x[0] * KEV_PER_GEV,
            "p4_nu_in": (energy, 0.0, 0.0, energy),
            "p4_nu_out": momenta.neutrino,
            "p4_recoil": momenta.nucleus,
        }


@dataclass(frozen=True)
class Flat(Reaction):
    """The reaction."""

    neutrino: str
    target: str

    @property
    def kind(self) -> str:
        return NAME

    @property
    def line(self) -> str:
        return f"{self.neutrino} {self.target} -> {self.neutrino} {self.target}"

    @property
    def signature(self) -> str:
        return json.dumps({"process": NAME, **asdict(self)}, sort_keys=True)

    @property
    def nuclides(self) -> tuple[Nuclide, ...]:
        return (nuclide(self.target),)

    def threshold_GeV(self) -> float:
        return 0.0

    def sampled(self, beam: Beam, detector: Detector | None = None) -> SampledFlat:
        if detector is not None:
            raise InputError("there is no response of a detector")
        energies = only_flux(beam).energy_map(0.0)
        signature = json.dumps({"process": self.signature, "flux": fingerprint(energies)})
        return SampledFlat(self.nuclides[0].mass_GeV, energies, signature, columns_of(self.attributes(beam)))

    def attributes(self, beam: Beam) -> Attributes:
        target, flux = self.nuclides[0], only_flux(beam)
        return {
            "process": NAME,
            "reaction": self.line,
            "neutrino": self.neutrino,
            "target": self.target,
            "flux": flux.description,
            "flux_total": flux.total,
            "flux_total_units": flux.total_units,
            "beam_pdg": neutrino(self.neutrino).pdgid,
            "target_pdg": target.pdgid,
            "target_mass_GeV": target.mass_GeV,
        }

    def row(self, _beam: Beam) -> dict[str, Any]:
        return {"nu": self.neutrino, "leptons": [], "target": self.target, "regime": "elastic"}


@dataclass(frozen=True)
class FlatTable:
    """The table [process]."""

    neutrino: str
    target: str
    kind: str = NAME

    def reaction(self, _model: None) -> Flat:
        return Flat(self.neutrino, self.target)


def read(process: Table, _model: Table) -> tuple[FlatTable, None]:
    def known_neutrino(value: object) -> str:
        return neutrino(string(value)).name

    def known_nuclide(value: object) -> str:
        return nuclide(string(value)).name

    return FlatTable(process.need("neutrino", known_neutrino, ""), process.need("target", known_nuclide, "")), None


def columns_of(attributes: Mapping[str, Any]) -> tuple[Column, ...]:
    same = Species.one(int(attributes["beam_pdg"]), 0.0)
    recoil = Species.one(int(attributes["target_pdg"]), float(attributes["target_mass_GeV"]))
    return identified(COLUMNS, {"p4_nu_in": same, "p4_nu_out": same, "p4_recoil": recoil})


def _halves(_attributes: Mapping[str, Any]) -> Mapping[int, str]:
    return {0: "soft", 1: "hard"}


FLAT = ReactionKind(
    name=NAME,
    events_are="flat scattering",
    read=read,
    columns=columns_of,
    observables=OBSERVABLES,
    sorts={"half": Sort("halves", "recoils", "half", _halves)},
    groups="half",
    process_id=790,
)
