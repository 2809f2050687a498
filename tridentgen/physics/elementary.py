"""Exponential, logarithm and trigonometric functions that are bit-identical on all machines and engines.

The results of NumPy's own versions depend on the vector width, the position in the array and the library. These
consist of additions, multiplications, divisions and bit shifts only, which IEEE 754 defines to the last bit; they
are branch-free, traceable, and accurate to 2 units in the last place over the ranges stated.

The polynomials are minimax fits (mpmath.chebyfit, 40 digits); the reductions are those of W. J. Cody and
W. Waite, Software Manual for the Elementary Functions (1980).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from operator import add
from typing import Any

import numpy as np
from numpy.typing import NDArray

Value = Any
"""A float, an array of NumPy or CuPy, or a traced symbol; functions of values act elementwise."""

Values = Sequence[Value] | NDArray[np.float64]
"""Several values: a sequence, or an array indexed by its first axis."""

_LOG2_E = 1.4426950408889634
_LN2_HIGH = 0.6931467056274414  # 21 significant bits: its product with an exponent is exact
_LN2_LOW = 4.7493250390316726e-07
_TWO_52 = 4503599627370496.0
_EXPONENT_BIAS = 1023
_MANTISSA_BITS = 52
_MANTISSA_MASK = (1 << _MANTISSA_BITS) - 1
_ONE_BITS = _EXPONENT_BIAS << _MANTISSA_BITS
_TWO_52_BITS = (_EXPONENT_BIAS + 52) << _MANTISSA_BITS
_SQRT_2 = 1.4142135623730951
_PI = 3.141592653589793
_TAN_PI_8 = 0.41421356237309503

_EXP = (
    0.5000000000000001, 0.16666666666666669, 0.04166666666662413, 0.008333333333330062, 0.0013888888917213717,
    0.00019841269863053618, 2.4801521295954376e-05, 2.7557268459997064e-06, 2.7620088445409746e-07,
    2.510038549551032e-08,
)  # fmt: skip
_LOG = (
    0.666666666666667, 0.3999999999989924, 0.2857142862609589, 0.2222221111514416, 0.18182890546695602,
    0.1533167403016786, 0.1461703754879165,
)  # fmt: skip
_SIN = (
    -41.341702240399755, 81.6052492760517, -76.70585973562093, 42.05868918088512, -15.094054182079999,
    3.78643334956545,
)  # fmt: skip
_COS = (
    -19.739208802178716, 64.93939402266824, -85.4568172066438, 60.24464135270201, -26.426253275854723,
    7.903206911569678, -1.6990343940660637,
)  # fmt: skip
_ATAN = (
    -0.3333333333333333, 0.19999999999995519, -0.14285714284666184, 0.11111111015227572, -0.09090904576954117,
    0.07692183163650894, -0.06664511064599371, 0.05858145587628202, -0.050854323376990765, 0.0392311556198723,
    -0.01917627151732634,
)  # fmt: skip
_TWO_PI_HIGH = 6.283185307179586
_TWO_PI_LOW = 2.4492935982947064e-16


def polynomial(x: Value, coefficients: tuple[float, ...]) -> Value:
    """Evaluate ``sum_n coefficients[n] x**n`` by Horner's rule."""
    total = coefficients[-1] * x
    for coefficient in coefficients[-2:0:-1]:
        total = (total + coefficient) * x
    return total + coefficients[0]


def total(terms: Iterable[Value]) -> Value:
    """Return the sum of one or more terms, added from the first to the last.

    The built-in `sum` compensates the rounding of floats since Python 3.12, but not before, nor for arrays.
    """
    return reduce(add, terms)


def _bits(x: Value) -> Value:
    """Return the bits of a double as a 64-bit integer."""
    return (x if hasattr(x, "view") else np.float64(x)).view(np.int64)


def look_up(table: NDArray[np.float64], position: Value) -> Value:
    """Return the entries of `table` at integer positions within its length, given as floats.

    NumPy dispatches indexing on the table alone, so a traced position has a method of its own.
    """
    if hasattr(position, "look_up"):
        return position.look_up(table)
    return table.take(np.asarray(position, dtype=np.int32))


