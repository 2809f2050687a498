"""Interface of a process that the engines can sample."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from tridentgen.physics.elementary import Value, Values


class Role(StrEnum):
    """What a column of an event is: what verify, export, cut and plot go by; the values are written into files."""

    NUMBER = "event number"
    LABEL = "label"
    INCOMING = "incoming"
    TARGET = "target"
    OUTGOING = "outgoing"
    RECOIL = "recoil"
    DAUGHTER = "decay product"
    HELICITY = "helicity"
    OBSERVABLE = "observable"
    WEIGHT = "weight"
    PART = "part of the weight"
    ACCEPTANCE = "acceptance"
    UNKNOWN = "unknown"

    @property
    def is_momentum(self) -> bool:
        """Whether it is the four-momentum of a particle."""
        return self in (Role.INCOMING, Role.TARGET, Role.OUTGOING, Role.RECOIL, Role.DAUGHTER)

    @property
    def is_weight(self) -> bool:
        """Whether it is a cross section that is divided by the number of trials."""
        return self in (Role.WEIGHT, Role.PART)


@dataclass(frozen=True)
class Species:
    """The particle that a four-momentum belongs to, which may depend on a label of the event.

    Attributes
    ----------
    pdgid : tuple of int
        PDG codes.
    mass_GeV : tuple of float
        The mass of each.
    label : str
        The column that tells which of them it is; empty where there is one.
    codes : tuple of int
        Value of that column for each.
    """

    pdgid: tuple[int, ...]
    mass_GeV: tuple[float, ...]
    label: str = ""
    codes: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        expected = len(self.codes) if self.label else 1
        if not len(self.pdgid) == len(self.mass_GeV) == expected:
            raise ValueError(f"{len(self.pdgid)} PDG codes and {len(self.mass_GeV)} masses for {expected} particles")

    @classmethod
    def one(cls, pdgid: int, mass_GeV: float) -> Species:
        """Return a particle that is the same in all events."""
        return cls((pdgid,), (mass_GeV,))


@dataclass(frozen=True)
class Column:
    """One quantity of an event.

    Attributes
    ----------
    name, units, description
        Written with the data; `units` is empty for a dimensionless quantity.
    shape
        Shape of one event's entry: ``()`` for a number, ``(4,)`` for a four-momentum (E, px, py, pz).
    dtype
        NumPy type of an entry: ``f8``, ``u8`` or ``i4``.
    role : Role
    species : Species or None
        Of a momentum: whose it is; None where that is not known.
    """

    name: str
    units: str
    description: str
    shape: tuple[int, ...] = ()
    dtype: str = "f8"
    role: Role = Role.OBSERVABLE
    species: Species | None = None


class Process(Protocol):
    """A differential cross section over unit cubes, one per channel.

    The sum over channels of the integrals over the cubes is the cross section in cm^2.
    """

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the channels."""

    @property
    def dimensions(self) -> int:
        """Dimensions of every channel's cube."""

    @property
    def spares(self) -> int:
        """Number of auxiliary random numbers of an event (not integration variables)."""

    @property
    def columns(self) -> tuple[Column, ...]:
        """Columns of an event."""

    @property
    def signature(self) -> str:
        """All inputs of the integrand as text: a VEGAS map is valid for processes of equal signature."""

    def integrand(self, channel: int, x: Values) -> Value:
        """Return the density dsigma/dx in cm^2 at the point `x` (one value per dimension) of a channel; traceable.

        A constant density may be a plain number.
        """

    def event(self, channel: int, x: Values, spare: Values) -> dict[str, Value]:
        """Return the event columns at a point; `weight` and its parts are densities in cm^2; traceable.

        A column with components is a tuple; one that is the same for all events of a channel may be a plain number.

        `spare` are the auxiliary random numbers, for variables over which the integrand is averaged.
        """


def weight_names(process: Process) -> frozenset[str]:
    """Return the columns that are divided by the density of the proposal: the weight and its parts."""
    return frozenset(column.name for column in process.columns if column.role.is_weight)
