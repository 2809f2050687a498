"""Shapes of detectors, and points uniform in them. Lengths are in cm."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from tridentgen.errors import InputError
from tridentgen.physics.elementary import Value, Values, exp, log, sincos2pi

Vector = tuple[Value, Value, Value]
"""Components along x, y, z: floats, or arrays of shape (N,)."""

Stretch = tuple[Value, Value]
"""Part of a ray in a shape: lengths from its start, equal if the ray misses the shape."""

Point3 = tuple[float, float, float]

_FAR = 1e30
"""Length in cm beyond everything."""
_FLAT = 1e-14
"""Slopes below this are those of a ray along a face: over any detector it does not come nearer."""

ORIGIN: Point3 = (0.0, 0.0, 0.0)
BEAM_AXIS: Point3 = (0.0, 0.0, 1.0)


class Shape(Protocol):
    """A region in which vertices lie."""

    @property
    def volume_cm3(self) -> float:
        """Volume in cm^3."""

    def positions(self, u: Values) -> Vector:
        """Map three uniform numbers in (0, 1) to a point, uniformly in the shape."""

    def contains(self, point: Point3) -> bool:
        """Whether a point lies in the shape or on its surface."""

    def crossed(self, start: Vector, direction: Vector) -> Stretch:
        """Return where a ray, along a unit vector, enters and leaves the shape: lengths from its start, at least 0."""


def frame(axis: Vector) -> tuple[Vector, Vector]:
    """Return two unit vectors that form a right-handed frame with the unit vector `axis`: x and y if it is z.

    T. Duff et al., J. Computer Graphics Techniques 6 (2017) no. 1: without branch or cancellation, for any axis.
    """
    x, y, z = axis
    sign = np.copysign(1.0, z)
    a = -1.0 / (sign + z)
    b = x * y * a
    return (1.0 + sign * x * x * a, sign * b, -sign * x), (b, sign + y * y * a, -y)


def unit_vector(vector: Point3, name: str) -> Point3:
    """Return a vector divided by its length; raise `InputError`, with `name` in the message, if it has no direction."""
    largest = max(abs(component) for component in vector)
    if not 0.0 < largest < math.inf or any(math.isnan(component) for component in vector):
        raise InputError(f"{name} = {list(vector)} must be three finite numbers, not all of them 0")
    scaled = [component / largest for component in vector]
    length = math.sqrt(math.fsum(component * component for component in scaled))
    return scaled[0] / length, scaled[1] / length, scaled[2] / length


@dataclass(frozen=True)
class Point:
    """A single point."""

    centre_cm: Point3 = ORIGIN

    def __post_init__(self) -> None:
        _check_centre(self.centre_cm)

    @property
    def volume_cm3(self) -> float:
        """Zero."""
        return 0.0

    def positions(self, u: Values) -> Vector:
        """Return the point itself."""
        zero = 0.0 * u[0]
        x, y, z = self.centre_cm
        return zero + x, zero + y, zero + z

    def contains(self, point: Point3) -> bool:
        """Whether `point` is this one."""
        return point == self.centre_cm

    def crossed(self, start: Vector, direction: Vector) -> Stretch:
        """Return an empty stretch."""
        nothing = 0.0 * (start[0] + direction[0])
        return nothing, nothing


@dataclass(frozen=True)
class Box:
    """A box with edges of lengths `size_cm` along the axes."""

    size_cm: Point3
    centre_cm: Point3 = ORIGIN

    def __post_init__(self) -> None:
        _check_centre(self.centre_cm)
        for length in self.size_cm:
            _check_length("size_cm", length)

    @property
    def volume_cm3(self) -> float:
        """Product of the edge lengths."""
        return math.prod(self.size_cm)

    def positions(self, u: Values) -> Vector:
        """Return a point, one uniform number for each axis."""
        x, y, z = (c + size * (v - 0.5) for c, size, v in zip(self.centre_cm, self.size_cm, u, strict=True))
        return x, y, z

    def contains(self, point: Point3) -> bool:
        """Whether it lies in the box."""
        return all(abs(p - c) <= 0.5 * size for p, c, size in zip(point, self.centre_cm, self.size_cm, strict=True))

    def crossed(self, start: Vector, direction: Vector) -> Stretch:
        """Return the stretch between all three pairs of faces."""
        each = [
            _between(p - c, n, 0.5 * size)
            for p, n, c, size in zip(start, direction, self.centre_cm, self.size_cm, strict=True)
        ]
        return _common(_common(each[0], each[1]), each[2])


@dataclass(frozen=True)
class Sphere:
    """A ball."""

    radius_cm: float
    centre_cm: Point3 = ORIGIN

    def __post_init__(self) -> None:
        _check_centre(self.centre_cm)
        _check_length("radius_cm", self.radius_cm)

    @property
    def volume_cm3(self) -> float:
        """4 pi r^3/3."""
        return 4.0 / 3.0 * math.pi * self.radius_cm**3

    def positions(self, u: Values) -> Vector:
        """Return a point: uniform cosine and azimuth, radius as the cube root."""
        radius = self.radius_cm * np.minimum(exp(log(u[0]) * (1.0 / 3.0)), 1.0)
        cosine = 2.0 * u[1] - 1.0
        across = radius * np.sqrt(4.0 * u[1] * (1.0 - u[1]))
        sine, cosine_phi = sincos2pi(u[2])
        x, y, z = self.centre_cm
        return x + across * cosine_phi, y + across * sine, z + radius * cosine

    def contains(self, point: Point3) -> bool:
        """Whether it lies in the ball."""
        return math.dist(point, self.centre_cm) <= self.radius_cm

    def crossed(self, start: Vector, direction: Vector) -> Stretch:
        """Return the stretch in the ball."""
        away = [p - c for p, c in zip(start, self.centre_cm, strict=True)]
        return _in_round(away, direction, self.radius_cm)


@dataclass(frozen=True)
class Cylinder:
    """A cylinder of full length `length_cm` along `axis`, which need not be a unit vector."""

    radius_cm: float
    length_cm: float
    axis: Point3 = BEAM_AXIS
    centre_cm: Point3 = ORIGIN

    def __post_init__(self) -> None:
        _check_centre(self.centre_cm)
        _check_length("radius_cm", self.radius_cm)
        _check_length("length_cm", self.length_cm)
        object.__setattr__(self, "axis", unit_vector(self.axis, "axis"))

    @property
    def volume_cm3(self) -> float:
        """Pi r^2 l."""
        return math.pi * self.radius_cm**2 * self.length_cm

    def positions(self, u: Values) -> Vector:
        """Return a point: radius as the square root, uniform azimuth and height."""
        radius, height = self.radius_cm * np.sqrt(u[0]), self.length_cm * (u[2] - 0.5)
        sine, cosine = sincos2pi(u[1])
        return moved(self.centre_cm, self.axis, (radius * cosine, radius * sine, height))

    def contains(self, point: Point3) -> bool:
        """Whether it lies in the cylinder."""
        away = [p - c for p, c in zip(point, self.centre_cm, strict=True)]
        height = math.fsum(a * n for a, n in zip(away, self.axis, strict=True))
        across = math.hypot(*(a - height * n for a, n in zip(away, self.axis, strict=True)))
        return abs(height) <= 0.5 * self.length_cm and across <= self.radius_cm

    def crossed(self, start: Vector, direction: Vector) -> Stretch:
        """Return the stretch between the end faces and within the mantle."""
        away = [p - c for p, c in zip(start, self.centre_cm, strict=True)]
        height, slope = (_product(vector, self.axis) for vector in (away, direction))
        across = [a - height * n for a, n in zip(away, self.axis, strict=True)]
        radial = [d - slope * n for d, n in zip(direction, self.axis, strict=True)]
        return _common(_between(height, slope, 0.5 * self.length_cm), _in_round(across, radial, self.radius_cm))


def turned(axis: Vector, vector: Vector) -> Vector:
    """Return a vector rotated by the rotation that takes z to the unit vector `axis`."""
    first, second = frame(axis)
    a, b, c = vector
    x, y, z = (a * f + b * s + c * n for f, s, n in zip(first, second, axis, strict=True))
    return x, y, z


def moved(centre: Vector, axis: Vector, vector: Vector) -> Vector:
    """Return `centre` plus the vector rotated to the axis."""
    x, y, z = (c + t for c, t in zip(centre, turned(axis, vector), strict=True))
    return x, y, z


def _product(a: Sequence[Value], b: Sequence[Value]) -> Value:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def _common(first: Stretch, second: Stretch) -> Stretch:
    """Return the common part of two stretches; an empty one begins and ends at the same length."""
    enter, leave = np.maximum(first[0], second[0]), np.minimum(first[1], second[1])
    return enter, np.maximum(leave, enter)


def _between(place: Value, slope: Value, half: float) -> Stretch:
    """Return where |place + t slope| <= half for t >= 0; all t up to `_FAR` for a slope of 0 inside."""
    steep = np.abs(slope) > _FLAT
    safe = np.where(steep, slope, 1.0)
    first, second = (-half - place) / safe, (half - place) / safe
    inside = np.abs(place) <= half
    enter = np.where(steep, np.minimum(first, second), np.where(inside, 0.0, _FAR))
    leave = np.where(steep, np.maximum(first, second), np.where(inside, _FAR, 0.0))
    return _common((enter, leave), (0.0 * enter, 0.0 * enter + _FAR))


def _in_round(away: Sequence[Value], direction: Sequence[Value], radius: float) -> Stretch:
    """Return where |away + t direction| <= radius for t >= 0; `direction` need not be a unit vector."""
    square = _product(direction, direction)
    moves = square > _FLAT * _FLAT
    safe = np.where(moves, square, 1.0)
    middle = -_product(away, direction) / safe
    nearest = [a + middle * d for a, d in zip(away, direction, strict=True)]
    room = (radius * radius - _product(nearest, nearest)) / safe
    half = np.sqrt(np.maximum(room, 0.0))
    inside = radius * radius >= _product(away, away)
    enter = np.where(moves, middle - half, np.where(inside, 0.0, _FAR))
    leave = np.where(moves, middle + half, np.where(inside, _FAR, 0.0))
    return _common((enter, leave), (0.0 * enter, 0.0 * enter + _FAR))


def _check_centre(centre: Point3) -> None:
    if not all(math.isfinite(component) for component in centre):
        raise InputError(f"centre_cm = {list(centre)} must be three finite numbers")


def _check_length(name: str, length: float) -> None:
    if not 0.0 < length < math.inf:
        raise InputError(f"{name} = {length!r} must be a positive length in cm")
