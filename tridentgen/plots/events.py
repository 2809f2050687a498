"""Pictures of events: differential cross sections, tridents by regime, CEvNS by source and nuclide.

Pictures show dsigma/dx, the sum of weights in a bin over its width, with the band of its statistical error
sqrt(sum w^2). If an observable spans decades the axis is logarithmic, and, if the cross section is on a linear axis,
dsigma/dln x is drawn instead, so that equal areas are equal cross sections.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tridentgen.analysis.histograms import axis_histogram, bin_edges
from tridentgen.engines.process import Role
from tridentgen.errors import InputError
from tridentgen.events.events import Events, events_in
from tridentgen.events.observables import Axis
from tridentgen.events.part_of_run import part_of_run
from tridentgen.events.reader import open_events
from tridentgen.events.sound_numbers import require_sound_column
from tridentgen.plots import names
from tridentgen.plots.axes import axes_of, axes_of_kind
from tridentgen.plots.parts import TOTAL, Part, accepted_by_detector, parts_of
from tridentgen.plots.style import FORMATS, save, style
from tridentgen.processes.kinds import columns_of, kind_of
from tridentgen.typing import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_DECADES, _BELOW = 1e-6, 0.02
"""Lower limit of a logarithmic axis of cross sections, as a share of the peak and of the smallest total."""

_LONG_LEGEND = 5
"""Number of lines of a legend that fit in one column."""


def plot_events(
    path_or_events: str | os.PathLike[str] | Events,
    out_dir: str | os.PathLike[str],
    formats: Sequence[str] = ("png",),
) -> list[Path]:
    """Draw every observable, and all of them on one sheet called ``overview``.

    Parameters
    ----------
    path_or_events
        An event file or events in memory.
    out_dir
        Folder for the pictures, created if missing; pictures of the same name are replaced.
    formats
        Any of ``png``, ``pdf``, ``svg``.

    Returns
    -------
    list of Path
        The pictures written: one per observable and format, then the overview.

    Raises
    ------
    TridentgenError
        matplotlib or mplhep is not installed.
    InputError
        An unknown format, or no events with a weight to draw.
    FileError
        The events cannot be read or the pictures cannot be written.
    """
    for name in formats:
        if name not in FORMATS:
            raise InputError(f"unknown picture format '{name}'; known are {', '.join(FORMATS)}")
    with style():
        events = path_or_events if isinstance(path_or_events, Events) else _read_for_plots(path_or_events)
        _require_sound(events, path_or_events)
        if not np.sum(events["weight"]) > 0.0:
            raise InputError("there is nothing to draw: no events, or all weights are zero")
        kind = kind_of(events.attributes, "the events")
        events = replace(events, schema=columns_of(events.schema, events.attributes))  # files without roles
        panels = [_Panel.of(events, axis) for axis in axes_of(events)]
        if not panels:
            raise InputError(
                f"there is nothing to draw: these {kind.events_are} have none of the columns that are drawn"
            )
        out_dir = Path(out_dir)
        figures = {panel.axis.name: _single(events, panel) for panel in panels}
        figures["overview"] = _overview(events, panels)
        return [save(figure, out_dir / f"{name}.{suffix}") for name, figure in figures.items() for suffix in formats]


def _require_sound(events: Events, source: object) -> None:
    """Raise `FileError` for numbers of the columns that may be drawn which cannot be."""
    kind = kind_of(events.attributes, "the events")
    drawn = {axis.column for axis in axes_of_kind(kind)} | {"weight", "acceptance"}
    path = Path("events in memory") if isinstance(source, Events) else Path(str(source))
    for name in drawn & events.columns.keys():
        require_sound_column(name, events[name], 0, path)


def _read_for_plots(path: str | os.PathLike[str]) -> Events:
    """Read only the columns that are drawn."""
    with open_events(path) as file:
        part_of_run(file.attributes, file.path)  # checked here, so that the message names the file
        kind = kind_of(file.attributes, file.path)
        wanted = {axis.column for axis in axes_of_kind(kind)}
        wanted |= {axis.differs_from for axis in axes_of_kind(kind)}
        wanted |= {sort.column for sort in kind.sorts.values()}
        columns = columns_of(file.columns, file.attributes)
        present = [c.name for c in columns if c.name in wanted or c.role in (Role.WEIGHT, Role.ACCEPTANCE)]
        return events_in(file, present)


@dataclass(frozen=True)
class _Curve:
    """A line of a picture: its share of the cross section, and dsigma/dx with its error in bins."""

    part: Part
    share: float
    values: FloatArray
    errors: FloatArray

    @property
    def label(self) -> str:
        return self.part.label if self.part.label == TOTAL else f"{self.part.label} ({names.percent(self.share)})"


@dataclass(frozen=True)
class _Panel:
    """One axis, binned: the histogram of the total and of each part."""

    axis: Axis
    edges: FloatArray
    log: bool
    curves: tuple[_Curve, ...]

    @classmethod
    def of(cls, events: Events, axis: Axis) -> _Panel:
        values = axis.value(events[axis.column])
        acceptance = events["acceptance"] if axis.seen and "acceptance" in events.columns else None
        weights = events["weight"] if acceptance is None else events["weight"] * acceptance
        edges, log = bin_edges(values, weights, always_log=axis.log, long_tail=axis.long_tail)
        per_log = log and not axis.log_y
        sigma = float(np.sum(weights))
        parts = parts_of(events, axis.sort)
        if axis.with_kept and "acceptance" in events.columns:
            parts.append(accepted_by_detector(events))
        curves = []
        for part in parts:
            factor = part.factor if part.factor is not None else acceptance
            y, error = axis_histogram(events, values, edges, per_log, part.mask, factor)
            mine = events["weight"] if factor is None else events["weight"] * factor
            curves.append(_Curve(part, float(np.sum(mine[part.mask])) / sigma, y, error))
        return cls(axis, edges, log, tuple(curves))

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(curve.part.label for curve in self.curves)


def _single(events: Events, panel: _Panel) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.0, 8.5), layout="constrained")
    axes = figure.add_subplot()
    _draw(axes, panel, events)
    _legend(axes, panel, fontsize=19)
    axes.set_title(names.heading(events, 64), loc="left", fontsize=19, pad=12)
    return figure


def _overview(events: Events, panels: Sequence[_Panel]) -> Figure:
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    columns = min(3, len(panels))
    rows = -(-len(panels) // columns)
    layout = ConstrainedLayoutEngine(w_pad=0.25, h_pad=0.25)
    figure = Figure(figsize=(8.4 * columns, 6.6 * rows + 1.6), layout=layout)
    grid = figure.subplots(rows, columns, squeeze=False)
    one_legend = len({panel.labels for panel in panels}) == 1
    for axes, panel in zip(grid.flat, panels, strict=False):
        _draw(axes, panel, events)
        if not one_legend:
            _legend(axes, panel, fontsize=16)
    for axes in grid.flat[len(panels) :]:
        axes.set_axis_off()
    if one_legend:
        handles, labels = grid.flat[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), fontsize=26)
    figure.suptitle(names.heading(events, 104), fontsize=30)
    return figure


def _legend(axes: Axes, panel: _Panel, fontsize: int) -> None:
    axes.legend(loc="best", fontsize=fontsize, ncols=2 if len(panel.curves) > _LONG_LEGEND else 1, columnspacing=1.0)


def _draw(axes: Axes, panel: _Panel, events: Events) -> None:
    """Draw the curves of one observable with their error bands, and name the axes."""
    axis = panel.axis
    peak = max(float(np.max(curve.values)) for curve in panel.curves)
    power = 3 * int(np.floor((np.log10(peak) + 1.0) / 3.0)) if peak > 0.0 else 0  # numbers from 0.1 to 100
    if axis.log_y:
        power = 0
    for curve in panel.curves:
        y, error = curve.values, curve.errors
        low, high = np.maximum(y - error, 0.0) / 10.0**power, (y + error) / 10.0**power
        colour, dashes = curve.part.colour, curve.part.dashes
        axes.stairs(high, panel.edges, baseline=low, fill=True, color=colour, alpha=0.25, linewidth=0.0)
        axes.stairs(y / 10.0**power, panel.edges, color=colour, linestyle=dashes, linewidth=2.2, label=curve.label)
    symbol, units = axis.symbol, axis.units
    symbol = symbol.replace("MINUS", names.lepton(events, "minus")).replace("PLUS", names.lepton(events, "plus"))
    slope, per = rf"d\sigma/d{symbol}", f"cm$^2$/{units}" if units else "cm$^2$"
    if panel.log:
        axes.set_xscale("log")
        if not axis.log_y:
            slope, per = rf"d\sigma/d\ln\,{symbol}", "cm$^2$"
    axes.set_xlabel(f"${symbol}$ [{units}]" if units else f"${symbol}$")
    axes.set_xlim(panel.edges[0], panel.edges[-1])
    if axis.log_y:
        axes.set_ylabel(f"${slope}$ [{per}]")
        axes.set_yscale("log")
        axes.set_ylim(*_decades(panel, peak))
    else:
        axes.set_ylabel(f"${slope}$ [$10^{{{power}}}$ {per}]")
        axes.set_ylim(0.0, (1.5 if len(panel.curves) > _LONG_LEGEND else 1.0) * axes.get_ylim()[1])


def _decades(panel: _Panel, peak: float) -> tuple[float, float]:
    """Return the limits of a logarithmic y axis: whole curves, but no more decades than are readable."""
    lowest = [float(np.min(curve.values[curve.values > 0.0], initial=peak)) for curve in panel.curves]
    bottom = max(0.5 * min(lowest), _BELOW * lowest[0], _DECADES * peak)
    long = len(panel.curves) > _LONG_LEGEND  # then reserve height for each line of the legend
    return bottom, peak * ((peak / bottom) ** (0.035 * len(panel.curves)) if long else 4.0)
