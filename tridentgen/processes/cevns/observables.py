"""Observables of CEvNS for cuts, and the axes of figures."""

from __future__ import annotations

from dataclasses import replace

from tridentgen.events.observables import Axis, Observable, in_MeV, in_us
from tridentgen.processes.dipole import DECAY_AXES, decay_observables

CEVNS_OBSERVABLES = (
    Observable("e_nu", "GeV"),
    Observable("recoil_energy", "keV"),
    Observable("cos_theta", ""),
    Observable("time", "ns", signed=True),
    Observable("quenched_energy", "keV", needs_detector=True),
    Observable("observed_energy", "keV", needs_detector=True),
    *decay_observables("p4_recoil"),
)


_RECOIL = Axis("recoil_energy", "recoil_energy", "keV", "T", "keV", log_y=True, long_tail=1e-3)
_OBSERVED = replace(_RECOIL, name="observed_energy", column="observed_energy", symbol=r"E_\mathrm{obs}")

CEVNS_AXES = (
    replace(_RECOIL, sort="component", with_kept=True),
    replace(_RECOIL, name="recoil_energy_by_isotope", sort="isotope", only_if_sorted=True),
    replace(_RECOIL, name="recoil_energy_by_final_state", sort="final_state", only_if_sorted=True),
    Axis("e_nu", "e_nu", "GeV", r"E_\nu", "MeV", in_MeV, sort="flavour", log_y=True, long_tail=1e-3, GeV_above=1.0),
    Axis("cos_theta", "cos_theta", "", r"\cos\theta", "", sort="component", long_tail=1e-4),
    Axis("time", "time", "ns", "t", r"$\mu$s", in_us, sort="component", differs_from="0"),
    replace(
        _OBSERVED,
        name="quenched_energy",
        column="quenched_energy",
        symbol=r"E_\mathrm{ee}",
        sort="component",
        differs_from="recoil_energy",
    ),
    replace(_OBSERVED, sort="component", seen=True),
    *DECAY_AXES,
)