def last_below(table: NDArray[np.float64], count: int, x: Value) -> Value:
    """Return the position of the last of the first `count` entries of `table` that is not above `x`, or else 0.

    These entries increase, and `count` is a power of two; fill up with infinity. Traceable: a bisection of fixed depth.
    """
    position: Value = 0.0
    step = count // 2
    while step:
        later = position + float(step)
        position = np.where(x >= look_up(table, later), later, position)
        step //= 2
    return position


def exp(x: Value) -> Value:
    """Return e**x within 2 ulp for -700 <= x <= 700; other arguments are clipped to this range."""
    x = np.minimum(np.maximum(x, -700.0), 700.0)
    k = np.rint(x * _LOG2_E)
    r = (x - k * _LN2_HIGH) - k * _LN2_LOW
    # k + bias sits in the lowest bits of the double 2^52 + k + bias; shifting puts it into the exponent.
    power_of_two = (_bits(k + (_TWO_52 + _EXPONENT_BIAS)) << _MANTISSA_BITS).view(np.float64)
    return (1.0 + (r + r * r * polynomial(r, _EXP))) * power_of_two


def log(x: Value) -> Value:
    """Return the natural logarithm of a positive normal number within 2 ulp."""
    bits = _bits(x)
    exponent = ((bits >> _MANTISSA_BITS) | _TWO_52_BITS).view(np.float64) - (_TWO_52 + _EXPONENT_BIAS)
    mantissa = ((bits & _MANTISSA_MASK) | _ONE_BITS).view(np.float64)
    high = mantissa > _SQRT_2
    k = np.where(high, exponent + 1.0, exponent)
    f = np.where(high, 0.5 * mantissa, mantissa) - 1.0
    s = f / (2.0 + f)
    z = s * s
    # log(1+f) = f - f^2/2 + s (f^2/2 + z P(z)) keeps the leading term exact.
    half_square = 0.5 * f * f
    correction = s * (half_square + z * polynomial(z, _LOG))
    return k * _LN2_HIGH - ((half_square - (correction + k * _LN2_LOW)) - f)


def expm1(x: Value) -> Value:
    """Return e**x - 1 within 6 ulp, also where x is small: (u - 1) x/ln u with u = e**x (W. Kahan)."""
    u = exp(x)
    flat = u == 1.0
    return np.where(flat, x, (u - 1.0) * x / log(np.where(flat, 2.0, u)))


def log1p(x: Value) -> Value:
    """Return ln(1 + x) for x >= 0 within 6 ulp, also where x is small: x ln u/(u - 1) with u = 1 + x (W. Kahan)."""
    u = 1.0 + x
    flat = u == 1.0
    return np.where(flat, x, x * log(u) / np.where(flat, 1.0, u - 1.0))


def sincos2pi(u: Value) -> tuple[Value, Value]:
    """Return sin(2 pi u) and cos(2 pi u) for |u| < 2**50, within 2 ulp for |u| <= 1."""
    quarter = np.rint(4.0 * u)
    r = u - 0.25 * quarter
    z = r * r
    sine = r * _TWO_PI_HIGH + r * (_TWO_PI_LOW + z * polynomial(z, _SIN))
    cosine = 1.0 + z * polynomial(z, _COS)
    quadrant = quarter - 4.0 * np.floor(0.25 * quarter)
    odd = (quadrant == 1.0) | (quadrant == 3.0)
    sin_value = np.where(odd, cosine, sine)
    cos_value = np.where(odd, sine, cosine)
    sin_value = np.where(quadrant >= 2.0, -sin_value, sin_value)
    cos_value = np.where((quadrant == 1.0) | (quadrant == 2.0), -cos_value, cos_value)
    return sin_value, cos_value


def arctan2(y: Value, x: Value) -> Value:
    """Return the angle of (x, y) in radians for y >= 0, in [0, pi], within 4 ulp; 0 at the origin."""
    abs_x = np.abs(x)
    larger = np.maximum(abs_x, y)
    smaller = np.minimum(abs_x, y)
    t = smaller / np.where(larger > 0.0, larger, 1.0)
    far = t > _TAN_PI_8
    t = np.where(far, (t - 1.0) / (t + 1.0), t)
    z = t * t
    angle = t + t * (z * polynomial(z, _ATAN))
    angle = np.where(far, 0.25 * _PI + angle, angle)
    angle = np.where(y > abs_x, 0.5 * _PI - angle, angle)
    return np.where(x < 0.0, _PI - angle, angle)
