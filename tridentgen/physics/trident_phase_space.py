"""Phase space of nu(p1) + gamma*(q) -> nu'(p2) + l_a + l_b in the rest frame of the three leptons.

One charged lepton, `a`, is the one whose propagator D_a = Q^2 + 2 q.p_a is sampled logarithmically; `b` is the
other. The frame is the K frame: K = p1 + q at rest, q along +z, p1 along -z, and lepton a in the x-z plane at
x >= 0. Momenta are given by light-cone components, p_plus = E + p_z, p_minus = E - p_z: p1 has only a minus
component, q has q_plus = W and q_minus = -Q^2/W, and every quantity below is a sum of positive terms, so there are
no cancellations from threshold to 10^5 GeV.

Kinematics: Lovseth and Radomski, Phys. Rev. D 3 (1971) 2686; Ballett et al., JHEP 01 (2019) 119, eq. (2.9) and
appendix A. All energies, momenta and masses in GeV; all arguments broadcast against each other.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tridentgen.constants import TWO_PI
from tridentgen.physics.elementary import Value, exp, log, sincos2pi

_TINY = 1e-300
"""Prevents 0/0 at points whose momentum, and hence weight, vanishes."""


class LeptonState(NamedTuple):
    """The three final leptons in the K frame, as needed by the amplitudes.

    `w` is the mass of the three leptons, `k` the energy of p1, `q2_over_w` is -q_minus. `a_t` is the (real,
    non-negative) transverse momentum of lepton a; `b_x`, `b_y` and `n_x`, `n_y` are those of lepton b and of the
    neutrino, `d_a` and `d_b` the propagators. `xi` and `zeta` are the spinor products b_plus n_T - n_plus b_T and
    a_plus n_T - n_plus a_T as (real, imaginary) pairs.
    """

    q2_over_w: Value
    w: Value
    k: Value
    a_plus: Value
    a_minus: Value
    a_t: Value
    b_plus: Value
    b_minus: Value
    b_x: Value
    b_y: Value
    n_plus: Value
    n_x: Value
    n_y: Value
    d_a: Value
    d_b: Value
    xi: tuple[Value, Value]
    zeta: tuple[Value, Value]


class Transfer(NamedTuple):
    """Momentum transfer of a point: invariants and the transverse momentum e_T of the target in the K frame.

    `w_excess` is W minus its minimum m_a + m_b, `over_shat` is 1/(W^2 + Q^2), and `measure` is
    dQ^2 dW^2 / (Q^4 dx_0 dx_1).
    """

    q2: Value
    w: Value
    w_excess: Value
    over_shat: Value
    e_t2: Value
    measure: Value


def virtuality_limits(energy: Value, mass: Value, w_min: Value) -> tuple[Value, Value]:
    """Return the smallest and the largest Q^2 in GeV^2; arguments as for `momentum_transfer`.

    They are the roots of S Q^4 - B Q^2 + M^2 W_min^4 = 0, B = 4 M^2 E^2 - 2 M W_min^2 (E + M); the discriminant
    factors into (W_max^2 - W_min^2)((sqrt S + M)^2 - W_min^2)(2 M E)^2, all positive.
    """
    flow = 2.0 * mass * energy
    s = mass * mass + flow
    sqrt_s_plus_m = np.sqrt(s) + mass
    w_max = flow / sqrt_s_plus_m
    w2_min = w_min * w_min
    low = np.maximum(w_max * w_max - w2_min, 0.0)
    high = sqrt_s_plus_m * sqrt_s_plus_m - w2_min
    b = 0.5 * (sqrt_s_plus_m * sqrt_s_plus_m * low + w_max * w_max * high)
    q2_max = (b + flow * np.sqrt(low * high)) / (2.0 * s)
    return mass * mass * w2_min * w2_min / (s * q2_max), q2_max


def falling_virtuality(x: Value, q2_min: Value, q2_max: Value, q2_scale: Value) -> tuple[Value, Value, Value]:
    """Map a uniform number to Q^2 between limits, distributed as 1/(Q^2 (1 + Q^2/q2_scale)).

    Return Q^2 and two factors whose product is dQ^2/(Q^2 dx): the stretch 1 + Q^2/q2_scale, and the logarithm of the
    range, which is zero for an empty range.
    """
    t_min = q2_min / (q2_scale + q2_min)
    t_max = q2_max / (q2_scale + q2_max)
    log_t = log(np.maximum(t_max / t_min, 1.0))
    t = np.minimum(t_min * exp(x * log_t), t_max)
    stretch = 1.0 / (1.0 - t)
    return q2_scale * t * stretch, stretch, log_t


def momentum_transfer(x: Value, y: Value, energy: Value, mass: Value, w_min: Value, q2_scale: Value) -> Transfer:
    """Map two uniform numbers to Q^2, distributed as 1/(Q^2 (1 + Q^2/q2_scale)), and to W^2, distributed as 1/W^2.

    Parameters
    ----------
    x, y : values in (0, 1)
        The uniform numbers of Q^2 and W^2.
    energy, mass : values in GeV
        Neutrino energy in the rest frame of the target, and the target's mass.
    w_min : value in GeV
        Sum of the masses of the charged leptons. The energy must be above threshold.
    q2_scale : value in GeV^2
        Scale above which the form factor falls off.

    Notes
    -----
    Q^2 is sampled first, between `virtuality_limits`. For given Q^2, the upper limit of shat = W^2 + Q^2 is where
    C = 2 M E/shat has fallen to C_0 = (1 + sqrt(1 + 4 M^2/Q^2))/2, and e_T^2 = C^2 Q^2 - C Q^2 - M^2 =
    Q^2 (C - C_0)(C + C_0 - 1). The region is then nearly rectangular in the two variables, unlike in the other order
    (W^2 first).
    """
    flow = 2.0 * mass * energy
    q2_min, q2_max = virtuality_limits(energy, mass, w_min)
    q2, stretch, log_t = falling_virtuality(x, q2_min, q2_max, q2_scale)

    w2_min = w_min * w_min
    over_q = 1.0 / np.sqrt(q2)
    c_0 = 0.5 + 0.5 * np.sqrt(q2 + 4.0 * mass * mass) * over_q
    w2_max = np.maximum(flow / c_0 - q2, w2_min)
    log_w = log(np.maximum(w2_max * (1.0 / w2_min), 1.0))
    growth = exp(y * log_w)
    w2 = np.minimum(w2_min * growth, w2_max)
    over_shat = 1.0 / (w2 + q2)
    c = flow * over_shat
    e_t2 = q2 * (c * c_0 * (w2_max - w2) * (1.0 / flow)) * (c + c_0 - 1.0)
    root = np.sqrt(growth)
    excess = w_min * (growth - 1.0) / (root + 1.0)
    measure = (stretch * log_t) * (w2 * log_w) * (over_q * over_q)
    return Transfer(q2, w_min * root, excess, over_shat, e_t2, measure)


def lepton_phase_space(
    x_pair: Value,
    x_propagator: Value,
    x_cos: Value,
    x_phi: Value,
    transfer: Transfer,
    mass_a: Value,
    mass_b: Value,
) -> tuple[LeptonState, Value]:
    """Map four uniform numbers to the three leptons; return them and the phase-space weight.

    The first three give the mass of the pair (nu', l_b), the propagator D_a (logarithmic) and the cosine of the angle
    of l_b to p1 in the rest frame of the pair; the last gives the azimuth of l_b in that frame, in [0, pi]: the half
    with negative b_y is the mirror image. The weight is dPS3/dx in GeV^2, integrated over the azimuth of a (2 pi) and
    over both halves:
    dPS3 = dM^2/2pi dD_a dphi_a/(16 pi^2 2 k W) p_b dcos dphi/(16 pi^2 M).
    """
    q2, w = transfer.q2, transfer.w
    over_w = 1.0 / w
    q2_over_w = q2 * over_w
    k = 0.5 * (w + q2_over_w)
    pair_range = transfer.w_excess * (w - mass_a + mass_b)
    excess = x_pair * pair_range
    pair2 = mass_b * mass_b + excess
    pair = np.sqrt(pair2)
    p2 = (1.0 - x_pair) * pair_range * ((w + mass_a - pair) * (w + mass_a + pair)) * (0.25 * (over_w * over_w))
    p = np.sqrt(p2)
    a_slow = mass_a * mass_a / (np.sqrt(p2 + mass_a * mass_a) + p)  # E_a - p
    pair_slow = pair2 / (np.sqrt(p2 + pair2) + p)

    d_low = q2_over_w * pair_slow + w * a_slow
    two_kp = np.maximum(2.0 * k * p, _TINY)
    log_d = log(1.0 + 2.0 * two_kp / d_low)
    d_growth = exp(x_propagator * log_d)
    d_a = d_low * d_growth
    one_minus_cos = np.minimum(d_low * (d_growth - 1.0) / two_kp, 2.0)
    one_plus_cos = 2.0 - one_minus_cos
    a_plus = a_slow + p * one_plus_cos
    a_minus = a_slow + p * one_minus_cos
    a_t = p * np.sqrt(one_minus_cos * one_plus_cos)
    pair_plus = pair_slow + p * one_minus_cos

    over_pair = 1.0 / pair
    p_star = 0.5 * excess * over_pair
    b_forward = mass_b * mass_b * over_pair + p_star * (2.0 * (1.0 - x_cos))  # E* - p* cos in the pair's frame
    n_forward = p_star * (2.0 * x_cos)
    p_side = p_star * (2.0 * np.sqrt(x_cos * (1.0 - x_cos)))
    sine, cosine = sincos2pi(0.5 * x_phi)
    side_x, side_y = p_side * cosine, p_side * sine
    plus_share, recoil = pair_plus * over_pair, a_t * over_pair
    b_plus, n_plus = plus_share * b_forward, plus_share * n_forward
    b_x, n_x = side_x - recoil * b_forward, -side_x - recoil * n_forward
    b_minus = (mass_b * mass_b + b_x * b_x + side_y * side_y) / b_plus
    state = LeptonState(
        q2_over_w, w, k, a_plus, a_minus, a_t, b_plus, b_minus, b_x, side_y, n_plus, n_x, -side_y,
        d_a=d_a,
        d_b=q2_over_w * (a_plus + n_plus) + w * b_minus,
        xi=(-pair_plus * side_x, -pair_plus * side_y),
        zeta=(-(w * recoil * n_forward + a_plus * side_x), -(a_plus * side_y)),
    )  # fmt: skip
    # dM^2/2pi, dD_a dphi_a with 2 k W = shat, and p_b dcos dphi/M with dcos = 2 dx, dphi = 2 pi dx over both halves.
    weight = pair_range * (d_a * log_d * transfer.over_shat) * (p_star * over_pair)
    return state, weight * (2.0 * TWO_PI / (16.0 * TWO_PI**4))
