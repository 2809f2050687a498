"""Columns of an event of inverse muon decay; their names say which particles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from tridentgen.engines.process import Column, Role, Species
from tridentgen.events.columns import EVENT_NUMBER, WEIGHT, identified, label, momentum
from tridentgen.matter.particles import charged_lepton, neutrino

ELECTRON_PDG = 11
LEPTONS = ("mu-", "tau-")
NAMES: Mapping[str, str] = MappingProxyType({"mu-": "muon", "tau-": "tau"})
"""Names of the leptons in columns."""


def neutrinos_of(lepton: str) -> tuple[str, str]:
    """Return the neutrinos that make the lepton: numu and nuebar for ``mu-``."""
    return f"nu{charged_lepton(lepton).flavour}", "nuebar"


def outgoing_of(lepton: str, incoming: str) -> str:
    """Return the outgoing neutrino: nue for numu, numubar for nuebar."""
    return f"nu{charged_lepton(lepton).flavour}bar" if incoming == "nuebar" else "nue"


def columns_with(lepton: str) -> tuple[Column, ...]:
    """Return the columns of an event with the particles of their momenta."""
    name, charged = NAMES[lepton], charged_lepton(lepton)
    columns = (
        EVENT_NUMBER,
        replace(WEIGHT, description="weight: the sum over all events is the flux-averaged cross section per atom"),
        label("channel", "source component: place in attribute channel_names"),
        label("flavour", "PDG code of the incoming neutrino"),
        Column("e_nu", "GeV", "energy of the incoming neutrino"),
        Column(f"{name}_energy", "GeV", f"total energy of the {name}"),
        Column("cos_theta", "", f"cosine of the angle between the {name} and the beam"),
        Column("theta", "mrad", f"angle between the {name} and the beam"),
        Column("q2", "GeV2", "squared momentum transfer Q^2 = -q^2 from the neutrino to the neutrino"),
        Column("time", "ns", "arrival time after the middle of the beam pulse; 0 for a steady source"),
        momentum("p4_nu_in", "the incoming neutrino", Role.INCOMING),
        momentum("p4_nu_out", "the outgoing neutrino", Role.OUTGOING),
        momentum("p4_lepton", f"the {name}", Role.OUTGOING),
    )
    incoming = neutrinos_of(lepton)
    codes = tuple(neutrino(each).pdgid for each in incoming)
    outgoing = tuple(neutrino(outgoing_of(lepton, each)).pdgid for each in incoming)
    species = {
        "p4_nu_in": Species(codes, (0.0, 0.0), "flavour", codes),
        "p4_nu_out": Species(outgoing, (0.0, 0.0), "flavour", codes),
        "p4_lepton": Species.one(charged.pdgid, charged.mass_GeV),
    }
    return identified(columns, species)


def columns_of_file(attributes: Mapping[str, Any]) -> tuple[Column, ...]:
    """Return the columns of a file from its attributes."""
    lepton = str(attributes.get("lepton", LEPTONS[0]))
    return columns_with(lepton if lepton in LEPTONS else LEPTONS[0])
