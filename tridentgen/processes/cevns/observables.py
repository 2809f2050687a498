"""Observables of CEvNS: what can be cut on."""

from __future__ import annotations

from tridentgen.events.observables import Observable

CEVNS_OBSERVABLES = (
    Observable("e_nu", "GeV"),
    Observable("recoil_energy", "keV"),
    Observable("cos_theta", ""),
    Observable("time", "ns", signed=True),
    Observable("quenched_energy", "keV"),
    Observable("observed_energy", "keV"),
)
