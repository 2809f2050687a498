"""Columns of a CEvNS event, their units and meaning."""

from __future__ import annotations

from tridentgen.engines.process import Column
from tridentgen.events.columns import momentum

CEVNS_COLUMNS: tuple[Column, ...] = (
    Column("event_id", "", "number of the event in its run", dtype="u8"),
    Column("weight", "cm2", "weight: the sum over all events is the flux-averaged cross section per nucleus"),
    Column("channel", "", "source component, nuclide and final state: place in attribute channel_names", dtype="i4"),
    Column("flavour", "", "PDG code of the incoming neutrino", dtype="i4"),
    Column("isotope", "", "PDG code of the nucleus", dtype="i4"),
    Column("e_nu", "GeV", "energy of the incoming neutrino"),
    Column("recoil_energy", "keV", "kinetic energy of the recoiling nucleus"),
    Column("cos_theta", "", "cosine of the angle between the recoiling nucleus and the beam"),
    Column("time", "ns", "arrival time after the middle of the beam pulse; 0 for a steady source"),
    momentum("p4_nu_in", "the incoming neutrino"),
    momentum("p4_nu_out", "the outgoing neutrino or heavy neutral lepton"),
    momentum("p4_recoil", "the recoiling nucleus"),
)
"""Columns of a coherent scattering event. The recoil's kinetic energy is `recoil_energy`; E - M of its momentum is not
as exact."""


DETECTOR_COLUMNS: tuple[Column, ...] = (
    Column("quenched_energy", "keV", "electron-equivalent energy of the recoil, without resolution"),
    Column("observed_energy", "keV", "electron-equivalent energy as seen with the detector's resolution"),
    Column("acceptance", "", "chance that the detector keeps the event: thresholds and efficiency; not in the weight"),
)
"""Further columns where a detector is given."""
