from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from tridentgen.detector.beam_line import BeamLine
from tridentgen.engines.uniforms import uniforms
from tridentgen.errors import InputError

COUNT = 100_000
LEAST_P = 1e-4
RNG = np.random.default_rng(1)
VERTEX = tuple(RNG.uniform(-300.0, 300.0, (3, COUNT)))
U = uniforms(5, 1 << 50, 0, COUNT, 4)[:2]


def directions(beam: BeamLine) -> NDArray[np.float64]:
    """Directions at the vertices, shape (3, COUNT)."""
    found = beam.directions((VERTEX[0], VERTEX[1], VERTEX[2]), U)
    return np.array([np.zeros(COUNT) + component for component in found])


def test_a_parallel_beam_has_one_direction_and_is_timed_along_it() -> None:
    beam = BeamLine((0.0, -3.0, 4.0))
    assert beam.direction == pytest.approx((0.0, -0.6, 0.8), rel=1e-15)
    np.testing.assert_array_equal(directions(beam), np.tile(np.array(beam.direction)[:, None], COUNT))
    np.testing.assert_allclose(beam.path_cm(VERTEX), -0.6 * VERTEX[1] + 0.8 * VERTEX[2], rtol=0.0, atol=1e-12)


def test_from_a_source_neutrinos_fly_straight_to_the_vertex() -> None:
    beam = BeamLine(source_cm=(100.0, 2000.0, -57400.0))
    n, path = directions(beam), beam.path_cm(VERTEX)
    arrived = np.array(beam.source_cm)[:, None] + path * n
    np.testing.assert_allclose(arrived, VERTEX, rtol=0.0, atol=1e-10)
    np.testing.assert_allclose(np.sum(n * n, axis=0), 1.0, rtol=0.0, atol=1e-15)
    assert beam.path_cm((100.0, 2000.0, 0.0)) == 57400.0


@pytest.mark.parametrize("beam", [BeamLine((1.0, 2.0, -2.0)), BeamLine(source_cm=(0.0, 0.0, -1e4))])
def test_the_slopes_of_a_divergent_beam_are_gaussian(beam: BeamLine) -> None:
    axis = directions(beam)
    n = directions(BeamLine(beam.direction, beam.source_cm, 0.05))
    np.testing.assert_allclose(np.sum(n * n, axis=0), 1.0, rtol=0.0, atol=1e-15)
    along = np.sum(n * axis, axis=0)
    slopes = n / along - axis  # perpendicular to the axis
    # The squared length of two independent Gaussian slopes is exponential, and their azimuth is flat.
    assert stats.kstest(np.sum(slopes**2, axis=0) / (2.0 * 0.05**2), "expon").pvalue > LEAST_P
    sideways = np.cross(axis, [0.3, 0.9, 0.1], axis=0)
    sideways = sideways / np.linalg.norm(sideways, axis=0)
    assert stats.kstest(np.sum(slopes * sideways, axis=0) / 0.05, "norm").pvalue > LEAST_P
    other = np.cross(axis, sideways, axis=0)
    assert stats.kstest(np.sum(slopes * other, axis=0) / 0.05, "norm").pvalue > LEAST_P


def test_a_beam_without_divergence_ignores_the_random_numbers() -> None:
    beam = BeamLine(source_cm=(0.0, 0.0, -1e4))
    x, y, z = beam.directions((1.0, 2.0, 0.0), np.full(2, np.nan))
    assert (x, y, z) == pytest.approx((1e-4, 2e-4, 1.0), rel=1e-7)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: BeamLine((0.0, 0.0, 0.0)),
            "direction = [0.0, 0.0, 0.0] must be three finite numbers, not all of them 0",
        ),
        (lambda: BeamLine(source_cm=(0.0, math.nan, 0.0)), "the source at [0.0, nan, 0.0] cm must be three finite"),
        (lambda: BeamLine(divergence_rad=-0.1), "the divergence -0.1 must be a non-negative number"),
    ],
)
def test_beams_that_are_none(make: Callable[[], object], message: str) -> None:
    with pytest.raises(InputError) as error:
        make()
    assert str(error.value).startswith(message)
