"""Columns of an event of inverse beta decay, or of a neutrino on a free neutron; their names say which particles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tridentgen.constants import ELECTRON_MASS_GEV, NEUTRON_MASS_GEV, PROTON_MASS_GEV
from tridentgen.engines.process import Column, Role, Species
from tridentgen.events.columns import EVENT_NUMBER, WEIGHT, identified, label, momentum
from tridentgen.matter.nuclei import NEUTRON_PDG, PROTON_PDG
from tridentgen.matter.particles import neutrino


@dataclass(frozen=True)
class Final:
    """The struck nucleon and the particles of the final state.

    Attributes
    ----------
    lepton, nucleon : str
        Names in columns.
    lepton_pdg, nucleon_pdg, struck_pdg : int
    nucleon_mass_GeV, struck_mass_GeV : float
    """

    lepton: str
    nucleon: str
    lepton_pdg: int
    nucleon_pdg: int
    nucleon_mass_GeV: float
    struck_pdg: int
    struck_mass_GeV: float

    @property
    def gap_GeV(self) -> float:
        """Mass of the nucleon less that of the struck one."""
        return self.nucleon_mass_GeV - self.struck_mass_GeV


def final_state(antineutrino: bool) -> Final:
    """Return the final state e+ n of an antineutrino on a proton, or e- p of a neutrino on a neutron."""
    if antineutrino:
        return Final("positron", "neutron", -11, NEUTRON_PDG, NEUTRON_MASS_GEV, PROTON_PDG, PROTON_MASS_GEV)
    return Final("electron", "proton", 11, PROTON_PDG, PROTON_MASS_GEV, NEUTRON_PDG, NEUTRON_MASS_GEV)


def columns_with(antineutrino: bool) -> tuple[Column, ...]:
    """Return the columns of an event with the particles of their momenta."""
    final = final_state(antineutrino)
    incoming = Species.one(neutrino("nuebar" if antineutrino else "nue").pdgid, 0.0)
    columns: Sequence[Column] = (
        EVENT_NUMBER,
        replace(WEIGHT, description="weight: the sum over all events is the flux-averaged cross section per nucleus"),
        label("channel", "source component: place in attribute channel_names"),
        label("flavour", "PDG code of the incoming neutrino"),
        Column("e_nu", "GeV", "energy of the incoming neutrino"),
        Column(f"{final.lepton}_energy", "MeV", f"kinetic energy of the {final.lepton}"),
        Column("cos_theta", "", f"cosine of the angle between the {final.lepton} and the beam"),
        Column(f"{final.nucleon}_energy", "keV", f"kinetic energy of the {final.nucleon}"),
        Column(f"cos_{final.nucleon}", "", f"cosine of the angle between the {final.nucleon} and the beam"),
        Column("q2", "GeV2", "squared momentum transfer Q^2 = -q^2"),
        *_prompt(antineutrino),
        Column("time", "ns", "arrival time after the middle of the beam pulse; 0 for a steady source"),
        momentum("p4_nu_in", "the incoming neutrino", Role.INCOMING),
        momentum("p4_lepton", f"the {final.lepton}", Role.OUTGOING),
        momentum(f"p4_{final.nucleon}", f"the {final.nucleon}", Role.RECOIL),
    )
    species = {
        "p4_nu_in": incoming,
        "p4_lepton": Species.one(final.lepton_pdg, ELECTRON_MASS_GEV),
        f"p4_{final.nucleon}": Species.one(final.nucleon_pdg, final.nucleon_mass_GeV),
    }
    return identified(columns, species)


def _prompt(antineutrino: bool) -> tuple[Column, ...]:
    if not antineutrino:
        return ()
    return (Column("prompt_energy", "MeV", "kinetic energy of the positron and the two photons of its annihilation"),)


def columns_of_file(attributes: Mapping[str, Any]) -> tuple[Column, ...]:
    """Return the columns of a file from its attributes."""
    return columns_with(attributes.get("neutrino") != "nue")
