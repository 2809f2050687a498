"""Trident matrix elements from explicit Dirac matrices and traces, apart from the package's amplitudes.

Everything is a plain product of 4x4 matrices in numpy's extended precision (18 digits where
``longdouble`` has 80 bits), so that the reference is exact next to a double-precision amplitude. Momenta
are (N, 4) arrays (E, px, py, pz) in GeV and the metric is (+, -, -, -). Also here: momenta to compare at.

Only the constants G_F and alpha are shared with the package: they multiply both sides alike.

Sources: Peskin & Schroeder, "An Introduction to Quantum Field Theory" (matrices, spin sums, eq. 6.33 of
the nucleon vertex); Lovseth & Radomski, PRD 3 (1971) 2686 and Ballett et al., JHEP 01 (2019) 119 (the two
diagrams).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tridentgen.constants import ALPHA, G_FERMI

Real = npt.NDArray[np.floating[Any]]
LongReal = npt.NDArray[np.longdouble]
LongComplex = npt.NDArray[np.clongdouble]

BLOCK = 500
"""Points treated at once, to bound the memory: the 16 lepton-line matrices of one point fill 8 kB."""


def _frozen(values: Any) -> LongComplex:
    array = np.array(values, dtype=np.clongdouble)
    array.setflags(write=False)
    return array


METRIC = _frozen(np.diag([1, -1, -1, -1]))
PAULI = _frozen([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
GAMMA = _frozen(
    [np.kron(np.diag([1, -1]), np.eye(2))] + [np.kron(np.array([[0, 1], [-1, 0]]), sigma) for sigma in PAULI]
)
"""gamma^mu, upper index, Dirac representation, (4, 4, 4)."""
GAMMA5 = _frozen(1j * GAMMA[0] @ GAMMA[1] @ GAMMA[2] @ GAMMA[3])
ONE = _frozen(np.eye(4))
GAMMA_LOWER = _frozen(np.einsum("mn,nab->mab", METRIC, GAMMA))
"""gamma_mu, lower index, (4, 4, 4)."""


def _long(values: npt.ArrayLike) -> LongReal:
    return np.asarray(values, dtype=np.longdouble)


def dot(a: Real, b: Real) -> LongReal:
    """Minkowski product of (..., 4) vectors; shape (...)."""
    a, b = _long(a), _long(b)
    return np.asarray(a[..., 0] * b[..., 0] - (a[..., 1:] * b[..., 1:]).sum(axis=-1), dtype=np.longdouble)


def slash(p: Real) -> LongComplex:
    """gamma_mu p^mu for p of shape (N, 4); shape (N, 4, 4)."""
    return np.asarray(np.einsum("nm,mab->nab", _long(p), GAMMA_LOWER), dtype=np.clongdouble)


def bar(matrices: LongComplex) -> LongComplex:
    """gamma^0 X^dagger gamma^0: turns a vertex into the one of the complex-conjugate amplitude."""
    return np.asarray(GAMMA[0] @ np.conj(np.swapaxes(matrices, -1, -2)) @ GAMMA[0], dtype=np.clongdouble)


def neutrino_tensor(p1: Real, p2: Real, antineutrino: bool = False) -> LongComplex:
    """N_{ts} = j_t j_s^*, lower indices, of the neutrino current summed over spins (not averaged); (N, 4, 4).

    j_t = ubar(p2) gamma_t (1 - g5) u(p1) for a neutrino, vbar(p1) gamma_t (1 - g5) v(p2) for an
    antineutrino: the same tensor with p1 and p2 exchanged, since both are massless.
    """
    left, right = (p1, p2) if antineutrino else (p2, p1)
    vertex = GAMMA_LOWER @ (ONE - GAMMA5)
    trace = np.einsum("nab,tbc,ncd,sda->nts", slash(left), vertex, slash(right), bar(vertex), optimize=True)
    return np.asarray(trace, dtype=np.clongdouble)


def lepton_line(p_minus: Real, p_plus: Real, q: Real, m_minus: Real, m_plus: Real, V: float, A: float) -> LongComplex:
    """Matrix between ubar(p_minus) and v(p_plus), upper indices mu (photon) and t (weak); (N, 4, 4, 4, 4).

    gamma^mu S(p_minus - q) gamma^t (V - A g5) + gamma^t (V - A g5) S(q - p_plus) gamma^mu, with the
    propagator S(p) = (pslash + m) / (p^2 - m^2) without its i. Masses in GeV, shape (N,).
    """
    p_minus, p_plus, q = _long(p_minus), _long(p_plus), _long(q)
    photon = GAMMA[:, None]
    weak = (GAMMA @ (np.longdouble(V) * ONE - np.longdouble(A) * GAMMA5))[None, :]
    before = _propagator(p_minus - q, m_minus)
    after = _propagator(q - p_plus, m_plus)
    return np.asarray(photon @ before @ weak + weak @ after @ photon, dtype=np.clongdouble)


def _propagator(p: LongReal, m: Real) -> LongComplex:
    """(pslash + m) / (p^2 - m^2), with two axes to broadcast over mu and t; (N, 1, 1, 4, 4)."""
    m = _long(m)
    matrix = (slash(p) + m[:, None, None] * ONE) / (dot(p, p) - m**2)[:, None, None]
    return np.asarray(matrix[:, None, None], dtype=np.clongdouble)


def helicity_spin(p: Real, m: npt.ArrayLike, sign: int) -> LongReal:
    """Spin four-vector of a body of momentum p (N, 4), mass m and helicity sign/2 in this frame; (N, 4).

    s = sign (|p|/m, E p/(m |p|)): s.p = 0 and s.s = -1.
    """
    p, m = _long(p), _long(m)
    momentum = np.sqrt((p[:, 1:] ** 2).sum(axis=1))
    along = p[:, 1:] * (p[:, 0] / (m * momentum))[:, None]
    return np.asarray(sign * np.concatenate([(momentum / m)[:, None], along], axis=1), dtype=np.longdouble)


def spin_sum(p: Real, m: Real, sign: int, spin: Real | None) -> LongComplex:
    """pslash + sign m of a particle (sign +1) or antiparticle (-1), times (1 + g5 sslash)/2 if polarised; (N, 4, 4).

    u ubar and v vbar of a body with spin vector s: Itzykson & Zuber, "Quantum Field Theory", eq. (2-49).
    """
    summed = slash(p) + sign * _long(m)[:, None, None] * ONE
    return summed if spin is None else np.asarray(summed @ (ONE + GAMMA5 @ slash(spin)) / 2, dtype=np.clongdouble)


def lepton_tensor(
    p1: Real,
    p2: Real,
    p_minus: Real,
    p_plus: Real,
    q: Real,
    m_minus: npt.ArrayLike,
    m_plus: npt.ArrayLike,
    V: float,
    A: float,
    antineutrino: bool = False,
    spin_minus: Real | None = None,
    spin_plus: Real | None = None,
) -> LongComplex:
    """L^{mu nu} = sum over spins of M^mu M^nu* for nu(p1) gamma*(q, mu) -> nu'(p2) l-(p_minus) l+(p_plus).

    M^mu = (G_F/sqrt2) e j_t ubar(p_minus) [`lepton_line`]^{mu t} v(p_plus), e^2 = 4 pi alpha, neutrino
    spin summed and not averaged. Complex (N, 4, 4), upper indices, hermitian, dimension GeV^-2. With
    `spin_minus` or `spin_plus`, spin four-vectors (N, 4), only that spin of l- or l+ counts.

    Antineutrinos. The Lagrangian -(G_F/sqrt2) [nubar' gamma^t (1-g5) nu_a] [lbar_b gamma_t (V - A g5)
    l_k] + h.c. makes nu_a -> nu' l-_b l+_k. Its hermitian conjugate, [nubar_a gamma^t (1-g5) nu'] [lbar_k
    gamma_t (V - A g5) l_b] with the same real V and A, makes nubar_a -> nubar' l-_k l+_b. So for
    antineutrinos pass the V and A of the neutrino channel whose charged leptons are exchanged (for b = k
    the same channel), with `m_minus` the mass of the negative lepton that is really made.
    """
    count = len(p1)
    m_minus, m_plus = np.broadcast_to(_long(m_minus), count), np.broadcast_to(_long(m_plus), count)
    tensor = np.empty((count, 4, 4), dtype=np.clongdouble)
    for start in range(0, count, BLOCK):
        s = slice(start, start + BLOCK)
        neutrinos = neutrino_tensor(p1[s], p2[s], antineutrino)
        line = lepton_line(p_minus[s], p_plus[s], q[s], m_minus[s], m_plus[s], V, A)
        sum_minus = spin_sum(p_minus[s], m_minus[s], 1, None if spin_minus is None else spin_minus[s])[:, None, None]
        sum_plus = spin_sum(p_plus[s], m_plus[s], -1, None if spin_plus is None else spin_plus[s])[:, None, None]
        left = np.einsum("nts,nmtab->nmsab", neutrinos, sum_minus @ line @ sum_plus)
        tensor[s] = np.einsum("nmsab,nvsba->nmv", left, bar(line))
    coupling = np.longdouble(G_FERMI) ** 2 / 2 * (4 * np.longdouble(np.pi) * np.longdouble(ALPHA))
    return np.asarray(coupling * tensor, dtype=np.clongdouble)


def scalar_hadron_tensor(P: Real, P_out: Real, Z: float, F: npt.ArrayLike) -> LongComplex:
    """H_{mu nu} = Z^2 e^2 F^2 (P+P')_mu (P+P')_nu in GeV^2 of a spin-0 nucleus, F () or (N,); (N, 4, 4)."""
    total = (_long(P) + _long(P_out)) @ METRIC
    strength = 4 * np.longdouble(np.pi) * np.longdouble(ALPHA) * (np.longdouble(Z) * _long(F)) ** 2
    strength = np.broadcast_to(strength, len(total))
    return np.asarray(strength[:, None, None] * total[:, :, None] * total[:, None, :], dtype=np.clongdouble)


def nucleon_hadron_tensor(P: Real, P_out: Real, M: float, GE: npt.ArrayLike, GM: npt.ArrayLike) -> LongComplex:
    """H_{mu nu} in GeV^2 of a nucleon, averaged over initial and summed over final spins; (N, 4, 4).

    Half the trace with the vertex e [F1 gamma_mu + i sigma_{mu nu} k^nu F2 / 2M], k = P' - P (Peskin &
    Schroeder eq. 6.33), F1 = (G_E + tau G_M) / (1 + tau), F2 = (G_M - G_E) / (1 + tau), tau = Q^2 / 4M^2;
    no Pauli factor.
    """
    P, P_out, mass = _long(P), _long(P_out), np.longdouble(M)
    k = P_out - P
    tau = -dot(k, k) / (4 * mass**2)
    F1 = (_long(GE) + tau * _long(GM)) / (1 + tau)
    F2 = (_long(GM) - _long(GE)) / (1 + tau)
    k_slash = slash(k)[:, None]
    i_sigma_k = -(GAMMA_LOWER @ k_slash - k_slash @ GAMMA_LOWER) / 2
    vertex = F1[:, None, None, None] * GAMMA_LOWER + (F2 / (2 * mass))[:, None, None, None] * i_sigma_k
    initial, final = slash(P) + mass * ONE, slash(P_out) + mass * ONE
    trace = np.einsum("nab,nmbc,ncd,nvda->nmv", final, vertex, initial, bar(vertex), optimize=True)
    return np.asarray(2 * np.longdouble(np.pi) * np.longdouble(ALPHA) * trace, dtype=np.clongdouble)


def msq(
    p1: Real,
    P: Real,
    p2: Real,
    p_minus: Real,
    p_plus: Real,
    P_out: Real,
    *,
    V: float,
    A: float,
    hadron_tensor: LongComplex,
    antineutrino: bool = False,
    m_minus: float | None = None,
    m_plus: float | None = None,
    spin_minus: Real | None = None,
    spin_plus: Real | None = None,
) -> LongReal:
    """|M|^2 = L^{mu nu} H_{mu nu} / Q^4 in GeV^-4; real, (N,).

    `hadron_tensor` is H_{mu nu} (N, 4, 4) with lower indices, made at the same P and P_out. The photon
    momentum is `Momenta.q`. A lepton mass left out is the invariant mass of its momentum; spins as in
    `lepton_tensor`. Raises `ValueError` if q is not P - P_out.
    """
    q = Momenta(p1, P, p2, p_minus, p_plus, P_out).q
    if np.any(np.abs(_long(P) - _long(P_out) - q) > 1e-12 * (P[:, :1] + p1[:, :1])):
        raise ValueError("the momenta are not conserved")
    mass_minus = _invariant_mass(p_minus) if m_minus is None else _long(m_minus)
    mass_plus = _invariant_mass(p_plus) if m_plus is None else _long(m_plus)
    leptons = lepton_tensor(
        p1, p2, p_minus, p_plus, q, mass_minus, mass_plus, V, A, antineutrino, spin_minus, spin_plus
    )
    contracted = np.einsum("nmv,nmv->n", leptons, hadron_tensor).real
    return np.asarray(contracted / dot(q, q) ** 2, dtype=np.longdouble)


def _invariant_mass(p: Real) -> LongReal:
    return np.asarray(np.sqrt(np.maximum(dot(p, p), 0)), dtype=np.longdouble)


class Momenta(NamedTuple):
    """Momenta of nu(p1) X(P) -> nu'(p2) l-(p_minus) l+(p_plus) X'(P_out), each (N, 4), in `msq`'s order."""

    p1: Real
    P: Real
    p2: Real
    p_minus: Real
    p_plus: Real
    P_out: Real

    @property
    def q(self) -> LongReal:
        """Photon momentum P - P_out, taken from the leptons' side where it suffers least from rounding."""
        return _long(self.p2) + _long(self.p_minus) + _long(self.p_plus) - _long(self.p1)


