"""Elementary functions against mpmath over the ranges they promise, and the independence of their bits."""

from __future__ import annotations

import math
from collections.abc import Callable

import mpmath
import numpy as np
import pytest
from numpy.typing import NDArray

from tridentgen.physics import elementary

Array = NDArray[np.float64]

POINTS = 3000
BITS = 120
"""Working precision of mpmath: 67 bits more than a double."""

ONE_ULP = np.finfo(float).eps
NEIGHBOURS = np.array([1.0 + n * ONE_ULP for n in range(1, 6)] + [1.0 - 0.5 * n * ONE_ULP for n in range(1, 6)])
"""The doubles next to 1."""


def ulps(value: Array, exact: list[mpmath.mpf]) -> Array:
    """Return the errors in units of the last place of the exact values."""
    with mpmath.workprec(BITS):
        off = [abs(mpmath.mpf(float(v)) - e) for v, e in zip(value.ravel(), exact, strict=True)]
        place = [math.ulp(float(e)) for e in exact]
        return np.array([float(o / p) for o, p in zip(off, place, strict=True)])


def exactly(function: Callable[..., mpmath.mpf], *arguments: Array) -> list[mpmath.mpf]:
    with mpmath.workprec(BITS):
        return [function(*(mpmath.mpf(float(a)) for a in point)) for point in zip(*arguments, strict=True)]


def scaled(rng: np.random.Generator, lowest: int, highest: int, n: int = POINTS) -> Array:
    """Return numbers whose logarithm is uniform from 2^lowest to 2^highest."""
    numbers: Array = np.ldexp(rng.uniform(1.0, 2.0, n), rng.integers(lowest, highest, n))
    return numbers


def test_exp() -> None:
    rng = np.random.default_rng(11)
    halves = (np.arange(-20, 20) + 0.5) * math.log(2.0)  # where the reduction changes its multiple of log 2
    x = np.concatenate([
        rng.uniform(-700.0, 700.0, POINTS), rng.uniform(-1.0, 1.0, POINTS), scaled(rng, -80, 0, 500), halves,
        -scaled(rng, -80, 0, 500), [-700.0, 700.0, 0.0, -0.0, 5e-324, -5e-324],
    ])  # fmt: skip
    assert ulps(elementary.exp(x), exactly(mpmath.exp, x)).max() < 1.1
    assert elementary.exp(np.array([0.0, -0.0])).tolist() == [1.0, 1.0]


def test_expm1_and_log1p() -> None:
    rng = np.random.default_rng(12)
    x = np.concatenate([scaled(rng, -80, 3), [0.0, 5e-324, 2.0**-53, 2.0**-52]])
    assert ulps(elementary.expm1(x), exactly(mpmath.expm1, x)).max() < 6.0
    assert ulps(elementary.expm1(-x), exactly(mpmath.expm1, -x)).max() < 6.0
    wide = np.concatenate([x, scaled(rng, 3, 90)])
    assert ulps(elementary.log1p(wide), exactly(mpmath.log1p, wide)).max() < 6.0


def test_exp_stops_at_the_ends_of_its_range() -> None:
    ends = elementary.exp(np.array([-700.0, 700.0]))
    beyond = elementary.exp(np.array([[-701.0, 701.0], [-1e300, 1e300], [-np.inf, np.inf]]))
    np.testing.assert_array_equal(beyond, np.broadcast_to(ends, (3, 2)))


def test_log() -> None:
    rng = np.random.default_rng(12)
    info = np.finfo(float)
    root = math.sqrt(2.0)  # where the reduction changes the power of two
    turns = [math.nextafter(root, 0.0), root, math.nextafter(root, 2.0), 0.5 * root, 2.0 * root]
    near_one = 1.0 + np.ldexp(rng.uniform(-1.0, 1.0, POINTS), rng.integers(-50, -1, POINTS))
    x = np.concatenate([
        scaled(rng, -1022, 1024), rng.uniform(0.5, 2.0, POINTS), near_one[near_one != 1.0], NEIGHBOURS, turns,
        [info.tiny, info.max, 2.0, 0.5],
    ])  # fmt: skip
    assert ulps(elementary.log(x), exactly(mpmath.log, x)).max() < 0.9
    assert elementary.log(np.array([1.0])).tolist() == [0.0]


def test_logarithms_of_powers_of_two_are_multiples() -> None:
    powers = np.arange(-1022, 1024)
    np.testing.assert_allclose(elementary.log(np.ldexp(1.0, powers)), powers * math.log(2.0), rtol=3e-16)


