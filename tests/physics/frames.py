"""Momenta of sampled points in extended precision, rebuilt from a few numbers of the package's state."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tests.reference import dirac
from tests.reference.dirac import LongReal, Real

Long = np.longdouble


class KFrame(NamedTuple):
    """Momenta (N, 4) in the rest frame of the three leptons, q along z; `longitudinal` p1 + `e_t` e_T replaces P."""

    p1: LongReal
    q: LongReal
    p2: LongReal
    p_a: LongReal
    p_b: LongReal
    q2: LongReal
    shat: LongReal
    longitudinal: LongReal
    e_t: LongReal


def long(values: npt.ArrayLike) -> LongReal:
    return np.asarray(values, dtype=Long)


def k_frame(state: Any, q2: Real, energy: float, mass: float, mass_a: float, mass_b: float) -> KFrame:
    """Momenta nearest to a `LeptonState`, exactly on shell and conserved.

    From the state come the shares of p_plus and the transverse momenta of the charged leptons; the rest follows from
    Q^2, the energy and the masses (lengths in GeV): W^2 = sum (m^2 + p_T^2)/share.
    """
    a, b = long(state.a_plus) / state.w, long(state.b_plus) / state.w
    a_t, b_x, b_y, q2 = long(state.a_t), long(state.b_x), long(state.b_y), long(q2)
    n, n_x, n_y = 1 - a - b, -a_t - b_x, -b_y
    zero = 0 * a
    w2 = (Long(mass_a) ** 2 + a_t**2) / a + (Long(mass_b) ** 2 + b_x**2 + b_y**2) / b + (n_x**2 + n_y**2) / n
    w, shat = np.sqrt(w2), w2 + q2
    k, c = shat / (2 * w), 2 * Long(mass) * Long(energy) / shat

    def light_cone(share: LongReal, x: LongReal, y: LongReal, m: float) -> LongReal:
        plus = share * w
        minus = (Long(m) ** 2 + x**2 + y**2) / plus
        return np.stack([(plus + minus) / 2, x, y, (plus - minus) / 2], axis=1)

    return KFrame(
        p1=np.stack([k, zero, zero, -k], axis=1),
        q=np.stack([(w - q2 / w) / 2, zero, zero, (w + q2 / w) / 2], axis=1),
        p2=light_cone(n, n_x, n_y, 0.0),
        p_a=light_cone(a, a_t, zero, mass_a),
        p_b=light_cone(b, b_x, b_y, mass_b),
        q2=q2,
        shat=shat,
        longitudinal=q2 * (2 * c - 1) / shat,
        e_t=np.sqrt(c * (c - 1) * q2 - Long(mass) ** 2),
    )


def transverse(v: Real, p1: Real, q: Real) -> LongReal:
    """What is left of v (N, 4) after its parts along p1 and q."""
    p1_q, q_q = dirac.dot(p1, q), dirac.dot(q, q)
    along_q = dirac.dot(v, p1) / p1_q
    along_p1 = (dirac.dot(v, q) - along_q * q_q) / p1_q
    return np.asarray(long(v) - along_p1[:, None] * long(p1) - along_q[:, None] * long(q), dtype=Long)


def azimuth_between(first: Real, second: Real, p1: Real, q: Real) -> tuple[LongReal, LongReal]:
    """Cosine and sine of the angle from `first` to `second` (N, 4) about q in the frame where p1 and q are opposite.

    The sine's sign is that of a turn counter-clockwise seen against q.
    """
    u, v = transverse(first, p1, q), transverse(second, p1, q)
    size = np.sqrt(dirac.dot(u, u) * dirac.dot(v, v))
    # det(p1, q, u, v) = (p1.q) |u| |v| sin up to the sign of the metric's orientation
    sine = determinant(p1, q, u, v) / dirac.dot(p1, q)
    return -dirac.dot(u, v) / size, np.asarray(sine / size, dtype=Long)


def determinant(*rows: Real) -> LongReal:
    """Determinant of four (N, 4) rows, by minors: numpy's own rounds to doubles."""
    a, b, c, d = (long(row) for row in rows)

    def pair(u: LongReal, v: LongReal, i: int, j: int) -> LongReal:
        return np.asarray(u[:, i] * v[:, j] - u[:, j] * v[:, i], dtype=Long)

    total = np.zeros(len(a), dtype=Long)
    splits = (((0, 1), (2, 3), 1), ((0, 2), (1, 3), -1), ((0, 3), (1, 2), 1),
              ((1, 2), (0, 3), 1), ((1, 3), (0, 2), -1), ((2, 3), (0, 1), 1))  # fmt: skip
    for upper, lower, sign in splits:
        total += sign * pair(a, b, *upper) * pair(c, d, *lower)
    return total
