"""Pictures of the recoil spectra that `tridentgen rate` computes: by component of the source and by nuclide."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tridentgen.analysis.recoil_spectra import RecoilRate, Spectrum
from tridentgen.errors import InputError
from tridentgen.plots.names import component_name, nuclide_name, percent, plain
from tridentgen.plots.style import COLOURS, DASHES, FORMATS, save, style
from tridentgen.typing import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


_NAMES = {"component": component_name, "nuclide": nuclide_name}
_STYLES = tuple(zip(COLOURS, DASHES, strict=True))[:6]
_OTHERS = ("0.5", ":")
_STEEP = 30.0  # a logarithmic axis if the peak exceeds the middle bin, or the smallest curve, by this factor
_DECADES = 1e-5  # of the peak: lower limit of a logarithmic axis
_AXES = {
    "recoil": (r"T", r"keV$_\mathrm{nr}$"),
    "observed": (r"E_\mathrm{obs}", r"keV$_\mathrm{ee}$"),
}


def check_picture(output: Path) -> None:
    """Raise `InputError` for an unknown picture format, `TridentgenError` if drawing is not possible."""
    if output.suffix and output.suffix[1:] not in FORMATS:
        raise InputError(f"--output {output}: unknown picture format; use a folder, or one of {', '.join(FORMATS)}")
    with style():
        pass


def plot_rate(rate: RecoilRate, spectra: Sequence[Spectrum], output: Path, heading: Sequence[str] = ()) -> list[Path]:
    """Draw every spectrum by component, if there are any, and by nuclide.

    Parameters
    ----------
    rate : RecoilRate
    spectra : sequence of Spectrum
        Spectra of this rate.
    output : Path
        A folder for one file per picture, such as ``recoil_component.png``; or a file with the suffix of a picture, for
        all of them on one sheet.
    heading : sequence of str
        Lines above the pictures.

    Returns
    -------
    list of Path
        The pictures written.

    Raises
    ------
    TridentgenError, InputError, FileError
        Without matplotlib or mplhep; for an unknown format; if a picture cannot be written.
    """
    check_picture(output)
    with style():
        from matplotlib.figure import Figure

        names = [by for by in _NAMES if by in rate.classifications]
        panels = list(product(spectra, names))
        if output.suffix:
            figure = Figure(figsize=(8.5 * len(names), 7.5 * len(spectra) + 1.0), layout="constrained")
            places = figure.subplots(len(spectra), len(names), squeeze=False).flat
            for axes, (spectrum, by) in zip(places, panels, strict=True):
                _draw(axes, rate, spectrum, by)
            figure.suptitle(_lines(heading, 52 * len(names)), fontsize=24)
            return [save(figure, output)]
        return [save(_single(rate, s, by, heading), output / f"{s.kind}_{by}.png") for s, by in panels]


def _single(rate: RecoilRate, spectrum: Spectrum, by: str, heading: Sequence[str]) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.0, 8.5), layout="constrained")
    axes = figure.add_subplot()
    _draw(axes, rate, spectrum, by)
    axes.set_title(_lines(heading, 64), loc="left", fontsize=17, pad=12)
    return figure


def _lines(heading: Sequence[str], width: int) -> str:
    lines = map(plain, heading)
    return "\n".join(textwrap.fill(line, width) for line in lines if line)


def _draw(axes: Axes, rate: RecoilRate, spectrum: Spectrum, by: str) -> None:
    """Draw the total and its parts, and name the axes."""
    bins = np.log(spectrum.edges_keV) if spectrum.log else spectrum.edges_keV
    width = np.diff(bins)
    curves = [(name, counts / width, float(counts.sum())) for name, counts in _groups(rate, spectrum, by)]
    total = spectrum.counts.sum(axis=0) / width
    if len(curves) > 1:
        axes.stairs(total, spectrum.edges_keV, color="black", linewidth=2.4, label="total")
    whole = float(spectrum.counts.sum())
    for (name, y, share), (colour, dashes) in zip(curves, (*_STYLES[: len(curves)], _OTHERS), strict=False):
        label = f"{name} ({percent(share / whole)})" if whole > 0.0 and len(curves) > 1 else name
        axes.stairs(y, spectrum.edges_keV, color=colour, linestyle=dashes, linewidth=2.0, label=label)
    symbol, units = _AXES[spectrum.kind]
    axes.set_xlabel(f"${symbol}$ [{units}]")
    axes.set_xlim(spectrum.edges_keV[0], spectrum.edges_keV[-1])
    if spectrum.log:
        axes.set_xscale("log")
        axes.set_ylabel(rf"$dN/d\ln\,{symbol}$")
    else:
        axes.set_ylabel(f"$dN/d{symbol}$ [1/{units}]")
    bottom = _log_bottom(total, [y for _, y, _ in curves])
    if bottom is None:
        axes.set_ylim(bottom=0.0)
    else:
        axes.set_yscale("log")
        axes.set_ylim(bottom, 3.0 * float(np.max(total)))
    axes.legend(loc="best", fontsize=15 if len(curves) > 4 else 18)


def _groups(rate: RecoilRate, spectrum: Spectrum, by: str) -> list[tuple[str, FloatArray]]:
    """Return names and counts of the largest groups, and of the others combined."""
    groups = rate.groups(by).items()
    found = [(_NAMES[by](name), spectrum.counts[members].sum(axis=0)) for name, members in groups]
    found.sort(key=lambda group: -float(group[1].sum()))
    rest = found[len(_STYLES) :]
    if not rest:
        return found
    return [*found[: len(_STYLES)], (f"{len(rest)} others", np.sum([counts for _, counts in rest], axis=0))]


def _log_bottom(total: FloatArray, curves: Sequence[FloatArray]) -> float | None:
    """Return the lower limit of a logarithmic axis; None if a linear axis suffices."""
    peak = float(np.max(total))
    smallest = min(float(np.max(y)) for y in curves)
    middle = float(np.median(total))
    if not peak > 0.0 or (middle * _STEEP > peak and smallest * _STEEP > peak):
        return None
    low = min((float(np.min(y[y > 0.0])) for y in [total, *curves] if np.any(y > 0.0)), default=peak)
    return max(low, _DECADES * peak)
