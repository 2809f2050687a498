"""Vertices and times of events in a detector: additional columns of generated events.

Vertices, directions and times of an event are functions of the seed and the event number alone: they depend on neither
the engine nor the division of the run into shards.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tridentgen.constants import SPEED_OF_LIGHT_CM_PER_NS
from tridentgen.detector.beam_line import BeamLine
from tridentgen.detector.decays import decayed
from tridentgen.detector.geometry import Point, Shape, Vector, turned
from tridentgen.detector.spill import Spill
from tridentgen.engines.process import Column
from tridentgen.engines.uniforms import PURPOSE_VERTEX, stream_number, uniforms
from tridentgen.errors import InputError
from tridentgen.events.columns import (
    BEAM_ALONG_Z,
    DECAY_ACCEPTANCE,
    DETECTOR_COORDINATES,
    FROM_INTERACTION,
    VERTEX_COLUMNS,
    has_decays,
)
from tridentgen.matter.materials import Material, material
from tridentgen.matter.nuclei import Nuclide
from tridentgen.typing import Columns, FloatArray

_FOUR_MOMENTUM = (4,)
_WORDS = 8
_VOLUME, _POSITION, _DIRECTION, _TIME = 0, slice(1, 4), slice(4, 6), slice(6, 8)
"""Assignment of the uniform numbers of an event."""


@dataclass(frozen=True)
class Volume:
    """A volume of a detector: its shape and its material, by default the target of the process."""

    shape: Shape
    material: str | None = None
    density_g_cm3: float | None = None
    decays: bool = True
    """Whether a decay in it counts, as in rock around a detector it does not."""


@dataclass(frozen=True)
class Placement:
    """Distribution of vertices in volumes, for a beam and a spill; get one with `Placement.of`.

    Attributes
    ----------
    shapes : tuple of Shape
    pdgids : tuple of int
        PDG codes of the nuclides of the target.
    shares : tuple of tuples of float
        For each nuclide, the fraction of its nuclei in each shape; they sum to 1.
    beam : BeamLine
    spill : Spill or None
        None: all neutrinos start at time 0.
    idle : tuple of int
        Places of the shapes in which decays do not count.
    """

    shapes: tuple[Shape, ...]
    pdgids: tuple[int, ...]
    shares: tuple[tuple[float, ...], ...]
    beam: BeamLine = field(default_factory=BeamLine)
    spill: Spill | None = None
    idle: tuple[int, ...] = ()

    @classmethod
    def of(
        cls, volumes: Sequence[Volume], target: Material, beam: BeamLine | None = None, spill: Spill | None = None
    ) -> Placement:
        """Return the placement of a process on `target` in these volumes, which must not overlap.

        Raises
        ------
        InputError
            For a nuclide of the target that is in none of the volumes, a missing density, a point among other volumes,
            or a source inside a volume. The message begins with ``volume``, or with ``volumes[i]`` for several volumes.
        """
        beam = beam or BeamLine()
        masses = [_mass(volumes, i, target) for i in range(len(volumes))]
        for i, volume in enumerate(volumes):
            if beam.source_cm is not None and volume.shape.contains(beam.source_cm):
                raise InputError(f"{_name(volumes, i)}: the source of the neutrinos is inside; move one of them")
        nuclides = tuple(nuclide for nuclide, _ in target.components)
        shares = tuple(_shares(volumes, masses, nuclide, target) for nuclide in nuclides)
        idle = tuple(i for i, volume in enumerate(volumes) if not volume.decays)
        if len(idle) == len(volumes):
            raise InputError(f"{_name(volumes, 0)}: decays = false in all volumes: decays must count in one of them")
        return cls(tuple(v.shape for v in volumes), tuple(n.pdgid for n in nuclides), shares, beam, spill, idle)

    def columns(self, columns: Sequence[Column]) -> tuple[Column, ...]:
        """Return the columns of placed events, from those of the process."""
        inside = (DECAY_ACCEPTANCE,) if has_decays(columns) and self.decay_shapes else ()
        return (*map(_in_detector, columns), *VERTEX_COLUMNS, *inside)

    @cached_property
    def decay_shapes(self) -> tuple[Shape, ...]:
        """The volumes in which decays count; none if the detector is a point."""
        return tuple(s for i, s in enumerate(self.shapes) if i not in self.idle and s.volume_cm3 > 0.0)

    @property
    def attributes(self) -> dict[str, str | int | float]:
        """Attributes of an event file: ``placement``, JSON of volumes, beam and spill in cm, ns and rad."""
        parts = {
            "volumes": [
                {"shape": _kind(shape), **vars(shape), **({"decays": False} if i in self.idle else {})}
                for i, shape in enumerate(self.shapes)
            ],
            "shares": dict(zip(map(str, self.pdgids), self.shares, strict=True)),
            "beam": vars(self.beam),
            "spill": self.spill and {"kind": _kind(self.spill), **vars(self.spill)},
        }
        return {"placement": json.dumps(parts)}

    def placed(self, events: Mapping[str, NDArray[Any]], seed: int, nuclides: NDArray[Any] | None = None) -> Columns:
        """Return events with vertex and time, and with momenta in detector coordinates.

        Parameters
        ----------
        events : columns by name
            With ``event_id``; also ``isotope`` if the target has several nuclides. A column ``time`` is added to the
            time of the vertex.
        seed : int
        Seed of the run.
        nuclides : array (N,)
            PDG code of the nuclide of each event, if the target has several; the column ``isotope`` by default.
        """
        number = events["event_id"]
        if len(number) == 0:
            inside = (DECAY_ACCEPTANCE,) if "decay_length" in events and self.decay_shapes else ()
            return {**events, **{column.name: np.empty(0) for column in (*VERTEX_COLUMNS, *inside)}}
        first = int(number.min())
        u = uniforms(seed, stream_number(PURPOSE_VERTEX), first, int(number.max()) - first + 1, _WORDS)
        u = u[:, (number - np.uint64(first)).astype(np.int64)]
        vertex = self._vertices(events.get("isotope") if nuclides is None else nuclides, u)
        direction = self.beam.directions(vertex, u[_DIRECTION])
        placed: Columns = {
            name: _turned_momenta(direction, values) if values.shape[1:] == _FOUR_MOMENTUM else values
            for name, values in events.items()
        }
        x, y, z = vertex
        times = self._times(vertex, u[_TIME]) + events.get("time", 0.0)
        placed |= dict(zip((c.name for c in VERTEX_COLUMNS), (x, y, z, times), strict=True))
        return placed | (decayed(placed, vertex, times, self.decay_shapes) if "decay_length" in events else {})

    def _vertices(self, nuclides: NDArray[Any] | None, u: FloatArray) -> Vector:
        if len(self.shapes) == 1:
            return self.shapes[0].positions(u[_POSITION])
        which = self._volumes(nuclides, u[_VOLUME])
        points = np.empty((3, len(which)))
        for place in np.unique(which):
            rows = np.flatnonzero(which == place)
            points[:, rows] = self.shapes[place].positions(u[_POSITION][:, rows])
        return points[0], points[1], points[2]

    def _volumes(self, nuclides: NDArray[Any] | None, u: FloatArray) -> NDArray[np.intp]:
        """Return the index of the volume of each event, sampled from the distribution of its nuclide."""
        if len(self.pdgids) == 1:
            return np.searchsorted(self._ends[0], u, side="right")
        if nuclides is None:
            raise InputError("the events do not name their nuclides, and the target has several; use one volume")
        which = np.zeros(len(u), dtype=np.intp)
        for pdgid, ends in zip(self.pdgids, self._ends, strict=True):
            mine = nuclides == pdgid
            which[mine] = np.searchsorted(ends, u[mine], side="right")
        return which

    @cached_property
    def _ends(self) -> list[FloatArray]:
        """For each nuclide, the cumulative fractions of the volumes; the last one is exactly 1."""
        sums = (np.array(list(accumulate(shares))) for shares in self.shares)
        return [ends / ends[-1] for ends in sums]

    def _times(self, vertex: Vector, u: FloatArray) -> FloatArray:
        flight: FloatArray = self.beam.path_cm(vertex) * (1.0 / SPEED_OF_LIGHT_CM_PER_NS)
        return flight if self.spill is None else flight + self.spill.time_ns(u)


def _turned_momenta(direction: Vector, momenta: NDArray[Any]) -> NDArray[Any]:
    """Return four-momenta (N, 4) rotated from a beam along z to `direction`."""
    turned_momenta = np.array(momenta)
    for i, component in enumerate(turned(direction, (momenta[:, 1], momenta[:, 2], momenta[:, 3])), start=1):
        turned_momenta[:, i] = component
    return turned_momenta


def _kind(of: Shape | Spill) -> str:
    return type(of).__name__.removesuffix("Spill").lower()


def _in_detector(column: Column) -> Column:
    if not (column.role.is_momentum or column.name.startswith("decay_")):
        return column
    words = column.description.replace(BEAM_ALONG_Z, DETECTOR_COORDINATES)
    return replace(column, description=words.replace(FROM_INTERACTION, DETECTOR_COORDINATES))


def _name(volumes: Sequence[Volume], place: int) -> str:
    return "volume" if len(volumes) == 1 else f"volumes[{place}]"


def _matter(volume: Volume, target: Material) -> Material:
    return target if volume.material is None else material(volume.material)


def _mass(volumes: Sequence[Volume], place: int, target: Material) -> float:
    """Return the relative mass of a volume: 1 if it is the only one, the volume if no densities are given.

    Raise `InputError` if a required density is missing, or if the volume is a point among others.
    """
    volume = volumes[place]
    if len(volumes) == 1:
        return 1.0
    if isinstance(volume.shape, Point):
        raise InputError(f"{_name(volumes, place)}: a point has no volume and must be alone; give a small sphere")
    none_given = all(v.density_g_cm3 is None for v in volumes)
    one_matter = len({_matter(v, target).components for v in volumes}) == 1
    if volume.density_g_cm3 is None and not (none_given and one_matter):
        reason = "the materials differ" if none_given else "others have one"
        raise InputError(f"{_name(volumes, place)}: density_g_cm3 is missing, and {reason}; give it")
    return volume.shape.volume_cm3 * (volume.density_g_cm3 or 1.0)


def _shares(
    volumes: Sequence[Volume], masses: Sequence[float], nuclide: Nuclide, target: Material
) -> tuple[float, ...]:
    """Return the fractions of the nuclei of a nuclide in the volumes; raise `InputError` if there are none."""
    numbers = []
    for volume, mass in zip(volumes, masses, strict=True):
        matter = _matter(volume, target)
        numbers.append(mass * dict(matter.components).get(nuclide, 0.0) / matter.molar_mass_g)
    total = math.fsum(numbers)
    if not total > 0.0:
        where = ", ".join(dict.fromkeys(f"'{_matter(v, target).name}'" for v in volumes))
        name = "volume" if len(volumes) == 1 else "volumes"
        raise InputError(f"{name}: the target {nuclide.name} is not in {where}; name a material that contains it")
    return tuple(number / total for number in numbers)