def random_momenta(
    rng: np.random.Generator,
    n: int,
    *,
    energy_GeV: float,
    M: float,
    m_minus: float,
    m_plus: float,
    frame: str = "random",
    Q2_over_W2: tuple[float, float] = (1e-3, 10.0),
    dtype: type[np.floating[Any]] = np.longdouble,
) -> Momenta:
    """Draw `n` sets of momenta for a neutrino of lab energy `energy_GeV` on a target of mass M (GeV).

    W^2 of the three leptons and Q^2/W^2 (within `Q2_over_W2`) are log-uniform, the rest is a chain of
    isotropic two-body decays whose lone first particle and pair mass are random too: wide coverage, not
    phase-space density. On shell and conserved to about 1e-18 of the energies; `dtype` float64 rounds to
    1e-16. Raises `ValueError` below threshold, without any Q^2 in the limits or for an unknown frame.

    `frame` is "random" (turned, and boosted with beta gamma < 1 against the rest frame of the leptons) or
    "lab" (target at rest, neutrino along z). In the lab the propagators are differences of much larger
    numbers and a part of the digits is lost in the momenta themselves; in the other frame they are not, and
    Q^2/W^2 bounds what the cancellation along q in the hadron tensor costs, (W/Q)^2.
    """
    if frame not in ("lab", "random"):
        raise ValueError(f"frame must be 'lab' or 'random', not {frame!r}")
    E, mass = np.longdouble(energy_GeV), np.longdouble(M)
    W2, Q2 = _invariants(rng, n, E, mass, np.longdouble(m_minus) + np.longdouble(m_plus), Q2_over_W2)
    W, zero = np.sqrt(W2), np.zeros((n, 3), dtype=np.longdouble)
    x, z = _two_axes(rng, n)
    # rest frame of the leptons, q along z and p1 against it; P = C q + a p1 + e_T x from P.p1, P.q and P^2
    k = (W2 + Q2) / (2 * W)
    C = mass * E / (k * W)
    a, e_T = Q2 * (2 * C - 1) / (2 * k * W), np.sqrt(np.maximum(C * (C - 1) * Q2 - mass**2, 0))
    p1 = _on_shell(-k[:, None] * z, 0)
    P = _on_shell(((C - a) * k)[:, None] * z + e_T[:, None] * x, mass)
    vectors = [p1, P, *_three_leptons(rng, zero, W2, (0.0, m_minus, m_plus))]
    if frame == "lab":
        vectors = _align([_boost(v, -P[:, 1:], mass) for v in vectors])
    else:
        u = rng.random((n, 1)) * _two_axes(rng, n)[0]
        vectors = [_boost(v, u, 1.0) for v in vectors]
    # energies anew from the momenta, the recoil from conservation: both hold to the last digits
    masses = (0.0, M, 0.0, m_minus, m_plus)
    p1, P, p2, p_minus, p_plus = (_on_shell(v[:, 1:], m) for v, m in zip(vectors, masses, strict=True))
    P_out = _on_shell((p1 + P - p2 - p_minus - p_plus)[:, 1:], mass)
    return Momenta(*(v.astype(dtype) for v in (p1, P, p2, p_minus, p_plus, P_out)))


