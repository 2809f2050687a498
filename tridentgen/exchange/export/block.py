"""Consecutive events in the form that writers take: numbers, weights, positions and particles."""

from __future__ import annotations

from dataclasses import dataclass

from tridentgen.events.particles import Group, Number
from tridentgen.typing import Columns, FloatArray, IntArray


@dataclass(frozen=True)
class Block:
    """Consecutive events.

    Attributes
    ----------
    number : array (N,)
        Number of each event.
    weight_pb : array (N,)
        Contribution of each event to the cross section in pb.
    relative : array (N,) or None
        Weights of unweighted events: 1, or more for overweight events.
    position : four of a number or an array (N,)
        Vertex in the detector: x, y, z in cm and t in ns.
    groups : tuple of Group
    columns : arrays by name
        All requested columns.
    """

    number: IntArray
    weight_pb: FloatArray
    relative: FloatArray | None
    position: tuple[Number, Number, Number, Number]
    groups: tuple[Group, ...]
    columns: Columns

    def __len__(self) -> int:
        return len(self.number)
