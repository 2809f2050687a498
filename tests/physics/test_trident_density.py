"""The density of events against the formula of the cross section, Jacobian and all, and the drawn azimuth.

Nothing of the package's variables is used: Jacobians come from finite differences of invariants of the momenta.
"""

from __future__ import annotations

import numpy as np
import pytest

from tests.physics.frames import azimuth_between, determinant, long
from tests.physics.sampled_events import CASES, Array, Case
from tests.reference.dirac import LongReal, Momenta, Real, dot
from tridentgen.constants import HBARC_GEV_FM

POINTS = 25
ANGLES = 24
STEP = 2e-4

ALL_CASES = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
BOTH_PARTS = pytest.mark.parametrize("part", [0, 1], ids=["plus leads", "minus leads"])


def points(count: int = POINTS, seed: int = 61) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    spare = rng.random((3, count))
    spare[2] *= 0.5  # no mirror images: the sixth number is then the azimuth from 0 to half a turn
    return rng.uniform(0.02, 0.98, (6, count)), spare


def leading(case: Case, part: int, m: Momenta) -> tuple[LongReal, LongReal, float, float]:
    """Momenta and masses of the lepton whose propagator the channel is named after, and of the other."""
    minus, plus = case.masses
    return (m.p_plus, m.p_minus, plus, minus) if part == 0 else (m.p_minus, m.p_plus, minus, plus)


def hadron_azimuth(case: Case, part: int, m: Momenta) -> LongReal:
    """Angle from lepton a to the target about the axis of the K frame, in [0, 2 pi)."""
    cosine, sine = azimuth_between(leading(case, part, m)[0], m.P, m.p1, m.q)
    return np.asarray(np.mod(np.arctan2(sine, cosine), 2 * np.pi), dtype=np.longdouble)


def fourier(angle: Real) -> LongReal:
    a = long(angle)
    return np.stack([1 + 0 * a, np.cos(a), np.sin(a), np.cos(2 * a), np.sin(2 * a)], axis=-1)


def series_in_azimuth(case: Case, part: int, x: Array, spare: Array) -> tuple[Array, Array, Array]:
    """|M|^2 at `ANGLES` draws of the azimuth: u and phi (ANGLES, N), and the fitted Fourier coefficients (5, N)."""
    count = x.shape[1]
    u = np.repeat((np.arange(ANGLES) + 0.5) / ANGLES, count)
    several = np.tile(spare, (1, ANGLES))
    several[0] = u
    m = case.momenta(case.event(part, np.tile(x, (1, ANGLES)), several))
    phi = hadron_azimuth(case, part, m).astype(float).reshape(ANGLES, count)
    squared = case.msq(m).astype(float).reshape(ANGLES, count)
    coefficients = np.stack(
        [np.linalg.lstsq(fourier(phi[:, i]).astype(float), squared[:, i])[0] for i in range(count)], axis=1
    )
    misfit = np.einsum("ank,kn->an", fourier(phi).astype(float), coefficients) - squared
    # |M|^2 really is a polynomial of degree 2 in the azimuth
    assert np.median(np.abs(misfit) / coefficients[0]) < 1e-10
    return u.reshape(ANGLES, count), phi, coefficients


@ALL_CASES
@BOTH_PARTS
def test_azimuth_follows_the_matrix_element(case: Case, part: int) -> None:
    """For a fixed point of the cube the share of |M|^2 up to the drawn azimuth is the random number.

    The momenta alone say what the azimuth is; the draw is as good as its root finder (a few in a thousand are off).
    """
    x, spare = points()
    u, phi, (mean, c1, s1, c2, s2) = series_in_azimuth(case, part, x, spare)
    area = c1 * np.sin(phi) + s1 * (1 - np.cos(phi)) + 0.5 * (c2 * np.sin(2 * phi) + s2 * (1 - np.cos(2 * phi)))
    share = (phi + area / mean) / (2 * np.pi)
    off = np.abs(share - u)
    assert np.median(off) < 1e-10
    assert np.quantile(off, 0.97) < (1e-4 if case.channel == "numu e- e+" else 1e-7)
    # and it is not uniform, so that this is a test
    assert np.median(np.ptp(area / mean, axis=0)) > 0.1


