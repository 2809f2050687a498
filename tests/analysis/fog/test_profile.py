"""The profile likelihood of the fog, against iminuit, differences and limits that are known in closed form."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tridentgen.analysis.fog.limits import Searcher, needed_q
from tridentgen.analysis.fog.profile import Backgrounds, profile
from tridentgen.typing import FloatArray

BINS = np.linspace(0.0, 1.0, 30)
SHAPES = np.array([np.exp(-3.0 * BINS), np.exp(-((BINS - 0.4) ** 2) / 0.02), 0.02 + 0.0 * BINS])
SIGNAL = 5.0 * np.exp(-2.5 * BINS)


def background(errors: tuple[float, ...] = (0.1, 0.3, 0.25), free: bool = False) -> Backgrounds:
    rates = np.array([[40.0], [10.0], [1.0]]) * SHAPES
    slopes = 0.1 * rates * (1.0 + BINS) if free else np.zeros((0, *rates.shape))
    bends = 0.004 * rates if free else slopes
    names = ("free",) if free else ()
    return Backgrounds(
        ("a", "b", "c"), np.array(errors), rates, names, slopes.reshape(-1, 3, 30), bends.reshape(-1, 3, 30)
    )


def obvious_q(pulls: FloatArray, made: Backgrounds, exposure: float) -> float:
    """The test statistic in as many words, without arrays of arrays."""
    data = [exposure * (float(made.rates[:, i].sum()) + float(SIGNAL[i])) for i in range(len(SIGNAL))]
    total = math.fsum(pull * pull for pull in pulls)
    for i, n in enumerate(data):
        mu = 0.0
        for c in range(3):
            rate = float(made.rates[c, i])
            if made.free:
                rate += pulls[3] * float(made.slopes[0, c, i]) + 0.5 * pulls[3] ** 2 * float(made.bends[0, c, i])
            mu += exposure * (1.0 + made.errors[c] * pulls[c]) * rate
        if mu <= 0.0:
            return math.inf
        total += 2.0 * (mu - n + n * math.log(n / mu))
    return total


@pytest.mark.parametrize("free", [False, True])
@pytest.mark.parametrize("exposure", [0.1, 30.0, 1e4])
def test_minimum_is_that_of_iminuit(free: bool, exposure: float) -> None:
    iminuit = pytest.importorskip("iminuit")
    made = background(free=free)
    found = profile(SIGNAL, made, exposure)
    fit = iminuit.Minuit(lambda x: obvious_q(x, made, exposure), np.zeros(3 + free))
    fit.errordef, fit.tol, fit.strategy = 1.0, 1e-4, 2
    fit.migrad()
    assert found.q == pytest.approx(fit.fval, rel=1e-5)
    np.testing.assert_allclose(found.pulls, np.array(fit.values), atol=2e-3)


@pytest.mark.parametrize("free", [False, True])
def test_no_step_away_from_the_minimum_gains(free: bool) -> None:
    made = background(free=free)
    found = profile(SIGNAL, made, 10.0)
    assert obvious_q(found.pulls, made, 10.0) == pytest.approx(found.q, rel=1e-10)
    for k in range(len(found.pulls)):
        for step in (1e-3, -1e-3):
            moved = found.pulls.copy()
            moved[k] += step
            assert obvious_q(moved, made, 10.0) > found.q


@pytest.mark.parametrize("free", [False, True])
def test_derivatives_by_signal_and_exposure_are_those_of_differences(free: bool) -> None:
    made = background(free=free)
    step = 1e-4
    found = profile(SIGNAL, made, 10.0)
    up, down = (profile(SIGNAL * math.exp(side * step), made, 10.0).q for side in (1.0, -1.0))
    assert found.by_signal == pytest.approx((up - down) / (2.0 * step), rel=1e-6)
    up, down = (profile(SIGNAL, made, 10.0 * math.exp(side * step)).q for side in (1.0, -1.0))
    assert found.by_exposure == pytest.approx((up - down) / (2.0 * step), rel=1e-6)


def test_index_is_2_for_a_known_background_and_1_without_one() -> None:
    known = background((1e-9, 1e-9, 1e-9))
    assert profile(1e-3 * SIGNAL, known, 1e3).index == pytest.approx(2.0, abs=1e-3)
    # With r = s/b, q = 2 N s (ln r + 1/r - 1 ...): n approaches 1 with an error of 1/(ln r - 1).
    r = 1e12
    few = Backgrounds(("a",), np.array([1e-9]), np.array([[1.0 / r]]), (), np.zeros((0, 1, 1)), np.zeros((0, 1, 1)))
    n = profile(np.array([1.0]), few, 1.0).index
    assert n == pytest.approx(math.log(r) / (math.log(r) - 1.0), rel=1e-6)


def test_one_bin_has_its_closed_form() -> None:
    """One bin with a known background: q = 2 [(s + b) ln(1 + s/b) - s] (Cowan et al. 2011, eq. 97)."""
    s, b = 7.0, 20.0
    made = Backgrounds(("a",), np.array([1e-9]), np.array([[b]]), (), np.zeros((0, 1, 1)), np.zeros((0, 1, 1)))
    assert profile(np.array([s]), made, 1.0).q == pytest.approx(2.0 * ((s + b) * math.log1p(s / b) - s), rel=1e-9)


def test_very_large_exposures_keep_their_digits() -> None:
    """A signal of the shape of a background is swallowed by its error alone: q -> (s/(e b))^2."""
    rates = 40.0 * SHAPES[:1]
    made = Backgrounds(("a",), np.array([0.1]), rates, (), np.zeros((0, 1, 30)), np.zeros((0, 1, 30)))
    assert profile(1e-3 * rates[0], made, 1e12).q == pytest.approx(1e-4, rel=1e-6)


def test_needed_q_counts_in_standard_deviations() -> None:
    assert needed_q(3.0, 0.5) == 9.0
    assert needed_q(3.0, 0.9) == pytest.approx((3.0 + 1.2815515655) ** 2, rel=1e-9)


def test_cross_section_and_exposure_undo_each_other() -> None:
    searcher = Searcher(SIGNAL, 1e-45, background(), 9.0)
    for exposure in (1e-4, 0.3, 100.0, 1e6):
        point = searcher.cross_section(exposure)
        again = searcher.exposure(point.cross_section_cm2, 1.0)
        assert again.exposure_t_year == pytest.approx(exposure, rel=1e-6)
        scaled = SIGNAL * (point.cross_section_cm2 / 1e-45)
        assert profile(scaled, background(), exposure).q == pytest.approx(9.0, rel=1e-8)
        assert again.index == pytest.approx(point.index, rel=1e-6)
