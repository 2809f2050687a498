"""Kinematic quantities from momenta (E, px, py, pz), shape (N, 4): squares, angles, transverse momenta."""

from __future__ import annotations

import numpy as np

from tridentgen.typing import FloatArray


def square(p: FloatArray) -> FloatArray:
    """Return p^2 = E^2 - |p|^2 in GeV^2, shape (N,)."""
    return np.asarray(p[:, 0] ** 2 - np.sum(p[:, 1:] ** 2, axis=1), dtype=np.float64)


def angle(p: FloatArray, k: FloatArray) -> FloatArray:
    """Return the angle between `p` and `k` in rad, shape (N,); accurate also for small angles."""
    return np.asarray(np.arctan2(_cross(p, k), np.sum(p[:, 1:] * k[:, 1:], axis=1)), dtype=np.float64)


def transverse(p: FloatArray, k: FloatArray) -> FloatArray:
    """Return the component of the momentum `p` perpendicular to `k` in GeV, |p x k|/|k|, shape (N,)."""
    return np.asarray(_cross(p, k) / np.linalg.norm(k[:, 1:], axis=1), dtype=np.float64)


def kinetic(p: FloatArray, mass: FloatArray) -> FloatArray:
    """Return T = |p|^2/(E + m) in GeV from the momentum, shape (N,): E - m would lose the digits of small recoils."""
    p2 = np.sum(p[:, 1:] ** 2, axis=1)
    return np.asarray(p2 / (np.sqrt(p2 + mass**2) + mass), dtype=np.float64)


def _cross(p: FloatArray, k: FloatArray) -> FloatArray:
    return np.asarray(np.linalg.norm(np.cross(p[:, 1:], k[:, 1:]), axis=1), dtype=np.float64)
