"""Columns of an event of dark matter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tridentgen.engines.process import Column, Role, Species
from tridentgen.events.columns import EVENT_NUMBER, WEIGHT, identified, label, momentum
from tridentgen.matter.particles import DARK_MATTER
from tridentgen.processes.detected import DETECTOR_COLUMNS

_COLUMNS: tuple[Column, ...] = (
    EVENT_NUMBER,
    replace(WEIGHT, description="weight: the sum over all events is the flux-averaged cross section per nucleus"),
    label("channel", "nuclide: place in attribute channel_names"),
    label("isotope", "PDG code of the nucleus"),
    Column("speed", "km/s", "speed of the incoming particle in the laboratory"),
    Column("recoil_energy", "keV", "kinetic energy of the recoiling nucleus"),
    Column("cos_theta", "", "cosine of the angle between the recoiling nucleus and the mean wind of dark matter"),
    Column("time", "ns", "0: the halo is steady"),
    momentum("p4_chi_in", "the incoming dark matter", Role.INCOMING),
    momentum("p4_chi_out", "the outgoing dark matter", Role.OUTGOING),
    momentum("p4_recoil", "the recoiling nucleus", Role.RECOIL),
)
"""The z axis is the mean wind; `recoil_energy` is more exact than E - M of the recoil momentum."""


def wimp_columns(mass_GeV: float, nuclides: Mapping[int, float], *, has_detector: bool = False) -> tuple[Column, ...]:
    """Return the columns with the particles of their momenta; `nuclides` are masses in GeV by PDG code."""
    particle = Species.one(DARK_MATTER, mass_GeV)
    recoil = Species(tuple(nuclides), tuple(nuclides.values()), "isotope", tuple(nuclides))
    columns = _COLUMNS + DETECTOR_COLUMNS if has_detector else _COLUMNS
    return identified(columns, {"p4_chi_in": particle, "p4_chi_out": particle, "p4_recoil": recoil})


def columns_of_file(attributes: Mapping[str, Any]) -> tuple[Column, ...]:
    """Return the columns of a file from its attributes; without particles if these do not name them."""
    try:
        codes = [int(code) for code in str(attributes["target_pdg"]).split(",")]
        masses = [float(mass) for mass in str(attributes["target_mass_GeV"]).split(",")]
        particle = float(attributes["dark_matter_mass_GeV"])
        return wimp_columns(particle, dict(zip(codes, masses, strict=True)), has_detector=True)
    except (LookupError, ValueError):
        return _COLUMNS + DETECTOR_COLUMNS
