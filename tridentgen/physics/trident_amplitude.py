"""Helicity amplitudes of nu(p1) + gamma*(q, e) -> nu'(p2) + l_b(p_b) + antilepton l_a(p_a), four-fermion limit.

Three polarisations are needed: e = x +- i y in the K frame, and e = p1, which is equivalent to the longitudinal
polarisation by gauge invariance. With light-front spinors (Kogut and Soper, Phys. Rev. D 1 (1970) 2901) every amplitude
is a polynomial in the light-cone momenta over a propagator, without square roots or phases. The matrix element is that
of Lovseth and Radomski, Phys. Rev. D 3 (1971) 2686, eq. (2.4), with the couplings c_L = V + A and c_R = V - A of the
lepton current V - A gamma5.

The formulas hold with l_a the antilepton. For l_a the lepton (charge conjugation of the charged-lepton line)
exchange c_L and c_R.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tridentgen.physics.elementary import Value, total
from tridentgen.physics.trident_phase_space import LeptonState

_TINY = 1e-300
"""Prevents 0/0 exactly at threshold, where the energy of the outgoing neutrino and the weight are zero."""

Complex = tuple[Value, Value]
"""A complex value as a (real, imaginary) pair, so that the same expressions can be printed as C."""


class Spins(NamedTuple):
    """Amplitudes of the four light-front spin states, named (spin of l_b, spin of l_a)."""

    up_up: Complex
    up_down: Complex
    down_up: Complex
    down_down: Complex


class Amplitudes(NamedTuple):
    """Amplitudes for the polarisations x + iy, x - iy and p1, up to the common `normalisation`.

    Where only some spin states are non-zero for a polarisation the others hold (0.0, 0.0).
    """

    plus: Spins
    minus: Spins
    along: Spins


_ZERO: Complex = (0.0, 0.0)


def _scale(factor: Value, u: Complex) -> Complex:
    """Return factor * u for a real factor."""
    return factor * u[0], factor * u[1]


def _blend(p: Value, u: Complex, q: Value, v: Complex) -> Complex:
    """Return p u + q v for real p, q."""
    return p * u[0] + q * v[0], p * u[1] + q * v[1]


def _times(u: Complex, v: Complex) -> Complex:
    """Return u v."""
    return u[0] * v[0] - u[1] * v[1], u[0] * v[1] + u[1] * v[0]


def _conjugate(u: Complex) -> Complex:
    """Return the complex conjugate of u."""
    return u[0], -u[1]


def normalisation(state: LeptonState) -> Value:
    """Return 128 k / (n_plus a_plus b_plus), in GeV^-2.

    The lepton tensor T_ij is the spin sum of products of amplitudes times this normalisation and e^2 G_F^2 / 2. The
    neutrino has a single helicity, so there is no spin average.
    """
    return 128.0 * state.k / np.maximum(state.n_plus * state.a_plus * state.b_plus, _TINY)


def left_amplitudes(state: LeptonState, mass_a: Value, mass_b: Value) -> Amplitudes:
    """Return the amplitudes that multiply c_L; masses in GeV."""
    a, b, n, w, k = state.a_plus, state.b_plus, state.n_plus, state.w, state.k
    over_a, over_b = 1.0 / state.d_a, 1.0 / state.d_b
    b_t: Complex = (state.b_x, state.b_y)
    n_t: Complex = (state.n_x, state.n_y)
    xi, zeta = state.xi, state.zeta
    t_a, a_b = state.a_t * over_a, a * over_b
    rest_a = (b + n) * over_a
    rest_t_a = (b + n) * t_a
    flip_b, flip_a = mass_b * n, -w * mass_a * over_a

    bent = _blend(n * over_b, b_t, w * over_b, n_t)
    plus_up = (mass_b * a) * (n * t_a - bent[0]), -(mass_b * a) * bent[1]
    plus_down = _scale(a, _blend(t_a, xi, over_b, _times(b_t, zeta)))
    minus_up = -flip_b * (rest_t_a + a_b * state.b_x), flip_b * a_b * state.b_y
    turned = _times(_conjugate(b_t), xi)
    minus_down = (
        a_b * (state.q2_over_w * b * n - turned[0]) - rest_t_a * xi[0],
        -a_b * turned[1] - rest_t_a * xi[1],
    )
    along_up = (k * a) * flip_b * (rest_a + b * over_b), 0.0
    along_down = _blend(k * a * rest_a, xi, -(k * a) * (b * over_b), zeta)
    return Amplitudes(
        plus=Spins(plus_up, _ZERO, plus_down, _ZERO),
        minus=Spins(minus_up, (flip_a * flip_b, 0.0), minus_down, _scale(flip_a, xi)),
        along=Spins(along_up, _ZERO, along_down, _ZERO),
    )


def right_amplitudes(state: LeptonState, mass_a: Value, mass_b: Value) -> Amplitudes:
    """Return the amplitudes that multiply c_R; masses in GeV."""
    a, b, n, w, k = state.a_plus, state.b_plus, state.n_plus, state.w, state.k
    over_a, over_b = 1.0 / state.d_a, 1.0 / state.d_b
    b_t: Complex = (state.b_x, state.b_y)
    n_t: Complex = (state.n_x, state.n_y)
    xi, zeta = state.xi, state.zeta
    t_a, b_a = state.a_t * over_a, b * over_a
    rest_b = (a + n) * over_b
    flip_a, flip_b = mass_a * n, w * mass_b * over_b

    plus_up = _scale(mass_a * b, (n * t_a + w * over_a * n_t[0] - n * over_b * b_t[0],
                                  w * over_a * n_t[1] - n * over_b * b_t[1]))  # fmt: skip
    plus_down = _scale(-b, _blend(t_a, xi, over_b, _times(b_t, zeta)))
    minus_up = flip_a * (b * t_a + rest_b * state.b_x), -flip_a * rest_b * state.b_y
    turned = _times(_conjugate(b_t), zeta)
    minus_down = (
        b_a * (state.a_t * zeta[0] - state.q2_over_w * n * a) + rest_b * turned[0],
        b_a * state.a_t * zeta[1] + rest_b * turned[1],
    )
    along_up = -(k * b) * flip_a * (a * over_a + rest_b), 0.0
    along_down = _blend(k * b * (a * over_a), xi, -(k * b) * rest_b, zeta)
    return Amplitudes(
        plus=Spins(plus_up, plus_down, _ZERO, _ZERO),
        minus=Spins(minus_up, minus_down, (flip_a * flip_b, 0.0), _scale(flip_b, zeta)),
        along=Spins(along_up, along_down, _ZERO, _ZERO),
    )


def combined(left: Amplitudes, right: Amplitudes, c_l: Value, c_r: Value) -> Amplitudes:
    """Return c_L left + c_R right."""
    return Amplitudes(
        *(
            Spins(*(_blend(c_l, u, c_r, v) for u, v in zip(spins_l, spins_r, strict=True)))
            for spins_l, spins_r in zip(left, right, strict=True)
        )
    )


def overlap(first: Spins, second: Spins) -> Complex:
    """Return the spin sum of conjugate(first) * second."""
    real = total(u[0] * v[0] + u[1] * v[1] for u, v in zip(first, second, strict=True))
    imag = total(u[0] * v[1] - u[1] * v[0] for u, v in zip(first, second, strict=True))
    return real, imag


def squares(spins: Spins) -> list[Value]:
    """Return the squared amplitude of each spin state."""
    return [u[0] * u[0] + u[1] * u[1] for u in spins]


def norm2(spins: Spins) -> Value:
    """Return the spin sum of the squared amplitudes."""
    return total(squares(spins))
