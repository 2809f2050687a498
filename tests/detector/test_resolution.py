"""Resolutions against the distributions they stand for, and events against distribution functions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate, stats

from tests.detector.tracing import assert_traces
from tridentgen.detector import GammaResolution, GaussianResolution, Resolution
from tridentgen.errors import InputError

GAUSSIAN = GaussianResolution(0.02, 0.15, 0.05)
GAMMA = GammaResolution(9.56)
both = pytest.mark.parametrize("resolution", [GAUSSIAN, GAMMA], ids=["gaussian", "gamma"])


def test_width_of_the_gaussian_by_hand() -> None:
    assert GaussianResolution(0.3, 0.4, 0.5).width(np.array([4.0]))[0] == pytest.approx(math.sqrt(0.09 + 0.64 + 4.0))
    assert GaussianResolution(a_keVee=0.3).width(np.array([4.0]))[0] == pytest.approx(0.3)


@both
def test_deviate_is_the_inverse_of_observed(resolution: Resolution) -> None:
    energy = np.array([0.05, 0.7, 3.0, 20.0])[:, None]
    normal = np.linspace(-2.0, 4.0, 25)
    observed = resolution.observed(energy, normal)
    seen = observed > 0.0
    back = resolution.deviate(observed, energy)
    np.testing.assert_allclose(back[seen], np.broadcast_to(normal, observed.shape)[seen], atol=1e-12)
    assert seen.mean() > 0.95


@both
def test_mean_and_width(resolution: Resolution) -> None:
    """Integrals over the normal distribution at an energy where it does not reach 0."""
    energy = 12.0

    def moment(power: int) -> float:
        return float(
            integrate.quad(lambda z: stats.norm.pdf(z) * resolution.observed(energy, z) ** power, -12.0, 12.0)[0]
        )

    mean = moment(1)
    assert mean == pytest.approx(energy, rel=1e-8)
    assert math.sqrt(moment(2) - mean * mean) == pytest.approx(float(resolution.width(np.array(energy))), rel=1e-4)


@pytest.mark.parametrize(("shape", "most"), [(1.0, 0.0125), (5.0, 1.3e-3), (20.0, 3e-4), (50.0, 1.2e-4)])
def test_gamma_is_nearly_the_gamma_distribution(shape: float, most: float) -> None:
    """Largest difference of the distribution functions, as its docstring states it."""
    energy = max((shape - 1.0) / 9.56, 1e-9)
    x = energy * np.geomspace(1e-3, 10.0, 4001)
    exact = stats.gamma.cdf(x, shape, scale=energy / shape)
    assert np.abs(stats.norm.cdf(GAMMA.deviate(x, np.array([energy]))) - exact).max() < most


def test_nothing_is_observed_below_zero() -> None:
    normal = np.array([-9.0, -3.0, 0.0])
    np.testing.assert_array_equal(GAUSSIAN.observed(np.array([0.01, 0.01, 0.0]), normal), 0.0)
    np.testing.assert_array_equal(GAMMA.observed(np.array([0.0, 1e-9, 0.0]), normal), 0.0)


@both
def test_it_traces(resolution: Resolution) -> None:
    rng = np.random.default_rng(3)
    energy = np.concatenate([[0.0, 0.0], rng.exponential(3.0, 500)])
    assert_traces(resolution.observed, energy, rng.standard_normal(502))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: GaussianResolution(), "needs one of a_keVee, b_sqrt_keVee, c above zero"),
        (lambda: GaussianResolution(-1.0), "a_keVee = -1.0 of the resolution must be a non-negative number"),
        (lambda: GaussianResolution(c=math.nan), "c = nan"),
        (lambda: GammaResolution(0.0), "shape_per_keVee = 0.0 of the resolution must be a positive number"),
    ],
)
def test_what_is_no_resolution(make: object, message: str) -> None:
    assert callable(make)
    with pytest.raises(InputError, match=message):
        make()
