"""Where and when events happen in a detector: further columns of events that are made already.

Vertices, directions and times of an event are functions of the seed and the event's number alone. Engines know nothing
of them: the same numbers come out whoever made the events, and in whatever pieces.
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
from tridentgen.detector.geometry import Point, Shape, Vector, turned
from tridentgen.detector.spill import Spill
from tridentgen.engines.process import Column
from tridentgen.engines.uniforms import PURPOSE_VERTEX, stream_number, uniforms
from tridentgen.errors import InputError
from tridentgen.events.columns import BEAM_ALONG_Z, DETECTOR_COORDINATES, VERTEX_COLUMNS
from tridentgen.matter.materials import Material, material
from tridentgen.matter.nuclei import Nuclide

Columns = dict[str, NDArray[Any]]
FloatArray = NDArray[np.float64]

_FOUR_MOMENTUM = (4,)
_WORDS = 8
_VOLUME, _POSITION, _DIRECTION, _TIME = 0, slice(1, 4), slice(4, 6), slice(6, 8)
"""Which of the uniform numbers of an event are for what."""


@dataclass(frozen=True)
class Volume:
    """A part of a detector: its shape, and the matter in it, which is the target of the process unless named."""

    shape: Shape
    material: str | None = None
    density_g_cm3: float | None = None


@dataclass(frozen=True)
class Placement:
    """Vertices in volumes, in a beam, at the times of a spill; make one with `Placement.of`.

    Attributes
    ----------
    shapes : tuple of Shape
    pdgids : tuple of int
        The nuclides of the target.
    shares : tuple of tuples of float
        For each nuclide, the share of its nuclei that each shape holds; they sum to 1.
    beam : BeamLine
    spill : Spill or None
        None: all neutrinos start at time 0.
    """

    shapes: tuple[Shape, ...]
    pdgids: tuple[int, ...]
    shares: tuple[tuple[float, ...], ...]
    beam: BeamLine = field(default_factory=BeamLine)
    spill: Spill | None = None

    @classmethod
    def of(
        cls, volumes: Sequence[Volume], target: Material, beam: BeamLine | None = None, spill: Spill | None = None
    ) -> Placement:
        """Return the placement of a process on `target` in these volumes, which must not overlap.

        Raises
        ------
        InputError
            For a nuclide of the target that is in none of the volumes, a density that is missing, a point among other
            volumes, or a source inside a volume. The message begins with ``volume``, or ``volumes[i]`` of several.
        """
        beam = beam or BeamLine()
        masses = [_mass(volumes, i, target) for i in range(len(volumes))]
        for i, volume in enumerate(volumes):
            if beam.source_cm is not None and volume.shape.contains(beam.source_cm):
                raise InputError(f"{_name(volumes, i)}: the source of the neutrinos is inside; move one of them")
        nuclides = tuple(nuclide for nuclide, _ in target.components)
        shares = tuple(_shares(volumes, masses, nuclide, target) for nuclide in nuclides)
        return cls(tuple(v.shape for v in volumes), tuple(n.pdgid for n in nuclides), shares, beam, spill)

    def columns(self, columns: Sequence[Column]) -> tuple[Column, ...]:
        """Return the columns of placed events, from those of the process."""
        return (*(_in_detector(c) if c.role.is_momentum else c for c in columns), *VERTEX_COLUMNS)

    @property
    def attributes(self) -> dict[str, str | int | float]:
        """What an event file says of it: ``placement``, JSON of volumes, beam and spill in cm, ns and rad."""
        parts = {
            "volumes": [{"shape": _kind(shape), **vars(shape)} for shape in self.shapes],
            "shares": dict(zip(map(str, self.pdgids), self.shares, strict=True)),
            "beam": vars(self.beam),
            "spill": self.spill and {"kind": _kind(self.spill), **vars(self.spill)},
        }
        return {"placement": json.dumps(parts)}

    def placed(self, events: Mapping[str, NDArray[Any]], seed: int) -> Columns:
        """Return events with vertex and time, and with momenta in detector coordinates.

        Parameters
        ----------
        events : columns by name
            With ``event_id``; also ``isotope`` where the target has several nuclides. A column ``time`` is added to
            the vertex's.
        seed : int
            That of the run.
        """
        number = events["event_id"]
        if len(number) == 0:
            return {**events, **{column.name: np.empty(0) for column in VERTEX_COLUMNS}}
        first = int(number.min())
        u = uniforms(seed, stream_number(PURPOSE_VERTEX), first, int(number.max()) - first + 1, _WORDS)
        u = u[:, (number - np.uint64(first)).astype(np.int64)]
        vertex = self._vertices(events, u)
        direction = self.beam.directions(vertex, u[_DIRECTION])
        placed: Columns = {
            name: _turned_momenta(direction, values) if values.shape[1:] == _FOUR_MOMENTUM else values
            for name, values in events.items()
        }
        x, y, z = vertex
        times = self._times(vertex, u[_TIME]) + events.get("time", 0.0)
        return placed | dict(zip((c.name for c in VERTEX_COLUMNS), (x, y, z, times), strict=True))

    def _vertices(self, events: Mapping[str, NDArray[Any]], u: FloatArray) -> Vector:
        if len(self.shapes) == 1:
            return self.shapes[0].positions(u[_POSITION])
        which = self._volumes(events, u[_VOLUME])
        points = np.empty((3, len(which)))
        for place in np.unique(which):
            rows = np.flatnonzero(which == place)
            points[:, rows] = self.shapes[place].positions(u[_POSITION][:, rows])
        return points[0], points[1], points[2]

    def _volumes(self, events: Mapping[str, NDArray[Any]], u: FloatArray) -> NDArray[np.intp]:
        """Return which volume each event is in, chosen by the nuclei of its own kind."""
        if len(self.pdgids) == 1:
            return np.searchsorted(self._ends[0], u, side="right")
        which = np.zeros(len(u), dtype=np.intp)
        for pdgid, ends in zip(self.pdgids, self._ends, strict=True):
            mine = events["isotope"] == pdgid
            which[mine] = np.searchsorted(ends, u[mine], side="right")
        return which

    @cached_property
    def _ends(self) -> list[FloatArray]:
        """For each nuclide, the sums of the shares up to each volume; the last one is 1 exactly."""
        sums = (np.array(list(accumulate(shares))) for shares in self.shares)
        return [ends / ends[-1] for ends in sums]

    def _times(self, vertex: Vector, u: FloatArray) -> FloatArray:
        flight: FloatArray = self.beam.path_cm(vertex) * (1.0 / SPEED_OF_LIGHT_CM_PER_NS)
        return flight if self.spill is None else flight + self.spill.time_ns(u)


def _turned_momenta(direction: Vector, momenta: NDArray[Any]) -> NDArray[Any]:
    """Return four-momenta (N, 4) turned from a beam along z to `direction`."""
    turned_momenta = np.array(momenta)
    for i, component in enumerate(turned(direction, (momenta[:, 1], momenta[:, 2], momenta[:, 3])), start=1):
        turned_momenta[:, i] = component
    return turned_momenta


def _kind(of: Shape | Spill) -> str:
    return type(of).__name__.removesuffix("Spill").lower()


def _in_detector(column: Column) -> Column:
    return replace(column, description=column.description.replace(BEAM_ALONG_Z, DETECTOR_COORDINATES))


def _name(volumes: Sequence[Volume], place: int) -> str:
    return "volume" if len(volumes) == 1 else f"volumes[{place}]"


def _matter(volume: Volume, target: Material) -> Material:
    return target if volume.material is None else material(volume.material)


def _mass(volumes: Sequence[Volume], place: int, target: Material) -> float:
    """Return the mass of a volume in units of its own kind: 1 where it is the only one.

    Raise `InputError` where its density is missing and matters, or where it is a point among others.
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
    """Return the shares of the nuclei of a kind in the volumes; raise `InputError` where there are none at all."""
    numbers = []
    for volume, mass in zip(volumes, masses, strict=True):
        matter = _matter(volume, target)
        numbers.append(mass * dict(matter.components).get(nuclide, 0.0) / matter.molar_mass_g)
    total = math.fsum(numbers)
    if not total > 0.0:
        where = ", ".join(dict.fromkeys(f"'{_matter(v, target).name}'" for v in volumes))
        name = "volume" if len(volumes) == 1 else "volumes"
        raise InputError(f"{name}: there is no {nuclide.name}, the target, in {where}; name a material that holds it")
    return tuple(number / total for number in numbers)
