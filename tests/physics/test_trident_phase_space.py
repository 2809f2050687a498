"""Phase space and momentum transfer: volumes against the Dalitz plot, limits, identities in extended precision."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import mpmath
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.physics.frames import Long, k_frame, long
from tests.reference import dirac
from tests.reference.dirac import LongReal, dot
from tridentgen.constants import PROTON_MASS_GEV
from tridentgen.matter.nuclei import nuclide
from tridentgen.matter.particles import lepton_mass_GeV
from tridentgen.physics.trident_phase_space import (
    LeptonState,
    Transfer,
    lepton_phase_space,
    momentum_transfer,
)

Array = NDArray[np.float64]

M_E, M_MU, M_TAU = (lepton_mass_GeV(flavour) for flavour in ("e", "mu", "tau"))
M_ARGON = nuclide("Ar40").mass_GeV
L_ARGON, L_NUCLEON = 0.02, 0.3
"""Scales of the form factors in GeV^2, as the sampling uses them."""


def transfer_at(q2: float, w: float, w_min: float) -> Transfer:
    """A transfer of given Q^2 and W; the rest does not matter to phase space."""
    return Transfer(q2=q2, w=w, w_excess=w - w_min, over_shat=1.0 / (w * w + q2), e_t2=1.0, measure=1.0)


def gauss(n: int) -> tuple[Array, Array]:
    node, weight = np.polynomial.legendre.leggauss(n)
    return 0.5 * (1.0 + node), 0.5 * weight


def tanh_sinh(n: int) -> tuple[Array, Array]:
    """Nodes and weights on (0, 1) that forgive square roots at the ends."""
    t = np.linspace(-3.2, 3.2, n)
    inner = 0.5 * np.pi * np.sinh(t)
    node = 1.0 / (1.0 + np.exp(-2.0 * inner))
    weight = (t[1] - t[0]) * 0.25 * np.pi * np.cosh(t) / np.cosh(inner) ** 2
    return node, weight


def average(
    function: Callable[[LeptonState], Array],
    q2: float,
    w: float,
    mass_a: float,
    mass_b: float,
    angles: int = 8,
) -> float:
    """int dPS3 f over the unit cube."""
    pair, pair_weight = tanh_sinh(61)
    propagator, propagator_weight = gauss(48)
    inner, inner_weight = gauss(angles)
    x, y, z, phi = np.meshgrid(pair, propagator, inner, inner, indexing="ij")
    state, weight = lepton_phase_space(x, y, z, phi, transfer_at(q2, w, mass_a + mass_b), mass_a, mass_b)
    return float(
        np.einsum(
            "ijkl,i,j,k,l->", weight * function(state), pair_weight, propagator_weight, inner_weight, inner_weight,
            optimize=True,
        )
    )  # fmt: skip


def dalitz(w: float, mass_a: float, mass_b: float, moment: Callable[[mpmath.mpf], mpmath.mpf]) -> float:
    """int dPS3 f(s_ab): 1/(128 pi^3 W^2) int ds_ab ds_bn over the Dalitz plot (PDG review of kinematics, eq. 49.23).

    At fixed s_ab the other invariant covers 2 p_a* 2 E_nu* = lambda^1/2(s_ab, m_a^2, m_b^2)(W^2 - s_ab)/s_ab.
    """
    low, high = mpmath.mpf(mass_a + mass_b) ** 2, mpmath.mpf(w) ** 2

    def width(s: mpmath.mpf) -> mpmath.mpf:
        triangle = (s - low) * (s - mpmath.mpf(mass_a - mass_b) ** 2)
        return mpmath.sqrt(triangle) * (high - s) / s if s > 0 else high

    knots = [low, *(low + (high - low) * mpmath.mpf(10) ** -n for n in (6, 4, 2, 1)), high]
    return float(mpmath.quad(lambda s: moment(s) * width(s), knots) / (128 * mpmath.pi**3 * high))


def ones(state: LeptonState) -> Array:
    return np.ones_like(state.d_a)


@pytest.mark.parametrize("w", [1e-3, 1.0, 50.0])
@pytest.mark.parametrize("ratio", [1e-4, 0.1, 3.0])
def test_volume_without_masses(w: float, ratio: float) -> None:
    """W^2/(256 pi^3): n = 3 of (2 pi)^(4-3n) (pi/2)^(n-1) W^(2n-4)/((n-1)!(n-2)!), whatever Q^2.

    The limit of masses that do not matter: their squares are rounding errors.
    """
    volume = average(ones, ratio * w * w, w, 1e-8 * w, 1e-8 * w, angles=1)
    assert volume == pytest.approx(w * w / (256.0 * math.pi**3), rel=1e-10)


MASSIVE = {
    "mu mu": (M_MU, M_MU, 0.7),
    "mu mu at threshold": (M_MU, M_MU, 2.002 * M_MU),
    "e leads mu": (M_E, M_MU, 0.5),
    "mu leads e": (M_MU, M_E, 0.5),
    "e e": (M_E, M_E, 0.02),
    "tau tau": (M_TAU, M_TAU, 5.0),
    "tau leads e": (M_TAU, M_E, 2.1),
}


@pytest.mark.parametrize("name", MASSIVE)
def test_volume_with_masses(name: str) -> None:
    mass_a, mass_b, w = MASSIVE[name]
    volume = average(ones, 0.01 * w * w, w, mass_a, mass_b, angles=1)
    assert volume == pytest.approx(dalitz(w, mass_a, mass_b, lambda _: mpmath.mpf(1)), rel=1e-9)


def power_of(function: Callable[[LeptonState], Array], power: int, state: LeptonState) -> Array:
    return function(state) ** power


@pytest.mark.parametrize("name", MASSIVE)
def test_moments_with_masses(name: str) -> None:
    """<s_ab> and <s_ab^2> from the momenta; <p_b> through D_b: its mean is Q^2 + 2 q0 <E_b> by isotropy."""
    mass_a, mass_b, w = MASSIVE[name]
    q2 = 0.1 * w * w

    def s_ab(state: LeptonState) -> Array:
        product = state.a_plus * state.b_minus + state.a_minus * state.b_plus - 2.0 * state.a_t * state.b_x
        return np.asarray(mass_a**2 + mass_b**2 + product)

    volume = average(ones, q2, w, mass_a, mass_b, angles=1)
    for power in (1, 2):
        measured = average(partial(power_of, s_ab, power), q2, w, mass_a, mass_b)
        assert measured == pytest.approx(dalitz(w, mass_a, mass_b, partial(pow, exp=power)), rel=1e-8)

    # E_nu = (W^2 - s_ab)/2W, and E_a, E_b share the rest as their two-body decay of s_ab says on average
    nu = dalitz(w, mass_a, mass_b, lambda s: (w * w - s) / (2 * w)) / volume
    e_b = dalitz(
        w,
        mass_a,
        mass_b,
        lambda s: (w * w + s) / (2 * w) * (s + mpmath.mpf(mass_b) ** 2 - mpmath.mpf(mass_a) ** 2) / (2 * s),
    )
    q0 = 0.5 * (w - q2 / w)
    d_b = average(lambda state: state.d_b, q2, w, mass_a, mass_b, angles=12) / volume
    d_a = average(lambda state: state.d_a, q2, w, mass_a, mass_b, angles=1) / volume
    n_plus = average(lambda state: state.n_plus, q2, w, mass_a, mass_b) / volume
    assert d_b == pytest.approx(q2 + 2.0 * q0 * e_b / volume, rel=1e-8)
    assert d_a == pytest.approx(q2 + 2.0 * q0 * (w - nu - e_b / volume), rel=1e-8)
    assert n_plus == pytest.approx(nu, rel=1e-8)


ENERGIES = (1.001, 1.05, 2.0, 30.0, 1e3, 1e5)
"""In units of the threshold up to 30, then in GeV."""

PROCESSES = {
    "argon mu mu": (M_ARGON, 2 * M_MU, L_ARGON),
    "argon e e": (M_ARGON, 2 * M_E, L_ARGON),
    "proton mu e": (PROTON_MASS_GEV, M_MU + M_E, L_NUCLEON),
    "proton tau tau": (PROTON_MASS_GEV, 2 * M_TAU, L_NUCLEON),
}

EVERY_PROCESS = pytest.mark.parametrize("name", PROCESSES)
EVERY_ENERGY = pytest.mark.parametrize("energy", ENERGIES)


def energy_GeV(name: str, energy: float) -> float:
    mass, w_min, _ = PROCESSES[name]
    threshold = w_min + 0.5 * w_min**2 / mass
    return energy * threshold if energy < 100.0 else energy


def limits(w2: mpmath.mpf, energy: float, mass: float) -> tuple[mpmath.mpf, mpmath.mpf]:
    """Q^2 from 2 (E_P E_P' -+ p p') - 2 M^2 in the centre of mass, with digits to spare."""
    M, E = mpmath.mpf(mass), mpmath.mpf(energy)
    S = M**2 + 2 * M * E
    root = mpmath.sqrt(S)
    e_in, e_out, p_in = (S + M**2) / (2 * root), (S + M**2 - w2) / (2 * root), (S - M**2) / (2 * root)
    p_out = mpmath.sqrt(mpmath.fabs(e_out**2 - M**2))
    return 2 * (e_in * e_out - p_in * p_out) - 2 * M**2, 2 * (e_in * e_out + p_in * p_out) - 2 * M**2


@EVERY_PROCESS
@EVERY_ENERGY
def test_limits_of_the_momentum_transfer(name: str, energy: float) -> None:
    """Q^2 between its limits at W_min, where they are widest; at given Q^2, W^2 up to where e_T vanishes."""
    mass, w_min, scale = PROCESSES[name]
    E = energy_GeV(name, energy)
    with mpmath.workdps(60):
        lowest, highest = (float(v) for v in limits(mpmath.mpf(w_min) ** 2, E, mass))
    ends = momentum_transfer(np.array([1e-16, 1.0 - 1e-16]), np.array([0.5, 0.5]), E, mass, w_min, scale)
    # at the upper end the density 1/Q^4 leaves Q^2 Q^2/L fewer digits
    assert ends.q2[0] == pytest.approx(lowest, rel=1e-12)
    assert ends.q2[1] == pytest.approx(highest, rel=1e-12 + 4e-14 * highest / scale)
    x = np.random.default_rng(71).random(50)
    top = momentum_transfer(x, np.full(50, 1.0 - 1e-16), E, mass, w_min, scale)
    bottom = momentum_transfer(x, np.full(50, 1e-16), E, mass, w_min, scale)
    np.testing.assert_allclose(bottom.w, w_min, rtol=1e-14)
    assert np.all(bottom.w_excess >= 0.0)
    for q2, w in zip(top.q2, top.w, strict=True):
        with mpmath.workdps(60):
            shat = mpmath.mpf(w) ** 2 + mpmath.mpf(q2)
            c = 2 * mpmath.mpf(mass) * E / shat
            e_t2 = c * (c - 1) * mpmath.mpf(q2) - mpmath.mpf(mass) ** 2
            assert float(mpmath.fabs(e_t2) / mass**2) < 1e-11


@EVERY_PROCESS
@EVERY_ENERGY
def test_transverse_momentum_of_the_target(name: str, energy: float) -> None:
    """e_T^2 = C^2 Q^2 - C Q^2 - M^2 >= 0, with C = 2 M E/(W^2 + Q^2)."""
    mass, w_min, scale = PROCESSES[name]
    E = energy_GeV(name, energy)
    x, y = np.random.default_rng(72).random((2, 400))
    t = momentum_transfer(x, y, E, mass, w_min, scale)
    assert np.all(t.e_t2 >= 0.0)
    q2, w2, M = long(t.q2), long(t.w) ** 2, Long(mass)
    c = 2 * M * Long(E) / (w2 + q2)
    exact = c * (c - 1) * q2 - M**2
    # W^2 in the middle of its range is known to 1e-16, and so is C^2 Q^2, of which e_T^2 may be a small part
    blur = 4e-15 * c * c * q2 + 1e-13 * exact
    assert np.all(np.abs(t.e_t2 - exact) < blur)
    np.testing.assert_allclose(t.w_excess, (long(t.w) - Long(w_min)).astype(float), rtol=0.0, atol=1e-15 * t.w.max())
    np.testing.assert_allclose(1.0 / t.over_shat, (q2 + w2).astype(float), rtol=1e-14)


def areas(name: str, energy: float) -> tuple[float, float]:
    """int dQ^2 dW^2/Q^4 and int dQ^2 dW^2 / (Q^2 (1 + Q^2/L)) over the physical region.

    W^2 outside, by tanh-sinh quadrature in its logarithm; Q^2 inside, by hand between the limits of two-body
    scattering. All in extended precision.
    """
    mass, w_min, scale = PROCESSES[name]
    M, E = Long(mass), Long(energy_GeV(name, energy))
    S = M**2 + 2 * M * E
    root = np.sqrt(S)
    node, weight = tanh_sinh(401)
    low, high = Long(w_min) ** 2, (2 * M * E / (root + M)) ** 2
    w2 = low * (high / low) ** long(node)
    # 2 (E_P E_P' + p p') - 2 M^2 with E = M + p^2/(E + M), which loses nothing at threshold
    p_in = M * E / root
    p_out = np.sqrt(np.maximum(high - w2, 0) * ((root + M) ** 2 - w2) / (4 * S))
    t_in, t_out = (p**2 / (np.sqrt(p**2 + M**2) + M) for p in (p_in, p_out))
    q2_high = 2 * (M * (t_in + t_out) + t_in * t_out + p_in * p_out)
    q2_low = M**2 * w2**2 / (S * q2_high)
    ratio = q2_high / q2_low * (scale + q2_low) / (scale + q2_high)
    per_w2 = np.stack([1 / q2_low - 1 / q2_high, np.log(ratio)])
    total = (per_w2 * w2 * np.log(high / low) * weight).sum(axis=1)
    return float(total[0]), float(total[1])


@EVERY_PROCESS
@EVERY_ENERGY
def test_jacobian_of_the_momentum_transfer(name: str, energy: float) -> None:
    mass, w_min, scale = PROCESSES[name]
    E = energy_GeV(name, energy)
    (x, x_weight), (y, y_weight) = tanh_sinh(201), gauss(64)
    t = momentum_transfer(x[:, None], y[None, :], E, mass, w_min, scale)
    over_q4 = np.einsum("ij,i,j->", t.measure, x_weight, y_weight)
    flat = np.einsum("ij,i,j->", t.measure * t.q2 / (1.0 + t.q2 / scale), x_weight, y_weight)
    expected = areas(name, energy)
    assert over_q4 == pytest.approx(expected[0], rel=1e-9)
    assert flat == pytest.approx(expected[1], rel=1e-9)


CHANNELS = {
    "mu mu": (M_MU, M_MU),
    "e leads mu": (M_E, M_MU),
    "mu leads e": (M_MU, M_E),
    "e e": (M_E, M_E),
}


@pytest.mark.parametrize("name", CHANNELS)
@pytest.mark.parametrize("energy", [1.001, 3.0, 1e3, 1e5])
def test_light_cone_identities(name: str, energy: float) -> None:
    """Momenta on shell and conserved, propagators and spinor products as defined, each to its own rounding."""
    mass_a, mass_b = CHANNELS[name]
    w_min = mass_a + mass_b
    E = energy * (w_min + 0.5 * w_min**2 / M_ARGON) if energy < 100.0 else energy
    x = np.random.default_rng(73).random((6, 2000))
    transfer = momentum_transfer(x[0], x[1], E, M_ARGON, w_min, L_ARGON)
    s, _ = lepton_phase_space(x[2], x[3], x[4], x[5], transfer, mass_a, mass_b)
    w = long(s.w)
    n_minus = (long(s.n_x) ** 2 + long(s.n_y) ** 2) / s.n_plus
    for parts, whole in (
        ((s.a_plus, s.b_plus, s.n_plus), w),
        ((s.a_minus, s.b_minus, n_minus), w),
        ((s.a_t, s.b_x, s.n_x), 0 * w),
        ((s.b_y, s.n_y), 0 * w),
    ):
        assert np.max(np.abs(sum(long(part) for part in parts) - whole) / w) < 1e-13
    for plus, minus, pt2, mass in (
        (s.a_plus, s.a_minus, long(s.a_t) ** 2, mass_a),
        (s.b_plus, s.b_minus, long(s.b_x) ** 2 + long(s.b_y) ** 2, mass_b),
    ):
        assert np.max(np.abs(long(plus) * minus / (pt2 + Long(mass) ** 2) - 1)) < 1e-11
    assert np.all(s.b_y >= 0.0)
    assert np.all(s.a_t >= 0.0)

    f = k_frame(s, transfer.q2, E, M_ARGON, mass_a, mass_b)
    np.testing.assert_allclose((2 * f.p1[:, 0] * w).astype(float), f.shat.astype(float), rtol=1e-12)
    for value, momentum in ((s.d_a, f.p_a), (s.d_b, f.p_b)):
        exact = f.q2 + 2 * dot(f.q, momentum)
        assert np.max(np.abs(value / exact - 1)) < 1e-6
        assert np.median(np.abs(value / exact - 1)) < 1e-14

    def complex_t(v: LongReal) -> dirac.LongComplex:
        return np.asarray(v[:, 1] + 1j * v[:, 2])

    def plus_of(v: LongReal) -> LongReal:
        return np.asarray(v[:, 0] + v[:, 3])

    for pair, momentum in ((s.xi, f.p_b), (s.zeta, f.p_a)):
        exact = plus_of(momentum) * complex_t(f.p2) - plus_of(f.p2) * complex_t(momentum)
        size = plus_of(momentum + f.p2) * (np.abs(complex_t(f.p2)) + np.abs(complex_t(momentum)))
        off = np.abs(long(pair[0]) + 1j * long(pair[1]) - exact) / size
        assert np.quantile(off, 0.95) < 2e-13
        assert off.max() < 1e-10  # where b and nu' are both soft the shares, rounded, say less of their difference
