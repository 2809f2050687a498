from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from tridentgen.detector.geometry import Box, Cylinder, Point, Point3, Shape, Sphere, frame, turned, unit_vector
from tridentgen.engines.uniforms import uniforms
from tridentgen.errors import InputError

Array = NDArray[np.float64]

COUNT = 100_000
LEAST_P = 1e-4
"""Seeds are fixed: a test that passes goes on passing; one in 10^4 tests of right code would have failed once."""

CENTRE = (10.0, -200.0, 3000.0)
SKEW = (2.0, -3.0, 6.0)
BOX = Box((3.0, 40.0, 500.0), CENTRE)
SPHERE = Sphere(20.0, CENTRE)
CYLINDER = Cylinder(5.0, 80.0, SKEW, CENTRE)
SHAPES = [BOX, SPHERE, CYLINDER, Cylinder(5.0, 80.0, (0.0, 0.0, -1.0), CENTRE), Point(CENTRE)]


def points(shape: Shape, count: int = COUNT) -> Array:
    """Points of a shape as seen from its centre, shape (3, count)."""
    u = uniforms(7, 1 << 50, 0, count, 4)[:3]
    return np.asarray(np.array(shape.positions(u)) - np.array(CENTRE)[:, None])


def semicircle(x: Array) -> Array:
    """Distribution of one coordinate in a disc of radius 1: area of the segment over pi."""
    return np.asarray(0.5 + (x * np.sqrt(1.0 - x * x) + np.arcsin(x)) / math.pi)


def ball(x: Array) -> Array:
    """Distribution of one coordinate in a ball of radius 1, density 3/4 (1 - x^2)."""
    return np.asarray(0.5 + 0.25 * x * (3.0 - x * x))


def flat(x: Array) -> Array:
    return np.asarray(0.5 * (x + 1.0))


SKEW_UNIT = np.array(SKEW) / 7.0
ACROSS = np.array([3.0, 2.0, 0.0]) / math.sqrt(13.0)


@pytest.mark.parametrize(
    ("shape", "along", "half", "distribution"),
    [
        *((BOX, np.eye(3)[i], 0.5 * BOX.size_cm[i], flat) for i in range(3)),
        *((SPHERE, axis, 20.0, ball) for axis in (*np.eye(3), SKEW_UNIT)),
        (CYLINDER, SKEW_UNIT, 40.0, flat),
        (CYLINDER, ACROSS, 5.0, semicircle),
        (CYLINDER, np.cross(SKEW_UNIT, ACROSS), 5.0, semicircle),
    ],
)
def test_coordinates_are_distributed_as_in_a_uniform_body(
    shape: Shape, along: Array, half: float, distribution: Callable[[Array], Array]
) -> None:
    x: Array = along @ points(shape) / half
    assert stats.kstest(x, distribution).pvalue > LEAST_P


def box_cells(p: Array) -> Array:
    return np.asarray(p / np.array(BOX.size_cm)[:, None] + 0.5)


def ball_cells(p: Array) -> Array:
    r = np.linalg.norm(p, axis=0)
    return np.array([(r / 20.0) ** 3, 0.5 * (p[2] / r + 1.0), np.arctan2(p[1], p[0]) / (2.0 * math.pi) % 1.0])


def cylinder_cells(p: Array) -> Array:
    a, b = ACROSS @ p, np.cross(SKEW_UNIT, ACROSS) @ p
    return np.array([(a * a + b * b) / 25.0, np.arctan2(b, a) / (2.0 * math.pi) % 1.0, SKEW_UNIT @ p / 80.0 + 0.5])


@pytest.mark.parametrize(
    ("shape", "cells"), [(BOX, box_cells), (SPHERE, ball_cells), (CYLINDER, cylinder_cells)]
)  # fmt: skip
def test_cells_of_equal_volume_hold_equally_many_points(shape: Shape, cells: Callable[[Array], Array]) -> None:
    """Shells, sectors and slices together: correlations of the coordinates would show."""
    counts, _ = np.histogramdd(cells(points(shape)).T, bins=(8, 8, 8), range=[(0.0, 1.0)] * 3)
    assert counts.sum() == COUNT
    assert stats.chisquare(counts.ravel()).pvalue > LEAST_P


@pytest.mark.parametrize(("shape", "volume"), [(BOX, 60_000.0), (SPHERE, 33510.3216), (CYLINDER, 6283.18531)])
def test_volumes(shape: Shape, volume: float) -> None:
    assert shape.volume_cm3 == pytest.approx(volume, rel=1e-8)


