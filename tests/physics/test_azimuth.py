"""The azimuth is drawn from the density it says: its cumulative share, and histograms of draws."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from numpy.typing import NDArray

from tridentgen.physics.azimuth import azimuth_density, draw_azimuth
from tridentgen.physics.trident_hadron import Azimuth

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]

N = 20_000


def squared(a0: Complex, a1: Complex, a2: Complex) -> Azimuth:
    """|a0 + a1 z + a2 z^2|^2 with z = e^(i phi): every non-negative series of degree 2 (Fejer and Riesz)."""
    first, second = a1 * np.conj(a0) + a2 * np.conj(a1), a2 * np.conj(a0)
    mean = np.abs(a0) ** 2 + np.abs(a1) ** 2 + np.abs(a2) ** 2
    return Azimuth(mean, 2 * first.real, -2 * first.imag, 2 * second.real, -2 * second.imag)


def with_roots(z1: Complex, z2: Complex) -> Azimuth:
    return squared(z1 * z2, -(z1 + z2), np.ones_like(z1))


def on_circle(turn: Array) -> Complex:
    return np.asarray(np.exp(2j * np.pi * turn), dtype=np.complex128)


def made(kind: str) -> Azimuth:
    rng = np.random.default_rng(31)
    normal = rng.normal(size=(3, N)) + 1j * rng.normal(size=(3, N))
    turns = rng.random((2, N))
    if kind == "random":
        return squared(*normal)
    if kind == "one zero":
        return with_roots(on_circle(turns[0]), normal[0])
    if kind == "two zeros":
        return with_roots(on_circle(turns[0]), on_circle(turns[1]))
    if kind == "double zero":
        return with_roots(on_circle(turns[0]), on_circle(turns[0]))
    if kind == "double zero where brackets meet":
        node = np.rint(8.0 * turns[0]) / 8.0
        return with_roots(on_circle(node), on_circle(node))
    assert kind == "flat"
    zero = np.zeros(N)
    return Azimuth(zero + 2.5, zero, zero, zero, zero)


KINDS = ("random", "one zero", "two zeros", "double zero", "double zero where brackets meet", "flat")


def share(series: Azimuth, turn: Array) -> Array:
    """Integral of the series from 0 to the turn over the integral of a whole turn, by 16-point quadrature."""
    node, weight = np.polynomial.legendre.leggauss(16)
    angle = np.pi * turn[:, None] * (1.0 + node)
    columns = Azimuth(*(np.asarray(value)[:, None] for value in series))
    density = azimuth_density(columns, np.cos(angle), np.sin(angle))
    whole: Array = 0.5 * turn * (density * weight).sum(axis=1) / series.mean
    return whole


def test_density_is_the_fourier_series() -> None:
    series = made("random")
    angle = np.random.default_rng(30).uniform(0.0, 2 * np.pi, N)
    density = azimuth_density(series, np.cos(angle), np.sin(angle))
    expected = series.mean + series.c1 * np.cos(angle) + series.s1 * np.sin(angle)
    expected += series.c2 * np.cos(2 * angle) + series.s2 * np.sin(2 * angle)
    np.testing.assert_allclose(density, expected, rtol=0.0, atol=1e-14 * np.max(series.mean))
    assert np.all(density > -1e-14 * series.mean)


@pytest.mark.parametrize("kind", KINDS)
def test_inverts_the_cumulative_share(kind: str) -> None:
    series = made(kind)
    u = np.random.default_rng(32).random(N)
    turn = draw_azimuth(series, u)
    assert turn.min() >= 0.0
    assert turn.max() <= 1.0
    off = np.abs(share(series, turn) - u)
    assert np.median(off) < 1e-15
    assert np.quantile(off, 0.99) < 5e-15
    assert off.mean() < 1e-6
    assert off.max() < 6e-3


@pytest.mark.parametrize("kind", KINDS)
def test_never_goes_back_beyond_its_error(kind: str) -> None:
    """Larger numbers give larger azimuths but where the share is met to less than a grid step."""
    u = np.linspace(1e-9, 1.0 - 1e-9, 2001)
    for i in range(3):
        turn = draw_azimuth(Azimuth(*(np.full(u.shape, value[i]) for value in made(kind))), u)
        assert np.median(np.diff(turn)) > 0.0
        assert np.diff(turn).min() > -1.0 / 512.0


def test_quadrature_of_the_share_agrees_with_mpmath() -> None:
    series, turn = made("two zeros"), np.linspace(0.0, 1.0, N)
    for i in (17, 9_000, N - 1):
        mean, c1, s1, c2, s2 = (float(value[i]) for value in series)
        area = mpmath.quad(
            lambda p, c=(mean, c1, s1, c2, s2): (
                c[0] + c[1] * mpmath.cos(p) + c[2] * mpmath.sin(p) + c[3] * mpmath.cos(2 * p) + c[4] * mpmath.sin(2 * p)
            ),
            [0, 2 * mpmath.pi * turn[i]],
        )
        assert share(series, turn)[i] == pytest.approx(float(area) / (2 * np.pi * mean), abs=1e-14)


@pytest.mark.parametrize("kind", KINDS)
def test_draws_follow_the_density(kind: str) -> None:
    """Pearson's chi-squared in 64 bins and the Kolmogorov-Smirnov distance, each within 0.1 %."""
    draws, bins = 200_000, 64
    one = Azimuth(*(np.full(draws, value[5]) for value in made(kind)))
    turn = draw_azimuth(one, np.random.default_rng(33).random(draws))
    edges = np.linspace(0.0, 1.0, bins + 1)
    expected = draws * np.diff(share(Azimuth(*(value[: bins + 1] for value in one)), edges))
    counts, _ = np.histogram(turn, edges)
    chi2 = np.sum((counts - expected) ** 2 / expected)
    assert chi2 < 103.5  # 0.1 % of 63
    cumulative = share(one, np.sort(turn))
    steps = np.arange(draws + 1) / draws
    distance = max(np.max(steps[1:] - cumulative), np.max(cumulative - steps[:-1]))
    assert distance * np.sqrt(draws) < 1.95


def test_series_that_vanishes_is_harmless() -> None:
    """Where the density is zero throughout the draw is uniform: such points have no weight."""
    zero = np.zeros(5)
    u = np.array([0.1, 0.3, 0.5, 0.7, 0.9])
    np.testing.assert_allclose(draw_azimuth(Azimuth(zero, zero, zero, zero, zero), u), u, rtol=1e-15)