def _invariants(
    rng: np.random.Generator, n: int, E: Any, M: Any, threshold: Any, Q2_over_W2: tuple[float, float]
) -> tuple[LongReal, LongReal]:
    """W^2 and Q^2, (n,), within Q^2 = 2 (E_P E_P' -+ p p') - 2 M^2 of two-body scattering to W and M."""
    s = M * (M + 2 * E)
    W2_max = (np.sqrt(s) - M) ** 2
    if np.sqrt(s) <= M + threshold:
        raise ValueError("the energy is below threshold")
    kept: list[LongReal] = []
    for _ in range(200):
        W2 = threshold**2 * (W2_max / threshold**2) ** _long(rng.random(n))
        energies = (s + M**2) * (s + M**2 - W2) / (2 * s)
        momenta = (s - M**2) * np.sqrt((s - M**2 - W2) ** 2 - 4 * M**2 * W2) / (2 * s)
        highest = energies + momenta - 2 * M**2
        lowest = M**2 * W2**2 / (s * highest)
        low, high = np.maximum(lowest, Q2_over_W2[0] * W2), np.minimum(highest, Q2_over_W2[1] * W2)
        Q2 = low * (high / low) ** _long(rng.random(n))
        kept.append(np.stack([W2, Q2])[:, low < high])
        if sum(part.shape[1] for part in kept) >= n:
            W2, Q2 = np.concatenate(kept, axis=1)[:, :n]
            return W2, Q2
    raise ValueError(f"hardly any momenta have Q^2/W^2 between {Q2_over_W2[0]:g} and {Q2_over_W2[1]:g}")


