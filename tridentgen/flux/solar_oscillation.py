"""Survival probability of solar electron neutrinos: adiabatic conversion (LMA-MSW).

    P_ee = cos^4 th13 [1 + cos 2 th12 cos 2 th_m]/2 + sin^4 th13,
    cos 2 th_m = (cos 2 th12 - b)/sqrt((cos 2 th12 - b)^2 + sin^2 2 th12),    b = 2 E V cos^2 th13/dm^2_21,

with the potential V = sqrt(2) G_F n_e averaged over the production region of each component (P. C. de Holanda,
W. Liao and A. Yu. Smirnov, Nucl. Phys. B 702 (2004) 307, eqs. 9-12 and table 1). The spread of V about its mean and
matter effects in the Earth at night, both below some percent, are neglected.
"""

from __future__ import annotations

import numpy as np

from tridentgen.physics.elementary import Value

SIN2_THETA_12 = 0.307
SIN2_THETA_13 = 0.0219
DELTA_M2_21_EV2 = 7.53e-5
"""Solar mass splitting (Particle Data Group 2024)."""

POTENTIAL_EV = {
    "pp": 4.68e-12,
    "pep": 5.13e-12,
    "7Be-384": 6.16e-12,
    "7Be-861": 6.16e-12,
    "8B": 6.81e-12,
    "hep": 3.96e-12,
    "13N": 6.22e-12,
    "15O": 6.69e-12,
    "17F": 6.74e-12,
}
"""Mean potential in eV in the production region of each component (table 1 of de Holanda et al.)."""

_EV_PER_GEV = 1e9


def survival_probability(component: str, energy_GeV: Value) -> Value:
    """Return P_ee of a component at energies in GeV."""
    cos2_13 = 1.0 - SIN2_THETA_13
    cos_12 = 1.0 - 2.0 * SIN2_THETA_12
    ratio = (2.0 * _EV_PER_GEV * POTENTIAL_EV[component] * cos2_13 / DELTA_M2_21_EV2) * energy_GeV
    difference = cos_12 - ratio
    cos_matter = difference / np.sqrt(difference * difference + (1.0 - cos_12 * cos_12))
    return cos2_13 * cos2_13 * 0.5 * (1.0 + cos_12 * cos_matter) + SIN2_THETA_13 * SIN2_THETA_13
