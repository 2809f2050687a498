"""Observables of tridents for cuts, and the axes of figures.

The beam direction is that of the incoming neutrino of the event, along any axis.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tridentgen.events.kinematics import angle, neutrino_q2, square, transverse
from tridentgen.events.observables import RADIANS_PER_DEGREE, Axis, Observable, in_MeV
from tridentgen.processes.trident.columns import PROTON
from tridentgen.typing import FloatArray

_MINUS, _PLUS, _BEAM = "p4_minus", "p4_plus", "p4_nu_in"
_DEG = RADIANS_PER_DEGREE


def _energy(momenta: NDArray[Any]) -> FloatArray:
    return np.asarray(momenta[:, 0])


def _pair_mass(minus: FloatArray, plus: FloatArray) -> FloatArray:
    return square(minus + plus)


def _pair_angle(minus: FloatArray, plus: FloatArray, beam: FloatArray) -> FloatArray:
    return angle(minus + plus, beam)


def _pair_pt(minus: FloatArray, plus: FloatArray, beam: FloatArray) -> FloatArray:
    return transverse(minus + plus, beam)


def _proton_energy(regime: NDArray[Any], recoil: FloatArray) -> FloatArray:
    return np.where(regime == PROTON, recoil, 0.0)


TRIDENT_OBSERVABLES = (
    Observable("m2_ll", "GeV2", columns=(_MINUS, _PLUS), value=_pair_mass),
    Observable("q2", "GeV2"),
    Observable("w2", "GeV2"),
    Observable("q2_nu", "GeV2", columns=(_BEAM, "p4_nu_out"), value=neutrino_q2),
    Observable("delta_theta", "deg", _DEG, columns=(_MINUS, _PLUS), value=angle),
    Observable("theta_minus", "deg", _DEG, columns=(_MINUS, _BEAM), value=angle),
    Observable("theta_plus", "deg", _DEG, columns=(_PLUS, _BEAM), value=angle),
    Observable("energy_minus", "GeV", columns=(_MINUS,), value=_energy),
    Observable("energy_plus", "GeV", columns=(_PLUS,), value=_energy),
    Observable("pt_minus", "GeV", columns=(_MINUS, _BEAM), value=transverse),
    Observable("pt_plus", "GeV", columns=(_PLUS, _BEAM), value=transverse),
    Observable("pt_pair", "GeV", columns=(_MINUS, _PLUS, _BEAM), value=_pair_pt),
    Observable("theta_pair", "deg", _DEG, columns=(_MINUS, _PLUS, _BEAM), value=_pair_angle),
    Observable("recoil_energy", "GeV"),
)

OTHER_KINETIC = Observable("other_kinetic", "GeV", columns=("regime", "recoil_energy"), value=_proton_energy)
"""Kinetic energy of the visible particle besides the leptons, which in a trident is at most a proton."""

TRIDENT_AXES = (
    Axis("m2_ll", "m2_ll", "GeV2", r"m^2_{\ell\ell}", r"GeV$^2$", sort="regime"),
    Axis("delta_theta", "delta_theta", "rad", r"\Delta\theta", "deg", np.degrees, sort="regime"),
    Axis("q2", "q2", "GeV2", "Q^2", r"GeV$^2$", log=True, sort="regime"),
    Axis("theta_minus", "theta_minus", "rad", r"\theta_{MINUS}", "deg", np.degrees, sort="regime"),
    Axis("theta_plus", "theta_plus", "rad", r"\theta_{PLUS}", "deg", np.degrees, sort="regime"),
    Axis("recoil_energy", "recoil_energy", "GeV", r"T_\mathrm{recoil}", "MeV", in_MeV, sort="regime"),
    Axis("energy_minus", "p4_minus", "GeV", "E_{MINUS}", "GeV", _energy, sort="regime"),
    Axis("energy_plus", "p4_plus", "GeV", "E_{PLUS}", "GeV", _energy, sort="regime"),
    Axis("e_nu", "e_nu", "GeV", r"E_\nu", "GeV", sort="regime"),
)
