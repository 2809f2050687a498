"""Kinematic factors against explicit Dirac matrices, spin by spin summed, with absolute normalisation."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import mpmath
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.detector.tracing import assert_traces
from tests.reference.dirac import GAMMA, GAMMA5, ONE, bar, slash
from tridentgen.constants import ALPHA, ELECTRON_MASS_GEV, G_FERMI
from tridentgen.physics import cevns_factors as factors
from tridentgen.physics.cevns_factors import Contact
from tridentgen.physics.cevns_kinematics import lab_momenta, recoil_limits

Array = NDArray[np.float64]
Matrix = NDArray[np.clongdouble]
Long = np.longdouble

LEFT, RIGHT = (ONE - GAMMA5) / 2, (ONE + GAMMA5) / 2
SIGN = (1, -1, -1, -1)
SIGMA = [[(GAMMA[m] @ GAMMA[n] - GAMMA[n] @ GAMMA[m]) * 0.5j for n in range(4)] for m in range(4)]
FLUX = 32 * np.pi
"""dsigma/dT = |M|^2/(32 pi M E^2): the target at rest, the neutrino massless and left-handed."""

Vertices = list[tuple[Matrix, Any]]
"""Pairs of a lepton vertex and what stands on the nucleus; a matrix, or a number for spin 0."""


class Point:
    """A scattering with nucleus, energy and recoil of one order, so that no term is negligible."""

    def __init__(self, energy: float, mass: float, heavy: float, share: float) -> None:
        self.energy, self.mass, self.heavy = energy, mass, heavy
        low, high = recoil_limits(Long(energy), Long(mass), Long(heavy))
        self.recoil = float(low + share * (high - low))
        body, lepton = lab_momenta(Long(energy), Long(self.recoil), Long(mass), Long(heavy), (Long(0.6), Long(0.8)))
        self.k = np.array([energy, 0, 0, energy], dtype=Long)
        self.p = np.array([mass, 0, 0, 0], dtype=Long)
        self.p_out, self.k_out = np.array(body), np.array(lepton)

    @property
    def arguments(self) -> tuple[float, float, float]:
        return self.energy, self.recoil, self.mass

    def matrix(self, name: str) -> Matrix:
        return np.asarray(slash(getattr(self, name)[None])[0])


POINTS = [
    Point(*case) for case in ((0.6, 1.3, 0.0, 0.3), (2.0, 0.9, 0.0, 0.9), (0.03, 5.0, 0.0, 0.5), (1.1, 1.0, 0.0, 0.02))
]
HEAVY_POINTS = [
    Point(energy, mass, heavy, share)
    for (energy, mass, heavy), share in itertools.product(
        ((0.6, 1.3, 0.25), (3.0, 0.9, 1.1), (0.9, 30.0, 0.85), (0.4, 2.0, 1e-3), (0.5, 1.0, 0.0)),
        (1e-3, 0.1, 0.6, 0.95),
    )
]


def squared(point: Point, vertices: Vertices, antineutrino: bool = False) -> float:
    """Return |M|^2 summed over spins, averaged over the nucleus's; numbers on the nucleus mean spin 0.

    Antineutrinos: vbar(k) Gamma v(k'), so the lepton vertex must be the one that annihilates them.
    """
    k, k_out = point.matrix("k"), point.matrix("k_out")
    outgoing = k_out + (-1 if antineutrino else 1) * point.heavy * ONE
    first, last = (k, outgoing) if antineutrino else (outgoing, k)
    before, after = (point.matrix(name) + point.mass * ONE for name in ("p", "p_out"))
    total = 0.0 + 0.0j
    for (lepton, nucleus), (other_lepton, other_nucleus) in itertools.product(vertices, repeat=2):
        leptons = np.trace(first @ lepton @ last @ bar(other_lepton))
        if np.ndim(nucleus) == 2:
            nuclei = np.trace(after @ nucleus @ before @ bar(other_nucleus)) / 2
        else:
            nuclei = nucleus * np.conj(other_nucleus)
        total += complex(leptons * nuclei)
    assert abs(total.imag) < 1e-15 * abs(total) + 1e-25
    return total.real


def four_fermion(c: Contact, antineutrino: bool, gamma5: bool = False) -> Vertices:
    """Vertices of sum C_X [nubar Gamma_X P_L nu] [Nbar Gamma_X N] + h.c.; for antineutrinos those of its conjugate."""
    vector, axial, scalar, pseudoscalar, tensor = (0.0 if value is None else value for value in c)
    keep: Vertices = [(GAMMA[m] @ LEFT, SIGN[m] * GAMMA[m] @ (vector * ONE - axial * GAMMA5)) for m in range(4)]
    flip: Vertices = [(ONE @ LEFT, scalar * ONE + pseudoscalar * (1 if gamma5 else 1j) * GAMMA5)]
    flip += [
        (SIGMA[m][n] @ LEFT, tensor * SIGN[m] * SIGN[n] * SIGMA[m][n]) for m, n in itertools.product(range(4), repeat=2)
    ]
    if antineutrino:
        # the incoming antineutrino is right-handed: [nubar' Gamma P_L nu] keeps it, but only the conjugate flips it
        flip = [(bar(lepton), bar(nucleus)) for lepton, nucleus in flip]
    return keep + flip


def weak(point: Point, total: float) -> float:
    """dsigma/dT over G_F^2 M/4pi of sum |M|^2 with unit G_F/sqrt2."""
    value = G_FERMI**2 / 2 * total / (FLUX * point.mass * point.energy**2)
    return float(value / factors.weak_scale(point.mass))


COUPLINGS = [
    Contact(vector=1.3),
    Contact(axial=0.7),
    Contact(scalar=1.1),
    Contact(pseudoscalar=0.9),
    Contact(tensor=0.4),
    Contact(vector=1.0, axial=1.0),
    Contact(vector=-0.8, axial=0.5),
    Contact(scalar=1.2, tensor=0.3),
    Contact(scalar=-1.2, tensor=0.3),
    Contact(scalar=1.0, pseudoscalar=2.0),
    Contact(pseudoscalar=2.0, tensor=-0.5),
    Contact(vector=1.0, scalar=1.0, pseudoscalar=0.3, tensor=0.2),
    Contact(vector=1.0, axial=-0.4, scalar=0.6, pseudoscalar=0.3, tensor=0.2),
]


@pytest.mark.parametrize("gamma5", [False, True], ids=["i gamma5", "gamma5"])
@pytest.mark.parametrize("antineutrino", [False, True], ids=["nu", "nubar"])
@pytest.mark.parametrize("c", COUPLINGS, ids=str)
def test_contact_terms_and_their_interference(c: Contact, antineutrino: bool, gamma5: bool) -> None:
    for point in POINTS:
        expected = weak(point, squared(point, four_fermion(c, antineutrino, gamma5), antineutrino))
        found = factors.contact(*point.arguments, c, -1.0 if antineutrino else 1.0, gamma5)
        assert found == pytest.approx(expected, rel=1e-13, abs=0.0)


def test_a_pseudoscalar_interferes_with_the_tensor_unless_its_vertex_is_i_gamma5() -> None:
    """The list of terms in the literature often leaves this one out; it is as large as scalar times tensor."""
    point, c = POINTS[0], Contact(pseudoscalar=1.0, tensor=1.0)
    apart = factors.pseudoscalar(*point.arguments[:2]) + factors.tensor(*point.arguments)
    share = point.recoil / point.energy
    for antineutrino, sign in ((False, 1), (True, -1)):
        plain = weak(point, squared(point, four_fermion(c, antineutrino), antineutrino))
        assert plain == pytest.approx(apart, rel=1e-13, abs=0.0)
        with_gamma5 = weak(point, squared(point, four_fermion(c, antineutrino, True), antineutrino))
        assert with_gamma5 - apart == pytest.approx(sign * 2 * share * (1 - share / 2), rel=1e-12, abs=0.0)


@pytest.mark.parametrize("point", POINTS, ids=lambda p: f"E={p.energy}")
def test_spin_0_vector_and_scalar(point: Point) -> None:
    """Nuclear vertices (p + p')_m of charge 1, and 2M: those of a heavy fermion at rest."""
    total = point.p + point.p_out
    vector: Vertices = [(GAMMA[m] @ LEFT, SIGN[m] * total[m]) for m in range(4)]
    assert factors.vector_spin0(*point.arguments) == pytest.approx(
        weak(point, squared(point, vector)), rel=1e-13, abs=0.0
    )
    scalar: Vertices = [(ONE @ LEFT, Long(2 * point.mass))]
    assert factors.scalar_spin0(*point.arguments) == pytest.approx(
        weak(point, squared(point, scalar)), rel=1e-13, abs=0.0
    )


@pytest.mark.parametrize("point", HEAVY_POINTS, ids=lambda p: f"E={p.energy}, m4={p.heavy}, T={p.recoil:.3g}")
@pytest.mark.parametrize("spin_half", [False, True], ids=["spin 0", "spin 1/2"])
@pytest.mark.parametrize("antineutrino", [False, True], ids=["nu", "nubar"])
def test_dipole_with_a_massive_final_state(point: Point, spin_half: bool, antineutrino: bool) -> None:
    """L = (mu/2) Nbar sigma F nu: vertex mu sigma^mn q_n P_L, photon 1/q^2, nucleus e gamma_m or e (p + p')_m."""
    q = (point.p_out - point.p) * np.array(SIGN)
    total = point.p + point.p_out
    vertices: Vertices = []
    for m in range(4):
        lepton = sum((SIGMA[m][n] * q[n] for n in range(4)), np.zeros((4, 4))) @ LEFT
        nucleus = SIGN[m] * (GAMMA[m] if spin_half else total[m])
        vertices.append((bar(lepton) if antineutrino else lepton, nucleus))
    q2 = 2 * point.mass * point.recoil
    e2 = 4 * np.pi * ALPHA
    expected = e2 * squared(point, vertices, antineutrino) / q2**2 / (FLUX * point.mass * point.energy**2) / ALPHA
    factor = factors.dipole_spin_half if spin_half else factors.dipole_spin0
    assert factor(*point.arguments, point.heavy) == pytest.approx(float(expected), rel=1e-12, abs=0.0)


def textbook_dipole(E: Any, T: Any, M: Any, m: Any, spin_half: bool) -> Any:
    """The sum of alternating terms as it is printed in the literature."""
    if spin_half:
        last = m**4 * (T - M) / (8 * E**2 * T**2 * M**2)
        return 1 / T - 1 / E - m**2 / (2 * E * T * M) * (1 - T / (2 * E) + M / (2 * E)) + last
    rest = m**2 / (2 * E * T * M) * (1 - T / (4 * E) + M / (2 * E)) + m**4 / (8 * E**2 * T**2 * M)
    return 1 / T - 1 / E + T / (4 * E**2) - rest


@pytest.mark.parametrize("spin_half", [False, True])
@pytest.mark.parametrize("heavy", [1e-9, 1e-6, 5e-4, 1e-2])
def test_dipole_keeps_its_digits_where_the_terms_cancel(heavy: float, spin_half: bool) -> None:
    """Near T_min the printed form loses twelve digits and more for light m4."""
    energy, mass = 0.03, 37.2
    low, high = (float(t) for t in recoil_limits(energy, mass, heavy))
    factor = factors.dipole_spin_half if spin_half else factors.dipole_spin0
    for recoil in (low * 1.001, low * 1.5, low * 1e3, (low * high) ** 0.5, 0.5 * high, 0.999 * high):
        with mpmath.workdps(80):
            E, T, M, m = (mpmath.mpf(x) for x in (energy, recoil, mass, heavy))
            exact = textbook_dipole(E, T, M, m, spin_half)
        # what the recoil itself does not know of its distance to the limit
        slack = 1e-13 + 4e-16 * recoil / (recoil - low)
        assert float(factor(energy, recoil, mass, heavy)) == pytest.approx(float(exact), rel=slack, abs=0.0)


def test_massless_dipole_is_the_magnetic_moment() -> None:
    energy = np.array([0.01, 0.03, 0.3])[:, None]
    recoil = np.array([1e-9, 1e-7, 1e-6])
    for massive, massless in (
        (factors.dipole_spin0, factors.magnetic_spin0),
        (factors.dipole_spin_half, factors.magnetic_spin_half),
    ):
        expected = massless(energy, recoil)
        np.testing.assert_allclose(massive(energy, recoil, 40.0, 0.0), expected, rtol=4e-15)
        np.testing.assert_allclose(massive(energy, recoil, 40.0, 1e-9), expected, rtol=1e-10)
    np.testing.assert_allclose(
        factors.magnetic_spin0(energy, recoil), 1 / recoil - 1 / energy + recoil / (4 * energy**2), rtol=1e-14
    )


def test_bohr_magneton() -> None:
    """alpha mu_B^2 = pi alpha^2/m_e^2; mu_B is 5.7883817982e-5 eV/T (CODATA 2022) and 1 T is 195.353 eV^2."""
    assert (
        pytest.approx(math.pi * ALPHA**2 / ELECTRON_MASS_GEV**2, rel=1e-15, abs=0.0) == factors.BOHR_MAGNETON2 * ALPHA
    )
    tesla_eV2 = 195.35276
    assert math.sqrt(factors.BOHR_MAGNETON2) * 1e-9 == pytest.approx(5.7883817982e-5 / tesla_eV2, rel=1e-6, abs=0.0)


def printed(point: Point) -> dict[str, float]:
    """The factors as they are printed."""
    E, T, M = point.arguments
    return {
        "vector_spin0": 1 - T / E - M * T / (2 * E**2),
        "vector_spin_half": 1 - T / E - M * T / (2 * E**2) + T**2 / (2 * E**2),
        "vector_approximate": 1 - M * T / (2 * E**2),
        "axial": 1 - T / E + M * T / (2 * E**2) + T**2 / (2 * E**2),
        "scalar_spin0": M * T / (2 * E**2),
        "scalar_spin_half": M * T / (2 * E**2) * (1 + T / (2 * M)),
        "tensor": 8 * (1 - T / E - M * T / (4 * E**2) + T**2 / (4 * E**2)),
    }


@pytest.mark.parametrize("point", POINTS, ids=lambda p: f"E={p.energy}")
def test_factors_as_they_are_printed(point: Point) -> None:
    for name, expected in printed(point).items():
        assert getattr(factors, name)(*point.arguments) == pytest.approx(expected, rel=1e-13, abs=0.0)


def test_vector_and_axial_in_either_form() -> None:
    rng = np.random.default_rng(3)
    for point in POINTS:
        for g_v, g_a in rng.normal(size=(20, 2)):
            for sign in (1.0, -1.0):
                other = factors.contact(*point.arguments, Contact(vector=2 * g_v, axial=2 * g_a), sign) / 2
                form = factors.vector_and_axial(*point.arguments, g_v, sign * g_a)
                assert form == pytest.approx(other, rel=1e-12, abs=1e-12 * (g_v**2 + g_a**2))


def test_elastic_scattering_of_left_handed_neutrinos_on_left_handed_nuclei_is_flat() -> None:
    recoil = np.linspace(1e-6, 1.0, 50) * 0.3
    flat = factors.vector_and_axial(0.6, recoil, 1.3, 0.5, 0.5)
    np.testing.assert_allclose(flat, 1.0, rtol=1e-15)


def test_contact_terms_are_never_negative() -> None:
    """|M|^2 of any couplings, over the whole range of recoils and both signs; rounding at zeros apart."""
    rng = np.random.default_rng(4)
    energy, mass = 0.8, 1.7
    recoil = np.linspace(0.0, float(recoil_limits(energy, mass, 0.0)[1]), 400)
    for values in rng.normal(size=(200, 5)):
        for sign, gamma5 in itertools.product((1.0, -1.0), (False, True)):
            total = factors.contact(energy, recoil, mass, Contact(*values), sign, gamma5)
            assert np.min(total) > -1e-14 * np.sum(values**2)


def test_couplings_of_a_mediator() -> None:
    """A heavy one is sqrt2 g g/(G_F m^2); the amplitude falls as 1/(Q^2 + m^2)."""
    recoil = np.array([1e-9, 1e-6, 5e-5])
    mass = 37.2
    found = factors.mediator_coupling(recoil, mass, 1e3, 0.3)
    np.testing.assert_allclose(found, math.sqrt(2) * 0.3 / G_FERMI / 1e6, rtol=1e-8)
    light = factors.mediator_coupling(recoil, mass, 1e-3, 0.3)
    np.testing.assert_allclose(light * (2 * mass * recoil + 1e-6), found * 1e6, rtol=1e-8)


def test_light_scalars_and_tensors_as_they_are_printed() -> None:
    """M^2 T g^2/(4 pi E^2 D^2) and (4M/pi) g^2/D^2 (...)."""
    for point, strength, mediator in itertools.product(POINTS, (1e-8, -3e-4), (1e-3, 0.5)):
        E, T, M = point.arguments
        c = factors.mediator_coupling(T, M, mediator, strength)
        propagator = 2 * M * T + mediator**2
        scalar = factors.weak_scale(M) * c * c * factors.scalar_spin0(E, T, M)
        assert scalar == pytest.approx(
            M**2 * T * strength**2 / (4 * math.pi * E**2 * propagator**2), rel=1e-13, abs=0.0
        )
        tensor = factors.weak_scale(M) * c * c * factors.tensor(E, T, M)
        shape = 1 - T / E - M * T / (4 * E**2) + T**2 / (4 * E**2)
        assert tensor == pytest.approx(4 * M / math.pi * strength**2 / propagator**2 * shape, rel=1e-13, abs=0.0)


@pytest.mark.parametrize("mass", [0.51099895e-3, 0.1056583755, 1.77693])
def test_lepton_loop_is_its_integral(mass: float) -> None:
    q2 = np.concatenate([[0.0], np.geomspace(1e-12, 10.0, 30), np.array([0.0299, 0.0301]) * mass**2])
    exact = [
        float(mpmath.quad(lambda x, s=s: x * (1 - x) * mpmath.log(mass**2 + x * (1 - x) * s), [0, 0.01, 0.5, 0.99, 1]))
        for s in q2
    ]
    np.testing.assert_allclose(factors.lepton_loop(q2, mass), exact, rtol=0.0, atol=2e-14)


THREE: Sequence[Callable[..., Any]] = (
    factors.vector_spin0, factors.vector_spin_half, factors.vector_approximate, factors.axial, factors.scalar_spin0,
    factors.scalar_spin_half, factors.tensor,
)  # fmt: skip
TWO = (factors.vector_axial, factors.pseudoscalar, factors.scalar_tensor, factors.magnetic_spin0)


def test_bits_do_not_change_when_traced() -> None:
    rng = np.random.default_rng(8)
    energy, mass, heavy = rng.uniform(0.5, 2.0, 300), rng.uniform(1.0, 9.0, 300), rng.uniform(0.0, 0.3, 300)
    low, high = recoil_limits(energy, mass, heavy)
    recoil = low + (high - low) * rng.uniform(0.001, 0.999, 300)
    for function in THREE:
        assert_traces(function, energy, recoil, mass)
    for function in (*TWO, factors.magnetic_spin_half):
        assert_traces(function, energy, recoil)
    for function in (factors.dipole_spin0, factors.dipole_spin_half):
        assert_traces(function, energy, recoil, mass, heavy)
    assert_traces(factors.vector_and_axial, energy, recoil, mass, heavy, low)
    assert_traces(lambda q2: factors.lepton_loop(q2, 0.1), recoil)
    assert_traces(lambda t, m, h: factors.mediator_coupling(t, m, 0.1, h), recoil, mass, heavy)
    assert_traces(lambda e, t, m, v: factors.contact(e, t, m, Contact(v, v, v, v, v), -1.0, True),
                  energy, recoil, mass, heavy)  # fmt: skip