@pytest.mark.parametrize("largest", [1.0, 1e3, 2.0**49])
def test_sincos2pi(largest: float) -> None:
    """The reduction is exact, so that the error does not grow with the number of turns."""
    rng = np.random.default_rng(13)
    eighths = np.arange(-8, 9) / 8.0
    around = np.concatenate([np.nextafter(eighths, -9.0), eighths, np.nextafter(eighths, 9.0)])
    u = np.concatenate([rng.uniform(-largest, largest, POINTS), scaled(rng, -300, 0, 500), around])
    sine, cosine = elementary.sincos2pi(u)
    exact_sine, exact_cosine = (
        exactly(lambda v: mpmath.sinpi(2 * v), u),
        exactly(lambda v: mpmath.cospi(2 * v), u),
    )
    for value, exact in ((sine, exact_sine), (cosine, exact_cosine)):
        zero = np.array([e == 0 for e in exact])
        np.testing.assert_array_equal(value[zero], 0.0)
        assert ulps(value[~zero], [e for e in exact if e != 0]).max() < 1.7
    assert np.abs(sine).max() <= 1.0
    assert np.abs(cosine).max() <= 1.0


@pytest.mark.parametrize("reach", [1, 4, 40, 400])
def test_arctan2(reach: int) -> None:
    rng = np.random.default_rng(14)
    y, x = scaled(rng, -reach, reach), scaled(rng, -reach, reach) * rng.choice([-1.0, 1.0], POINTS)
    assert ulps(elementary.arctan2(y, x), exactly(mpmath.atan2, y, x)).max() < 3.0


def test_arctan2_where_its_cases_meet() -> None:
    slopes = np.array([1.0, math.sqrt(2.0) - 1.0, math.sqrt(2.0) + 1.0, 1e-320, 1e300])
    slopes = np.concatenate([slopes, np.nextafter(slopes, 0.0), np.nextafter(slopes, np.inf)])
    for side in (1.0, -1.0):
        x = np.full(slopes.shape, side)
        assert ulps(elementary.arctan2(slopes, x), exactly(mpmath.atan2, slopes, x)).max() < 3.0
    y, x = np.array([0.0, 0.0, 0.0, 2.0]), np.array([0.0, 3.0, -3.0, 0.0])
    np.testing.assert_array_equal(elementary.arctan2(y, x), [0.0, 0.0, math.pi, 0.5 * math.pi])


def test_polynomial() -> None:
    x = np.linspace(-2.0, 2.0, 41)
    coefficients = (0.5, -1.0, 3.0, 0.25, -0.125)
    np.testing.assert_allclose(
        elementary.polynomial(x, coefficients),
        np.polynomial.Polynomial(coefficients)(x),
        rtol=0.0,
        atol=1e-14,
    )


def bits(value: Array) -> NDArray[np.int64]:
    return np.ascontiguousarray(value).view(np.int64)


FUNCTIONS: dict[str, Callable[[Array], Array]] = {
    "exp": lambda x: elementary.exp(x - 9.0),
    "log": lambda x: elementary.log(x),
    "sin": lambda x: elementary.sincos2pi(x)[0],
    "cos": lambda x: elementary.sincos2pi(x)[1],
    "arctan2": lambda x: elementary.arctan2(x, x - 9.0),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_bits_do_not_depend_on_the_place_in_an_array(name: str) -> None:
    """Vector loops treat the head, body and tail of an array differently; these functions must not show it."""
    function = FUNCTIONS[name]
    x = np.random.default_rng(15).uniform(1e-3, 20.0, 4097)
    whole = bits(function(x))
    for part in (
        np.s_[:1],
        np.s_[:3],
        np.s_[1:4],
        np.s_[1:],
        np.s_[5:4090],
        np.s_[::2],
        np.s_[1::3],
        np.s_[::-1],
    ):
        np.testing.assert_array_equal(bits(function(x[part])), whole[part])
    single = np.concatenate([bits(function(x[i : i + 1])) for i in range(0, 4097, 41)])
    np.testing.assert_array_equal(single, whole[::41])
    np.testing.assert_array_equal(bits(function(x[1:].reshape(64, 64).T)), whole[1:].reshape(64, 64).T)
    np.testing.assert_array_equal([bits(np.atleast_1d(function(v)))[0] for v in x[:20]], whole[:20])
    spread = np.zeros((4097, 3))
    spread[:, 1] = x
    np.testing.assert_array_equal(bits(function(spread[:, 1])), whole)
