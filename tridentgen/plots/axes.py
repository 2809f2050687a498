"""Choice of the axes to draw for given events."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tridentgen.engines.process import Role
from tridentgen.events.columns import names_of
from tridentgen.events.events import Events
from tridentgen.events.observables import Axis
from tridentgen.plots.parts import parts_of
from tridentgen.processes.base import ReactionKind
from tridentgen.processes.kinds import kind_in
from tridentgen.typing import FloatArray

_LONG_NS = 1e7
"""Times are drawn in seconds beyond it: bursts of supernovae last so long, pulses of beams do not."""


def axes_of_kind(kind: ReactionKind | None) -> tuple[Axis, ...]:
    """Return the axes of a kind of reaction: those it defines, or else its observables that are columns."""
    if kind is None:
        return ()
    return kind.axes or tuple(
        Axis(o.name, o.name, o.unit, rf"\mathrm{{{o.name}}}".replace("_", r"\_"), o.unit) for o in kind.observables
    )


def axes_of(events: Events) -> list[Axis]:
    """Return the axes to draw for these events: those with a column present and distinct content."""
    units = {column.name: column.units for column in events.schema if column.name in events.columns}
    there = [
        axis
        for axis in axes_of_kind(kind_in(events.attributes))
        if units.get(axis.column) in (axis.column_units, "")  # events in memory may have none
    ]
    return [_scaled(events, axis) for axis in there if _tells(events, axis)]


def _scaled(events: Events, axis: Axis) -> Axis:
    """Return the axis, in GeV or in seconds if the values are large."""
    if axis.column_units == "ns" and np.max(np.abs(events[axis.column]), initial=0.0) > _LONG_NS:
        return replace(axis, units="s", value=_in_s)
    if np.max(events[axis.column], initial=0.0) > axis.GeV_above:
        return replace(axis, units="GeV", value=np.asarray)
    return axis


def _in_s(values: NDArray[Any]) -> FloatArray:
    return np.asarray(1e-9 * values)


def _tells(events: Events, axis: Axis) -> bool:
    """Whether a picture shows something that no earlier one shows."""
    if axis.only_if_sorted and len(parts_of(events, axis.sort)) == 1:
        return False
    values = events[axis.column]
    if axis.differs_from == "0":
        return bool(np.any(values != 0.0))
    if axis.differs_from:
        return not np.array_equal(values, events[axis.differs_from])
    acceptance = names_of(events.schema, Role.ACCEPTANCE)
    return not (axis.seen and acceptance) or bool(np.sum(events["weight"] * events[acceptance[0]]) > 0.0)
