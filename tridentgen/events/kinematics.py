"""Kinematic quantities from momenta (E, px, py, pz), shape (N, 4): squares, angles, transverse momenta."""

from __future__ import annotations

import numpy as np

from tridentgen.typing import FloatArray

_TINY = 1e-300


def square(p: FloatArray) -> FloatArray:
    """Return p^2 = E^2 - |p|^2 in GeV^2, shape (N,)."""
    return np.asarray(p[:, 0] ** 2 - np.sum(p[:, 1:] ** 2, axis=1), dtype=np.float64)


def angle(p: FloatArray, k: FloatArray) -> FloatArray:
    """Return the angle between `p` and `k` in rad, shape (N,); accurate also for small angles."""
    return np.asarray(np.arctan2(_cross(p, k), np.sum(p[:, 1:] * k[:, 1:], axis=1)), dtype=np.float64)


def transverse(p: FloatArray, k: FloatArray) -> FloatArray:
    """Return the component of the momentum `p` perpendicular to `k` in GeV, |p x k|/|k|, shape (N,)."""
    return np.asarray(_cross(p, k) / np.linalg.norm(k[:, 1:], axis=1), dtype=np.float64)


def neutrino_q2(incoming: FloatArray, outgoing: FloatArray) -> FloatArray:
    """Return 2 p1.p2 = -(p1 - p2)^2 in GeV^2 of massless momenta along any axes, shape (N,).

    E - p_parallel of `outgoing` with respect to `incoming` has no cancellation, at any angle. The last digits are
    those of the momenta: in a narrow beam, fewer than those of the column ``q2_nu``.
    """
    energy = np.linalg.norm(incoming[:, 1:], axis=1)
    parallel = np.sum(incoming[:, 1:] * outgoing[:, 1:], axis=1) / energy
    far = np.sqrt(parallel**2 + transverse(outgoing, incoming) ** 2) + np.abs(parallel)
    near = transverse(outgoing, incoming) ** 2 / np.maximum(far, _TINY)
    return np.asarray(2.0 * energy * np.where(parallel > 0.0, near, far), dtype=np.float64)


def kinetic(p: FloatArray, mass: FloatArray) -> FloatArray:
    """Return T = |p|^2/(E + m) in GeV from the momentum, shape (N,): E - m would lose the digits of small recoils."""
    p2 = np.sum(p[:, 1:] ** 2, axis=1)
    return np.asarray(p2 / (np.sqrt(p2 + mass**2) + mass), dtype=np.float64)


def _cross(p: FloatArray, k: FloatArray) -> FloatArray:
    return np.asarray(np.linalg.norm(np.cross(p[:, 1:], k[:, 1:]), axis=1), dtype=np.float64)
