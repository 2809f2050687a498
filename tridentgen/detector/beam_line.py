"""Origin of the neutrinos: their direction at a vertex, and their path length."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tridentgen.detector.geometry import BEAM_AXIS, Point3, Vector, turned, unit_vector
from tridentgen.errors import InputError
from tridentgen.physics.elementary import Value, Values
from tridentgen.physics.normal import normal_quantile


@dataclass(frozen=True)
class BeamLine:
    """A parallel beam or a point source of neutrinos, with a divergence.

    Parameters
    ----------
    direction : three floats
        Direction of a parallel beam, in detector coordinates; normalised to a unit vector. Not used with a source.
    source_cm : three floats or None
        Position of the source, in detector coordinates: directions are from the source to the vertex.
    divergence_rad : float
        Standard deviation of the independent Gaussian slopes dx/dz and dy/dz about that direction.

    Raises
    ------
    InputError
        For a direction of length 0, or numbers that are not finite.
    """

    direction: Point3 = BEAM_AXIS
    source_cm: Point3 | None = None
    divergence_rad: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "direction", unit_vector(self.direction, "direction"))
        if self.source_cm is not None and not all(math.isfinite(component) for component in self.source_cm):
            raise InputError(f"the source at {list(self.source_cm)} cm must be three finite numbers")
        if not 0.0 <= self.divergence_rad < math.inf:
            raise InputError(f"the divergence {self.divergence_rad!r} must be a non-negative number")

    def path_cm(self, vertex: Vector) -> Value:
        """Return the path length of light to the vertex: from the source, or from the origin along the direction."""
        if self.source_cm is None:
            return _sum_of_products(self.direction, vertex)
        away = _difference(vertex, self.source_cm)
        return np.sqrt(_sum_of_products(away, away))

    def directions(self, vertex: Vector, u: Values) -> Vector:
        """Return the unit vectors of the neutrino directions at the vertices; `u` are two uniform numbers."""
        axis: Vector = self.direction
        if self.source_cm is not None:
            x, y, z = _difference(vertex, self.source_cm)
            path = self.path_cm(vertex)
            axis = x / path, y / path, z / path
        if self.divergence_rad == 0.0:
            return axis
        slope_x, slope_y = (self.divergence_rad * normal_quantile(value) for value in (u[0], u[1]))
        length = np.sqrt(1.0 + slope_x * slope_x + slope_y * slope_y)
        return turned(axis, (slope_x / length, slope_y / length, 1.0 / length))


def _difference(a: Vector, b: Vector) -> Vector:
    return a[0] - b[0], a[1] - b[1], a[2] - b[2]


def _sum_of_products(a: Vector, b: Vector) -> Value:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
