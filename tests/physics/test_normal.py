"""The inverse of the cumulative normal distribution against mpmath and SciPy."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from scipy.special import ndtri

from tests.engines.interpreter import evaluated
from tridentgen.engines.tracer import Graph
from tridentgen.physics.normal import normal_quantile

U = np.concatenate(
    [np.geomspace(1e-300, 1e-3, 300), np.linspace(1e-3, 0.999, 1999), 1.0 - np.geomspace(2**-53, 1e-3, 99)]
)


def test_against_scipy() -> None:
    np.testing.assert_allclose(normal_quantile(U), ndtri(U), rtol=1e-13, atol=1e-16)


@pytest.mark.parametrize("u", [1e-12, 1e-5, 0.07499, 0.07501, 0.3, 0.62, 0.99, 1.0 - 2.0**-50])
def test_against_mpmath(u: float) -> None:
    with mpmath.workdps(40):
        exact = mpmath.sqrt(2) * mpmath.erfinv(2 * mpmath.mpf(u) - 1)
        assert float(abs(mpmath.mpf(float(normal_quantile(np.array([u]))[0])) - exact)) < 1e-13


def test_it_is_odd_about_the_middle_and_rises() -> None:
    u = np.arange(1, 2**12) * 2.0**-12  # so that 1 - u is exact
    np.testing.assert_array_equal(normal_quantile(1.0 - u), -normal_quantile(u))
    assert normal_quantile(np.array([0.5]))[0] == 0.0
    assert np.all(np.diff(normal_quantile(np.unique(U))) > 0.0)


def test_traced_it_has_the_same_bits() -> None:
    graph = Graph()
    traced = evaluated(graph, [U], [normal_quantile(graph.input("u"))])[0]
    np.testing.assert_array_equal(traced, normal_quantile(U))
