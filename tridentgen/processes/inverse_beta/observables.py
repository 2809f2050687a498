"""Observables of inverse beta decay for cuts, and the axes of figures."""

from __future__ import annotations

from tridentgen.events.observables import Axis, Observable, in_MeV, in_us

INVERSE_BETA_OBSERVABLES = (
    Observable("e_nu", "GeV"),
    Observable("positron_energy", "MeV"),
    Observable("electron_energy", "MeV"),
    Observable("prompt_energy", "MeV"),
    Observable("neutron_energy", "keV"),
    Observable("proton_energy", "keV"),
    Observable("cos_theta", "", signed=True),
    Observable("cos_neutron", "", signed=True),
    Observable("cos_proton", "", signed=True),
    Observable("q2", "GeV2"),
    Observable("time", "ns", signed=True),
)


INVERSE_BETA_AXES = (
    Axis("positron_energy", "positron_energy", "MeV", r"T_{e^+}", "MeV", sort="component", long_tail=1e-3),
    Axis("electron_energy", "electron_energy", "MeV", r"T_{e^-}", "MeV", sort="component", long_tail=1e-3),
    Axis("prompt_energy", "prompt_energy", "MeV", r"E_\mathrm{prompt}", "MeV", sort="component", long_tail=1e-3),
    Axis("neutron_energy", "neutron_energy", "keV", r"T_n", "keV", sort="component", log_y=True, long_tail=1e-3),
    Axis("proton_energy", "proton_energy", "keV", r"T_p", "keV", sort="component", log_y=True, long_tail=1e-3),
    Axis("e_nu", "e_nu", "GeV", r"E_\nu", "MeV", in_MeV, sort="component", long_tail=1e-3, GeV_above=1.0),
    Axis("cos_theta", "cos_theta", "", r"\cos\theta_e", "", sort="component", long_tail=1e-4),
    Axis("time", "time", "ns", "t", r"$\mu$s", in_us, sort="component", differs_from="0"),
)
