"""Polarisation and decay of the heavy neutral lepton of the dipole portal against explicit Dirac matrices."""

from __future__ import annotations

import itertools
from typing import Any

import mpmath
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import integrate, stats

from tests.detector.tracing import assert_traces
from tests.physics.test_cevns_factors import FLUX, HEAVY_POINTS, LEFT, RIGHT, SIGMA, SIGN, Point
from tests.reference.dirac import GAMMA, GAMMA5, ONE, bar, slash
from tridentgen.physics import cevns_factors as factors
from tridentgen.physics import cevns_kinematics as kinematics
from tridentgen.physics import dipole_portal as portal

Matrix = NDArray[np.clongdouble]
Long = np.longdouble
HEAVY = [point for point in HEAVY_POINTS if point.heavy > 0.0]
TARGETS = {
    "spin 0": None, "point": (1.0, 1.0), "proton": (0.7, 1.9), "neutron": (0.02, -1.6), "magnetic": (0.0, 1.0),
}  # fmt: skip
"""G_E and G_M of a target of spin 1/2."""


def slashed(vector: Any) -> Matrix:
    return np.asarray(slash(np.asarray(vector, dtype=Long)[None])[0])


def moment_vertices(q: Any, chirality: Matrix = LEFT) -> list[Matrix]:
    """Return sigma^mn q_n P_L with the upper index m: the vertex of L = (mu/2) Nbar sigma^mn P_L nu F_mn, over mu."""
    lower = np.asarray(q) * np.array(SIGN)
    return [sum((SIGMA[m][n] * lower[n] for n in range(4)), np.zeros((4, 4))) @ chirality for m in range(4)]


def target_tensor(point: Point, sachs: tuple[float, float] | None) -> list[list[Any]]:
    """Return the tensor of the target with lower indices, averaged over its spins, in units of e^2."""
    both = (point.p + point.p_out) * np.array(SIGN)
    if sachs is None:
        return [[both[m] * both[n] for n in range(4)] for m in range(4)]
    q, mass = point.p_out - point.p, point.mass
    tau = -(q[0] ** 2 - np.sum(q[1:] ** 2)) / (4 * mass**2)
    g_e, g_m = (Long(g) for g in sachs)
    f1, f2 = (g_e + tau * g_m) / (1 + tau), (g_m - g_e) / (1 + tau)
    lower = [SIGN[m] * GAMMA[m] for m in range(4)]
    vertices = [f1 * g - f2 / (4 * mass) * (g @ slashed(q) - slashed(q) @ g) for g in lower]
    before, after = (point.matrix(name) + mass * ONE for name in ("p", "p_out"))
    return [[np.trace(after @ v @ before @ bar(w)) / 2 for w in vertices] for v in vertices]


def rate(point: Point, tensor: Any, spin: Any = None, antineutrino: bool = False) -> float:
    """Return |M|^2 q^4/(mu e)^2 for a spin four-vector of N, or summed over its spins."""
    sign = -1 if antineutrino else 1
    heavy: Any = point.matrix("k_out") + sign * point.heavy * ONE
    if spin is not None:
        heavy = heavy @ (ONE + GAMMA5 @ slashed(spin)) / 2
    vertices = moment_vertices(point.p_out - point.p)
    total: Any = 0
    for m, n in itertools.product(range(4), repeat=2):
        if antineutrino:  # vbar(k) bar(Gamma) v(k')
            line = np.trace(point.matrix("k") @ bar(vertices[m]) @ heavy @ vertices[n])
        else:
            line = np.trace(heavy @ vertices[m] @ point.matrix("k") @ bar(vertices[n]))
        total += line * tensor[m][n]
    return float(complex(total).real)


