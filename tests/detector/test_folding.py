"""Folded spectra against SciPy's integration, a sample of events, and the counts that went in."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy import integrate, stats

from tridentgen.detector import (
    Constant,
    Detector,
    GammaResolution,
    GaussianResolution,
    Lindhard,
    Polynomial,
    Quenching,
    Resolution,
    SigmoidEfficiency,
    TableEfficiency,
    TableQuenching,
    fold,
    linear_factor,
)
from tridentgen.errors import InputError

GE = Lindhard(0.157, 11.5 * 32 ** (-7 / 3))
CSI = Polynomial((0.0554628, 4.30681, -111.707, 840.384), 60.0)
FACTORS = TableQuenching(np.array([2.0, 5.0, 40.0]), np.array([0.1, 0.15, 0.3]))
GAUSSIAN = GaussianResolution(0.05, 0.1, 0.02)
SIGMOID = SigmoidEfficiency(1.3, 3.0, 0.9, -0.3)

RECOIL = np.array([0.0, 30e-6])
RATE = np.array([3e6, 0.5e6])  # a straight line: nothing is lost by the points
EDGES = np.array([0.0, 0.5, 1.0, 1.1, 2.5, 4.0])


def rate(recoil_keV: float) -> float:
    """Counts per keV of the spectrum above."""
    return float(3.0 - 2.5 * recoil_keV / 30.0)


def chance(detector: Detector, ee_keV: float, low: float, high: float) -> float:
    """Chance to observe `ee_keV` between `low` and `high`, and keep it, by integration over the density."""
    resolution = detector.resolution
    assert resolution is not None
    energy = np.array([ee_keV])

    def density(x: float) -> float:
        step = 1e-5 * (x + 1e-3)
        z = [float(resolution.deviate(np.array([x + side * step]), energy)[0]) for side in (-1.0, 1.0)]
        return float(stats.norm.pdf(0.5 * (z[0] + z[1])) * (z[1] - z[0]) / (2.0 * step))

    width = float(resolution.width(energy)[0])
    bends = [*detector.efficiency.breaks_keV, detector.threshold_keVee, *(ee_keV + width * np.arange(-8.0, 9.0, 2.0))]
    places = [low, *sorted(b for b in bends if low < b < high), high]
    kept = sum(
        integrate.quad(lambda x: density(x) * float(detector.kept_at_observed(x)), a, b, epsrel=1e-8)[0]
        for a, b in pairwise(places)
    )
    if low == 0.0:
        below = stats.norm.cdf(resolution.deviate(np.array([0.0]), energy)[0])
        kept += float(below * detector.kept_at_observed(0.0))
    return float(kept)


@pytest.mark.parametrize("resolution", [GAUSSIAN, GammaResolution(9.56)], ids=["gaussian", "gamma"])
@pytest.mark.parametrize("place", [0, 2, 3])
def test_against_scipy(resolution: Resolution, place: int) -> None:
    """Nested integration of the densities, over a sigmoid efficiency and a threshold inside a bin."""
    detector = Detector((GE,), resolution, SIGMOID, threshold_keVee=0.3)
    low, high = EDGES[place : place + 2]

    def integrand(recoil_keV: float) -> float:
        return rate(recoil_keV) * chance(detector, float(GE(recoil_keV * 1e-6)) * 1e6, low, high)

    nodes, weights = np.polynomial.legendre.leggauss(24)
    cells = list(pairwise([1e-9, 0.5, 2.0, 6.0, 12.0, 20.0, 30.0]))
    expected = sum(
        0.5
        * (b - a)
        * sum(w * integrand(0.5 * (a + b) + 0.5 * (b - a) * x) for x, w in zip(nodes, weights, strict=True))
        for a, b in cells
    )
    assert fold(detector, RECOIL, RATE, EDGES)[place] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("resolution", [None, GAUSSIAN, GammaResolution(9.56)], ids=["none", "gaussian", "gamma"])
def test_a_minimum_of_ionisation_is_that_of_the_recoil_with_it(resolution: Resolution | None) -> None:
    """Germanium gives 0.4 keVee at one recoil energy: a threshold there is the same."""
    recoil_keV = float(GE.inverse(np.array([0.4e-6]))[0]) * 1e6
    assert float(GE(recoil_keV * 1e-6)) * 1e6 == pytest.approx(0.4, rel=1e-12)
    by_ionisation = Detector((GE,), resolution, threshold_keVee=0.3, quenched_min_keVee=0.4)
    by_recoil = Detector((GE,), resolution, threshold_keVee=0.3, threshold_keVnr=recoil_keV)
    counts = [fold(detector, RECOIL, RATE, EDGES) for detector in (by_ionisation, by_recoil)]
    np.testing.assert_allclose(counts[0], counts[1], rtol=1e-9, atol=1e-12)
    assert counts[0].sum() < 0.97 * fold(Detector((GE,), resolution, threshold_keVee=0.3), RECOIL, RATE, EDGES).sum()


@pytest.mark.parametrize("quench", [GE, CSI, FACTORS, Lindhard(0.157, 0.004, 4.0)])
def test_change_of_variables(quench: Quenching) -> None:
    """Without resolution each bin holds the recoils whose energy falls into it."""
    detector = Detector((quench,), None, SIGMOID)
    for counts, (low, high) in zip(fold(detector, RECOIL, RATE, EDGES), pairwise(EDGES), strict=True):
        from_keV, to_keV = np.minimum(quench.inverse(np.array([low, high]) * 1e-6) * 1e6, 30.0)
        expected, _ = integrate.quad(
            lambda T: rate(T) * float(SIGMOID(float(quench(T * 1e-6)) * 1e6)),
            from_keV,
            to_keV,
            points=[2.0, 4.0, 5.0],
            limit=200,
        )
        assert counts == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_thresholds_and_efficiency_of_the_recoil() -> None:
    """A triangle of efficiency from 5 to 15 keV, and nothing below 8 keV: by hand for a flat spectrum."""
    triangle = TableEfficiency(np.array([5.0, 10.0, 15.0]), np.array([0.0, 1.0, 0.0]))
    flat = np.full(2, 1e6)
    kept = 10.0 * 0.5 - 0.5 * 3.0 * 0.6
    for resolution in (None, GAUSSIAN):
        detector = Detector((Constant(0.2),), resolution, recoil_efficiency=triangle, threshold_keVnr=8.0)
        assert fold(detector, RECOIL, flat, np.array([0.0, 30.0])).sum() == pytest.approx(kept, rel=1e-12)
    sharp = Detector((Constant(0.2),), None, threshold_keVee=1.5)
    np.testing.assert_allclose(fold(sharp, RECOIL, flat, np.array([0.0, 1.0, 2.0, 3.0])), [0.0, 2.5, 5.0], rtol=1e-12)


@pytest.mark.parametrize("quench", [GE, CSI, FACTORS, linear_factor(0.246, 7.8e-4, 125.0), Lindhard(0.157, 0.004, 1.0)])
@pytest.mark.parametrize("resolution", [None, GAUSSIAN, GammaResolution(9.56), GaussianResolution(a_keVee=1e-4)])
def test_counts_are_kept(quench: Quenching, resolution: Resolution | None) -> None:
    recoil = np.linspace(0.0, 20e-6, 201)
    points = np.exp(-recoil / 3e-6) * 1e7
    edges = np.array([0.0, 0.3, 1.0, 10.0, 60.0])
    for spectrum, total in ((points, np.trapezoid(points, recoil)), (points[1:], np.sum(points[1:] * 1e-7))):
        counts = fold(Detector((quench,), resolution), recoil, spectrum, edges)
        assert counts.sum() == pytest.approx(total, rel=1e-12)
        assert np.all(counts >= 0.0)


def test_bins_do_not_change_what_is_in_them() -> None:
    detector = Detector((GE,), GAUSSIAN, SIGMOID)
    fine = fold(detector, RECOIL, RATE, np.linspace(0.0, 4.0, 81))
    coarse = fold(detector, RECOIL, RATE, np.array([0.0, 1.0, 4.0]))
    np.testing.assert_allclose([fine[:20].sum(), fine[20:].sum()], coarse, rtol=1e-5)


@pytest.mark.parametrize("resolution", [None, GAUSSIAN, GammaResolution(9.56)], ids=["none", "gaussian", "gamma"])
def test_against_a_sample_of_events(resolution: Resolution | None) -> None:
    """A million events seen one by one; each bin within 4 standard deviations, and chi^2 likely to 1e-4."""
    events = 1_000_000
    rng = np.random.default_rng(11)
    share = 1.0 - np.exp(-10.0)  # of the spectrum exp(-T/3 keV), up to 30 keV
    recoil = -3e-6 * np.log(1.0 - rng.random(events) * share)
    detector = Detector((CSI, GE), resolution, SIGMOID, threshold_keVee=0.2, threshold_keVnr=1.0)
    observed = detector.observed(recoil, rng.uniform(1e-16, 1.0 - 1e-15, events), np.full(events, 1.0))
    weight = detector.acceptance(recoil, observed)
    edges = np.array([0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0])
    got, _ = np.histogram(observed * 1e6, edges, weights=weight)
    error = np.sqrt(np.histogram(observed * 1e6, edges, weights=weight * weight)[0])
    grid = np.linspace(0.0, 30e-6, 6001)
    expected = fold(detector, grid, np.exp(-grid / 3e-6) / (3e-6 * share), edges, nuclide=1) * events
    pull = (got - expected)[error > 0.0] / error[error > 0.0]
    np.testing.assert_array_less(np.abs(pull), 4.0)
    assert stats.chi2.sf(np.sum(pull * pull), len(pull)) > 1e-4
    assert np.all(expected[error == 0.0] < 1e-6)


@pytest.mark.parametrize(
    ("recoil", "values", "edges", "message"),
    [
        ([0.0, 1.0], [1.0, 2.0, 3.0], [0.0, 1.0], r"2 finite rates at points, or 1 in bins.* shape \(3,\)"),
        ([0.0, 1.0], [1.0, np.nan], [0.0, 1.0], "finite rates"),
        ([0.0], [1.0], [0.0, 1.0], "recoil_GeV must be two or more finite numbers"),
        ([0.0, 0.0], [1.0, 1.0], [0.0, 1.0], "recoil_GeV must start at 0 or above and increase"),
        ([0.0, 1.0], [1.0, 1.0], [-1.0, 1.0], "edges_keVee must start at 0 or above and increase"),
    ],
)
def test_what_cannot_be_folded(recoil: list[float], values: list[float], edges: list[float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        fold(Detector((GE,)), np.array(recoil), np.array(values), np.array(edges))
