"""Size of the inelastic tridents that the calculation leaves out, from a table of their cross sections.

They are nu N -> nu' l- l+ X with resonances and continuum, on free nucleons; ``data/inelastic_tridents.csv`` says how
the table was made.
"""

from __future__ import annotations

import math

import numpy as np

from tridentgen.constants import PION_ZERO_MASS_GEV, PROTON_MASS_GEV
from tridentgen.flux import Flux
from tridentgen.matter.nuclei import Nuclide, data_rows
from tridentgen.matter.particles import ChargedLepton
from tridentgen.typing import FloatArray

_ENERGIES = 4096


def inelastic_cross_section(
    minus: ChargedLepton, plus: ChargedLepton, nuclide: Nuclide, flux: Flux, *, w_exchange: bool
) -> float:
    """Return the inelastic cross section in cm^2 per nuclide with the couplings of the Standard Model.

    `w_exchange` says whether the neutrino has the flavour of one of the leptons, so that a W is exchanged. The result
    is averaged over the flux, and zero below the threshold E_0 of one pion, sqrt(s) = m_a + m_b + M + m_pi. Between the
    energies of the table, and beyond them, it is a power of E - E_0. Antineutrinos have the cross section of neutrinos
    (CP), and pairs made by the W that of the same flavours made by the other neutrino, which agrees to 4 % or better.
    """
    exchange = "W" if minus.flavour != plus.flavour else ("WZ" if w_exchange else "Z")
    pair = " ".join(sorted((minus.flavour, plus.flavour)))
    rows = [row for row in data_rows("inelastic_tridents.csv") if (row["exchange"], row["pair"]) == (exchange, pair)]
    known = np.array([float(row["energy_GeV"]) for row in rows])
    per_nuclide = np.array([
        nuclide.Z * float(row["proton_cm2"]) + nuclide.N * float(row["neutron_cm2"]) for row in rows
    ])  # fmt: skip
    mass = minus.mass_GeV + plus.mass_GeV + PION_ZERO_MASS_GEV
    threshold = mass + 0.5 * mass * mass / PROTON_MASS_GEV
    if not flux.energy_max_GeV > threshold:
        return 0.0
    energies, weights = flux.energy_map(threshold)((np.arange(_ENERGIES) + 0.5) / _ENERGIES)
    sigma = _power_laws(np.asarray(energies) - threshold, known - threshold, per_nuclide) * weights
    return math.fsum(np.broadcast_to(sigma, _ENERGIES)) / _ENERGIES


def _power_laws(above: FloatArray, known: FloatArray, values: FloatArray) -> FloatArray:
    """Interpolate by power laws between the known points, and beyond them by those of the first and last interval."""
    x, y = np.log(known), np.log(values)
    at = np.log(np.maximum(above, 1e-9))
    i = np.clip(np.searchsorted(x, at) - 1, 0, len(x) - 2)
    return np.asarray(np.exp(y[i] + (y[i + 1] - y[i]) / (x[i + 1] - x[i]) * (at - x[i])))
