"""Inverse beta decay against the weak current of the nucleon in explicit Dirac matrices, and published numbers."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy.integrate import quad

from tests.reference.dirac import GAMMA, GAMMA5, GAMMA_LOWER, METRIC, LongComplex, LongReal, slash
from tridentgen.constants import ELECTRON_MASS_GEV, GEV_M2_TO_CM2, NEUTRON_MASS_GEV, PROTON_MASS_GEV
from tridentgen.physics import inverse_beta, two_body

G_F, V_UD, LAMBDA, XI, M_V2, M_A, M_PI = 1.1663788e-5, 0.97367, 1.27641, 3.70589010463, 0.71, 1.014, 0.13957039
TOTALS_CM2 = {
    (2.5, True): 1.2636411062184365e-43,
    (4.0, True): 6.7985963595757634e-43,
    (10.0, True): 6.805801062697951e-42,
    (50.0, True): 1.571573694977589e-40,
    (200.0, True): 1.027356520860314e-39,
    (5.0, False): 3.739246310026137e-42,
    (20.0, False): 4.3394399638728093e-41,
    (100.0, False): 9.525861094750048e-40,
}
"""sigma in cm^2 by E in MeV, for nuebar p with the inner correction and nue n without: an independent program."""


def masses(antineutrino: bool) -> tuple[float, float]:
    """Return the mass of the struck nucleon and the gap."""
    gap = NEUTRON_MASS_GEV - PROTON_MASS_GEV
    return (PROTON_MASS_GEV, gap) if antineutrino else (NEUTRON_MASS_GEV, -gap)


def integral(energy: float, antineutrino: bool, of: Callable[[float, two_body.TwoBodyMomenta], float]) -> float:
    """Integrate dsigma/dQ^2 times a function of the lepton's energy and the momenta, in cm^2."""
    mass, gap = masses(antineutrino)

    def integrand(x: float) -> float:
        transfer = two_body.momentum_transfer(energy, x, mass, ELECTRON_MASS_GEV, gap)
        lepton = two_body.lepton_energy(energy, transfer.q2, mass, gap)
        momenta = two_body.lab_momenta(energy, transfer, mass, ELECTRON_MASS_GEV, gap, (1.0, 0.0))
        density = inverse_beta.dsigma_dq2(energy, transfer.q2, lepton, antineutrino=antineutrino)
        return float(density * transfer.span * GEV_M2_TO_CM2 * of(lepton, momenta))

    return float(quad(integrand, 0.0, 1.0, epsrel=1e-11)[0])


def corrected(lepton: float, _momenta: object = None) -> float:
    return float(1.0 + inverse_beta.inner_correction(lepton))


def traced(energy: float, q2: LongReal, antineutrino: bool) -> LongReal:
    """Return dsigma/dQ^2 in GeV^-4 from traces of Dirac matrices, shape (N,); no A, B and C.

    M = (G_F V_ud/sqrt 2) [lepton current] ubar' [f1 gamma_a + f2 i sigma_ab q^b/2M + g1 gamma_a gamma5 + g2 q_a
    gamma5/M] u, q = p' - p (Strumia and Vissani, eq. 4), and dsigma/dt = |M|^2/(2 16 pi (2 M E)^2).
    """
    struck, gap = (np.longdouble(value) for value in masses(antineutrino))
    m, E, other = np.longdouble(ELECTRON_MASS_GEV), np.longdouble(energy), struck + gap
    nu = (other**2 - struck**2 + q2) / (2 * struck)
    out_e, along = E - nu, E - nu - (m**2 + q2) / (2 * E)
    across = np.sqrt(np.maximum(out_e**2 - m**2 - along**2, 0))
    zero = 0 * q2
    k = np.stack([zero + E, zero, zero, zero + E], axis=-1)
    e = np.stack([out_e, across, zero, along], axis=-1)
    p = np.stack([zero + struck, zero, zero, zero], axis=-1)
    p_out = p + k - e
    q, one = p_out - p, np.eye(4)
    mean = np.longdouble(0.5 * (PROTON_MASS_GEV + NEUTRON_MASS_GEV))
    f1, f2, g1, g2 = nucleon(-q2, mean)
    current = [
        f1[:, None, None] * GAMMA_LOWER[a]
        + (f2 / (2 * mean))[:, None, None] * 1j * sigma_q(a, q)
        + g1[:, None, None] * (GAMMA_LOWER[a] @ GAMMA5)
        + (g2 / mean * (q @ METRIC.real)[:, a])[:, None, None] * GAMMA5
        for a in range(4)
    ]
    bars = [GAMMA[0] @ np.conj(np.swapaxes(each, 1, 2)) @ GAMMA[0] for each in current]
    left, right = slash(p_out) + other * one, slash(p) + struck * one
    lepton = slash(e) + (-m if antineutrino else m) * one
    minus = one - GAMMA5
    total = np.zeros(len(q2), dtype=np.clongdouble)
    for a in range(4):
        for b in range(4):
            hadron = np.trace(left @ current[a] @ right @ bars[b], axis1=1, axis2=2)
            up_a, up_b = GAMMA[a] @ minus, GAMMA[b] @ minus
            first, second = (slash(k), lepton) if antineutrino else (lepton, slash(k))
            total = total + hadron * np.trace(first @ up_a @ second @ up_b, axis1=1, axis2=2)
    squared = np.longdouble(G_F**2 * V_UD**2 / 2) * total.real
    return np.asarray(squared / (2 * 16 * np.longdouble(math.pi) * (2 * struck * E) ** 2))


