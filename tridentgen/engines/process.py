"""Interface of a process that the engines can sample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from tridentgen.physics.elementary import Value, Values


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
    """

    name: str
    units: str
    description: str
    shape: tuple[int, ...] = ()
    dtype: str = "f8"


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
        """Return the density dsigma/dx in cm^2 at the point `x` (one value per dimension) of a channel; traceable."""

    def event(self, channel: int, x: Values, spare: Values) -> dict[str, Value]:
        """Return the event columns at a point; `weight` and its parts are densities in cm^2; traceable.

        A column with components is a tuple; one that is the same for all events of a channel may be a plain number.

        `spare` are the auxiliary random numbers, for variables over which the integrand is averaged.
        """