def spin_axes(point: Point) -> tuple[Any, Any, Any]:
    """Return spin four-vectors of N: along its direction, across in the plane away from the beam, and normal to it."""
    p = point.k_out
    length = np.sqrt(np.sum(p[1:] ** 2))
    along = p[1:] / length
    beam = np.array([0, 0, 1], dtype=Long)
    across = along * (along @ beam) - beam
    across = across / np.sqrt(across @ across)
    helicity = np.concatenate([[length], p[0] * along]) / point.heavy
    return helicity, np.concatenate([[0], across]), np.concatenate([[0], np.cross(along, across)])


@pytest.mark.parametrize("antineutrino", [False, True], ids=["nu", "nubar"])
@pytest.mark.parametrize("target", TARGETS)
def test_polarisation_is_that_of_explicit_matrices(target: str, antineutrino: bool) -> None:
    """All three components, opposite for antineutrinos; full for spin 0. Rounding of the matrices: 1e-12."""
    sachs = TARGETS[target]
    for point in HEAVY:
        tensor = target_tensor(point, sachs)
        whole = rate(point, tensor, antineutrino=antineutrino)
        expected = [
            (rate(point, tensor, s, antineutrino) - rate(point, tensor, -s, antineutrino)) / whole
            for s in spin_axes(point)
        ]
        tau = 0.5 * point.recoil / point.mass
        weights = (1.0, 0.0) if sachs is None else ((sachs[0] ** 2 + tau * sachs[1] ** 2) / (1 + tau), sachs[1] ** 2)
        versine = kinematics.versine_neutrino(*point.arguments, point.heavy)
        found = portal.polarisation(*point.arguments, point.heavy, versine, *weights)
        sign = -1 if antineutrino else 1
        assert (sign * found.along, sign * found.across, 0.0) == pytest.approx(expected, abs=1e-12)
        if sachs is None:
            assert np.hypot(found.along, found.across) == pytest.approx(1.0, abs=1e-14)


@pytest.mark.parametrize("sachs", [s for s in TARGETS.values() if s is not None], ids=str)
@pytest.mark.parametrize("antineutrino", [False, True], ids=["nu", "nubar"])
def test_nucleon_factor_is_that_of_explicit_matrices(sachs: tuple[float, float], antineutrino: bool) -> None:
    """With Dirac and Pauli form factors; the absolute normalisation is that of `FLUX`."""
    for point in HEAVY_POINTS:
        q2 = 2 * point.mass * point.recoil
        squared = rate(point, target_tensor(point, sachs), antineutrino=antineutrino) / q2**2
        expected = 4 * np.pi * squared / (FLUX * point.mass * point.energy**2)  # e^2 = 4 pi alpha, over alpha
        assert factors.dipole_nucleon(*point.arguments, point.heavy, *sachs) == pytest.approx(
            float(expected), rel=1e-12
        )


def test_nucleon_factor_has_the_limits_of_the_others() -> None:
    for point in HEAVY_POINTS:
        tau = 0.5 * point.recoil / point.mass
        arguments = (*point.arguments, point.heavy)
        assert factors.dipole_nucleon(*arguments, 1.0, 1.0) == pytest.approx(factors.dipole_spin_half(*arguments))
        electric = factors.dipole_nucleon(*arguments, np.sqrt(1 + tau), 0.0)
        assert electric == pytest.approx(factors.dipole_spin0(*arguments))


def decay_rate(mass: float, direction: Any, spin: Any, chirality: Matrix) -> float:
    """Return |M|^2/mu^2 of N at rest -> nu gamma, summed over the photon's states: vertex of the conjugate term."""
    half = Long(mass) / 2
    photon = half * np.array([1, *direction], dtype=Long)
    light = half * np.array([1, *(-np.asarray(direction))], dtype=Long)
    heavy: Any = slashed([mass, 0, 0, 0]) + Long(mass) * ONE
    heavy = heavy @ (ONE + GAMMA5 @ slashed([0, *spin])) / 2
    vertices = [bar(vertex) for vertex in moment_vertices(photon, chirality)]
    terms = [SIGN[m] * np.trace(slashed(light) @ vertices[m] @ heavy @ bar(vertices[m])) for m in range(4)]
    return -float(complex(sum(terms)).real)