def _align(vectors: list[LongReal]) -> list[LongReal]:
    """Put the second of the vectors to rest and turn all so that the first lies along z."""
    z = vectors[0][:, 1:] / np.sqrt((vectors[0][:, 1:] ** 2).sum(axis=1))[:, None]
    x = np.cross(z, np.roll(z, 1, axis=1))
    x /= np.sqrt((x**2).sum(axis=1))[:, None]
    turn = np.stack([x, np.cross(z, x), z], axis=1)
    turned = [np.einsum("nij,nj->ni", turn, v[:, 1:]) for v in vectors]
    turned[0][:, :2] = 0
    turned[1][:] = 0
    return [np.concatenate([v[:, :1], t], axis=1) for v, t in zip(vectors, turned, strict=True)]


def _three_leptons(
    rng: np.random.Generator, K: LongReal, W2: LongReal, masses: tuple[float, float, float]
) -> list[LongReal]:
    """Decay K, of 3-momentum (N, 3) and mass^2 W2 (N,), in two steps; three (N, 4) in `masses`' order."""
    n = len(K)
    # which particle leaves first, point by point
    order = (rng.integers(3, size=(n, 1)) + np.arange(3)) % 3
    lone, first, second = _long(masses)[order].T
    W = np.sqrt(W2)
    pair_low, pair_high = first + second, W - lone
    pair = pair_low * (pair_high / pair_low) ** _long(rng.random(n))
    alone, both = _two_body(rng, K, W, lone, pair)
    products = np.stack([alone, *_two_body(rng, both[:, 1:], pair, first, second)], axis=1)
    return list(np.take_along_axis(products, np.argsort(order, axis=1)[:, :, None], axis=1).swapaxes(0, 1))


