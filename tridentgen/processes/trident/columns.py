"""Columns of a trident event, their units and meaning."""

from __future__ import annotations

from tridentgen.engines.process import Column
from tridentgen.events.columns import momentum

COHERENT, PROTON, NEUTRON = range(3)
"""Codes of the column ``regime``."""


REGIME_NAMES = ("coherent", "proton", "neutron")
"""Names of the regimes, in the order of their codes."""


TRIDENT_COLUMNS: tuple[Column, ...] = (
    Column("event_id", "", "number of the event in its run", dtype="u8"),
    Column("weight", "cm2", "weight: the sum over all events is the flux-averaged cross section"),
    Column("channel", "", "sampling channel: 0 = propagator of l+, 1 = propagator of l-", dtype="i4"),
    Column("regime", "", "target: 0 = coherent nucleus, 1 = bound proton, 2 = bound neutron", dtype="i4"),
    Column("e_nu", "GeV", "energy of the incoming neutrino"),
    momentum("p4_nu_in", "the incoming neutrino"),
    momentum("p4_nu_out", "the outgoing neutrino"),
    momentum("p4_minus", "the negative lepton"),
    momentum("p4_plus", "the positive lepton"),
    momentum("p4_recoil", "the recoiling nucleus or nucleon"),
    Column("helicity_minus", "", "sign of the helicity of the negative lepton, laboratory frame", dtype="i4"),
    Column("helicity_plus", "", "sign of the helicity of the positive lepton, laboratory frame", dtype="i4"),
    Column("m2_ll", "GeV2", "squared invariant mass of the two charged leptons"),
    Column("delta_theta", "rad", "angle between the two charged leptons, laboratory frame"),
    Column("theta_minus", "rad", "angle between the negative lepton and the beam"),
    Column("theta_plus", "rad", "angle between the positive lepton and the beam"),
    Column("q2", "GeV2", "virtuality Q2 = -q2 of the photon exchanged with the target"),
    Column("w2", "GeV2", "squared invariant mass W2 of the three outgoing leptons"),
    Column("recoil_energy", "GeV", "kinetic energy of the recoiling nucleus or nucleon"),
    Column("weight_ll", "cm2", "part of the weight that goes with c_L^2, c_L = V + A"),
    Column("weight_rr", "cm2", "part of the weight that goes with c_R^2, c_R = V - A"),
    Column("weight_lr", "cm2", "part of the weight that goes with c_L c_R"),
    Column("weight_t", "cm2", "part of the weight from transverse photons, averaged over the azimuth of the recoil"),
    Column("weight_l", "cm2", "part of the weight from longitudinal photons, averaged over the azimuth of the recoil"),
)
"""Columns of a trident event; weight = c_L^2 weight_ll + c_R^2 weight_rr + c_L c_R weight_lr,
and also weight = weight_t + weight_l."""
