"""The reference itself against identities of the Dirac algebra, of gauge symmetry and of electrodynamics."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from tests.reference import dirac
from tests.reference.dirac import GAMMA, GAMMA5, METRIC, ONE, Momenta, dot
from tridentgen.constants import ALPHA, G_FERMI

M_E, M_MU, M_ARGON, M_PROTON = 0.51099895e-3, 0.1056583755, 37.2155, 0.93827209
E2 = 4 * np.longdouble(np.pi) * np.longdouble(ALPHA)
EPS = float(np.finfo(np.longdouble).eps)
"""1.1e-19 with 80-bit numbers; 2.2e-16 where the platform has no longer type."""

CHANNELS = {
    "mu- mu+ argon": (5.0, M_ARGON, M_MU, M_MU, 0.96244, 0.5),
    "e- e+ argon": (2.0, M_ARGON, M_E, M_E, -0.03756, -0.5),
    "mu- e+ argon": (5.0, M_ARGON, M_MU, M_E, 1.0, 1.0),
    "mu- e+ proton": (30.0, M_PROTON, M_MU, M_E, 1.0, 1.0),
}


@pytest.fixture(params=CHANNELS)
def channel(request: pytest.FixtureRequest) -> tuple[float, float, float, float, float, float]:
    return CHANNELS[request.param]


def draw(channel: tuple[float, ...], n: int = 300, frame: str = "random") -> Momenta:
    energy, M, m_minus, m_plus = channel[:4]
    rng = np.random.default_rng(20240611)
    return dirac.random_momenta(rng, n, energy_GeV=energy, M=M, m_minus=m_minus, m_plus=m_plus, frame=frame)


def tensor(p: Momenta, channel: tuple[float, ...], antineutrino: bool = False) -> dirac.LongComplex:
    m_minus, m_plus, V, A = channel[2:]
    return dirac.lepton_tensor(p.p1, p.p2, p.p_minus, p.p_plus, p.q, m_minus, m_plus, V, A, antineutrino)


def lower(p: dirac.Real) -> dirac.LongReal:
    return np.asarray(p * np.array([1, -1, -1, -1]), dtype=np.longdouble)


def largest(a: dirac.LongComplex) -> float:
    return float(np.abs(a).max())


def test_gamma_matrices_obey_the_clifford_algebra() -> None:
    product = GAMMA[:, None] @ GAMMA[None, :]
    anticommutator = product + np.swapaxes(product, 0, 1)
    np.testing.assert_array_equal(anticommutator, 2 * np.einsum("mn,ab->mnab", METRIC, ONE))
    np.testing.assert_array_equal(GAMMA5 @ GAMMA5, ONE)
    np.testing.assert_array_equal(GAMMA5 @ GAMMA, -GAMMA @ GAMMA5)
    np.testing.assert_array_equal(dirac.bar(GAMMA), GAMMA)


def test_trace_of_gamma5_with_four_matrices_has_the_sign_of_left_handed_neutrinos() -> None:
    """(1 - g5)/2 projects on helicity -1/2: on a massless spinor along z it keeps spin down only."""
    p = np.array([[1.0, 0.0, 0.0, 1.0]])
    spin_z = 0.5j * GAMMA[1] @ GAMMA[2]
    left = (ONE - GAMMA5) @ dirac.slash(p)[0]
    np.testing.assert_array_equal(spin_z @ left, -0.5 * left)
    trace = np.trace(GAMMA5 @ GAMMA[0] @ GAMMA[1] @ GAMMA[2] @ GAMMA[3])
    assert trace == -4j


def test_slash_squared_is_the_invariant_mass(channel: tuple[float, ...]) -> None:
    p = draw(channel).p_minus
    assert largest(dirac.slash(p) @ dirac.slash(p) - dot(p, p)[:, None, None] * ONE) < 30 * EPS * p.max() ** 2


@pytest.mark.parametrize("frame", ["lab", "random"])
def test_random_momenta_are_on_shell_conserved_and_within_limits(channel: tuple[float, ...], frame: str) -> None:
    energy, M, m_minus, m_plus = channel[:4]
    p = draw(channel, 2000, frame)
    for momentum, mass in zip(p, (0, M, 0, m_minus, m_plus, M), strict=True):
        off_shell = dot(momentum, momentum) - np.longdouble(mass) ** 2
        assert np.all(np.abs(off_shell) < 20 * EPS * momentum[:, 0] ** 2)
    missing = np.abs(p.p1 + p.P - p.p2 - p.p_minus - p.p_plus - p.P_out)
    assert np.all(missing < 20 * EPS * (p.P + p.p1)[:, :1])
    np.testing.assert_allclose((dot(p.p1, p.P) / M).astype(float), energy, rtol=1e3 * EPS)
    W2, Q2 = dot(p.p1 + p.q, p.p1 + p.q), -dot(p.q, p.q)
    assert np.min(Q2 / W2) > 0.99e-3
    assert np.max(Q2 / W2) < 10.01
    assert W2.min() > 0.99 * (m_minus + m_plus) ** 2
    if frame == "lab":
        np.testing.assert_array_equal(p.P[:, 1:], 0)
        np.testing.assert_array_equal(p.p1[:, 1:3], 0)
        assert p.p1[:, 3].min() > 0


def test_random_momenta_refuse_what_cannot_be() -> None:
    rng = np.random.default_rng(1)
    draw_muons = partial(dirac.random_momenta, rng, 5, m_minus=M_MU, m_plus=M_MU)
    with pytest.raises(ValueError, match="threshold"):
        draw_muons(energy_GeV=0.2, M=M_PROTON)
    with pytest.raises(ValueError, match="hardly any"):
        draw_muons(energy_GeV=1.0, M=M_PROTON, Q2_over_W2=(1e4, 1e5))
    with pytest.raises(ValueError, match="frame"):
        draw_muons(energy_GeV=1.0, M=M_PROTON, frame="cm")


def test_msq_refuses_momenta_that_are_not_conserved() -> None:
    p = draw(CHANNELS["mu- mu+ argon"], 10)
    with pytest.raises(ValueError, match="not conserved"):
        dirac.msq(
            *p._replace(p2=p.p2 * 1.001),
            V=1,
            A=1,
            hadron_tensor=dirac.scalar_hadron_tensor(p.P, p.P_out, 18, 1.0),
        )


def test_photon_couples_to_a_conserved_current(channel: tuple[float, ...]) -> None:
    """q_mu M^mu = 0 between on-shell spinors, for each weak index; the two diagrams cancel."""
    _, _, m_minus, m_plus, V, A = channel
    p = draw(channel)
    q = p.q
    masses = np.full(len(q), m_minus), np.full(len(q), m_plus)
    line = dirac.lepton_line(p.p_minus, p.p_plus, q, *masses, V, A)
    left = (dirac.slash(p.p_minus) + m_minus * ONE)[:, None, None]
    right = (dirac.slash(p.p_plus) - m_plus * ONE)[:, None, None]
    terms = lower(q)[:, :, None, None, None] * (left @ line @ right)
    size = np.abs(terms).sum(axis=1).max(axis=(1, 2, 3))
    broken = np.abs(terms.sum(axis=1)).max(axis=(1, 2, 3))
    assert np.median(broken / size) < 1e3 * EPS
    assert np.max(broken / size) < 1e6 * EPS


def test_lepton_tensor_is_transverse_hermitian_and_positive(channel: tuple[float, ...]) -> None:
    p = draw(channel)
    L = tensor(p, channel)
    q = lower(p.q)
    size = np.abs(L).max(axis=(1, 2)) * np.abs(q).max(axis=1)
    assert np.max(np.abs(np.einsum("nm,nmv->nv", q, L)).max(axis=1) / size) < 1e6 * EPS
    mismatch = np.abs(L - np.conj(np.swapaxes(L, 1, 2))).max(axis=(1, 2))
    assert np.max(mismatch / np.abs(L).max(axis=(1, 2))) < 1e6 * EPS
    values = np.linalg.eigvalsh(L.astype(complex))
    assert np.all(values[:, 0] > -1e-12 * values[:, -1])


def test_muon_decay_trace() -> None:
    """Without a photon: 256 (p2.l-)(p1.l+) at V = A = 1, and neutrino-electron scattering with masses.

    Crossed from 't Hooft, Phys. Lett. B 37 (1971) 195: with c_L = V + A and c_R = V - A the spin sum is
    64 [c_L^2 (p2.l-)(p1.l+) + c_R^2 (p1.l-)(p2.l+) + c_L c_R m^2 (p1.p2)]. At c_L = 2 and times G_F^2/2 it
    is muon decay's 128 G_F^2 (p.p)(p.p). Antineutrinos exchange p1 and p2.
    """
    rng = np.random.default_rng(7)
    m_minus, m_plus = 0.3, 0.7
    p1, p2, l_minus, l_plus = (dirac._on_shell(rng.normal(size=(50, 3)), m) for m in (0.0, 0.0, m_minus, m_plus))
    for V, A, antineutrino in ((1.0, 1.0, False), (0.96, 0.5, False), (-0.04, -0.5, True), (1.0, 1.0, True)):
        weak = GAMMA @ (V * ONE - A * GAMMA5)
        charged = np.einsum(
            "nab,tbc,ncd,sda->nts",
            dirac.slash(l_minus) + m_minus * ONE,
            weak,
            dirac.slash(l_plus) - m_plus * ONE,
            dirac.bar(weak),
            optimize=True,
        )
        traced = np.einsum("nts,nts->n", dirac.neutrino_tensor(p1, p2, antineutrino), charged)
        a, b = (p2, p1) if antineutrino else (p1, p2)
        expected = 64 * (
            (V + A) ** 2 * dot(b, l_minus) * dot(a, l_plus)
            + (V - A) ** 2 * dot(a, l_minus) * dot(b, l_plus)
            + (V**2 - A**2) * m_minus * m_plus * dot(p1, p2)
        )
        assert largest(traced / expected - 1) < 1e3 * EPS


def test_soft_photon_limit(channel: tuple[float, ...]) -> None:
    """For q -> 0 Low's theorem: M^mu = e M_0 [l-^mu / (q^2/2 - q.l-) - l+^mu / (q^2/2 - q.l+)].

    With V = A = 1 the amplitude without the photon is |M_0|^2 = 128 G_F^2 (p2.l-)(p1.l+). This fixes the
    relative sign of the two diagrams, the charge and the Fermi constant without any matrix.
    """
    _, _, m_minus, m_plus, _, _ = channel
    p = draw(channel, 50)
    soft = np.longdouble(1e-9)
    q = soft * p.q
    L = dirac.lepton_tensor(p.p1, p.p2, p.p_minus, p.p_plus, q, m_minus, m_plus, 1, 1)
    half = dot(q, q) / 2
    current = p.p_minus / (half - dot(q, p.p_minus))[:, None] - p.p_plus / (half - dot(q, p.p_plus))[:, None]
    M0 = 128 * G_FERMI**2 * dot(p.p2, p.p_minus) * dot(p.p1, p.p_plus)
    expected = E2 * M0[:, None, None] * current[:, :, None] * current[:, None, :]
    difference = np.abs(L - expected).max(axis=(1, 2)) / np.abs(expected).max(axis=(1, 2))
    assert np.median(difference) < 1e-5


def test_nucleon_tensor_is_the_rosenbluth_form(channel: tuple[float, ...]) -> None:
    """Trace = K1 Pbar Pbar + K2 (-g + q q/q^2), Pbar = (P + P')/2; contracted with L, K1 P P - K2 g."""
    M = channel[1]
    p = draw(channel)
    q, Q2 = p.q, -dot(p.q, p.q)
    GE, GM = (1 + Q2 / 0.71) ** -2, -1.9 * (1 + Q2 / 0.8) ** -2
    tau = Q2 / (4 * np.longdouble(M) ** 2)
    K1, K2 = 4 * E2 * (GE**2 + tau * GM**2) / (1 + tau), E2 * Q2 * GM**2
    middle, low_q = lower(p.P + p.P_out) / 2, lower(q)
    transverse = -METRIC - (low_q[:, :, None] * low_q[:, None, :]) / Q2[:, None, None]
    form = K1[:, None, None] * middle[:, :, None] * middle[:, None, :] + K2[:, None, None] * transverse
    H = dirac.nucleon_hadron_tensor(p.P, p.P_out, M, GE, GM)
    assert np.max(np.abs(H - form).max(axis=(1, 2)) / np.abs(form).max(axis=(1, 2))) < 1e6 * EPS

    L = tensor(p, channel)
    target = lower(p.P)
    HL = K1 * np.einsum("nmv,nm,nv->n", L, target, target).real
    HL -= K2 * np.einsum("nmv,mv->n", L, METRIC).real
    contracted = dirac.msq(*p, V=channel[4], A=channel[5], hadron_tensor=H) * Q2**2
    np.testing.assert_allclose(contracted.astype(float), HL.astype(float), rtol=1e8 * EPS)


def test_scalar_tensor_contracts_as_four_times_the_target_momentum(channel: tuple[float, ...]) -> None:
    p = draw(channel)
    target = lower(p.P)
    Q2 = -dot(p.q, p.q)
    F = np.exp(-Q2)
    HL = 4 * 18**2 * E2 * F**2 * np.einsum("nmv,nm,nv->n", tensor(p, channel), target, target).real
    H = dirac.scalar_hadron_tensor(p.P, p.P_out, 18, F)
    contracted = dirac.msq(*p, V=channel[4], A=channel[5], hadron_tensor=H) * Q2**2
    np.testing.assert_allclose(contracted.astype(float), HL.astype(float), rtol=1e8 * EPS)


def test_antineutrinos_are_the_cp_conjugate(channel: tuple[float, ...]) -> None:
    """nubar_a -> l-_k l+_b is nu_a -> l-_b l+_k with the charged leptons' momenta and masses exchanged.

    The tensors are each other's complex conjugates. With the momenta left in place the same is a change of
    the sign of A (charge conjugation of the charged line alone).
    """
    p = draw(channel)
    energy, M, m_minus, m_plus, V, A = channel
    anti = tensor(p, channel, antineutrino=True)
    size = np.abs(anti).max(axis=(1, 2))
    exchanged = p._replace(p_minus=p.p_plus, p_plus=p.p_minus)
    twin = tensor(exchanged, (energy, M, m_plus, m_minus, V, A))
    assert np.max(np.abs(anti - np.conj(twin)).max(axis=(1, 2)) / size) < 1e5 * EPS
    opposite = tensor(p, (energy, M, m_minus, m_plus, V, -A))
    assert np.max(np.abs((anti - opposite).real).max(axis=(1, 2)) / size) < 1e5 * EPS

    H = dirac.nucleon_hadron_tensor(p.P, p.P_out, M, 0.7, 1.8)
    of_anti = dirac.msq(*p, V=V, A=A, hadron_tensor=H, antineutrino=True)
    of_twin = dirac.msq(*exchanged, V=V, A=A, hadron_tensor=H)
    np.testing.assert_allclose(of_anti.astype(float), of_twin.astype(float), rtol=1e8 * EPS)
    # and the neutrino's own result is another one, so that the exchange is really tested
    assert np.median(np.abs(dirac.msq(*p, V=V, A=A, hadron_tensor=H) / of_anti - 1)) > 0.05


def test_spin_projectors_at_rest() -> None:
    """u ubar and v vbar of a body at rest with its spin along an axis, from two-component spinors.

    u = sqrt(2m) (chi, 0) and v = sqrt(2m) (0, i sigma2 chi*): an antiparticle with spin chi has the spinor of
    the opposite spin (Peskin & Schroeder, section 3.3).
    """
    m = np.longdouble(0.3)
    rng = np.random.default_rng(3)
    chi = rng.normal(size=(20, 2)) + 1j * rng.normal(size=(20, 2))
    chi /= np.sqrt((np.abs(chi) ** 2).sum(axis=1))[:, None]
    axis = np.einsum("na,iab,nb->ni", chi.conj(), dirac.PAULI.astype(complex), chi).real
    spin = np.concatenate([np.zeros((20, 1)), axis], axis=1)
    at_rest = np.tile([m, 0, 0, 0], (20, 1))
    flipped = np.stack([chi[:, 1].conj(), -chi[:, 0].conj()], axis=1)
    u = np.concatenate([chi, np.zeros_like(chi)], axis=1) * np.sqrt(2 * m)
    v = np.concatenate([np.zeros_like(chi), flipped], axis=1) * np.sqrt(2 * m)
    for spinor, sign in ((u, 1), (v, -1)):
        expected = spinor[:, :, None] * (spinor.conj() @ GAMMA[0])[:, None, :]
        assert largest(dirac.spin_sum(at_rest, np.full(20, m), sign, spin) - expected) < 1e-15


def test_helicities_add_up_and_fast_leptons_have_one(channel: tuple[float, ...]) -> None:
    """The four add up to the whole. At V = A = 1 massless leptons are left-handed, antileptons right-handed."""
    energy, M, m_minus, m_plus, V, A = channel
    p = draw(channel)
    masses = np.full(len(p.P), m_minus), np.full(len(p.P), m_plus)
    for antineutrino in (False, True):
        parts = {
            (h, k): dirac.lepton_tensor(
                p.p1, p.p2, p.p_minus, p.p_plus, p.q, *masses, V, A, antineutrino,
                dirac.helicity_spin(p.p_minus, m_minus, h), dirac.helicity_spin(p.p_plus, m_plus, k),
            )
            for h in (-1, 1) for k in (-1, 1)
        }  # fmt: skip
        whole = tensor(p, channel, antineutrino)
        size = np.abs(whole).max(axis=(1, 2))
        assert np.max(np.abs(sum(parts.values()) - whole).max(axis=(1, 2)) / size) < 1e9 * EPS
        for part in parts.values():
            values = np.linalg.eigvalsh(part.astype(complex))
            assert np.all(values[:, 0] > -1e-9 * size)
    light = dirac.random_momenta(np.random.default_rng(5), 200, energy_GeV=energy, M=M, m_minus=1e-5, m_plus=1e-5)
    fast = dot(light.p1 + light.q, light.p1 + light.q) > 0.01
    light = Momenta(*(v[fast] for v in light))
    spins = dirac.helicity_spin(light.p_minus, 1e-5, -1), dirac.helicity_spin(light.p_plus, 1e-5, 1)
    arguments = (light.p1, light.p2, light.p_minus, light.p_plus, light.q, 1e-5, 1e-5, 1.0, 1.0)
    for antineutrino in (False, True):
        one = dirac.lepton_tensor(*arguments, antineutrino, *spins)
        every = dirac.lepton_tensor(*arguments, antineutrino)
        share = np.einsum("nmm->n", one).real / np.einsum("nmm->n", every).real
        assert np.median(np.abs(share - 1)) < 1e-6


@pytest.mark.parametrize(("frame", "typical"), [("random", 1e3), ("lab", 1e8)])
def test_msq_is_lorentz_invariant(channel: tuple[float, ...], frame: str, typical: float) -> None:
    """`typical` is the loss in units of the rounding error: the lab's momenta hold fewer digits of Q^2."""
    _, M, _, _, V, A = channel
    p = draw(channel, frame=frame)
    u = np.tile(np.array([0.3, -0.5, 0.8], dtype=np.longdouble), (len(p.P), 1))
    boosted = Momenta(*(dirac._boost(np.asarray(v, dtype=np.longdouble), u, 1.0) for v in p))
    values = [
        dirac.msq(*v, V=V, A=A, hadron_tensor=dirac.nucleon_hadron_tensor(v.P, v.P_out, M, 0.7, 1.8))
        for v in (p, boosted)
    ]
    assert np.median(np.abs(values[1] / values[0] - 1)) < typical * EPS


def test_double_precision_momenta_keep_the_result(channel: tuple[float, ...]) -> None:
    """What rounding the momenta alone costs an amplitude that is compared with the reference: 1e-15."""
    _, _, m_minus, m_plus, V, A = channel
    p = draw(channel)
    rounded = Momenta(*(v.astype(np.float64) for v in p))
    values = [
        dirac.msq(
            *v,
            V=V,
            A=A,
            m_minus=m_minus,
            m_plus=m_plus,
            hadron_tensor=dirac.scalar_hadron_tensor(v.P, v.P_out, 18, 1.0),
        )
        for v in (p, rounded)
    ]
    difference = np.abs(values[1] / values[0] - 1)
    assert np.median(difference) < 1e-14
    assert np.max(difference) < 1e-10
