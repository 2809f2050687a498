"""Decays in a detector: where the outgoing particle decays, and the probability that it does so inside the volumes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tridentgen.constants import SPEED_OF_LIGHT_CM_PER_NS
from tridentgen.detector.geometry import Shape, Vector
from tridentgen.events.columns import PARENT
from tridentgen.physics.dipole_portal import decay_probability, path_within
from tridentgen.physics.elementary import exp
from tridentgen.typing import Columns, FloatArray

_CM_PER_M = 100.0
_PLACES = ("decay_x", "decay_y", "decay_z")
_LEAST_U = 2.0**-53


def decayed(events: Mapping[str, NDArray[Any]], vertex: Vector, time: FloatArray, shapes: Sequence[Shape]) -> Columns:
    """Return the columns of the decay of events at vertices, with momenta in detector coordinates.

    With shapes the decay is inside one of them, and the column ``acceptance`` is the probability of that, e^(-a/l) -
    e^(-b/l) summed over the stretches from a to b of the path in the shapes; where it is 0 the decay is where it would
    be without shapes. The uniform number is that of the decay without shapes, from which it is computed.

    Parameters
    ----------
    events : columns by name
        With the columns of decays as sampled, relative to the interaction.
    vertex, time
        Of the interaction in cm and ns.
    shapes
        Volumes of the detector that do not overlap; none if the detector is a point.
    """
    momentum = events[PARENT]
    size = np.sqrt(momentum[:, 1] ** 2 + momentum[:, 2] ** 2 + momentum[:, 3] ** 2)
    safe = np.where(size > 0.0, size, 1.0)
    along = [np.where(size > 0.0, momentum[:, i] / safe, float(i == 3)) for i in (1, 2, 3)]
    direction = along[0], along[1], along[2]
    length = _CM_PER_M * events["decay_length"]
    x, y, z = (events[name] for name in _PLACES)
    free: FloatArray = np.sqrt(x * x + y * y + z * z)
    path, found = free, {}
    if shapes:
        stretches = [shape.crossed(vertex, direction) for shape in shapes]
        chances = [decay_probability(enter, leave, length) for enter, leave in stretches]
        total = np.minimum(sum(chances[1:], chances[0]), 1.0)
        inside = _inside(stretches, chances, length, _uniform(free, length))
        path = np.where(total > 0.0, inside, free)
        found["acceptance"] = total
    places = {name: v + path * n for name, v, n in zip(_PLACES, vertex, direction, strict=True)}
    flight = path * momentum[:, 0] / safe * (1.0 / SPEED_OF_LIGHT_CM_PER_NS)
    rest = events["decay_time"] - events.get("time", 0.0)  # of a particle at rest
    flight = np.where(size > 0.0, flight, rest)
    scale = path / np.where(free > 0.0, free, 1.0)
    proper = events["proper_time"] * np.where(free > 0.0, scale, 1.0)
    return places | found | {"decay_time": time + flight, "proper_time": proper}


def _uniform(path: FloatArray, length: FloatArray) -> FloatArray:
    """Return the uniform number u of a path -l ln u."""
    lengths = path / np.where(length > 0.0, length, 1.0)
    u: FloatArray = np.clip(exp(-lengths), _LEAST_U, 1.0 - _LEAST_U)
    return u


def _inside(
    stretches: Sequence[tuple[FloatArray, FloatArray]], chances: Sequence[FloatArray], length: FloatArray, u: FloatArray
) -> FloatArray:
    """Return the path to a decay in one of the stretches, drawn with their chances."""
    left: FloatArray = u * sum(chances[1:], chances[0])
    path = np.zeros_like(u)
    open_ = np.ones(len(u), dtype=bool)
    for (enter, leave), chance in zip(stretches, chances, strict=True):
        mine = open_ & (chance > 0.0)
        share = np.clip(left / np.where(chance > 0.0, chance, 1.0), _LEAST_U, 1.0 - _LEAST_U)
        path = np.where(mine, enter + path_within(share, leave - enter, length), path)
        open_ &= ~(mine & (left <= chance))
        left = left - chance
    return path
