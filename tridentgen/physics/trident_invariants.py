"""Transformation of given four-momenta from any frame to the K frame of the amplitudes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tridentgen.physics.elementary import Value
from tridentgen.physics.trident_phase_space import LeptonState, Transfer

Four = tuple[Value, Value, Value, Value]
"""(E, px, py, pz) in GeV."""

_TINY = 1e-300


class FramedPoint(NamedTuple):
    """A point in the K frame: leptons, transfer, neutrino energy, azimuth of the target's transverse momentum."""

    state: LeptonState
    transfer: Transfer
    energy: Value
    cos_phi: Value
    sin_phi: Value


def dot(p: Four, k: Four) -> Value:
    """Return p.k = E E' - p.k in GeV^2."""
    return p[0] * k[0] - (p[1] * k[1] + p[2] * k[2] + p[3] * k[3])


def frame_point(
    p1: Four, target: Four, p2: Four, p_a: Four, p_b: Four, mass: Value, mass_a: Value, mass_b: Value
) -> FramedPoint:
    """Express momenta in the K frame of p2 + p_a + p_b with p1 along -z and p_a in the x-z plane.

    Light-cone plus components are v.p1/k; transverse components are those of the vectors boosted to the K frame; minus
    components follow from the masses. Q^2 is computed from the leptons, whose energies are below that of a nucleus.
    """
    total = tuple(a + b + c for a, b, c in zip(p2, p_a, p_b, strict=True))
    w2 = mass_a * mass_a + mass_b * mass_b + 2.0 * (dot(p2, p_a) + dot(p2, p_b) + dot(p_a, p_b))
    w = np.sqrt(w2)
    shat = 2.0 * (dot(p1, p2) + dot(p1, p_a) + dot(p1, p_b))
    k = 0.5 * shat / w
    q2 = shat - w2
    beam = _boosted(p1, total, w)
    axis = tuple(-component / k for component in beam[1:])
    x_axis, y_axis = _transverse_axes(_boosted(p_a, total, w)[1:], axis)

    def components(v: Four) -> tuple[Value, Value, Value]:
        spatial = _boosted(v, total, w)[1:]
        return dot(v, p1) / k, _inner(spatial, x_axis), _inner(spatial, y_axis)

    n_plus, n_x, n_y = components(p2)
    a_plus, a_t, _ = components(p_a)
    b_plus, b_x, b_y = components(p_b)
    _, e_x, e_y = components(target)
    a_minus = (mass_a * mass_a + a_t * a_t) / a_plus
    b_minus = (mass_b * mass_b + b_x * b_x + b_y * b_y) / b_plus
    state = LeptonState(
        q2 / w, w, k, a_plus, a_minus, a_t, b_plus, b_minus, b_x, b_y, n_plus, n_x, n_y,
        d_a=q2 * (b_plus + n_plus) / w + w * a_minus,
        d_b=q2 * (a_plus + n_plus) / w + w * b_minus,
        xi=(b_plus * n_x - n_plus * b_x, b_plus * n_y - n_plus * b_y),
        zeta=(a_plus * n_x - n_plus * a_t, a_plus * n_y),
    )  # fmt: skip
    e_t2 = e_x * e_x + e_y * e_y
    e_t = np.maximum(np.sqrt(e_t2), _TINY)
    transfer = Transfer(q2, w, w - mass_a - mass_b, 1.0 / shat, e_t2, 1.0)
    return FramedPoint(state, transfer, dot(p1, target) / mass, e_x / e_t, e_y / e_t)


def _boosted(v: Four, total: tuple[Value, ...], mass: Value) -> Four:
    """Return v in the rest frame of `total`, whose mass is `mass`, by a boost without rotation."""
    energy = dot(v, (total[0], total[1], total[2], total[3])) / mass
    factor = (v[0] + energy) / (total[0] + mass)
    return energy, v[1] - factor * total[1], v[2] - factor * total[2], v[3] - factor * total[3]


def _transverse_axes(
    towards: tuple[Value, ...], axis: tuple[Value, ...]
) -> tuple[tuple[Value, ...], tuple[Value, ...]]:
    """Return unit x and y axes normal to `axis`, right-handed, with `towards` in the x-z plane at x >= 0."""
    normal = _cross(axis, towards)
    # If `towards` is along the axis, any direction is valid: take the normal to a coordinate axis.
    aligned = _inner(normal, normal) < 1e-30 * _inner(towards, towards)
    upright = np.abs(axis[0]) < 0.6
    other = _cross(axis, (np.where(upright, 1.0, 0.0), np.where(upright, 0.0, 1.0), 0.0))
    rough = tuple(np.where(aligned, v, u) for u, v in zip(normal, other, strict=True))
    # A small cross product is normal to the axis to a few digits only.
    along = _inner(rough, axis)
    y = tuple(u - along * v for u, v in zip(rough, axis, strict=True))
    length = np.sqrt(_inner(y, y))
    y = tuple(component / length for component in y)
    return _cross(y, axis), y


def _cross(u: tuple[Value, ...], v: tuple[Value, ...]) -> tuple[Value, Value, Value]:
    return u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]


def _inner(u: tuple[Value, ...], v: tuple[Value, ...]) -> Value:
    return u[0] * v[0] + u[1] * v[1] + u[2] * v[2]
