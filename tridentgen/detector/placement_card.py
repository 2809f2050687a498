"""Vertices and times of events in the [detector] table of a run card: volumes, beam, spill."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeVar

from tridentgen.detector.beam_line import BeamLine
from tridentgen.detector.geometry import BEAM_AXIS, ORIGIN, Box, Cylinder, Point, Point3, Shape, Sphere
from tridentgen.detector.placement import Placement, Volume
from tridentgen.detector.spill import BunchedSpill, Spill, UniformSpill
from tridentgen.errors import InputError
from tridentgen.matter.materials import Material, material
from tridentgen.toml.tables import FINITE, NOT_NEGATIVE, POSITIVE, Convert, Table, boolean, integer, named, one_of, show

PLACEMENT_KEYS = ("volume", "volumes", "beam", "spill")
"""Tables of ``[detector]`` that are read here, valid for all processes."""

_CM_PER_M = 100.0
_NS_PER_US = 1000.0
_RAD_PER_MRAD = 1e-3
_AXES: Mapping[str, Point3] = MappingProxyType({"x": (1.0, 0.0, 0.0), "y": (0.0, 1.0, 0.0), "z": (0.0, 0.0, 1.0)})
_SIZES, _VECTOR, _METRES = "[200.0, 200.0, 500.0]", "[0.0, 0.0, 1.0]", "[0.0, 20.0, -574.0]"
_BUNCHES = integer(1, 2**31)


@dataclass(frozen=True)
class PlacementCard:
    """Vertices and times of events: the tables `PLACEMENT_KEYS`; a point at the origin if no volume is given."""

    volumes: tuple[Volume, ...] = (Volume(Point()),)
    beam: BeamLine = field(default_factory=BeamLine)
    spill: Spill | None = None

    def placement(self, target: Material) -> Placement:
        """Return the placement of a process on `target`; raise `InputError` if the two are incompatible."""
        try:
            return Placement.of(self.volumes, target, self.beam, self.spill)
        except InputError as error:
            raise InputError(f"detector.{error}") from error


def read_placement_tables(detector: Table) -> PlacementCard | None:
    """Read the tables `PLACEMENT_KEYS` of ``[detector]``; None if there are none.

    Mistakes are noted in the document of the table; keys that are not read here are left to the caller.
    """
    volumes = _read_volumes(detector)
    beam, spill = _read_beam(detector.table("beam")), _read_spill(detector.table("spill"))
    if not any(name in detector.data for name in PLACEMENT_KEYS):
        return None
    return PlacementCard(volumes or (Volume(Point()),), beam or BeamLine(), spill)


def _read_volumes(detector: Table) -> tuple[Volume, ...]:
    one, several = detector.table("volume"), detector.tables("volumes")
    if "volume" in detector.data and "volumes" in detector.data:
        detector.complain("volume", "conflicts with detector.volumes; give all volumes there")
    read = [_read_volume(table) for table in ((one, *several) if one.present else several)]
    return tuple(volume for volume in read if volume is not None)


def _read_volume(table: Table) -> Volume | None:
    """Read a shape and its material."""
    kind = table.need("shape", one_of(_SHAPES), "")
    if kind not in _SHAPES:  # then the other keys cannot be checked
        table.accept_the_rest()
        return None
    matter = table.read("material", named(material), None)
    density = table.read("density_g_cm3", POSITIVE, None)
    centre = _vector(table, "centre_cm", ORIGIN)
    decays = table.read("decays", boolean, Volume.decays)
    shape = table.made(lambda: _SHAPES[kind](table, centre))
    return None if shape is None else Volume(shape, matter, density, decays)


def _point(_table: Table, centre: Point3) -> Shape:
    return Point(centre)


def _box(table: Table, centre: Point3) -> Shape:
    table.require("size_cm")
    return Box(_vector(table, "size_cm", (1.0, 1.0, 1.0), POSITIVE, _SIZES), centre)


def _cylinder(table: Table, centre: Point3) -> Shape:
    radius, length = (table.need(name, POSITIVE, 1.0) for name in ("radius_cm", "length_cm"))
    if isinstance(table.data.get("axis"), list):
        return Cylinder(radius, length, _vector(table, "axis", BEAM_AXIS), centre)
    return Cylinder(radius, length, _AXES[table.read("axis", _axis, "z")], centre)


def _sphere(table: Table, centre: Point3) -> Shape:
    return Sphere(table.need("radius_cm", POSITIVE, 1.0), centre)


_SHAPES: Mapping[str, Callable[[Table, Point3], Shape]] = MappingProxyType(
    {"point": _point, "box": _box, "cylinder": _cylinder, "sphere": _sphere}
)


def _read_beam(table: Table) -> BeamLine | None:
    """Read the beam: a direction, a distance along it, or the position of the source."""
    direction = _vector(table, "direction", BEAM_AXIS)
    distance = table.read("source_distance_m", POSITIVE, None)
    source = _vector(table, "source_position_m", None, example=_METRES)
    divergence = table.read("divergence_mrad", NOT_NEGATIVE, 0.0) * _RAD_PER_MRAD
    for name in ("direction", "source_distance_m"):
        if "source_position_m" in table.data and name in table.data:
            table.complain(name, "follows from detector.beam.source_position_m; give only one of the two")
    source_cm = None if source is None else _scaled(source, _CM_PER_M)

    def beam() -> BeamLine:
        line = BeamLine(direction, source_cm, divergence)
        if distance is None:
            return line
        return BeamLine(line.direction, _scaled(line.direction, -distance * _CM_PER_M), divergence)

    return table.made(beam)


def _read_spill(table: Table) -> Spill | None:
    """Read ``[detector.spill]``."""
    if not table.present:
        return None
    kind = table.need("kind", one_of(_SPILLS), "")
    if kind not in _SPILLS:
        table.accept_the_rest()
        return None
    return table.made(lambda: _SPILLS[kind](table, table.read("start_ns", FINITE, 0.0)))


def _uniform(table: Table, start_ns: float) -> Spill:
    return UniformSpill(table.need("length_us", POSITIVE, 1.0) * _NS_PER_US, start_ns)


def _bunches(table: Table, start_ns: float) -> Spill:
    bunches, spacing = table.need("bunches", _BUNCHES, 1), table.need("spacing_ns", POSITIVE, 1.0)
    return BunchedSpill(bunches, spacing, table.read("bunch_sigma_ns", NOT_NEGATIVE, 0.0), start_ns)


_SPILLS: Mapping[str, Callable[[Table, float], Spill]] = MappingProxyType({"uniform": _uniform, "bunches": _bunches})


V = TypeVar("V", Point3, Point3 | None)


def _vector(
    table: Table, name: str, default: V, convert: Convert[float] = FINITE, example: str = _VECTOR
) -> Point3 | V:
    """Read three numbers."""
    values = table.read_list(name, convert, example)
    if len(values) == 3:
        return values[0], values[1], values[2]
    if values:
        table.complain(name, f"must be three numbers such as {example}, not {len(values)}")
    return default


def _scaled(vector: Point3, factor: float) -> Point3:
    return vector[0] * factor, vector[1] * factor, vector[2] * factor


def _axis(value: object) -> str:
    if not isinstance(value, str) or value not in _AXES:
        raise InputError(f"must be x, y, z or a list such as {_VECTOR}, not {show(value)}")
    return value