def sigma_q(a: int, q: LongReal) -> LongComplex:
    """Return sigma_ab q^b = (i/2) [gamma_a, gamma_b] q^b, shape (N, 4, 4)."""
    gamma, dashed = GAMMA_LOWER[a], slash(q)
    return np.asarray(0.5j * (gamma @ dashed - dashed @ gamma))


def nucleon(t: LongReal, mean: np.longdouble) -> tuple[LongReal, LongReal, LongReal, LongReal]:
    dipole = (1 - t / M_V2) ** -2 / (1 - t / (4 * mean**2))
    g1 = -LAMBDA * (1 - t / M_A**2) ** -2
    f1, g2 = (1 - (1 + XI) * t / (4 * mean**2)) * dipole, 2 * mean**2 * g1 / (M_PI**2 - t)
    one, two, three, four = (np.asarray(each, dtype=np.longdouble) for each in (f1, XI * dipole, g1, g2))
    return one, two, three, four


@pytest.mark.parametrize("antineutrino", [True, False], ids=["nuebar p", "nue n"])
@pytest.mark.parametrize("energy", [0.0025, 0.01, 0.05, 0.2, 2.0])
def test_cross_section_is_that_of_dirac_matrices(energy: float, antineutrino: bool) -> None:
    mass, gap = masses(antineutrino)
    x = np.linspace(0.01, 0.99, 9)
    q2 = two_body.momentum_transfer(energy, x, mass, ELECTRON_MASS_GEV, gap).q2
    lepton = two_body.lepton_energy(energy, q2, mass, gap)
    found = inverse_beta.dsigma_dq2(energy, q2, lepton, antineutrino=antineutrino)
    expected = traced(energy, np.asarray(q2, dtype=np.longdouble), antineutrino)
    np.testing.assert_allclose(found, expected.astype(float), rtol=1e-10)


@pytest.mark.parametrize(("energy", "antineutrino"), TOTALS_CM2)
def test_total_cross_sections(energy: float, antineutrino: bool) -> None:
    weight = corrected if antineutrino else (lambda *_: 1.0)
    assert integral(1e-3 * energy, antineutrino, weight) == pytest.approx(TOTALS_CM2[energy, antineutrino], rel=1e-9)


@pytest.mark.parametrize(
    ("energy", "printed"), [(2.5, 0.126), (4.0, 0.6820), (10.0, 6.83), (20.0, 29.2), (50.0, 157.8)]
)
def test_total_cross_sections_of_the_paper(energy: float, printed: float) -> None:
    """Table 1 of Strumia and Vissani in 1e-42 cm^2, within 1 %: its constants are those of 2003."""
    assert integral(1e-3 * energy, True, corrected) * 1e42 == pytest.approx(printed, rel=0.01)


@pytest.mark.parametrize(
    ("energy", "mean"), [(2.5, -0.0275130), (10.0, -0.0128466), (20.0, 0.0114637), (100.0, 0.2155969)]
)
def test_mean_cosine_of_the_positron(energy: float, mean: float) -> None:
    """An independent program; at low energies -0.034 v/c + 2.4 E/M (Vogel and Beacom, PRD 60 (1999) 053003, eq. 16)."""
    total = integral(1e-3 * energy, True, corrected)
    found = integral(1e-3 * energy, True, lambda e, p: corrected(e) * float(two_body.cosine(p.lepton))) / total
    assert found == pytest.approx(mean, abs=1e-7)
    if energy <= 20.0:
        assert found == pytest.approx(-0.034 + 2.4e-3 * energy / PROTON_MASS_GEV, abs=0.01)


def test_mean_energy_of_the_positron() -> None:
    total = integral(4e-3, True, corrected)
    mean = integral(4e-3, True, lambda e, _: corrected(e) * e) / total
    assert mean == pytest.approx(2.6941455089132775e-3, rel=1e-9)


def test_the_inner_correction_at_rest() -> None:
    """(alpha/pi) (6.00 + 1.5 ln(m_p/2m_e) + 1.2) at E_e = m_e: 4.0 %."""
    expected = (6.00 + 1.5 * math.log(PROTON_MASS_GEV / (2.0 * ELECTRON_MASS_GEV)) + 1.2) / (137.035999 * math.pi)
    assert inverse_beta.inner_correction(ELECTRON_MASS_GEV) == pytest.approx(expected, rel=1e-8)
