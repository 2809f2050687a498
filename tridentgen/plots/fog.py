"""The picture of discovery limits and of the neutrino fog against the mass of the particle."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from tridentgen.analysis.fog.fog import Fog
from tridentgen.plots.names import plain
from tridentgen.plots.style import COLOURS, DASHES, check_picture, save, style
from tridentgen.typing import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_FOG = "0.6"
_MARGIN = 1.05
_FEW = 12
"""Fewer points are drawn as points."""


def plot_fog(fog: Fog, output: Path, curves: Mapping[str, tuple[FloatArray, FloatArray]] | None = None) -> Path:
    """Draw cross sections against the mass and return the path; raise as `plots.style.save` does.

    Parameters
    ----------
    fog : Fog
    output : Path
    curves : mapping of str to (masses in GeV, cross sections in cm^2)
        Curves of others, by their label.
    """
    check_picture(output)
    with style():
        from matplotlib.figure import Figure

        figure = Figure(figsize=(11.0, 9.0), layout="constrained")
        axes = figure.add_subplot()
        _draw_boundaries(axes, fog)
        for k, exposure in enumerate(fog.floor.exposures_t_year):
            points = [(mass.mass_GeV, mass.limits[k].cross_section_cm2) for mass in fog.masses]
            axes.plot(*_columns(points), color=COLOURS[k % len(COLOURS)], linestyle=DASHES[k % len(DASHES)],
                      marker=_marker(points), label=f"{exposure:g} t yr")  # fmt: skip
        for name, (masses, sigmas) in (curves or {}).items():
            few = len(masses) < _FEW
            axes.plot(masses, sigmas, color="black", linestyle="" if few else ":", linewidth=2.5,
                      marker="D" if few else "", markersize=9, label=plain(name))  # fmt: skip
        axes.set_xscale("log")
        axes.set_yscale("log")
        masses_GeV = [mass.mass_GeV for mass in fog.masses]
        if max(masses_GeV) > min(masses_GeV):
            axes.set_xlim(min(masses_GeV) / _MARGIN, max(masses_GeV) * _MARGIN)
        _keep_in_view(axes, fog)
        axes.set_xlabel(r"$m_\chi$ [GeV]")
        axes.set_ylabel(r"cross section on a nucleon [cm$^2$]")
        axes.set_title(plain(fog.title), loc="left", fontsize=19)
        axes.legend(loc="best", fontsize=17)
        return save(figure, output)


def _draw_boundaries(axes: Axes, fog: Fog) -> None:
    """Draw the boundary of each index, and shade what is below the first."""
    bottom = _lowest(fog) / 30.0
    for k, index in enumerate(fog.floor.index):
        points = [
            (mass.mass_GeV, math.nan if point is None else point.cross_section_cm2)
            for mass, point in ((mass, mass.boundary[k]) for mass in fog.masses)
        ]
        masses, sigmas = _columns(points)
        if k == 0:
            axes.fill_between(masses, sigmas, bottom, color=_FOG, alpha=0.3, linewidth=0.0)
        axes.plot(masses, sigmas, color="0.25", linestyle=DASHES[k % len(DASHES)], marker=_marker(points),
                  label=f"neutrino fog, $n = {index:g}$")  # fmt: skip


def _columns(points: list[tuple[float, float]]) -> tuple[list[float], list[float]]:
    ordered = sorted(points)
    return [mass for mass, _ in ordered], [sigma for _, sigma in ordered]


def _marker(points: list[tuple[float, float]]) -> str:
    """Return a marker where a line would not be seen."""
    return "o" if len([sigma for _, sigma in points if math.isfinite(sigma)]) < _FEW else ""


def _all(fog: Fog) -> list[float]:
    found = [point.cross_section_cm2 for mass in fog.masses for point in mass.boundary if point is not None]
    return found + [point.cross_section_cm2 for mass in fog.masses for point in mass.limits]


def _lowest(fog: Fog) -> float:
    return min(_all(fog), default=1e-50)


def _keep_in_view(axes: Axes, fog: Fog) -> None:
    """Let the axis end below all that was computed."""
    numbers = _all(fog)
    if numbers:
        axes.set_ylim(min(numbers) / 3.0, max(numbers) * 10.0)
