"""The phase space of nu', l- and l+ as a quadrature, in extended precision and apart from the package's variables.

One charged lepton goes off alone, at an angle to the photon that is spread logarithmically; the other and the neutrino
decay isotropically from the rest. Both charged leptons take the first part in turn, with shares that leave each its own
collinear peak.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tests.reference.dirac import LongReal, dot

Long = np.longdouble
Array = NDArray[np.float64]
Nodes = tuple[int, int, int, int]


class ThreeLeptons(NamedTuple):
    """Momenta (N, 4) in the rest frame of the three leptons, photon along z, and the weight of each in dPS3."""

    p1: LongReal
    q: LongReal
    p2: LongReal
    p_minus: LongReal
    p_plus: LongReal
    weight: LongReal


def gauss(n: int) -> tuple[Array, Array]:
    """Nodes and weights on (0, 1) for integrands with square roots and logarithms at the ends."""
    x, w = np.polynomial.legendre.leggauss(n)
    u, w = 0.5 + 0.5 * x, 0.5 * w
    return u * u * (3.0 - 2.0 * u), 6.0 * u * (1.0 - u) * w


def three_leptons(q2: float, shat: float, m_minus: float, m_plus: float, nodes: Nodes) -> ThreeLeptons:
    """Nodes in the mass of neutrino and one lepton, the polar angle of the other, and the angles of their decay."""
    halves = [_half(q2, shat, lone, other, nodes) for lone, other in ((m_minus, m_plus), (m_plus, m_minus))]
    first, second = halves[0], halves[1]._replace(p_minus=halves[1].p_plus, p_plus=halves[1].p_minus)
    return ThreeLeptons(*(np.concatenate(pair) for pair in zip(first, second, strict=True)))


def _half(q2: float, shat: float, m_lone: float, m_other: float, nodes: Nodes) -> ThreeLeptons:
    """With the lone lepton as l-: dPS3 = ds/2pi |p|/(4 pi W) dcos/2 |p*|/(4 pi sqrt s) dcos*/2 dphi*/2pi."""
    (s, ws), (c, wc), (cc, wcc) = (gauss(n) for n in nodes[:3])
    angle = (np.arange(nodes[3]) + 0.5) / nodes[3]
    x_s, x_c, x_cc, x_phi = (np.asarray(g.ravel(), dtype=Long) for g in np.meshgrid(s, c, cc, angle, indexing="ij"))
    weight = np.einsum("i,j,k,l->ijkl", ws, wc, wcc, np.full(nodes[3], 1.0 / nodes[3])).ravel()
    lone, other = Long(m_lone), Long(m_other)
    w2 = Long(shat) - Long(q2)
    w, k = np.sqrt(w2), Long(shat) / (2 * np.sqrt(w2))
    s_pair = other**2 + ((w - lone) ** 2 - other**2) * x_s
    root = np.sqrt(s_pair)
    momentum = np.sqrt(((w - lone) ** 2 - s_pair) * ((w + lone) ** 2 - s_pair)) / (2 * w)
    star = (s_pair - other**2) / (2 * root)

    energy, q0 = np.sqrt(lone**2 + momentum**2), w - k
    low = (Long(q2) + 2 * q0 * energy - 2 * k * momentum) / (2 * k * momentum)  # D/(2 k p) at its least
    grown = low * ((low + 2) / low) ** x_c
    cosine = 1 - (grown - low)
    jacobian = grown * np.log((low + 2) / low)

    along = _unit(cosine, 0 * x_phi)
    p_lone = _four(energy, momentum[:, None] * along)
    pair = _four(np.sqrt(s_pair + momentum**2), -momentum[:, None] * along)
    p2 = _boosted(star[:, None] * _unit(2 * x_cc - 1, 2 * np.pi * x_phi), Long(0), pair, root)
    p_other = pair - p2
    p_other[:, 0] = np.sqrt(other**2 + (p_other[:, 1:] ** 2).sum(axis=1))
    zero = 0 * momentum
    p1 = np.stack([k + zero, zero, zero, -k + zero], axis=1)
    q = np.stack([q0 + zero, zero, zero, k + zero], axis=1)
    d_lone, d_other = (Long(q2) + 2 * dot(q, p) for p in (p_lone, p_other))
    total = weight * ((w - lone) ** 2 - other**2) / (2 * np.pi) * momentum / (4 * np.pi * w) * jacobian / 2
    total = total * star / (4 * np.pi * root) * d_other**2 / (d_lone**2 + d_other**2)
    return ThreeLeptons(p1, q, p2, p_lone, p_other, np.asarray(total, dtype=Long))


def _unit(cosine: LongReal, angle: LongReal) -> LongReal:
    sine = np.sqrt((1 - cosine) * (1 + cosine))
    return np.stack([sine * np.cos(angle), sine * np.sin(angle), cosine], axis=1)


def _four(energy: LongReal, momentum: LongReal) -> LongReal:
    return np.concatenate([energy[:, None], momentum], axis=1)


def _boosted(momentum: LongReal, mass: np.longdouble, frame: LongReal, frame_mass: LongReal) -> LongReal:
    """A body of given momentum where `frame` rests, seen where `frame` has its momentum."""
    energy = np.sqrt(mass**2 + (momentum**2).sum(axis=1))
    seen = (energy * frame[:, 0] + (momentum * frame[:, 1:]).sum(axis=1)) / frame_mass
    moved = momentum + ((energy + seen) / (frame_mass + frame[:, 0]))[:, None] * frame[:, 1:]
    return _four(np.sqrt(mass**2 + (moved**2).sum(axis=1)), moved)
