"""Pictures of fits: data with the fit and its parts, profiles, contours, and limits against a scanned number."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tridentgen.fits.dataset import Axis, Dataset
from tridentgen.fits.fit import Contour, FitResult, FreeNumber
from tridentgen.fits.intervals import delta_chi2
from tridentgen.fits.scan import ScanResult
from tridentgen.plots.names import plain
from tridentgen.plots.style import COLOURS, DASHES, check_picture, save, style
from tridentgen.typing import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_STEADY = "steady_state"
"""Background that is subtracted in the pictures, as the experiments do: it is most of the events."""

_NAMES = {
    "brn": "beam-related neutrons",
    "delayed_brn": "delayed neutrons",
    "nin": "neutrino-induced neutrons",
    "CEvNS": r"CE$\nu$NS",
    "accidental_0": "accidental, SR0",
    "accidental_1": "accidental, SR1",
}
_HIGHEST = 10.0
"""Increase of chi2 up to which a profile is drawn."""

_PANEL = (9.0, 8.0)
_MOST_COLUMNS = 3


def plot_fit(fit: FitResult, output: Path, contour: Contour | None = None) -> Path:
    """Draw a fit and return the path; raise as `plots.style.save` does.

    The profile of each free key or the contours of two, then the data of each set along each of its axes.
    """
    check_picture(output)
    with style():
        from matplotlib.figure import Figure

        keys = list(fit.free.values()) if fit.significance is None else []
        numbers: list[FreeNumber | Contour] = [contour] if contour is not None else list(keys)
        data = [(place, axis) for place, m in enumerate(fit.measurements) for axis in range(len(m.data.axes))]
        columns = min(len(numbers) + len(data), _MOST_COLUMNS)
        rows = math.ceil((len(numbers) + len(data)) / columns)
        figure = Figure(figsize=(_PANEL[0] * columns, _PANEL[1] * rows), layout="constrained")
        panels = list(np.ravel(figure.subplots(rows, columns, squeeze=False)))
        for number in numbers:
            if isinstance(number, Contour):
                _draw_contour(panels.pop(0), number, fit)
            else:
                _draw_profile(panels.pop(0), number)
        for place, axis in data:
            _draw_data(panels.pop(0), fit, place, axis)
        for panel in panels:
            panel.set_axis_off()
        return save(figure, output)


def _draw_profile(axes: Axes, number: FreeNumber) -> None:
    """Draw chi2 above its minimum, with the levels and their intervals."""
    curve = number.curve
    rise = curve.chi2 - curve.chi2.min()
    levels = [delta_chi2(level) for level in number.intervals]
    top = max(_HIGHEST, 1.6 * max(levels))
    inside = np.nonzero(rise <= 1.5 * top)[0]
    axes.plot(curve.values, rise, color=COLOURS[0])
    for place, (level, ranges) in enumerate(number.intervals.items()):
        colour = COLOURS[(place + 1) % len(COLOURS)]
        axes.axhline(levels[place], color=colour, linestyle=DASHES[1], label=f"{100.0 * level:g} %")
        for low, high in ranges:
            axes.axvspan(max(low, curve.values[0]), min(high, curve.values[-1]), color=colour, alpha=0.12, lw=0)
    axes.set_xlabel(_axis_name(number.key))
    axes.set_ylabel(r"$\Delta\chi^2$")
    if len(inside):
        axes.set_xlim(curve.values[inside[0]], curve.values[inside[-1]])
    axes.set_ylim(0.0, top)
    axes.legend(loc="upper center", fontsize=18)


def _draw_contour(axes: Axes, contour: Contour, fit: FitResult) -> None:
    """Draw the contours of two free numbers, and the best values."""
    names = list(fit.free)
    values = dict(sorted((value, level) for level, value in contour.levels.items()))
    colours = [COLOURS[place % len(COLOURS)] for place in range(len(values))]
    drawn = axes.contour(contour.x, contour.y, contour.delta_chi2, levels=list(values), colors=colours)
    axes.clabel(drawn, fmt={value: f"{100.0 * level:g} %" for value, level in values.items()}, fontsize=16)
    axes.plot([fit.best[names[0]]], [fit.best[names[1]]], "+", color="black", markersize=16, label="best fit")
    axes.set_xlabel(_axis_name(names[0]))
    axes.set_ylabel(_axis_name(names[1]))
    axes.legend(loc="best", fontsize=18)


def _draw_data(axes: Axes, fit: FitResult, place: int, axis: int) -> None:
    """Draw the events of a data set along an axis, and the parts of the fit one upon another."""
    data = fit.measurements[place].data
    parts = {name: _along(data, counts, axis) for name, counts in fit.parts[data.name].items()}
    events = _along(data, data.events, axis)
    variance = _along(data, data.events if data.variance is None else data.variance, axis)
    steady = parts.pop(_STEADY, None)
    if steady is not None:
        events = events - steady
    edges, width = _edges(data.axes[axis])
    below = np.zeros(len(events))
    order = [name for name in parts if name != "CEvNS"] + ["CEvNS"]
    for number, name in enumerate(order):
        colour = COLOURS[0] if name == "CEvNS" else COLOURS[1 + number % (len(COLOURS) - 1)]
        top = below + parts[name] / width
        axes.stairs(top, edges, baseline=below, fill=True, color=colour, alpha=0.7,
                    label=_NAMES.get(name, plain(name)))  # fmt: skip
        below = top
    label = "data" if steady is None else "data less steady state"
    axes.errorbar(0.5 * (edges[1:] + edges[:-1]), events / width, yerr=np.sqrt(variance) / width,
                  xerr=0.5 * np.diff(edges), fmt="o", color="black", markersize=5, label=label)  # fmt: skip
    axes.axhline(0.0, color="black", linewidth=0.8)
    _name_axis(axes, data.axes[axis])
    axes.set_xlim(edges[0], edges[-1])
    axes.set_title(data.name, fontsize=20)
    axes.legend(loc="best", fontsize=16)


def _along(data: Dataset, counts: FloatArray, axis: int) -> FloatArray:
    """Return the sums over the other axes, of the bins that are fitted."""
    used = counts if data.used is None else counts * data.used
    grid = used.reshape([each.bins for each in data.axes])
    return np.asarray(np.sum(grid, axis=tuple(i for i in range(grid.ndim) if i != axis)))


def _edges(axis: Axis) -> tuple[FloatArray, FloatArray]:
    """Return edges to draw, and the widths by which events are divided: 1 where all are the same."""
    if axis.labels:
        return np.arange(axis.bins + 1.0), np.ones(axis.bins)
    return axis.edges, np.ones(axis.bins) if _is_even(axis) else np.diff(axis.edges)


def _is_even(axis: Axis) -> bool:
    """Whether all bins are equally wide."""
    return bool(np.ptp(np.diff(axis.edges)) < 1e-6 * (axis.edges[-1] - axis.edges[0]))


def _name_axis(axes: Axes, axis: Axis) -> None:
    if axis.labels:
        axes.set_xticks(0.5 + np.arange(axis.bins), axis.labels)
        axes.set_ylabel("events")
        return
    unit = {"us": r"$\mu$s"}.get(axis.unit, axis.unit)
    axes.set_xlabel(f"{axis.name} [{unit}]" if unit else axis.name)
    width = f"{axis.edges[1] - axis.edges[0]:.3g} " if _is_even(axis) else ""
    per = unit or (axis.name if axis.name == "PE" else "")
    axes.set_ylabel(f"events per {width}{per}".rstrip())


def plot_scan(done: ScanResult, output: Path) -> Path:
    """Draw the intervals of the first free key at each value of a scan; raise as `plots.style.save` does.

    Allowed regions are filled; where all values are of one sign or limits span decades, axes are logarithmic.
    """
    check_picture(output)
    with style():
        from matplotlib.figure import Figure

        figure = Figure(figsize=(11.0, 9.0), layout="constrained")
        axes = figure.subplots()
        key = next(iter(done.fits[0].free))
        x = np.array(done.key.values)
        for place, level in enumerate(done.fits[0].free[key].intervals):
            _draw_limits(axes, done, key, level, COLOURS[place % len(COLOURS)])
        if np.all(x > 0.0) and x.max() > 20.0 * x.min():
            axes.set_xscale("log")
        axes.set_xlim(x.min(), x.max())
        axes.set_xlabel(_axis_name(done.key.key.text))
        axes.set_ylabel(_axis_name(key))
        names = ", ".join(measurement.name for measurement in done.fits[0].measurements)
        axes.legend(loc="best", fontsize=18, title=names, title_fontsize=18)
        return save(figure, output)


def _draw_limits(axes: Axes, done: ScanResult, key: str, level: float, colour: str) -> None:
    """Draw the ends of the intervals above zero on a logarithmic axis; the excluded region beyond them is shaded."""
    x = np.array(done.key.values)
    ranges = [fit.free[key].intervals[level] for fit in done.fits]
    highs = np.array([max((r.high for r in each), default=math.nan) for each in ranges])
    first = np.array([next((r.high for r in each if r.high > 0.0), math.nan) for each in ranges])
    positive = np.isfinite(first)
    label = f"{100.0 * level:g} %"
    if positive.any() and np.nanmin(first) > 0.0:
        axes.set_yscale("log")
    axes.plot(x, first, color=colour, label=label)
    top = 3.0 * float(np.nanmax(highs))
    axes.fill_between(x, first, top, color=colour, alpha=0.10, lw=0)
    axes.set_ylim(top=top)
    bands = [sorted((r for r in each if r.low > 0.0), reverse=True)[:1] for each in ranges]
    low = np.array([band[0].low if band else math.nan for band in bands])
    high = np.array([band[0].high if band else math.nan for band in bands])
    axes.fill_between(x, low, high, color="white", lw=0)
    for edge in (low, high):
        axes.plot(x, edge, color=colour, linestyle=DASHES[1])


def _axis_name(key: str) -> str:
    """Return the name of a key on an axis."""
    names = {
        "model.sin2_theta_w": r"$\sin^2\theta_W$",
        "process.neutron_radius_fm": r"$R_n$ [fm]",
        "process.neutron_skin_fm": r"$R_n - R_p$ [fm]",
        "model.magnetic_moment": r"$\mu_\nu$ [$\mu_B$]",
    }
    name, unit = key, ""
    for ending in ("_MeV", "_GeV", "_fm", "_m"):
        if key.endswith(ending):
            name, unit = key.removesuffix(ending), f" [{ending[1:]}]"
    return names.get(key, plain(name.removeprefix("model.").replace(".", " ").replace("_", " ")) + unit)
