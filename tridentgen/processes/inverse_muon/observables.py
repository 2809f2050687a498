"""Observables of inverse muon decay for cuts, and the axes of figures."""

from __future__ import annotations

import numpy as np

from tridentgen.events.observables import Axis, Observable

INVERSE_MUON_OBSERVABLES = (
    Observable("e_nu", "GeV"),
    Observable("muon_energy", "GeV"),
    Observable("tau_energy", "GeV"),
    Observable("cos_theta", "", signed=True),
    Observable("theta", "mrad"),
    Observable("q2", "GeV2"),
    Observable("time", "ns", signed=True),
)

INVERSE_MUON_AXES = (
    Axis("muon_energy", "muon_energy", "GeV", r"E_\mu", "GeV", np.asarray, sort="component", long_tail=1e-3),
    Axis("tau_energy", "tau_energy", "GeV", r"E_\tau", "GeV", np.asarray, sort="component", long_tail=1e-3),
    Axis("theta", "theta", "mrad", r"\theta", "mrad", sort="component"),
    Axis("e_nu", "e_nu", "GeV", r"E_\nu", "GeV", sort="component", long_tail=1e-3),
    Axis("q2", "q2", "GeV2", "Q^2", r"GeV$^2$", sort="component"),
)
