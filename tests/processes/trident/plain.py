"""Tridents by a plain phase space: two-body decays in their rest frames, boosted; nothing shared with the package.

nu + P -> K + P' in the centre of mass, K -> l+ + (nu' l-), (nu' l-) -> l- + nu'. Momenta have the shape (4, N).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gvar
import numpy as np
import vegas
from numpy.typing import NDArray

from tridentgen.processes.trident.trident import Trident

FloatArray = NDArray[np.float64]

CM2_PER_GEV_M2 = 3.893793721e-28
"""(hbar c)^2 of PDG 2024."""

DIMENSIONS = 8


def size(momentum: FloatArray) -> FloatArray:
    """Length of the three-momentum, shape (N,)."""
    return np.asarray(np.sqrt(np.sum(momentum[1:] ** 2, axis=0)))


def angle(p: FloatArray, k: FloatArray) -> FloatArray:
    """Angle between three-momenta, shape (N,)."""
    across = np.cross(p[1:], k[1:], axis=0)
    return np.asarray(np.arctan2(np.sqrt(np.sum(across**2, axis=0)), np.sum(p[1:] * k[1:], axis=0)))


def square(p: FloatArray) -> FloatArray:
    """Invariant mass squared, shape (N,)."""
    return np.asarray(p[0] ** 2 - np.sum(p[1:] ** 2, axis=0))


def boosted(v: FloatArray, body: FloatArray, mass: FloatArray | float) -> FloatArray:
    """Carry v from the rest frame of a body to the frame where the body has the momentum `body`."""
    energy = (body[0] * v[0] + np.sum(body[1:] * v[1:], axis=0)) / mass
    return np.concatenate([energy[None], v[1:] + body[1:] * ((v[0] + energy) / (body[0] + mass))])


def _turned(v: FloatArray, axis: FloatArray) -> FloatArray:
    """Turn v so that what was along z is along `axis`, of shape (3, N)."""
    z = axis / np.sqrt(np.sum(axis**2, axis=0))
    helper = np.zeros_like(z)
    steep = np.abs(z[0]) > 0.7
    helper[0], helper[1] = ~steep, steep
    x = np.cross(helper, z, axis=0)
    x /= np.sqrt(np.sum(x**2, axis=0))
    return np.concatenate([v[:1], v[1] * x + v[2] * np.cross(z, x, axis=0) + v[3] * z])


def _decay(
    mass: FloatArray,
    first: FloatArray | float,
    second: FloatArray | float,
    cosine: FloatArray,
    phi: FloatArray,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the phase space p/(4 pi m) of a decay over the whole sphere, and both momenta."""
    product = (mass - first - second) * (mass + first + second) * (mass - first + second) * (mass + first - second)
    p = np.sqrt(np.maximum(product, 0.0)) / (2.0 * mass)
    sine = np.sqrt(np.maximum(1.0 - cosine * cosine, 0.0))
    way = p * np.stack([sine * np.cos(phi), sine * np.sin(phi), cosine])
    momenta = [np.concatenate([np.sqrt(p * p + m * m)[None], sign * way]) for m, sign in ((first, 1.0), (second, -1.0))]
    return p / (4.0 * np.pi * mass), momenta[0], momenta[1]


def phase_space(trident: Trident, energy_GeV: float, x: FloatArray) -> tuple[FloatArray, list[FloatArray]]:
    """Return dPS4/dx over the flux factor, in cm^2 GeV^4, and the momenta p1, P, nu', l-, l+, P' in the CM frame."""
    mass = trident.targets[0].mass_GeV
    minus, plus = trident.minus.mass_GeV, trident.plus.mass_GeV
    s = mass * (mass + 2.0 * energy_GeV)
    root, zero = np.sqrt(s), np.zeros(x.shape[1])

    low, high = minus + plus, root - mass
    log_w = 2.0 * np.log(high / low)
    w = low * np.exp(0.5 * log_w * x[0])
    p_in = (s - mass**2) / (2.0 * root)
    two, _, _ = _decay(root + zero, w, mass, zero, zero)
    p_out = two * 4.0 * np.pi * root
    energies = (s + mass**2) / (2.0 * root), np.sqrt(p_out**2 + mass**2)
    q2_max = 2.0 * (energies[0] * energies[1] + p_in * p_out) - 2.0 * mass**2
    q2_min = mass**2 * w**4 / (s * q2_max)
    log_q = np.log(q2_max / q2_min)
    q2 = q2_min * np.exp(log_q * x[1])
    away = (q2 - q2_min) / (2.0 * p_in * p_out)  # 1 - cos of the scattering angle
    sine, phi = np.sqrt(np.maximum(away * (2.0 - away), 0.0)), 2.0 * np.pi * x[2]
    recoil = np.stack([energies[1], p_out * sine * np.cos(phi), p_out * sine * np.sin(phi), -p_out * (1.0 - away)])
    beam = np.stack([p_in + zero, zero, zero, p_in + zero])
    target = np.stack([energies[0] + zero, zero, zero, -p_in + zero])
    leptons = np.concatenate([(root - recoil[0])[None], -recoil[1:]])

    pair2_range = (w - plus) ** 2 - minus**2
    pair = np.sqrt(minus**2 + pair2_range * x[3])
    three, l_plus, both = _decay(w, plus, pair, 2.0 * x[4] - 1.0, 2.0 * np.pi * x[5])
    back = np.concatenate([leptons[:1], -leptons[1:]])
    photon_axis = -boosted(beam, back, w)[1:]
    l_plus, both = _turned(l_plus, photon_axis), _turned(both, photon_axis)
    last, l_minus, nu = _decay(pair, minus, 0.0, 2.0 * x[6] - 1.0, 2.0 * np.pi * x[7])
    l_minus, nu = (boosted(_turned(v, both[1:]), both, pair) for v in (l_minus, nu))
    l_plus, l_minus, nu = (boosted(v, leptons, w) for v in (l_plus, l_minus, nu))

    first = two * (log_q * q2 / (4.0 * p_in * p_out)) * (log_w * w**2 / (2.0 * np.pi))
    weight = first * three * (pair2_range / (2.0 * np.pi)) * last
    return weight * CM2_PER_GEV_M2 / (2.0 * (s - mass**2)), [beam, target, nu, l_minus, l_plus, recoil]


def integrate(
    trident: Trident,
    energy_GeV: float,
    observables: Callable[[list[FloatArray]], list[FloatArray]] | None = None,
    points: int = 100_000,
) -> Any:
    """Return vegas's value of the cross section in cm^2, and of its products with observables.

    The result is an array of `gvar` numbers, the first of them the cross section.
    """

    @vegas.rbatchintegrand  # type: ignore[untyped-decorator]
    def integrand(x: FloatArray) -> FloatArray:
        weight, momenta = phase_space(trident, energy_GeV, np.asarray(x))
        squared = trident.matrix_element_squared(*(p.T for p in momenta))
        sigma = trident.targets[0].count * weight * squared
        more = observables(momenta) if observables else []
        return np.stack([sigma, *(sigma * value for value in more)])

    gvar.ranseed(7)
    integrator = vegas.Integrator(DIMENSIONS * [[0.0, 1.0]])
    integrator(integrand, nitn=8, neval=points // 2)
    return integrator(integrand, nitn=10, neval=points)
