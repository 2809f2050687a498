"""Columns of an event of neutrino-electron scattering."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tridentgen.constants import ELECTRON_MASS_GEV
from tridentgen.engines.process import Column, Role, Species
from tridentgen.events.columns import DECAY_COLUMNS, EVENT_NUMBER, WEIGHT, identified, label, momentum
from tridentgen.matter.particles import NEUTRINOS, neutrino

ELECTRON_PDG = 11

UPSCATTERING = "/upscattering"
"""Ending of the names of channels with a heavy neutral lepton in the final state."""


def _part(name: str, what: str) -> Column:
    return Column(name, "cm2", f"part of the weight proportional to {what}", role=Role.PART)


PARTS = (_part("weight_ll", "g_L^2"), _part("weight_rr", "g_R^2"), _part("weight_lr", "g_L g_R"))
"""weight = g_L^2 weight_ll + g_R^2 weight_rr + g_L g_R weight_lr, for neutrinos and antineutrinos."""

_COLUMNS: tuple[Column, ...] = (
    EVENT_NUMBER,
    replace(WEIGHT, description="weight: the sum over all events is the flux-averaged cross section per atom"),
    label("channel", "source component: place in attribute channel_names"),
    label("flavour", "PDG code of the incoming neutrino"),
    label("isotope", "PDG code of the nucleus of the electron's atom"),
    Column("e_nu", "GeV", "energy of the incoming neutrino"),
    Column("electron_energy", "MeV", "kinetic energy T of the electron"),
    Column("cos_theta", "", "cosine of the angle between the electron and the beam"),
    Column("e_theta2", "GeV", "E theta^2 of the electron, with its total energy and the angle to the beam in radians"),
    Column("y", "", "inelasticity T/E_nu"),
    Column("time", "ns", "arrival time after the middle of the beam pulse; 0 for a steady source"),
    momentum("p4_nu_in", "the incoming neutrino", Role.INCOMING),
    momentum("p4_nu_out", "the outgoing neutrino", Role.OUTGOING),
    momentum("p4_lepton", "the electron", Role.OUTGOING),
)


def electron_columns(
    neutrinos: Sequence[str], outgoing: Sequence[tuple[int, float]] = (), *, parts: bool
) -> tuple[Column, ...]:
    """Return the columns with the particles of their momenta, with the parts of the weight if there are any.

    `outgoing` are PDG code and mass in GeV of the outgoing lepton by channel; empty if all channels are elastic.
    """
    codes = tuple(dict.fromkeys(neutrino(name).pdgid for name in neutrinos))
    species = Species(codes, (0.0,) * len(codes), "flavour", codes)
    out = species
    if outgoing:
        finals, masses = (tuple(values) for values in zip(*outgoing, strict=True))
        out = Species(finals, masses, "channel", tuple(range(len(outgoing))))
    electron = Species.one(ELECTRON_PDG, ELECTRON_MASS_GEV)
    columns = (*_COLUMNS[:2], *PARTS, *_COLUMNS[2:]) if parts else _COLUMNS
    return identified(columns, {"p4_nu_in": species, "p4_nu_out": out, "p4_lepton": electron})


def columns_of_file(attributes: Mapping[str, Any]) -> tuple[Column, ...]:
    """Return the columns of a file from its attributes."""
    given = str(attributes.get("neutrino", ""))
    columns = electron_columns(given.split(",") if given else tuple(NEUTRINOS), parts=True)
    if "decay" in attributes:
        columns = (*columns, *DECAY_COLUMNS)
    if UPSCATTERING in str(attributes.get("channel_names", "")):  # these do not name the neutrino of each channel
        return tuple(replace(c, species=None) if c.name == "p4_nu_out" else c for c in columns)
    return columns
