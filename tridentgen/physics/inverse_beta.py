"""Quasi-elastic scattering on free nucleons: nuebar p -> e+ n (inverse beta decay) and nue n -> e- p.

A. Strumia and F. Vissani, Phys. Lett. B 564 (2003) 42 (astro-ph/0302055): all orders in E/M and in the masses of the
lepton and the nucleons, with the form factors of the nucleon. Energies are in GeV.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from tridentgen.constants import (
    ALPHA,
    AXIAL_COUPLING,
    ELECTRON_MASS_GEV,
    G_FERMI,
    MU_NEUTRON,
    MU_PROTON,
    NEUTRON_MASS_GEV,
    PION_MASS_GEV,
    PROTON_MASS_GEV,
    V_UD,
)
from tridentgen.physics.elementary import Value, log

VECTOR_MASS2_GEV2 = 0.71
AXIAL_MASS_GEV = 1.014
"""Masses of the dipole form factors, section 2 of the paper: M_V^2 in GeV^2 and M_A (Budd, Bodek, Arrington)."""

ANOMALOUS_MOMENT = MU_PROTON - MU_NEUTRON - 1.0
"""xi = kappa_p - kappa_n = 3.706, the difference of the anomalous magnetic moments."""

NUCLEON_MASS_GEV = 0.5 * (PROTON_MASS_GEV + NEUTRON_MASS_GEV)
MASS_DIFFERENCE_GEV = NEUTRON_MASS_GEV - PROTON_MASS_GEV


class FormFactors(NamedTuple):
    """f1, f2, g1, g2 of the charged weak current of the nucleon, real; g1 and g2 are negative."""

    f1: Value
    f2: Value
    g1: Value
    g2: Value


def form_factors(t: Value) -> FormFactors:
    """Return the form factors at t = -Q^2 in GeV^2 (Strumia and Vissani, eq. 7).

    f1 = [1 - (1 + xi) t/4M^2]/[(1 - t/4M^2) (1 - t/M_V^2)^2], f2 = xi/[...], g1 = -lambda/(1 - t/M_A^2)^2 and
    g2 = 2 M^2 g1/(m_pi^2 - t), with M the mean mass of the nucleons.
    """
    mass2 = NUCLEON_MASS_GEV * NUCLEON_MASS_GEV
    tau = t * (0.25 / mass2)
    vector, axial = 1.0 - t * (1.0 / VECTOR_MASS2_GEV2), 1.0 - t * (1.0 / AXIAL_MASS_GEV**2)
    below = (1.0 - tau) * (vector * vector)
    g1 = -AXIAL_COUPLING / (axial * axial)
    return FormFactors(
        (1.0 - (1.0 + ANOMALOUS_MOMENT) * tau) / below,
        ANOMALOUS_MOMENT / below,
        g1,
        2.0 * mass2 * g1 / (PION_MASS_GEV * PION_MASS_GEV - t),
    )


def invariants(t: Value, f: FormFactors) -> tuple[Value, Value, Value]:
    """Return A, B, C of the squared matrix element A -+ (s - u) B + (s - u)^2 C (Strumia and Vissani, eq. 6)."""
    m2, big, d = ELECTRON_MASS_GEV * ELECTRON_MASS_GEV, NUCLEON_MASS_GEV, MASS_DIFFERENCE_GEV
    big2, d2 = big * big, d * d
    f11, f12, f22, g11, g12, g22 = f.f1 * f.f1, f.f1 * f.f2, f.f2 * f.f2, f.g1 * f.g1, f.g1 * f.g2, f.g2 * f.g2
    a = (t - m2) * (
        4.0 * f11 * (4.0 * big2 + t + m2)
        + 4.0 * g11 * (-4.0 * big2 + t + m2)
        + f22 * (t * t / big2 + 4.0 * t + 4.0 * m2)
        + 4.0 * m2 * t * g22 / big2
        + 8.0 * f12 * (2.0 * t + m2)
        + 16.0 * m2 * g12
    )
    a = a - d2 * (
        (4.0 * f11 + t * f22 / big2) * (4.0 * big2 + t - m2)
        + 4.0 * g11 * (4.0 * big2 - t + m2)
        + 4.0 * m2 * g22 * (t - m2) / big2
        + 8.0 * f12 * (2.0 * t - m2)
        + 16.0 * m2 * g12
    )
    a = a - 32.0 * m2 * big * d * f.g1 * (f.f1 + f.f2)
    b = 16.0 * t * f.g1 * (f.f1 + f.f2) + 4.0 * m2 * d * (f22 + f12 + 2.0 * g12) / big
    c = 4.0 * (f11 + g11) - t * f22 / big2
    return a / 16.0, b / 16.0, c / 16.0


def dsigma_dq2(energy: Value, q2: Value, lepton_energy: Value, *, antineutrino: bool) -> Value:
    """Return dsigma/dQ^2 in GeV^-4 without radiative corrections (Strumia and Vissani, eqs. 3 and 5).

    dsigma/dQ^2 = G_F^2 V_ud^2/[2 pi (2 M E)^2] [A -+ (s - u) B + (s - u)^2 C], s - u = 2 M (E + E_e) - m_e^2, with the
    mass M of the struck nucleon; the sign of B is - for antineutrinos and + for neutrinos.

    Parameters
    ----------
    energy, lepton_energy
        E of the neutrino and total energy E_e of the lepton in GeV.
    q2
        Q^2 in GeV^2.
    antineutrino
        nuebar p -> e+ n, else nue n -> e- p.
    """
    struck = PROTON_MASS_GEV if antineutrino else NEUTRON_MASS_GEV
    t = -q2
    a, b, c = invariants(t, form_factors(t))
    s_u = 2.0 * struck * (energy + lepton_energy) - ELECTRON_MASS_GEV * ELECTRON_MASS_GEV
    squared = a + s_u * ((-b if antineutrino else b) + s_u * c)
    flux = 2.0 * struck * energy
    return (G_FERMI * G_FERMI * V_UD * V_UD / (2.0 * math.pi)) * np.maximum(squared, 0.0) / (flux * flux)


def inner_correction(lepton_energy: Value) -> Value:
    """Return the inner radiative correction, to be added to 1, with the photons counted with the positron.

    (alpha/pi) [6.00 + (3/2) ln(m_p/2E_e) + 1.2 (m_e/E_e)^1.5] (Strumia and Vissani, eq. 14; Kurylov, Ramsey-Musolf and
    Vogel, Phys. Rev. C 67 (2003) 035502).
    """
    ratio = ELECTRON_MASS_GEV / lepton_energy
    logarithm = log(PROTON_MASS_GEV / (2.0 * lepton_energy))
    return (ALPHA / math.pi) * (6.00 + 1.5 * logarithm + 1.2 * (ratio * np.sqrt(ratio)))
