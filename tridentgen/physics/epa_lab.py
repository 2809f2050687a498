"""Laboratory momenta of an event of the equivalent-photon approximation.

A target that absorbs Q^2 cannot emit a real photon of shat = 2 p1.q, so no choice of momenta conserves four-momentum.
Here every particle is on shell, the target absorbs Q^2 and the longitudinal momentum shat/2E + Q^2/2M as in the full
process, and the three leptons have the mass sqrt(shat) and the remaining momentum. Energy conservation is violated by
about Q^2/2E.

Lepton momenta are transformed from the K frame (p1 along -z) to the laboratory by
v = v_plus/W a + v_minus/W b + v_X X + v_Y Y, where b is the component of their total momentum K along p1 and
a = K - b; both are light-like.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tridentgen.physics.elementary import Value
from tridentgen.physics.trident_lab import LabMomenta, Momentum
from tridentgen.physics.trident_phase_space import LeptonState, Transfer

_TINY = 1e-300


class Recoil(NamedTuple):
    """The target after the collision: transverse and longitudinal momentum, and energy, in GeV."""

    across: Value
    along: Value
    energy: Value


class Basis(NamedTuple):
    """Components of a, b and X = (x_z, 1, 0, x_z) in the laboratory, before the overall azimuthal rotation."""

    a_x: Value
    a_z: Value
    b_z: Value
    x_z: Value


def recoil(transfer: Transfer, energy: Value, mass: Value) -> Recoil:
    """Return the momentum of a target of the given mass that absorbs Q^2, at the shat of `transfer`.

    Where the textbook flux requires a longitudinal momentum above the total momentum, the recoil is along the beam.
    """
    kinetic = 0.5 * transfer.q2 / mass
    total = np.sqrt(transfer.q2 + kinetic * kinetic)
    along = np.minimum(0.5 / (transfer.over_shat * energy) + kinetic, total)
    return Recoil(np.sqrt((total - along) * (total + along)), along, mass + kinetic)


def basis(of: Recoil, shat: Value, energy: Value) -> Basis:
    """Return the basis vectors for leptons of mass sqrt(shat) that balance a recoil; `energy` is the neutrino's."""
    k_x, k_z = -of.across, energy - of.along
    transverse2 = shat + k_x * k_x
    far = np.sqrt(transverse2 + k_z * k_z) + np.abs(k_z)
    minus = np.where(k_z > 0.0, transverse2 / far, far)  # K_0 - K_z without cancellation
    b_z = 0.5 * shat / minus
    return Basis(k_x, k_z - b_z, b_z, k_x / minus)


def lab_momenta(
    state: LeptonState, of: Recoil, frame: Basis, mass_a: Value, mass_b: Value,
    azimuth: tuple[Value, Value], turn: tuple[Value, Value], mirror: Value,
) -> LabMomenta:  # fmt: skip
    """Return the momenta in the laboratory.

    Parameters
    ----------
    azimuth : (cosine, sine)
        Of the angle from the lepton plane to X, the transverse direction of the recoil.
    turn : (cosine, sine)
        Of the overall azimuthal rotation about the beam axis.
    mirror : value
        +1, or -1 for the mirror image in the plane of the beam and the recoil.
    """
    over_w = 1.0 / state.w
    cos_phi, sin_phi = azimuth
    cos_turn, sin_turn = turn

    def turned(x: Value, y: Value, z: Value, energy: Value) -> Momentum:
        return energy, x * cos_turn - y * sin_turn, x * sin_turn + y * cos_turn, z

    def lab(plus: Value, minus: Value, v_x: Value, v_y: Value, lepton_mass: Value) -> Momentum:
        alpha, beta = minus * over_w, plus * over_w
        along = v_x * cos_phi + v_y * sin_phi
        across = mirror * (v_x * sin_phi - v_y * cos_phi)
        x = beta * frame.a_x + along
        z = beta * frame.a_z + alpha * frame.b_z + along * frame.x_z
        return turned(x, across, z, np.sqrt(lepton_mass * lepton_mass + (x * x + across * across) + z * z))

    n_minus = (state.n_x * state.n_x + state.n_y * state.n_y) / np.maximum(state.n_plus, _TINY)
    return LabMomenta(
        lab(state.a_plus, state.a_minus, state.a_t, 0.0, mass_a),
        lab(state.b_plus, state.b_minus, state.b_x, state.b_y, mass_b),
        lab(state.n_plus, n_minus, state.n_x, state.n_y, 0.0),
        turned(of.across, 0.0 * of.across, of.along, of.energy),
    )


def target_at_rest(frame: Basis, w: Value, azimuth: tuple[Value, Value]) -> tuple[Value, tuple[Value, Value]]:
    """Return the target's four-velocity in the K frame: its plus component and its transverse ones."""
    return 2.0 * frame.b_z / w, (-frame.x_z * azimuth[0], -frame.x_z * azimuth[1])
