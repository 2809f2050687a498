"""Columns of a CEvNS event, their units and meaning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tridentgen.engines.process import Column, Role, Species
from tridentgen.events.columns import DECAY_COLUMNS, EVENT_NUMBER, WEIGHT, identified, label, momentum
from tridentgen.matter.particles import Neutrino
from tridentgen.processes.cevns.labels import ELASTIC, UPSCATTERING, channel_names
from tridentgen.processes.detected import DETECTOR_COLUMNS
from tridentgen.processes.dipole import Decay, decay_columns

CEVNS_COLUMNS: tuple[Column, ...] = (
    EVENT_NUMBER,
    replace(WEIGHT, description="weight: the sum over all events is the flux-averaged cross section per nucleus"),
    label("channel", "source component, nuclide and final state: place in attribute channel_names"),
    label("flavour", "PDG code of the incoming neutrino"),
    label("isotope", "PDG code of the nucleus"),
    Column("e_nu", "GeV", "energy of the incoming neutrino"),
    Column("recoil_energy", "keV", "kinetic energy of the recoiling nucleus"),
    Column("cos_theta", "", "cosine of the angle between the recoiling nucleus and the beam"),
    Column("time", "ns", "arrival time after the middle of the beam pulse; 0 for a steady source"),
    momentum("p4_nu_in", "the incoming neutrino", Role.INCOMING),
    momentum("p4_nu_out", "the outgoing neutrino or heavy neutral lepton", Role.OUTGOING),
    momentum("p4_recoil", "the recoiling nucleus", Role.RECOIL),
)
"""Columns of a CEvNS event; the kinetic energy `recoil_energy` is more exact than E - M of the recoil momentum."""


def cevns_columns(
    flavours: Sequence[int], nuclides: Mapping[int, float], outgoing: Sequence[tuple[int, float]] = (),
    recoils: Sequence[tuple[int, float]] = (), *, has_detector: bool = False,
) -> tuple[Column, ...]:  # fmt: skip
    """Return the columns of a process with the particles of their momenta.

    Parameters
    ----------
    flavours
        PDG codes of the neutrinos of the source.
    nuclides
        Masses in GeV of the nuclides by their PDG codes.
    outgoing
        PDG code and mass in GeV of the outgoing lepton, by sampling channel; empty if all channels are elastic.
    recoils
        PDG code and mass in GeV of what recoils, by sampling channel; empty if it is the nucleus in all of them.
    has_detector
        Whether to add the columns of a detector.
    """
    codes = tuple(dict.fromkeys(flavours))
    elastic = Species(codes, (0.0,) * len(codes), "flavour", codes)
    out = _by_channel(outgoing) if outgoing else elastic
    nuclei = Species(tuple(nuclides), tuple(nuclides.values()), "isotope", tuple(nuclides))
    recoil = _by_channel(recoils) if recoils else nuclei
    columns = CEVNS_COLUMNS + DETECTOR_COLUMNS if has_detector else CEVNS_COLUMNS
    return identified(columns, {"p4_nu_in": elastic, "p4_nu_out": out, "p4_recoil": recoil})


def _by_channel(particles: Sequence[tuple[int, float]]) -> Species:
    """Return a species from code and mass in each sampling channel."""
    codes, masses = (tuple(values) for values in zip(*particles, strict=True))
    return Species(codes, masses, "channel", tuple(range(len(particles))))


def with_decays(columns: Sequence[Column], decay: Decay, incoming: Sequence[Neutrino]) -> tuple[Column, ...]:
    """Return the columns with those of the decay of the heavy neutral lepton."""
    return (*columns, *decay_columns(decay, incoming))


def columns_of_file(attributes: Mapping[str, Any]) -> tuple[Column, ...]:
    """Return the columns of a file from its attributes; without particles if these do not name them."""
    try:
        flavours = [int(code) for code in str(attributes["beam_pdg"]).split(",")]
        codes = [int(code) for code in str(attributes["target_pdg"]).split(",")]
        masses = [float(mass) for mass in str(attributes["target_mass_GeV"]).split(",")]
        columns = cevns_columns(flavours, dict(zip(codes, masses, strict=True)), has_detector=True)
    except (LookupError, ValueError):
        return CEVNS_COLUMNS + DETECTOR_COLUMNS
    if "decay" in attributes:
        columns = (*columns, *DECAY_COLUMNS)
    # The attributes do not name the neutrino of each channel, nor what recoils.
    finals = {name.final for name in channel_names(attributes)}
    unknown = {"p4_nu_out"} if finals - {ELASTIC} else set()
    unknown |= {"p4_recoil"} if finals - {ELASTIC, UPSCATTERING} else set()
    return tuple(replace(c, species=None) if c.name in unknown else c for c in columns)