def invariants(case: Case, part: int, x: Array, spare: Array) -> LongReal:
    """Q^2, W^2, M_p^2, D_a, and cosine and azimuth of lepton b about p1 in the rest frame of (nu', l_b); (6, N)."""
    m = case.momenta(case.event(part, x, spare))
    p_a, p_b, _, mass_b = leading(case, part, m)
    pair, three = m.p2 + p_b, m.p2 + m.p_minus + m.p_plus
    q2, pair2 = -dot(m.q, m.q), dot(pair, pair)
    pair_mass = np.sqrt(pair2)
    energy_b, momentum_b = (pair2 + mass_b**2) / (2 * pair_mass), (pair2 - mass_b**2) / (2 * pair_mass)
    energy_1 = dot(m.p1, pair) / pair_mass
    cosine = (energy_b * energy_1 - dot(p_b, m.p1)) / (momentum_b * energy_1)
    # b and a without their parts along p1 and the pair: transverse to p1 where the pair is at rest
    turn = azimuth_between(p_a, p_b, m.p1, pair - pair2[:, None] / (2 * dot(m.p1, pair))[:, None] * m.p1)
    return np.stack([q2, dot(three, three), pair2, q2 + 2 * dot(m.q, p_a), cosine, np.arctan2(turn[1], turn[0])])


def jacobian(case: Case, part: int, x: Array, spare: Array) -> LongReal:
    """|d invariants / d x| (N,), by central differences of fourth order."""
    rows = np.empty((x.shape[1], 6, 6), dtype=np.longdouble)
    for j in range(6):
        shift = np.zeros((6, 1))
        shift[j] = STEP
        values = [invariants(case, part, x + n * shift, spare) for n in (-2, -1, 1, 2)]
        slope = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * STEP)
        assert np.all(np.abs(values[3] - values[0])[5] < np.pi)  # the angle does not jump by a turn
        rows[:, :, j] = slope.T
    determinants = np.linalg.det((rows / scale(rows)).astype(float)) * scale(rows).prod(axis=(1, 2))
    return np.asarray(np.abs(determinants), dtype=np.longdouble)


def scale(rows: LongReal) -> LongReal:
    """Largest entry of each invariant's row, (N, 6, 1)."""
    return np.asarray(np.abs(rows).max(axis=2, keepdims=True), dtype=np.longdouble)


@ALL_CASES
@BOTH_PARTS
def test_density_is_the_differential_cross_section(case: Case, part: int) -> None:
    """weight = |Jacobian| dsigma, with the design's formulas in the lines below.

    dsigma = dQ^2 dW^2/(32 pi^2 (S - M^2)^2) |M|^2 dPS3, dPS3 = dM_p^2/2pi dD_a dphi_a/(16 pi^2 2kW) p_b dcos dphi/
    (16 pi^2 M_p), phi_a integrated, both halves in phi, times the share D_b^2/(D_a^2 + D_b^2) of the channel.
    """
    x, spare = points()
    _, _, coefficients = series_in_azimuth(case, part, x, spare)
    m = case.momenta(case.event(part, x, spare))
    p_a, p_b, _, mass_b = leading(case, part, m)
    q2 = -dot(m.q, m.q)
    d_a, d_b = q2 + 2 * dot(m.q, p_a), q2 + 2 * dot(m.q, p_b)
    pair = m.p2 + p_b
    pair2 = dot(pair, pair)
    shat = 2 * dot(m.p1, m.q)
    flux = 32 * np.pi**2 * (2 * case.mass * case.energy) ** 2
    first = 1 / (2 * np.pi) * 2 * np.pi / (16 * np.pi**2 * shat)
    second = (pair2 - mass_b**2) / (2 * pair2) / (16 * np.pi**2)
    formula = coefficients[0] / flux * first * second * 2 * d_b**2 / (d_a**2 + d_b**2)
    count = {"coherent": 1, "proton": 18, "neutron": 22}[case.regime]
    cm2 = (HBARC_GEV_FM * 1e-13) ** 2
    expected = count * cm2 * formula * jacobian(case, part, x, spare)
    off = np.abs(case.event(part, x, spare)["weight"] / expected - 1)
    assert np.median(off) < 1e-8
    assert off.max() < 1e-5


def test_determinant() -> None:
    matrices = np.random.default_rng(62).normal(size=(20, 4, 4))
    np.testing.assert_allclose(determinant(*matrices.swapaxes(0, 1)).astype(float), np.linalg.det(matrices), rtol=1e-12)
