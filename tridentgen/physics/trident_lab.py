"""Transformation from the K frame to the laboratory: momenta, helicities and observables of a trident event.

The laboratory is the rest frame of the target with the neutrino along +z. A K-frame vector v becomes
alpha p1 + beta q + v_X X + v_Y Y with beta = v_plus/W and alpha = (v_minus + v_plus Q^2/W^2)/(2k); the transverse
components of p1 and q are exact, so angles are accurate down to 1e-12 rad.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tridentgen.physics.elementary import Value, arctan2
from tridentgen.physics.trident_amplitude import Complex, Spins
from tridentgen.physics.trident_phase_space import LeptonState, Transfer

Momentum = tuple[Value, Value, Value, Value]
"""(E, px, py, pz) in GeV."""

Axis = tuple[Value, Value, Value]
"""A unit vector."""

_TINY = 1e-300


class LabMomenta(NamedTuple):
    """Momenta of the final state in the laboratory."""

    lepton_a: Momentum
    lepton_b: Momentum
    neutrino: Momentum
    recoil: Momentum


def lab_momenta(
    state: LeptonState, transfer: Transfer, energy: Value, mass: Value, mass_a: Value, mass_b: Value,
    azimuth: tuple[Value, Value], turn: tuple[Value, Value], mirror: Value,
) -> LabMomenta:  # fmt: skip
    """Return the momenta in the laboratory.

    Parameters
    ----------
    azimuth : (cosine, sine)
        Of the angle from the lepton plane to the target's transverse momentum in the K frame.
    turn : (cosine, sine)
        Of the overall azimuthal rotation about the beam axis.
    mirror : value
        +1, or -1 for the mirror image in the plane of the beam and the recoil.
    """
    q2, e_t = transfer.q2, np.sqrt(transfer.e_t2)
    shat = 2.0 * state.k * state.w
    q_t = e_t * shat / (2.0 * mass * energy)
    q_z = -(0.5 * q2 / mass + 0.5 * shat / energy)
    cos_phi, sin_phi = azimuth
    cos_turn, sin_turn = turn

    def turned(x: Value, y: Value, z: Value, lepton_mass: Value) -> Momentum:
        e = np.sqrt(lepton_mass * lepton_mass + (x * x + y * y) + z * z)
        return e, x * cos_turn - y * sin_turn, x * sin_turn + y * cos_turn, z

    def lab(plus: Value, minus: Value, v_x: Value, v_y: Value, lepton_mass: Value) -> Momentum:
        beta = plus / state.w
        alpha = (minus + beta * state.q2_over_w) / (2.0 * state.k)
        along = v_x * cos_phi + v_y * sin_phi
        across = v_y * cos_phi - v_x * sin_phi
        z = alpha * energy + beta * q_z - along * (e_t / mass)
        return turned(beta * q_t - along, mirror * across, z, lepton_mass)

    n_minus = (state.n_x * state.n_x + state.n_y * state.n_y) / np.maximum(state.n_plus, _TINY)
    recoil = turned(-q_t, 0.0 * q_t, -q_z, mass)
    return LabMomenta(
        lab(state.a_plus, state.a_minus, state.a_t, 0.0, mass_a),
        lab(state.b_plus, state.b_minus, state.b_x, state.b_y, mass_b),
        lab(state.n_plus, n_minus, state.n_x, state.n_y, 0.0),
        (mass + 0.5 * q2 / mass, recoil[1], recoil[2], recoil[3]),
    )


def polar_angle(p: Momentum) -> Value:
    """Return the angle to the beam in radians."""
    return arctan2(np.sqrt(p[1] * p[1] + p[2] * p[2]), p[3])


def opening_angle(p: Momentum, k: Momentum) -> Value:
    """Return the angle between two momenta in radians, accurate also for small angles."""
    x, y, z = p[2] * k[3] - p[3] * k[2], p[3] * k[1] - p[1] * k[3], p[1] * k[2] - p[2] * k[1]
    return arctan2(np.sqrt(x * x + y * y + z * z), p[1] * k[1] + p[2] * k[2] + p[3] * k[3])


def pair_mass2(state: LeptonState, mass_a: Value, mass_b: Value) -> Value:
    """Return (p_a + p_b)^2 in GeV^2 as a sum of non-negative terms."""
    a, b = state.a_plus, state.b_plus
    slope_x, slope_y = state.a_t / a - state.b_x / b, state.b_y / b
    return (
        mass_a * mass_a * (1.0 + b / a)
        + mass_b * mass_b * (1.0 + a / b)
        + a * b * (slope_x * slope_x + slope_y * slope_y)
    )


def helicity_axis(
    lab: Momentum, mass: Value, plus: Value, transverse: Complex, target_plus: Value, target: Complex
) -> Axis:
    """Return the laboratory momentum direction of a lepton in the spin space of its light-front rest frame.

    `plus`, `transverse` are the lepton's K-frame components, `target_plus`, `target` those of the target's
    four-velocity. The spin vector of definite helicity in the target's rest frame is
    s = [(p.n) p - m^2 n]/(m |p|); its components along the light-front triad are returned.
    """
    momentum = np.maximum(np.sqrt(lab[1] * lab[1] + lab[2] * lab[2] + lab[3] * lab[3]), _TINY)
    slow = mass * target_plus / plus
    return (
        mass / momentum * (transverse[0] * target_plus / plus - target[0]),
        mass / momentum * (transverse[1] * target_plus / plus - target[1]),
        (lab[0] - mass * slow) / momentum,
    )


def _rotate(up: Complex, down: Complex, axis: Axis) -> tuple[Complex, Complex]:
    """Return the amplitudes for spin along and against `axis`, up to a phase of each."""
    x, y, z = axis
    front = z >= 0.0
    # Eigenvectors of axis.sigma: (1 + z, x + iy) and its orthogonal, or for z < 0 (x - iy, 1 - z).
    major = 1.0 + np.abs(z)
    norm = 1.0 / np.sqrt(major * major + x * x + y * y)
    first = np.where(front, major, x), np.where(front, 0.0, -y)
    second = np.where(front, x, major), np.where(front, y, 0.0)
    along = (
        norm * (first[0] * up[0] + first[1] * up[1] + second[0] * down[0] + second[1] * down[1]),
        norm * (first[0] * up[1] - first[1] * up[0] + second[0] * down[1] - second[1] * down[0]),
    )
    against = (
        norm * (first[0] * down[0] - first[1] * down[1] - second[0] * up[0] + second[1] * up[1]),
        norm * (first[0] * down[1] + first[1] * down[0] - second[0] * up[1] - second[1] * up[0]),
    )
    return along, against


def to_helicities(spins: Spins, axis_b: Axis, axis_a: Axis) -> Spins:
    """Return the amplitudes in the basis of laboratory helicities (of l_b, of l_a), + before -."""
    plus_up, minus_up = _rotate(spins.up_up, spins.down_up, axis_b)
    plus_down, minus_down = _rotate(spins.up_down, spins.down_down, axis_b)
    plus_plus, plus_minus = _rotate(plus_up, plus_down, axis_a)
    minus_plus, minus_minus = _rotate(minus_up, minus_down, axis_a)
    return Spins(plus_plus, plus_minus, minus_plus, minus_minus)
