"""Observables of tridents: what can be cut on."""

from __future__ import annotations

import math

from tridentgen.events.observables import Observable

TRIDENT_OBSERVABLES = (
    Observable("m2_ll", "GeV2"),
    Observable("q2", "GeV2"),
    Observable("w2", "GeV2"),
    Observable("delta_theta", "deg", math.pi / 180.0),
    Observable("theta_minus", "deg", math.pi / 180.0),
    Observable("theta_plus", "deg", math.pi / 180.0),
    Observable("energy_minus", "GeV"),
    Observable("energy_plus", "GeV"),
    Observable("pt_minus", "GeV"),
    Observable("pt_plus", "GeV"),
    Observable("pt_pair", "GeV"),
    Observable("theta_pair", "deg", math.pi / 180.0),
    Observable("recoil_energy", "GeV"),
)
