"""Inverse muon decay against explicit Dirac matrices and an independent program."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad

from tests.reference.dirac import GAMMA, GAMMA5, GAMMA_LOWER, ONE, LongComplex, bar, slash
from tridentgen.constants import ELECTRON_MASS_GEV, G_FERMI, GEV_M2_TO_CM2
from tridentgen.matter.particles import lepton_mass_GeV
from tridentgen.physics import inverse_muon, two_body
from tridentgen.physics.elementary import Value

M, MUON, TAU = ELECTRON_MASS_GEV, lepton_mass_GeV("mu"), lepton_mass_GeV("tau")
TOTALS_CM2 = {
    (12.0, False): 1.665238063188765e-42,
    (20.0, False): 7.098842900333759e-41,
    (1000.0, False): 1.6858241621354333e-38,
    (11.0, True): 4.6159602633554696e-45,
    (20.0, True): 3.01250019912114e-41,
    (1000.0, True): 5.6501061534617824e-39,
}
"""sigma in cm^2 by E in GeV and antineutrino: an independent program."""


def density(energy: float, x: Value, lepton: float, antineutrino: bool) -> tuple[two_body.Transfer, Value]:
    gap, threshold = lepton - M, two_body.threshold(M, 0.0, lepton - M)
    transfer = two_body.momentum_transfer(energy, x, M, 0.0, gap)
    left = two_body.massless_energy(energy, transfer, M, gap)
    found = inverse_muon.dsigma_dq2(energy, energy - threshold, left, threshold, antineutrino=antineutrino)
    return transfer, found


@pytest.mark.parametrize(("energy", "antineutrino"), TOTALS_CM2)
def test_total_cross_sections(energy: float, antineutrino: bool) -> None:
    def integrand(x: float) -> float:
        transfer, found = density(energy, x, MUON, antineutrino)
        return float(found * transfer.span * GEV_M2_TO_CM2)

    found = quad(integrand, 0.0, 1.0, epsrel=1e-12)[0]
    assert found == pytest.approx(TOTALS_CM2[energy, antineutrino], rel=1e-7 if energy == 11.0 else 1e-9)


@pytest.mark.parametrize(("muon", "expected"), [(12.0, 6.522514974867875e-42), (15.0, 3.4304373088387314e-42)])
def test_spectrum_of_the_muon(muon: float, expected: float) -> None:
    """dsigma/dE_mu = 2 m_e dsigma/dQ^2 in cm^2/GeV for nuebar of 20 GeV: an independent program."""
    threshold = two_body.threshold(M, 0.0, MUON - M)
    found = inverse_muon.dsigma_dq2(20.0, 20.0 - threshold, 20.0 + M - muon, threshold, antineutrino=True)
    assert 2.0 * M * found * GEV_M2_TO_CM2 == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("antineutrino", [False, True])
@pytest.mark.parametrize(("energy", "lepton"), [(10.93, MUON), (20.0, MUON), (500.0, MUON), (4000.0, TAU)])
def test_cross_section_is_that_of_dirac_matrices(energy: float, lepton: float, antineutrino: bool) -> None:
    """(G_F/sqrt2) [lbar gamma (1 - gamma5) nu_l] [nuebar gamma (1 - gamma5) e], averaged over the electron's spin."""
    x = np.linspace(0.05, 0.95, 7)
    transfer, found = density(energy, x, lepton, antineutrino)
    out, charged = (
        np.stack([np.broadcast_to(c, x.shape) for c in p], axis=-1)
        for p in two_body.massless_momenta(energy, transfer, M, lepton - M, (1.0, 0.0))
    )
    k, p = (np.broadcast_to(each, out.shape) for each in ([energy, 0.0, 0.0, energy], [M, 0.0, 0.0, 0.0]))
    up, down = np.asarray(GAMMA @ (ONE - GAMMA5)), np.asarray(GAMMA_LOWER @ (ONE - GAMMA5))
    electron, heavy = slash(p) + M * ONE, slash(charged) + lepton * ONE
    first, second = (out, k) if antineutrino else (k, out)

    def line(left: LongComplex, vertex: LongComplex, right: LongComplex) -> LongComplex:
        return np.asarray(np.einsum("nab,tbc,ncd,sda->nts", left, vertex, right, bar(vertex), optimize=True))

    one = line(heavy, up, slash(first))
    other = line(slash(second), down, electron)
    squared = np.asarray(G_FERMI**2 / 4 * np.einsum("nts,nts->n", one, other).real)
    expected = squared / (16.0 * math.pi * (2.0 * M * energy) ** 2)
    np.testing.assert_allclose(np.broadcast_to(found, x.shape), expected.astype(float), rtol=1e-8)
