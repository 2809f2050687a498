"""Observables of neutrino-electron scattering for cuts, and the axes of figures."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tridentgen.events.observables import Axis, Observable, in_MeV
from tridentgen.processes.dipole import DECAY_AXES, decay_observables
from tridentgen.typing import FloatArray

ELECTRON_OBSERVABLES = (
    Observable("e_nu", "GeV"),
    Observable("electron_energy", "MeV"),
    Observable("cos_theta", "", signed=True),
    Observable("e_theta2", "GeV"),
    Observable("y", ""),
    Observable("time", "ns", signed=True),
    *decay_observables("p4_lepton"),
)


def _in_us(values: NDArray[Any]) -> FloatArray:
    return np.asarray(1e-3 * values)


def _in_GeV(values: NDArray[Any]) -> FloatArray:
    return np.asarray(1e-3 * values)


ELECTRON_AXES = (
    Axis("electron_energy", "electron_energy", "MeV", "T_e", "GeV", _in_GeV, sort="component", long_tail=1e-3),
    Axis("e_theta2", "e_theta2", "GeV", r"E_e\theta_e^2", "MeV", in_MeV, sort="component"),
    Axis("e_nu", "e_nu", "GeV", r"E_\nu", "MeV", in_MeV, sort="component", long_tail=1e-3, GeV_above=1.0),
    Axis("cos_theta", "cos_theta", "", r"\cos\theta_e", "", sort="component", long_tail=1e-4),
    Axis("y", "y", "", r"y = T_e/E_\nu", "", sort="component"),
    Axis("time", "time", "ns", "t", r"$\mu$s", _in_us, sort="component", differs_from="0"),
    *DECAY_AXES,
)
