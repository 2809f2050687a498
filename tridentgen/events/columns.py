"""Columns shared by the events of all processes, and the metadata of a column in a file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tridentgen.engines.process import Column, Role, Species

BEAM_ALONG_Z, DETECTOR_COORDINATES = "beam along z", "detector coordinates"
"""Coordinate systems of the momenta: without and with vertices."""

EVENT_NUMBER = Column("event_id", "", "number of the event in its run", dtype="u8", role=Role.NUMBER)

VERTEX_COLUMNS: tuple[Column, ...] = (
    *(Column(f"vertex_{axis}", "cm", f"{axis} of the vertex, detector coordinates") for axis in "xyz"),
    Column("vertex_time", "ns", "time of the vertex: spill, flight of the neutrino, and the column time if any"),
)
"""Additional columns for a detector with a geometry."""


WEIGHT = Column("weight", "cm2", "weight: the sum over all events is the flux-averaged cross section", role=Role.WEIGHT)
ACCEPTANCE = Column(
    "acceptance", "", "probability that the detector accepts the event: thresholds and efficiency; not in the weight",
    role=Role.ACCEPTANCE,
)  # fmt: skip
DECAY_ACCEPTANCE = replace(
    ACCEPTANCE, description="probability that the decay is inside the volumes of the detector; not in the weight"
)
_FIXED = (EVENT_NUMBER, WEIGHT, ACCEPTANCE)
"""Columns whose names are those of their roles in every file."""


PARENT = "p4_nu_out"
"""The column with the momentum of the particle that decays."""

FROM_INTERACTION = "relative to the interaction"
"""Coordinate system of decays without vertices; with them it is that of the detector."""


def require_sound(columns: Iterable[Column]) -> None:
    """Raise `ValueError` unless the columns of a process have an event number and a weight, by their fixed names."""
    there = {column.role: column.name for column in columns}
    for model in _FIXED:
        if there.get(model.role, model.name) != model.name:
            raise ValueError(f"the column with the role '{model.role}' must be called '{model.name}'")
    for model in (EVENT_NUMBER, WEIGHT):
        if model.role not in there:
            raise ValueError(f"a process needs the column '{model.name}' with the role '{model.role}'")


def momentum(name: str, whose: str, role: Role) -> Column:
    """Return the column of a four-momentum."""
    text = f"four-momentum (E, px, py, pz) of {whose}, laboratory frame, {BEAM_ALONG_Z}"
    return Column(name, "GeV", text, (4,), role=role)


def label(name: str, description: str) -> Column:
    """Return an integer column that classifies events."""
    return Column(name, "", description, dtype="i4", role=Role.LABEL)


DECAY_COLUMNS: tuple[Column, ...] = (
    label("decay_flavour", "PDG code of the neutrino of the decay"),
    Column("photon_energy", "MeV", "energy of the photon"),
    Column("theta_photon", "rad", "angle between the photon and the beam"),
    Column("decay_length", "m", "mean decay length gamma beta c tau of the particle that decays, laboratory frame"),
    Column("proper_time", "ns", "time from the interaction to the decay in the rest frame of what decays"),
    *(Column(f"decay_{axis}", "cm", f"{axis} of the decay, {FROM_INTERACTION}") for axis in "xyz"),
    Column("decay_time", "ns", "time of the decay: that of the interaction, and the flight until the decay"),
    momentum("p4_photon", "the photon of the decay", Role.DAUGHTER),
    momentum("p4_nu_decay", "the neutrino of the decay", Role.DAUGHTER),
)
"""Additional columns of events in which the outgoing lepton decays to a photon and a neutrino."""


def has_decays(columns: Iterable[Column]) -> bool:
    """Return whether a particle of the events decays."""
    return any(column.role is Role.DAUGHTER for column in columns)


def identified(columns: Iterable[Column], species: Mapping[str, Species]) -> tuple[Column, ...]:
    """Return the columns with the particle species of their momenta, given by column name."""
    return tuple(replace(c, species=species[c.name]) if c.name in species else c for c in columns)


def names_of(columns: Iterable[Column], *roles: Role) -> list[str]:
    """Return the names of the columns that have one of the given roles, in order."""
    return [column.name for column in columns if column.role in roles]


def weights_of(columns: Iterable[Column]) -> list[str]:
    """Return the names of the columns that are weights: ``weight`` first, then its parts."""
    return [*names_of(columns, Role.WEIGHT), *names_of(columns, Role.PART)]


def column_attributes(column: Column) -> dict[str, str]:
    """Return the attributes of a column's dataset in an event file."""
    said = {"units": column.units, "description": column.description}
    if column.role is not Role.UNKNOWN:
        said["role"] = str(column.role)
    if (species := column.species) is not None:
        said |= {"pdg": _joined(species.pdgid), "mass_GeV": _joined(species.mass_GeV)}
        if species.label:
            said |= {"depends_on": species.label, "codes": _joined(species.codes)}
    return said


def column_of(name: str, shape: tuple[int, ...], dtype: str, said: Mapping[str, Any]) -> Column:
    """Return the column described by the attributes `said` of a dataset.

    Raise `LookupError` or `ValueError` if they are not those that `column_attributes` writes.
    """
    roles = {str(role): role for role in Role}
    role = roles.get(str(said.get("role", "")), Role.UNKNOWN)
    species = None
    if "pdg" in said and "mass_GeV" in said:
        label = str(said.get("depends_on", ""))
        species = Species(
            tuple(map(int, str(said["pdg"]).split(","))),
            tuple(map(float, str(said["mass_GeV"]).split(","))),
            label,
            tuple(map(int, str(said["codes"]).split(","))) if label else (),
        )
    return Column(name, str(said["units"]), str(said["description"]), shape, dtype, role, species)


def with_roles(columns: Sequence[Column], known: Sequence[Column]) -> tuple[Column, ...]:
    """Return columns with roles and particles; missing ones are taken from known columns.

    Files written before roles were introduced do not have them.
    """
    by_name = {column.name: column for column in known}

    def described(column: Column) -> Column:
        model = by_name.get(column.name)
        if model is None or (model.shape, model.dtype) != (column.shape, column.dtype):
            return column
        role = model.role if column.role is Role.UNKNOWN else column.role
        return replace(column, role=role, species=column.species or model.species)

    return tuple(described(column) for column in columns)


def _joined(values: Iterable[float]) -> str:
    return ",".join(map(repr, values))
