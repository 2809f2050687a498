"""The picture of a flux: the spectrum of each component."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tridentgen.flux import Component, Flux, Monochromatic
from tridentgen.flux.tabulated import TabulatedFlux
from tridentgen.plots.names import component_name
from tridentgen.plots.style import COLOURS, DASHES, plain_ticks
from tridentgen.typing import FloatArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_POINTS = 800
_DECADES = 1e-6
"""Of the highest peak: the bottom of the picture, unless a component is smaller."""

_MEV_BELOW = 0.5
"""Spectra that end at a lower energy in GeV are drawn in MeV."""


def draw_flux(components: tuple[Component, ...], title: str) -> Figure:
    """Draw the spectrum of every component, bins as steps, lines as high as their integrals.

    It belongs inside the ``with`` block of `plots.style.style`.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11.0, 8.5), layout="constrained")
    axes = figure.add_subplot()
    low = min(component.flux.energy_min_GeV for component in components)
    high = max(component.flux.energy_max_GeV for component in components)
    unit, scale = ("MeV", 1e3) if high < _MEV_BELOW else ("GeV", 1.0)
    peaks = [_peak(component.flux, scale) for component in components]
    bottom = min(_DECADES * max(peaks), 1e-2 * min(peaks))
    for number, component in enumerate(components):
        flux = component.flux
        colour, repeated = number % len(COLOURS), number // len(COLOURS)
        look: dict[str, Any] = {"color": COLOURS[colour], "linestyle": DASHES[(number + repeated) % len(DASHES)]}
        label = component_name(component.name)
        if isinstance(flux, Monochromatic):
            axes.plot([scale * flux.energy_min_GeV] * 2, [bottom, flux.total], label=f"{label} (line)", **look)
        elif isinstance(flux, TabulatedFlux) and flux.interpolation == "histogram":
            values = flux.total * flux.density(0.5 * (flux.energies_GeV[1:] + flux.energies_GeV[:-1])) / scale
            axes.stairs(values, scale * flux.energies_GeV, label=label, baseline=None, linewidth=2.0, **look)
        else:
            energies = _energies(flux)
            axes.plot(scale * energies, flux.total * flux.density(energies) / scale, label=label, **look)
    units = components[0].flux.total_units
    axes.set_xlabel(rf"$E_\nu$ [{unit}]")
    axes.set_ylabel(rf"flux [{_tex(units)} {unit}$^{{-1}}$]" if units else rf"relative flux [{unit}$^{{-1}}$]")
    if high > 30.0 * low:
        axes.set_xscale("log")
        axes.set_xlim(scale * max(low, 1e-3 * high), scale * high)
        plain_ticks(axes.xaxis)
    axes.set_yscale("log")
    axes.set_ylim(bottom, 3.0 * max(peaks))
    axes.set_title(title.replace("$", r"\$"), loc="left", fontsize=17, pad=12, wrap=True)
    axes.legend(loc="best", fontsize=15 if len(components) > 4 else 18)
    return figure


def _peak(flux: Flux, scale: float) -> float:
    """Return the highest flux per unit of energy, of which a GeV has `scale`; of a line its integral."""
    if isinstance(flux, Monochromatic):
        return flux.total
    at = flux.energies_GeV if isinstance(flux, TabulatedFlux) else _energies(flux)
    return float(np.max(flux.density(at)) * flux.total / scale)


def _energies(flux: Flux) -> FloatArray:
    """Return energies at which to draw a curve, closer together at low ones where there are many decades."""
    low, high = flux.energy_min_GeV, flux.energy_max_GeV
    return np.union1d(np.linspace(low, high, _POINTS), np.geomspace(max(low, 1e-3 * high), high, _POINTS))


def _tex(units: str) -> str:
    """Write cm^-2 as a power."""
    words = (word.partition("^") for word in units.split())
    return " ".join(f"{base}$^{{{power}}}$" if power else base for base, _, power in words)
