"""The equivalent-photon approximation: the target is replaced by a flux of real photons.

In the trident cross section d2sigma/(dQ^2 dshat) = [h_T sigma_T + h_L sigma_L]/(32 pi^2 shat Q^2), shat = 2 p1.q, the
longitudinal term is neglected, and sigma_T(Q^2, shat) is evaluated at Q^2 = 0: the cross section of a real photon, with
the phase space of three leptons with W^2 = shat (Ballett et al., JHEP 01 (2019) 119, section 2).

The photon flux is either the exact transverse flux h_T, over the physical region of (Q^2, shat), or the textbook flux:
e_T^2 in its high-energy limit C^2 Q^2, no magnetic term, and shat from the threshold of the lepton pair to 2 E Q. For a
nucleus the latter is Z^2 e^2/(4 pi^2) F^2 dshat/shat dQ^2/Q^2.
"""

from __future__ import annotations

import numpy as np

from tridentgen.physics.elementary import Value, exp, log
from tridentgen.physics.trident_hadron import Hadron
from tridentgen.physics.trident_phase_space import Transfer, falling_virtuality, momentum_transfer


def transverse_flux(hadron: Hadron, transfer: Transfer, energy: Value, mass: Value) -> Value:
    """Return h_T = 2 (K1 e_T^2 + 2 K2) shat^2/((S - M^2)^2 Q^2) for a neutrino energy and a target mass in GeV."""
    c = 2.0 * mass * energy * transfer.over_shat
    return 2.0 * (hadron.k1 * hadron.e_t2 + 2.0 * hadron.k2) / (c * c * transfer.q2)


def longitudinal_flux(hadron: Hadron, transfer: Transfer, energy: Value, mass: Value) -> Value:
    """Return h_L = (K1 a^2 - 4 K2 Q^2/shat^2) shat^4/(2 (S - M^2)^2 Q^4); for a nucleus K1 (2C - 1)^2/(2 C^2)."""
    slope = 1.0 / (2.0 * mass * energy * transfer.q2 * (transfer.over_shat * transfer.over_shat))
    return 0.5 * hadron.k_longitudinal * (slope * slope)


def exact_transfer(x: Value, y: Value, energy: Value, mass: Value, w_min: Value, q2_scale: Value) -> Transfer:
    """Map two uniform numbers to Q^2 and shat over the region of the full process; W of the leptons is sqrt(shat).

    Arguments as for `momentum_transfer`. In this region W^2 = shat - Q^2 is above threshold; the same uniform numbers
    give the same photon as in the full process.
    """
    virtual = momentum_transfer(x, y, energy, mass, w_min, q2_scale)
    w = np.sqrt(virtual.w * virtual.w + virtual.q2)
    return virtual._replace(w=w, w_excess=virtual.w_excess + virtual.q2 / (w + virtual.w))


def textbook_transfer(
    x: Value, y: Value, energy: Value, mass: Value, w_min: Value, q2_scale: Value, q2_max: Value
) -> Transfer:
    """Map two uniform numbers to Q^2 below `q2_max` (GeV^2) and to shat, logarithmically from w_min^2 to 2 E Q.

    Other arguments as for `momentum_transfer`. `e_t2` is the high-energy limit C^2 Q^2, `w` is sqrt(shat).
    """
    s_min = w_min * w_min
    q_min = 0.5 * s_min / energy
    q2, stretch, log_q = falling_virtuality(x, q_min * q_min, np.maximum(q2_max, q_min * q_min), q2_scale)
    q = np.sqrt(q2)
    log_s = log(np.maximum(2.0 * energy * q / s_min, 1.0))
    growth = exp(y * log_s)
    root = np.sqrt(growth)
    shat = s_min * growth
    over_shat = 1.0 / shat
    e_t = 2.0 * mass * energy * over_shat * q
    excess = w_min * (growth - 1.0) / (root + 1.0)
    measure = (stretch * log_q) * (shat * log_s) / q2
    return Transfer(q2, w_min * root, excess, over_shat, e_t * e_t, measure)


def real_photon(transfer: Transfer) -> Transfer:
    """Return the transfer with the virtual photon replaced by a real one, Q^2 = 0, for the lepton kinematics."""
    return transfer._replace(q2=0.0)