def test_width_and_photon_distribution_are_those_of_explicit_matrices() -> None:
    """Gamma = <|M|^2>/16 pi m with the mu of the cross section, and 1 - cos to the spin of a Dirac N.

    The antineutrino channel of a Majorana N has the vertex of opposite chirality: twice the width, isotropic in sum.
    """
    mass, mu = 0.35, 2.1e-7
    spin = np.array([0.0, 0.0, 1.0])
    cosines = np.linspace(-0.9, 0.9, 7)
    dirac, conjugate = (
        np.array([decay_rate(mass, (np.sqrt(1 - c * c), 0.0, c), spin, side) for c in cosines])
        for side in (LEFT, RIGHT)
    )
    mean = dirac.mean()
    np.testing.assert_allclose(dirac, mean * (1 - cosines), rtol=1e-13)
    np.testing.assert_allclose(conjugate, mean * (1 + cosines), rtol=1e-13)
    width = mu**2 * mean / (16 * np.pi * mass)
    assert portal.decay_width(mass, mu, False) == pytest.approx(width, rel=1e-13)
    assert portal.decay_width(mass, mu, True) == pytest.approx(2 * width, rel=1e-13)
    assert portal.mean_path_m(width) == pytest.approx(1.973269804e-16 / width, rel=1e-9)
    assert portal.mean_path_m(0.0) == np.inf


SPINS = [(1.0, 0.0), (-1.0, 0.0), (0.6, -0.8), (0.3, 0.2), (0.0, 0.0), (-1e-9, 1e-12)]


@pytest.mark.parametrize("spin", SPINS)
def test_photons_follow_the_polarisation(spin: tuple[float, float]) -> None:
    """Mean direction -P/3 and the distribution of the cosine, within 4 standard deviations (chance 6e-5)."""
    count = 40_000
    u = np.random.default_rng(3).random((2, count))
    directions = np.stack(portal.photon_direction(portal.Polarisation(*spin), u[0], u[1]))
    np.testing.assert_allclose(np.sum(directions**2, axis=0), 1.0, rtol=1e-14)
    expected = np.array([-spin[1], 0.0, -spin[0]]) / 3
    np.testing.assert_array_less(np.abs(directions.mean(axis=1) - expected), 4 * directions.std(axis=1) / count**0.5)
    size = np.hypot(*spin)
    axis = np.array([spin[1], 0.0, spin[0]]) / size if size else np.array([0.0, 0.0, 1.0])
    cosine = axis @ directions
    assert stats.kstest(cosine, lambda c: (1 + c) / 2 + size * (1 - c * c) / 4).pvalue > 6e-5


@pytest.mark.parametrize("gamma", [1.0, 1.0 + 1e-9, 1.5, 1e3, 1e7])
def test_daughters_are_on_shell_and_conserve_momentum(gamma: float) -> None:
    """Also those with a millionth of the energy; the photon's is gamma (m/2)(1 + beta c), here with 50 digits."""
    mass, theta, phi = 0.3, 0.4, 2.0
    length = mass * np.sqrt((gamma - 1) * (gamma + 1))
    along = np.array([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)])
    parent = (np.hypot(length, mass), *(length * along))
    for c in (-1.0, -1 + 1e-13, -0.3, 0.0, 0.7, 1 - 1e-9, 1.0):
        s = np.sqrt((1 - c) * (1 + c))
        direction = (s * np.cos(1.1), s * np.sin(1.1), c)
        found = portal.daughters(parent, mass, direction, (np.cos(phi), np.sin(phi)))
        photon, light = (np.array(p, dtype=float) for p in found)
        for p in (photon, light):
            off = np.float64(Long(p[0]) ** 2 - np.sum(p[1:].astype(Long) ** 2)) / p[0] ** 2
            assert abs(off) < 3e-15
        np.testing.assert_allclose(photon + light, parent, rtol=0, atol=1e-15 * parent[0])
        with mpmath.workdps(50):
            m, p, n = (mpmath.mpf(float(x)) for x in (mass, length, c))
            energy = mpmath.sqrt(p * p + m * m)
            exact = (energy + p * n) / 2, (energy - p * n) / 2
        for p, e in zip((photon, light), exact, strict=True):
            # 1 -+ c of the direction itself is rounded
            assert p[0] == pytest.approx(float(e), rel=1e-14, abs=3e-16 * parent[0])


