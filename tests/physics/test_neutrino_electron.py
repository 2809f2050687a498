"""Neutrino-electron scattering against explicit Dirac matrices, mpmath, quadratures and published limits."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from scipy.integrate import quad

from tests.reference.dirac import (
    GAMMA,
    GAMMA5,
    GAMMA_LOWER,
    ONE,
    LongComplex,
    LongReal,
    bar,
    dot,
    neutrino_tensor,
    slash,
)
from tridentgen.constants import ALPHA, ELECTRON_MASS_GEV, G_FERMI, GEV_M2_TO_CM2, SIN2_THETA_W_LOW_ENERGY
from tridentgen.physics import neutrino_electron as ne

M = ELECTRON_MASS_GEV
SIZE = ALPHA / math.pi

TREE_TOTALS_CM2 = {
    ("nue", 0.3): 1.3854661341786459e-45,
    ("numu", 1.442): 2.1103032238618883e-45,
    ("nuebar", 50.0): 2.0474234045146113e-43,
    ("numubar", 100000.0): 1.3737137963886403e-40,
    ("nue", 10000.0): 9.728478374290734e-41,
}
RADIATIVE_TOTALS_CM2 = {
    ("nue", 0.8613): 5.787297615732537e-45,
    ("numu", 0.8613): 1.278006190480694e-45,
    ("nuebar", 1.442): 4.89064787351772e-45,
    ("numubar", 1.442): 1.9599031072484647e-45,
    ("numu", 10.0): 1.5751862043872373e-44,
}
"""sigma in cm^2 by neutrino and E in MeV, of independent programs; s_W^2 = 0.23863 at tree level."""


def momenta(energy: float, kinetic: LongReal) -> tuple[LongReal, LongReal, LongReal, LongReal]:
    """Return k, p, k' and p' of shape (N, 4)."""
    T, m, E = np.asarray(kinetic, dtype=np.longdouble), np.longdouble(M), np.longdouble(energy)
    zero = 0 * T
    along = T * (1 + m / E)
    across = np.sqrt(np.maximum(T * (T + 2 * m) - along**2, 0))
    k = np.stack([zero + E, zero, zero, zero + E], axis=-1)
    p = np.stack([zero + m, zero, zero, zero], axis=-1)
    out = np.stack([T + m, across, zero, along], axis=-1)
    return k, p, k + p - out, out


def electron_tensor(p: LongReal, out: LongReal, vertex: LongComplex) -> LongComplex:
    """Return the spin-averaged tensor of an electron line with the vertices (4, 4, 4), upper indices; (N, 4, 4)."""
    left, right = slash(out) + M * ONE, slash(p) + M * ONE
    return np.asarray(np.einsum("nab,tbc,ncd,sda->nts", left, vertex, right, bar(vertex), optimize=True) / 2)


def per_kinetic(squared: LongReal, energy: float) -> LongReal:
    """Return dsigma/dT of |M|^2 averaged over the spins of the electron."""
    return np.asarray(2 * M * squared / (16 * np.longdouble(math.pi) * (2 * M * energy) ** 2))


def combined(pieces: ne.Pieces, g_left: float, g_right: float) -> LongReal:
    return np.asarray(ne.PREFACTOR * (g_left**2 * pieces.ll + g_right**2 * pieces.rr + g_left * g_right * pieces.lr))


def grid(energy: float) -> tuple[LongReal, LongReal]:
    """Return T and T_max - T."""
    x = np.linspace(0.02, 0.98, 13)
    return np.asarray(ne.t_max(energy) * x), np.asarray(ne.t_max(energy) * (1.0 - x))


@pytest.mark.parametrize("antineutrino", [False, True])
@pytest.mark.parametrize("energy", [1e-4, 0.8e-3, 0.02, 5.0])
def test_tree_level_is_that_of_dirac_matrices(energy: float, antineutrino: bool) -> None:
    """(G_F/sqrt2) [nubar gamma (1 - gamma5) nu] [ebar gamma (g_V - g_A gamma5) e], g_V +- g_A = 2 g_L, 2 g_R."""
    T, fall = grid(energy)
    k, p, k_out, out = momenta(energy, T)
    for g_left, g_right in ((0.73, 0.23), (-0.27, 0.23), (0.4, -1.3)):
        vertex = np.asarray(GAMMA @ ((g_left + g_right) * ONE - (g_left - g_right) * GAMMA5))
        squared = np.einsum("nts,nts->n", neutrino_tensor(k, k_out, antineutrino), electron_tensor(p, out, vertex)).real
        pieces = ne.tree(energy, T, fall)
        couplings = (g_right, g_left) if antineutrino else (g_left, g_right)
        expected = per_kinetic(np.asarray(G_FERMI**2 / 2 * squared), energy)
        np.testing.assert_allclose(combined(pieces, *couplings), expected.astype(float), rtol=1e-10)


@pytest.mark.parametrize("energy", [1e-3, 0.05])
def test_moment_and_scalars_are_those_of_dirac_matrices(energy: float) -> None:
    """mu sigma^{ab} q_b, 1 and gamma5 at a left-handed neutrino; gamma, 1 and i gamma5 at the electron."""
    T, fall = grid(energy)
    k, p, k_out, out = momenta(energy, T)
    q, mass = out - p, 3e-3
    q2 = -dot(q, q)
    chiral = slash(k) @ (ONE + GAMMA5) / 2
    spin = np.stack([0.5j * (GAMMA[a] @ slash(q) - slash(q) @ GAMMA[a]) for a in range(4)], axis=1)
    neutrino = np.einsum("nab,ntbc,ncd,nsda->nts", slash(k_out), spin, chiral, bar(spin), optimize=True)
    electron = electron_tensor(p, out, np.asarray(GAMMA_LOWER))
    squared = np.einsum("nts,nts->n", neutrino, electron).real / q2**2
    charges = (4 * math.pi * ALPHA) * (math.pi * ALPHA) / M**2  # e^2 mu_B^2
    moment = per_kinetic(np.asarray(charges * squared), energy)
    np.testing.assert_allclose(ne.moment(energy, T, fall), moment.astype(float), rtol=1e-10)
    line = np.einsum("nab,nba->n", slash(k_out), chiral).real
    for matrix, formula in ((ONE, ne.scalar), (1j * GAMMA5, ne.pseudoscalar)):
        vertex = np.asarray(matrix)[None]
        squared = line * electron_tensor(p, out, vertex)[:, 0, 0].real / (q2 + mass**2) ** 2
        expected = per_kinetic(np.asarray(squared), energy)
        np.testing.assert_allclose(formula(energy, T, mass), expected.astype(float), rtol=1e-9)


def test_shifts_of_the_vector_coupling() -> None:
    """-0.83e-32 cm^2 shift g_V by -0.01975; a charge radius is the slope of a charge: q -> <r^2> (-Q^2)/6."""
    shift = ne.charge_radius_shift(-0.83e-32 / GEV_M2_TO_CM2)
    assert shift == pytest.approx(-0.01975, abs=5e-6)
    radius2, T = 3e-5, 1e-4
    assert ne.millicharge_shift(T, -2.0 * M * T * radius2 / 6.0) == pytest.approx(ne.charge_radius_shift(radius2))


def bahcall(energy: float, kinetic: float) -> tuple[mpmath.mpf, mpmath.mpf, mpmath.mpf]:
    """Return f_-, (1 - z)^2 f_+ and f_x of appendix B of Bahcall, Kamionkowski and Sirlin as printed."""
    E, T, m = mpmath.mpf(energy), mpmath.mpf(kinetic), mpmath.mpf(M)
    z, total, ln = T / E, T + m, mpmath.log
    length = mpmath.sqrt(total**2 - m**2)
    b = length / total
    log = ln((total + length) / m)
    soft = ln(1 - z - m / (total + length))

    def spence(x: mpmath.mpf) -> mpmath.mpf:
        return -mpmath.re(mpmath.polylog(2, x))

    minus = (total / length * log - 1) * (2 * soft - ln(1 - z) - ln(z) / 2 - mpmath.mpf(5) / 12)
    minus += (spence(z) - spence(b)) / 2 - ln(1 - z) ** 2 / 2 - (mpmath.mpf(11) / 12 + z / 2) * ln(1 - z)
    minus += z * (ln(z) + ln(2 * E / m) / 2) - (mpmath.mpf(31) / 18 + ln(z) / 12) * b - 11 * z / 12 + z**2 / 24
    plus = (total / length * log - 1) * (
        (1 - z) ** 2 * (2 * soft - ln(1 - z) - ln(z) / 2 - mpmath.mpf(2) / 3) - (z**2 * ln(z) + 1 - z) / 2
    )
    plus -= (1 - z) ** 2 / 2 * (ln(1 - z) ** 2 + b * (spence(1 - z) - ln(z) * ln(1 - z)))
    plus += ln(1 - z) * (z**2 / 2 * ln(z) + (1 - z) / 3 * (2 * z - mpmath.mpf(1) / 2))
    plus -= z**2 / 2 * spence(1 - z) + z * (1 - 2 * z) / 3 * ln(z) + z * (1 - z) / 6
    plus -= b / 12 * (ln(z) + (1 - z) * (115 - 109 * z) / 6)
    return minus, plus, (total / length * log - 1) * 2 * soft


@pytest.mark.parametrize("energy", [2e-4, 0.862e-3, 0.01, 1.0, 100.0])
def test_radiative_corrections_are_those_of_the_paper(energy: float) -> None:
    """Within 1e-12 of the cross section from T = 1e-6 T_max up to 1e-9 below T_max, where the form as printed fails."""
    for x in (1e-6, 0.01, 0.3, 0.499, 0.501, 0.9, 0.999, 1.0 - 1e-6):
        kinetic = float(ne.t_max(energy) * x)
        with mpmath.workdps(50):
            E, m = mpmath.mpf(energy), mpmath.mpf(M)
            fall = 2 * E**2 / (m + 2 * E) - mpmath.mpf(kinetic)
            expected = [float(each) for each in bahcall(energy, kinetic)]
        found = ne.radiative(energy, kinetic, np.float64(float(fall)))
        left = ne.left_share(energy, float(fall))
        size = np.array([found.ll - 1.0, found.rr - left**2, -found.lr * energy**2 / (M * kinetic) - 1.0])
        np.testing.assert_allclose(size, SIZE * np.array(expected), rtol=1e-10, atol=2e-14)


def test_integrals_at_high_energies() -> None:
    """Sarantakos, Sirlin and Marciano, Nucl. Phys. B 217 (1983) 84, for E >> m, within 2e-4 at E/m = 1e6."""
    energy = 1e6 * M

    def integral(which: int) -> float:
        def integrand(x: float) -> float:
            pieces = ne.radiative(energy, ne.t_max(energy) * x, np.float64(ne.t_max(energy) * (1.0 - x)))
            tree = ne.tree(energy, ne.t_max(energy) * x, ne.t_max(energy) * (1.0 - x))
            return float((pieces[which] - tree[which]) / SIZE)

        return float(quad(integrand, 0.0, 1.0, epsrel=1e-9, limit=400)[0])

    log = math.log(2e6)
    assert integral(0) == pytest.approx(-2.0 / 3.0 * log + 19.0 / 24.0 - math.pi**2 / 6.0, abs=2e-4)
    assert integral(1) == pytest.approx(-2.0 / 9.0 * log + (43.0 / 4.0 - math.pi**2) / 18.0, abs=2e-4)


def total(neutrino: str, energy: float, radiative: bool) -> float:
    """Return the cross section in cm^2 by quadrature."""
    flavour, antineutrino = neutrino[2:].removesuffix("bar"), neutrino.endswith("bar")
    s2, most = SIN2_THETA_W_LOW_ENERGY, float(ne.t_max(energy))

    def integrand(x: float) -> float:
        T, fall = np.float64(most * x), np.float64(most * (1.0 - x))
        pieces = (ne.radiative if radiative else ne.tree)(energy, T, fall)
        couplings = ne.radiative_couplings(T, flavour) if radiative else (s2 - 0.5 + (flavour == "e"), s2)
        return float(combined(pieces, *(reversed(couplings) if antineutrino else couplings)) * most)

    return float(quad(integrand, 0.0, 1.0, epsrel=1e-11)[0]) * GEV_M2_TO_CM2


@pytest.mark.parametrize(("neutrino", "energy"), TREE_TOTALS_CM2)
def test_total_cross_sections_at_tree_level(neutrino: str, energy: float) -> None:
    assert total(neutrino, 1e-3 * energy, False) == pytest.approx(TREE_TOTALS_CM2[neutrino, energy], rel=1e-10)


@pytest.mark.parametrize(("neutrino", "energy"), RADIATIVE_TOTALS_CM2)
def test_total_cross_sections_with_corrections(neutrino: str, energy: float) -> None:
    """2e-5: the accuracy of the independent quadrature."""
    assert total(neutrino, 1e-3 * energy, True) == pytest.approx(RADIATIVE_TOTALS_CM2[neutrino, energy], rel=2e-5)


@pytest.mark.parametrize("kinetic", [1e-9, 1e-7, 1.0e-5, 2.1e-5, 1e-3, 10.0])
def test_loop_of_the_electroweak_corrections(kinetic: float) -> None:
    """kappa by I(T) at 40 digits, on both sides of the series' end."""
    with mpmath.workdps(40):
        x = mpmath.sqrt(1 + 2 * mpmath.mpf(M) / mpmath.mpf(kinetic))
        loop = (mpmath.mpf(1) / 3 + (3 - x**2) * (x / 2 * mpmath.log((x + 1) / (x - 1)) - 1)) / 6
        expected = float(1.0126 * 0.2317 * (mpmath.mpf("0.9791") + mpmath.mpf("0.0097") * loop))
    assert ne.radiative_couplings(np.float64(kinetic), "e")[1] == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("scale", [None, 1e-9, 1e-3, 1e6])
def test_sampled_kinetic_energies_fill_the_range(scale: float | None) -> None:
    """T + fall = T_max, also where the map is nearly linear; dT/dx by differences of T."""
    energy, least = 0.01, 1e-9
    x = np.array([1e-9, 0.1, 0.5, 0.9, 1.0 - 1e-9])
    found = ne.sample_kinetic(energy, x, least, scale)
    np.testing.assert_allclose(found.kinetic + found.fall, ne.t_max(energy), rtol=3e-15)
    assert np.all((found.kinetic >= least) & (found.fall > 0.0))
    step = 1e-6
    above, below = (ne.sample_kinetic(energy, x[1:4] + s, least, scale).kinetic for s in (step, -step))
    np.testing.assert_allclose((above - below) / (2.0 * step), np.broadcast_to(found.width, x.shape)[1:4], rtol=1e-8)
    assert np.all(ne.sample_kinetic(1e-9, x, 1e-3, scale).width == 0.0)


def test_smallest_energy_is_the_inverse_of_the_largest_recoil() -> None:
    energy = np.array([1e-6, 1e-3, 10.0])
    np.testing.assert_allclose(ne.minimum_energy(ne.t_max(energy)), energy, rtol=1e-13)
