"""Spectra of coherent scattering by short names, and their integrals: what the tests of coherent scattering share."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tridentgen.matter.nuclei import nuclide
from tridentgen.processes.cevns.model import CevnsModel
from tridentgen.processes.cevns.spectrum import RecoilSpectrum, recoil_spectra
from tridentgen.processes.cevns.terms import DipolePortal
from tridentgen.processes.nucleus import NuclearShape

Array = NDArray[np.float64]

MEV, KEV, EV = 1e-3, 1e-6, 1e-9
PION_LINE = 29.792 * MEV
RECOILS = np.geomspace(1 * EV, 45 * KEV, 40)
POINT = NuclearShape("unit")


def elastic(
    name: str = "Ar40", incoming: str = "numu", shape: NuclearShape | None = None, **model: Any
) -> RecoilSpectrum:
    return recoil_spectra(nuclide(name), incoming, CevnsModel(**model), shape)[0]


def upscattering(name: str = "Ar40", heavy: float = 2 * MEV, mu: float = 1e-10, **model: Any) -> RecoilSpectrum:
    return recoil_spectra(nuclide(name), "numu", CevnsModel(dipole=DipolePortal(heavy, mu), **model))[1]


def total(spectrum: RecoilSpectrum, energy: float, above: float = 0.0, panels: int = 12) -> float:
    """Integral of dsigma/dT in cm^2 by Gauss and Legendre in log T, or in T where T starts at 0."""
    low, high = (float(t) for t in spectrum.recoil_limits(energy))
    low = max(low, above)
    node, weight = np.polynomial.legendre.leggauss(32)
    edges = np.linspace(0.0, 1.0, panels + 1)
    share = np.concatenate([a + (b - a) * 0.5 * (node + 1) for a, b in itertools.pairwise(edges)])
    weight = np.concatenate([weight] * panels) / (2 * panels)
    if low == 0.0:
        return float(high * np.sum(weight * spectrum.dsigma_dT(energy, high * share)))
    recoil = low * (high / low) ** share
    return float(math.log(high / low) * np.sum(weight * recoil * spectrum.dsigma_dT(energy, recoil)))