def test_decay_in_the_rest_frame_and_boosted_back() -> None:
    """The photon boosted to the rest frame of N has the direction that was drawn, in the axes of `Polarisation`."""
    mass, theta, phi, momentum = 0.2, 0.7, -1.0, 0.5
    energy = np.hypot(mass, momentum)
    along = np.array([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)])
    across = np.array([np.cos(theta) * np.cos(phi), np.cos(theta) * np.sin(phi), -np.sin(theta)])
    drawn = np.array([0.48, 0.6, 0.64])
    photon = np.array(
        portal.daughters((energy, *(momentum * along)), mass, tuple(drawn), (np.cos(phi), np.sin(phi))).photon
    )
    parallel = (energy * (photon[1:] @ along) - momentum * photon[0]) / mass
    rest = np.array([photon[1:] @ across, photon[1:] @ np.cross(along, across), parallel])
    np.testing.assert_allclose(rest, drawn * mass / 2, rtol=1e-13)


@pytest.mark.parametrize(
    ("enter", "span", "length"), [(0.0, 3.0, 2.0), (5.0, 1.0, 1e9), (1.0, 400.0, 0.05), (2.0, 1e-9, 3.0)]
)
def test_probability_and_path_of_a_decay_in_a_stretch(enter: float, span: float, length: float) -> None:
    exact = mpmath.exp(-mpmath.mpf(enter) / length) * -mpmath.expm1(-mpmath.mpf(span) / length)
    leave = enter + span
    assert portal.decay_probability(enter, leave, length) == pytest.approx(float(exact), rel=2e-7 * 1e-9 / span + 1e-13)
    near = min(span, 40 * length)
    found = integrate.quad(lambda t: np.exp(-(enter + t) / length) / length, 0.0, near)[0]
    assert portal.decay_probability(enter, leave, length) == pytest.approx(found, rel=1e-6)
    u = np.array([1e-6, 0.2, 0.5, 0.9, 1 - 1e-9])
    path = portal.path_within(u, span, length)
    assert np.all((path > 0) & (path <= span))
    np.testing.assert_allclose(np.expm1(-path / length) / np.expm1(-span / length), u, rtol=1e-12)


def test_probabilities_at_the_ends_of_the_scale() -> None:
    """No overflow, nothing negative: a path of 10^4 lengths, none, and a decay at once."""
    assert portal.decay_probability(1e4, 2e4, 1.0) < 1e-300
    assert portal.decay_probability(0.0, 1e30, 1e-30) == pytest.approx(1.0)
    assert portal.decay_probability(3.0, 3.0, 1.0) == 0.0
    assert portal.free_path(0.5, 2.0) == pytest.approx(2.0 * np.log(2.0))


def test_everything_is_traced() -> None:
    def decay(energy: Any, recoil: Any, u: Any, turn: Any) -> Any:
        versine = kinematics.versine_neutrino(energy, recoil, 0.94, 0.1)
        spin = portal.polarisation(energy, recoil, 0.94, 0.1, versine, 0.8, 2.0)
        parent = kinematics.lab_momenta(energy, recoil, 0.94, 0.1, (0.6, 0.8)).neutrino
        photon = portal.daughters(parent, 0.1, portal.photon_direction(spin, u, turn), (-0.6, -0.8)).photon
        return photon[0] + portal.decay_probability(u, u + turn, energy) + portal.path_within(u, turn, energy)

    values = (np.array([0.5, 2.0]), np.array([0.02, 0.3]), np.array([0.1, 0.8]), np.array([0.3, 0.9]))
    assert_traces(decay, *values)