@pytest.mark.parametrize("shape", SHAPES)
def test_points_lie_inside_and_next_to_the_shape_is_outside(shape: Shape) -> None:
    corners = np.array(
        [[a, b, c] for a in (2**-53, 0.5, 1 - 2**-53) for b in (2**-53, 0.3) for c in (2**-53, 1 - 1e-9)]
    )
    for x, y, z in np.array(shape.positions(corners.T)).T:
        inward = [c + (1.0 - 1e-12) * (p - c) for p, c in zip((x, y, z), CENTRE, strict=True)]
        assert shape.contains((inward[0], inward[1], inward[2]))
        assert not shape.contains((x + 1e3, y, z))


@pytest.mark.parametrize(
    ("shape", "inside", "outside"),
    [
        (Box((2.0, 4.0, 6.0)), (1.0, -2.0, 3.0), (1.0, -2.0, 3.0001)),
        (Sphere(5.0), (3.0, 4.0, 0.0), (3.0, 4.0, 0.1)),
        (Cylinder(5.0, 2.0, (1.0, 0.0, 0.0)), (-1.0, 3.0, 4.0), (-1.001, 0.0, 0.0)),
        (Cylinder(5.0, 2.0, (0.0, 3.0, 0.0)), (3.0, 1.0, 4.0), (3.0, 0.0, 4.001)),
        (Point((1.0, 2.0, 3.0)), (1.0, 2.0, 3.0), (1.0, 2.0, 3.1)),
    ],
)
def test_edges_of_shapes(shape: Shape, inside: Point3, outside: Point3) -> None:
    assert shape.contains(inside)
    assert not shape.contains(outside)


def test_a_point_is_everywhere_the_same() -> None:
    np.testing.assert_array_equal(points(Point(CENTRE), 5), np.zeros((3, 5)))


NUMBERS = st.floats(-1.0, 1.0) | st.sampled_from([0.0, -0.0, 1.0, -1.0, 1e-8, 1e-160])
VECTORS = st.tuples(NUMBERS, NUMBERS, NUMBERS).filter(any)


@given(VECTORS)
def test_frames_are_right_handed_and_orthonormal(vector: Point3) -> None:
    axis = unit_vector(vector, "it")
    first, second = frame(axis)
    matrix = np.array([first, second, axis], dtype=float)
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(3), atol=1e-15)
    assert np.linalg.det(matrix) == pytest.approx(1.0, abs=2e-15)
    length, least = math.hypot(*vector), 4.0 * math.ulp(0.0)
    np.testing.assert_allclose(np.array(axis) * length, vector, rtol=0.0, atol=1e-15 * length + least)


def test_the_frame_of_z_is_x_and_y() -> None:
    np.testing.assert_array_equal(frame((0.0, 0.0, 1.0)), [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    assert turned((0.0, 0.0, 1.0), (3.0, -4.0, 5.0)) == (3.0, -4.0, 5.0)
    assert turned((0.0, 1.0, 0.0), (0.0, 0.0, 5.0)) == (0.0, 5.0, 0.0)


def test_vectors_of_any_size_have_a_direction() -> None:
    assert unit_vector((3e-200, 4e-200, 0.0), "it") == pytest.approx((0.6, 0.8, 0.0), rel=1e-15)
    assert unit_vector((0.0, -3e300, 4e300), "it") == pytest.approx((0.0, -0.6, 0.8), rel=1e-15)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Box((1.0, 0.0, 1.0)), "size_cm = 0.0 must be a positive length in cm"),
        (
            lambda: Box((1.0, 2.0, 1.0), (0.0, math.inf, 0.0)),
            "centre_cm = [0.0, inf, 0.0] must be three finite numbers",
        ),
        (lambda: Sphere(-1.0), "radius_cm = -1.0 must be a positive length in cm"),
        (lambda: Cylinder(1.0, math.nan), "length_cm = nan must be a positive length in cm"),
        (
            lambda: Cylinder(1.0, 1.0, (0.0, 0.0, 0.0)),
            "axis = [0.0, 0.0, 0.0] must be three finite numbers, not all of",
        ),
        (lambda: unit_vector((0.0, math.nan, 1.0), "it"), "it = [0.0, nan, 1.0] must be three finite numbers"),
    ],
)
def test_shapes_that_are_none(make: Callable[[], object], message: str) -> None:
    with pytest.raises(InputError) as error:
        make()
    assert str(error.value).startswith(message)
