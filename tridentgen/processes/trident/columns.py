"""Columns of a trident event, their units and meaning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tridentgen.constants import NEUTRON_MASS_GEV, PROTON_MASS_GEV
from tridentgen.engines.process import Column, Role, Species
from tridentgen.errors import InputError
from tridentgen.events.columns import EVENT_NUMBER, WEIGHT, identified, label, momentum
from tridentgen.matter.nuclei import NEUTRON_PDG, PROTON_PDG
from tridentgen.matter.particles import charged_lepton

COHERENT, PROTON, NEUTRON = range(3)
"""Codes of the column ``regime``."""

REGIME_NAMES = ("coherent", "proton", "neutron")
"""Names of the regimes, in the order of their codes."""


def _part(name: str, description: str) -> Column:
    return Column(name, "cm2", description, role=Role.PART)


def _helicity(name: str, description: str) -> Column:
    return Column(name, "", description, dtype="i4", role=Role.HELICITY)


TRIDENT_COLUMNS: tuple[Column, ...] = (
    EVENT_NUMBER,
    WEIGHT,
    label("channel", "sampling channel: 0 = propagator of l+, 1 = propagator of l-"),
    label("regime", "target: 0 = coherent nucleus, 1 = bound proton, 2 = bound neutron"),
    Column("e_nu", "GeV", "energy of the incoming neutrino"),
    momentum("p4_nu_in", "the incoming neutrino", Role.INCOMING),
    momentum("p4_nu_out", "the outgoing neutrino", Role.OUTGOING),
    momentum("p4_minus", "the negative lepton", Role.OUTGOING),
    momentum("p4_plus", "the positive lepton", Role.OUTGOING),
    momentum("p4_recoil", "the recoiling nucleus or nucleon", Role.RECOIL),
    _helicity("helicity_minus", "sign of the helicity of the negative lepton, laboratory frame"),
    _helicity("helicity_plus", "sign of the helicity of the positive lepton, laboratory frame"),
    Column("m2_ll", "GeV2", "squared invariant mass of the two charged leptons"),
    Column("delta_theta", "rad", "angle between the two charged leptons, laboratory frame"),
    Column("theta_minus", "rad", "angle between the negative lepton and the beam"),
    Column("theta_plus", "rad", "angle between the positive lepton and the beam"),
    Column("q2", "GeV2", "virtuality Q2 = -q2 of the photon exchanged with the target"),
    Column("w2", "GeV2", "squared invariant mass W2 of the three outgoing leptons"),
    Column("q2_nu", "GeV2", "squared momentum transfer between the neutrinos, 2 p1.p2"),
    Column("recoil_energy", "GeV", "kinetic energy of the recoiling nucleus or nucleon"),
    _part("weight_ll", "part of the weight proportional to c_L^2, c_L = V + A"),
    _part("weight_rr", "part of the weight proportional to c_R^2, c_R = V - A"),
    _part("weight_lr", "part of the weight proportional to c_L c_R"),
    _part("weight_t", "part of the weight from transverse photons, averaged over the azimuth of the recoil"),
    _part("weight_l", "part of the weight from longitudinal photons, averaged over the azimuth of the recoil"),
)
"""Columns of a trident event; weight = c_L^2 weight_ll + c_R^2 weight_rr + c_L c_R weight_lr,
and also weight = weight_t + weight_l."""


def trident_columns(
    beam: int, outgoing: int, minus: str, plus: str, recoils: Mapping[int, tuple[int, float]]
) -> tuple[Column, ...]:
    """Return the columns of a process with the particles of their momenta.

    Parameters
    ----------
    beam, outgoing : int
        PDG codes of the neutrinos.
    minus, plus : str
        Names of the charged leptons.
    recoils : mapping
        PDG code and mass in GeV of the recoiling particle, by the code of the regime.
    """
    leptons = {f"p4_{sign}": charged_lepton(name) for sign, name in (("minus", minus), ("plus", plus))}
    codes, masses = zip(*recoils.values(), strict=True)
    return identified(
        TRIDENT_COLUMNS,
        {
            "p4_nu_in": Species.one(beam, 0.0),
            "p4_nu_out": Species.one(outgoing, 0.0),
            **{name: Species.one(lepton.pdgid, lepton.mass_GeV) for name, lepton in leptons.items()},
            "p4_recoil": Species(codes, masses, "regime", tuple(recoils)),
        },
    )


def columns_of_file(attributes: Mapping[str, Any]) -> tuple[Column, ...]:
    """Return the columns of a file from its attributes; without particles if these do not name them."""
    try:
        target, mass = int(attributes["target_pdg"]), float(attributes["target_mass_GeV"])
        recoils = {
            COHERENT: (target, mass),
            PROTON: (PROTON_PDG, PROTON_MASS_GEV),
            NEUTRON: (NEUTRON_PDG, NEUTRON_MASS_GEV),
        }
        neutrinos = int(attributes["beam_pdg"]), int(attributes["neutrino_out_pdg"])
        leptons = str(attributes["lepton_minus"]), str(attributes["lepton_plus"])
        return trident_columns(*neutrinos, *leptons, recoils)
    except (LookupError, ValueError, InputError):
        return TRIDENT_COLUMNS
