"""Observables of CEvNS for cuts, and the axes of figures."""

from __future__ import annotations

from dataclasses import replace

from tridentgen.events.observables import Axis, Observable, in_MeV, in_us
from tridentgen.processes.detected import DETECTOR_OBSERVABLES, RECOIL_AXIS, detector_axes
from tridentgen.processes.dipole import DECAY_AXES, decay_observables

CEVNS_OBSERVABLES = (
    Observable("e_nu", "GeV"),
    Observable("recoil_energy", "keV"),
    Observable("cos_theta", ""),
    Observable("time", "ns", signed=True),
    *DETECTOR_OBSERVABLES,
    *decay_observables("p4_recoil"),
)

CEVNS_AXES = (
    replace(RECOIL_AXIS, sort="component", with_kept=True),
    replace(RECOIL_AXIS, name="recoil_energy_by_isotope", sort="isotope", only_if_sorted=True),
    replace(RECOIL_AXIS, name="recoil_energy_by_final_state", sort="final_state", only_if_sorted=True),
    Axis("e_nu", "e_nu", "GeV", r"E_\nu", "MeV", in_MeV, sort="flavour", log_y=True, long_tail=1e-3, GeV_above=1.0),
    Axis("cos_theta", "cos_theta", "", r"\cos\theta", "", sort="component", long_tail=1e-4),
    Axis("time", "time", "ns", "t", r"$\mu$s", in_us, sort="component", differs_from="0"),
    *detector_axes("component"),
    *DECAY_AXES,
)
