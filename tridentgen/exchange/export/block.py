"""Some consecutive events as writers take them: numbers, weights, positions and particles."""

from __future__ import annotations

from dataclasses import dataclass

from tridentgen.events.particles import Group, Number
from tridentgen.typing import Columns, FloatArray, IntArray


@dataclass(frozen=True)
class Block:
    """Some consecutive events.

    Attributes
    ----------
    number : array (N,)
        Of each event.
    weight_pb : array (N,)
        Part of the cross section that an event stands for.
    relative : array (N,) or None
        Weights of unweighted events: 1, and more for those that are overweight.
    position : four of a number or an array (N,)
        Where and when in the detector: x, y, z in cm and t in ns.
    groups : tuple of Group
    columns : arrays by name
        All columns that were asked for.
    """

    number: IntArray
    weight_pb: FloatArray
    relative: FloatArray | None
    position: tuple[Number, Number, Number, Number]
    groups: tuple[Group, ...]
    columns: Columns

    def __len__(self) -> int:
        return len(self.number)
