"""Pictures of the equivalent-photon approximation and the full process."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from tridentgen.analysis.epa_comparison import EpaDistribution, EpaRatio
from tridentgen.errors import InputError
from tridentgen.flux import Monochromatic
from tridentgen.plots.names import trident_title
from tridentgen.plots.style import COLOURS, DASHES, MARKERS, check_picture, plain_ticks, save, shared_legend, style
from tridentgen.processes.trident.epa import EpaTrident

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_STYLES = tuple(zip(COLOURS, DASHES, MARKERS, strict=True))
_COLUMNS = 3
_LABELS = {"exact": r"exact $h_T$", "lambda-qcd": r"$Q < \Lambda_\mathrm{QCD}/A^{1/3}$", "uncut": "no cut on $Q$"}

_Case = tuple[str, ...]
Compared = TypeVar("Compared", EpaRatio, EpaDistribution)


def plot_epa(ratios: Sequence[EpaRatio], shapes: Sequence[EpaDistribution], path: Path) -> Path:
    """Draw ratios against energy, and distributions with their ratios below, on one sheet.

    Parameters
    ----------
    ratios
        Ratios at single energies are drawn if a process has several.
    shapes
        One row for each process and regime.
    path
        File name with the suffix of a picture.

    Raises
    ------
    TridentgenError, InputError, FileError
        Without matplotlib or mplhep; for an unknown format or nothing to draw; if the picture cannot be written.
    """
    check_picture(path)
    lines = _lines(ratios)
    panels = _by_case(shapes)
    if not lines and not panels:
        raise InputError("there is nothing to draw: give several energies, or ask for --distributions")
    with style():
        return save(_with_shapes(lines, panels) if panels else _alone(lines), path)


def ratio_figure(ratios: Sequence[EpaRatio]) -> Figure:
    """Return ratios against energy as a figure; raise `InputError` without several energies."""
    lines = _lines(ratios)
    if not lines:
        raise InputError("there is nothing to draw: give several energies")
    return _alone(lines)


def _lines(ratios: Sequence[EpaRatio]) -> dict[_Case, list[EpaRatio]]:
    """Return the ratios at single energies by process, for processes with several."""
    lines = _by_case([ratio for ratio in ratios if isinstance(ratio.beam, Monochromatic)])
    return {case: found for case, found in lines.items() if len({r.beam.energy_max_GeV for r in found}) > 1}


def _by_case(items: Sequence[Compared]) -> dict[_Case, list[Compared]]:
    found: dict[_Case, list[Compared]] = {}
    for item in items:
        epa = item.epa
        case = (epa.neutrino, epa.lepton_minus, epa.lepton_plus, epa.target, epa.regimes[0])
        found.setdefault(case, []).append(item)
    return found


def _alone(lines: dict[_Case, list[EpaRatio]]) -> Figure:
    from matplotlib.figure import Figure

    columns = min(_COLUMNS, len(lines))
    rows = -(-len(lines) // columns)
    figure = Figure(figsize=(8.0 * columns, 7.0 * rows + 0.8), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False)
    # One row per regime, if every lepton pair has the same regimes.
    cases = sorted(lines, key=lambda case: [c[-1] for c in lines].index(case[-1]))
    for axes, case in zip(grid.flat, cases, strict=False):
        _draw_ratios(axes, lines[case])
        axes.set_title(trident_title(lines[case][0].epa), loc="left", fontsize=21)
    for axes in grid.flat[len(lines) :]:
        axes.set_axis_off()
    shared_legend(figure, grid.flat[0])
    return figure


def _with_shapes(lines: dict[_Case, list[EpaRatio]], panels: dict[_Case, list[EpaDistribution]]) -> Figure:
    from matplotlib.figure import Figure

    names = list(dict.fromkeys(shape.observable.name for found in panels.values() for shape in found))
    columns = len(names) + bool(lines)
    figure = Figure(figsize=(8.4 * columns, 8.0 * len(panels) + 0.8), layout="constrained")
    grid = figure.add_gridspec(len(panels), columns)
    first: Axes | None = None
    for row, (case, shapes) in enumerate(panels.items()):
        if case in lines:
            axes = figure.add_subplot(grid[row, 0])
            _draw_ratios(axes, lines[case])
            axes.set_title(trident_title(shapes[0].epa), loc="left", fontsize=21)
        for column, name in enumerate(names, start=bool(lines)):
            halves = grid[row, column].subgridspec(2, 1, height_ratios=(2.6, 1.0), hspace=0.0)
            upper = figure.add_subplot(halves[0])
            lower = figure.add_subplot(halves[1], sharex=upper)
            upper.tick_params(labelbottom=False)
            _draw_shapes(upper, lower, [shape for shape in shapes if shape.observable.name == name])
            upper.set_title(f"{trident_title(shapes[0].epa)}, {_beam(shapes[0])}", loc="left", fontsize=21)
            first = first or upper
    assert first is not None
    shared_legend(figure, first)
    return figure


def _draw_ratios(axes: Axes, ratios: Sequence[EpaRatio]) -> None:
    """Draw one line for each photon flux, with its errors; zeros are left out on the logarithmic axis."""
    for label, (colour, dashes, marker) in zip(_labels(ratios), _STYLES, strict=False):
        mine = [r for r in ratios if _label(r.epa) == label and r.value > 0.0]
        energies = [r.beam.energy_max_GeV for r in mine]
        axes.errorbar(energies, [r.value for r in mine], [r.error for r in mine], color=colour, linestyle=dashes,
                      marker=marker, markersize=8, linewidth=2.2, capsize=3, label=label)  # fmt: skip
    axes.axhline(1.0, color="black", linewidth=1.2, label="full process")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel(r"$E_\nu$ [GeV]")
    axes.set_ylabel(r"$\sigma_\mathrm{EPA}/\sigma_\mathrm{4PS}$")
    plain_ticks(axes.xaxis)
    plain_ticks(axes.yaxis)


def _draw_shapes(upper: Axes, lower: Axes, shapes: Sequence[EpaDistribution]) -> None:
    """Draw the distribution of the full process and of each approximation, and their ratios below."""
    full = shapes[0]
    symbol, units = full.observable.symbol, full.observable.units
    peak = max(float(np.max(np.append(s.sigma_epa, s.sigma_full))) for s in shapes)
    power = 3 * int(np.floor((np.log10(peak) + 1.0) / 3.0))
    scale = 10.0**-power
    upper.stairs(scale * full.sigma_full, full.edges, color="black", linewidth=2.4, label="full process")
    for shape, (colour, dashes, _) in zip(shapes, _STYLES, strict=False):
        upper.stairs(scale * shape.sigma_epa, shape.edges, color=colour, linestyle=dashes, linewidth=2.2,
                     label=_label(shape.epa))  # fmt: skip
        value, error = shape.ratio
        lower.stairs(value, shape.edges, baseline=None, color=colour, linestyle=dashes, linewidth=2.2)
        lower.stairs(value + error, shape.edges, baseline=value - error, fill=True, color=colour, alpha=0.2)
    lower.axhline(1.0, color="black", linewidth=1.2)
    lower.set_yscale("log")
    plain_ticks(lower.yaxis)
    lower.set_xlabel(f"${symbol}$ [{units}]")
    lower.set_ylabel("EPA/4PS")
    slope, per = (rf"d\ln\,{symbol}", "cm$^2$") if full.log else (f"d{symbol}", f"cm$^2$/{units}")
    upper.set_ylabel(rf"$d\sigma/{slope}$ [$10^{{{power}}}$ {per}]")
    upper.set_ylim(bottom=0.0)
    if full.log:
        upper.set_xscale("log")
    upper.set_xlim(full.edges[0], full.edges[-1])


def _labels(items: Sequence[EpaRatio]) -> list[str]:
    return list(dict.fromkeys(_label(item.epa) for item in items))


def _label(epa: EpaTrident) -> str:
    return _LABELS.get(epa.photon_flux) or f"${epa.flux_label.replace(' GeV', '$ GeV')}"


def _beam(shape: EpaDistribution) -> str:
    return f"{shape.beam.energy_max_GeV:g} GeV" if isinstance(shape.beam, Monochromatic) else "in the flux"
