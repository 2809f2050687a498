"""Neutrino spectra of allowed beta decays.

    dN/dE ~ E^2 p W F(Z, W),    W = 1 + (E_max - E)/m_e,    p = sqrt(W^2 - 1),

with the Coulomb factor of the daughter nucleus in the approximation of H. A. Bethe and R. F. Bacher, Rev. Mod. Phys. 8
(1936) 82, eq. 211e:

    F = [W^2 (1 + 4 g^2) - 1]^S  2 pi eta/(1 - exp(-2 pi eta)),    g = alpha Z,    S = sqrt(1 - g^2) - 1,

eta = +g W/p for electrons, -g W/p for positrons. Screening, finite size and radiative corrections are neglected.
"""

from __future__ import annotations

import math

import numpy as np

from tridentgen.constants import ALPHA, ELECTRON_MASS_GEV
from tridentgen.flux.curve import SEGMENTS, power
from tridentgen.physics.elementary import exp
from tridentgen.typing import FloatArray


def neutrino_spectrum(energy_GeV: FloatArray, end_GeV: float, daughter_charge: int, positron: bool) -> FloatArray:
    """Return dN/dE, not normalised, of the neutrinos (positron) or antineutrinos (electron) of an allowed decay.

    Parameters
    ----------
    energy_GeV
        Neutrino energies of shape (N,); the spectrum is zero outside 0 to `end_GeV`.
    end_GeV
        Maximum neutrino energy: the total kinetic energy of electron or positron and neutrino.
    daughter_charge
        Z of the daughter nucleus, 1 or more.
    positron
        Whether a positron is emitted.
    """
    energy = np.asarray(energy_GeV, dtype=np.float64)
    inside = (energy >= 0.0) & (energy < end_GeV)
    safe = np.where(inside, energy, 0.0)
    kinetic = (end_GeV - safe) / ELECTRON_MASS_GEV
    total = 1.0 + kinetic
    p_times_f = _momentum_times_coulomb(kinetic, daughter_charge, positron)
    return np.where(inside, safe * safe * total * p_times_f, 0.0)


def end_of_spectrum(end_GeV: float, daughter_charge: int) -> float:
    """Return dN/dE just below `end_GeV` for an electron: finite, because of the Coulomb attraction."""
    g = ALPHA * daughter_charge
    return float(end_GeV * end_GeV * 2.0 * math.pi * g * (4.0 * g * g) ** (math.sqrt(1.0 - g * g) - 1.0))


def beta_energies(end_GeV: float) -> FloatArray:
    """Return energies from 0 to `end_GeV`, more closely spaced towards the end, where the curvature is largest."""
    x = np.linspace(1.0, 0.0, SEGMENTS + 1)
    return np.asarray(end_GeV * (1.0 - x * x))


def _momentum_times_coulomb(kinetic: FloatArray, daughter_charge: int, positron: bool) -> FloatArray:
    """Return p F for kinetic energies in electron masses, all above zero."""
    g = ALPHA * daughter_charge
    total = 1.0 + kinetic
    p = np.sqrt(kinetic * (kinetic + 2.0))
    p_two_pi_eta = 2.0 * math.pi * g * total
    repulsion = exp(-p_two_pi_eta / p)
    # The exponent of the bracket is negative: divide by its power.
    deficit = 1.0 - math.sqrt(1.0 - g * g)
    field = (repulsion if positron else 1.0) / (1.0 - repulsion)
    return np.asarray(p_two_pi_eta * field / power(total * total * (1.0 + 4.0 * g * g) - 1.0, deficit))