def _two_body(
    rng: np.random.Generator, parent: LongReal, mass: LongReal, m_a: LongReal, m_b: LongReal
) -> tuple[LongReal, LongReal]:
    """Isotropic decay of a parent of 3-momentum (N, 3) to masses m_a and m_b (N,); two (N, 4)."""
    squares = (mass - m_a - m_b) * (mass + m_a + m_b) * (mass - m_a + m_b) * (mass + m_a - m_b)
    p = np.sqrt(np.maximum(squares, 0)) / (2 * mass)
    vector = p[:, None] * _two_axes(rng, len(parent))[0]
    return _boost(_on_shell(vector, m_a), parent, mass), _boost(_on_shell(-vector, m_b), parent, mass)


def _two_axes(rng: np.random.Generator, n: int) -> tuple[LongReal, LongReal]:
    """Two isotropic unit vectors (n, 3) at right angles to each other."""
    first, other = _long(rng.normal(size=(2, n, 3)))
    first = first / np.sqrt((first**2).sum(axis=1))[:, None]
    second = np.cross(first, other)
    second = second / np.sqrt((second**2).sum(axis=1))[:, None]
    return first, np.asarray(second, dtype=np.longdouble)


def _on_shell(vector: Real, m: Any) -> LongReal:
    """Four-momentum (N, 4) of 3-momentum (N, 3) and mass m, () or (N,)."""
    energy = np.sqrt((_long(vector) ** 2).sum(axis=1) + _long(m) ** 2)
    return np.concatenate([energy[:, None], vector], axis=1)


def _boost(v: LongReal, u: LongReal, m: Any) -> LongReal:
    """Carry v (N, 4) from the rest frame of a body of mass m to where it has the 3-momentum u (N, 3)."""
    m = np.broadcast_to(_long(m), len(v))
    u0 = np.sqrt((u**2).sum(axis=1) + m**2)
    energy = (u0 * v[:, 0] + (u * v[:, 1:]).sum(axis=1)) / m
    return np.concatenate([energy[:, None], v[:, 1:] + u * ((energy + v[:, 0]) / (u0 + m))[:, None]], axis=1)
