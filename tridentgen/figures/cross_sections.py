"""sigma/Z^2 as a function of the neutrino energy, for every lepton pair, coherent and diffractive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tridentgen.errors import InputError
from tridentgen.figures.base import FigureKind, Request
from tridentgen.flux import Monochromatic
from tridentgen.matter.nuclei import nuclide
from tridentgen.matter.particles import Neutrino, neutrino
from tridentgen.physics.trident_couplings import Couplings
from tridentgen.plots.names import neutrino_name, nuclide_name, pair_label
from tridentgen.plots.style import COLOURS, DASHES, plain_ticks
from tridentgen.processes.trident.pairs import Pair, lepton_pairs
from tridentgen.processes.trident.trident import Trident
from tridentgen.progress import Progress
from tridentgen.reports.layout import aligned, measured
from tridentgen.sampling.integrate import trained_cross_section
from tridentgen.typing import FloatArray

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_GRID_GEV = tuple(float(energy) for energy in np.geomspace(0.03, 100.0, 22))
_ABOVE_THRESHOLD = (1.1, 1.4)
_DECADES = 1e-7
"""Points below this share of the highest point are not drawn."""


_Points = tuple[FloatArray, FloatArray, FloatArray]


@dataclass(frozen=True)
class Curve:
    """Cross sections per nucleus in cm^2 as a function of energy, with standard deviations, each of shape (N,)."""

    nu: str
    leptons: Pair
    regime: str
    threshold_GeV: float
    energies_GeV: FloatArray
    sigma_cm2: FloatArray
    error_cm2: FloatArray


@dataclass(frozen=True)
class CrossSections:
    """The curves of all neutrinos and lepton pairs on one target."""

    target: str
    Z: int
    form_factor: str
    curves: tuple[Curve, ...]


def compute(request: Request, progress: Progress) -> CrossSections:
    """Integrate every lepton pair of the three flavours, neutrinos or antineutrinos as in the card, at every energy.

    The energies are those requested, or a grid from 0.03 to 100 GeV with two more just above each threshold.
    """
    anti = neutrino(request.process.neutrino).antiparticle
    beams = [Neutrino(flavour, anti).name for flavour in ("mu", "e", "tau")]
    plans = [(beam, pair, regime) for beam in beams for pair in lepton_pairs(beam) for regime in request.regimes()]
    curves: list[Curve] = []
    known: dict[tuple[Pair, Couplings, str], _Points] = {}  # e- e+ of nu_mu and nu_tau: Z exchange only
    for number, (beam, pair, regime) in enumerate(plans):
        progress(f"{beam} {' '.join(pair)} {regime}", number / len(plans))
        trident = request.trident(pair, regime, beam)
        key = (pair, trident.couplings, regime)
        if key not in known:
            known[key] = _points(request, trident)
        curves.append(Curve(beam, pair, regime, trident.threshold_GeV(), *known[key]))
    if not any(len(curve.energies_GeV) for curve in curves):
        raise InputError("--energy: all energies are below the thresholds; the lowest is that of e- e+, 1 MeV")
    target = nuclide(request.process.target)
    return CrossSections(target.name, target.Z, request.process.form_factor, tuple(curves))


def _points(request: Request, trident: Trident) -> _Points:
    """Return energies, cross sections and errors."""
    threshold, sampling = trident.threshold_GeV(), request.sampling
    steep = [factor * threshold for factor in _ABOVE_THRESHOLD]
    grid = request.energies_GeV or [energy for energy in (*steep, *_GRID_GEV) if energy >= max(steep[0], _GRID_GEV[0])]
    energies = sorted(energy for energy in grid if threshold < energy)
    sigmas = [
        trained_cross_section(
            trident.sampled(Monochromatic(energy)), sampling.engine, sampling.seed,
            rel_error=sampling.rel_error, training_points=sampling.training_points,
        )
        for energy in energies
    ]  # fmt: skip
    return np.array(energies), np.array([s.value for s in sigmas]), np.array([s.error for s in sigmas])


def draw(numbers: CrossSections) -> Figure:
    """Draw a column for each neutrino, coherent above diffractive."""
    from matplotlib.figure import Figure

    beams = list(dict.fromkeys(curve.nu for curve in numbers.curves))
    regimes = list(dict.fromkeys(curve.regime for curve in numbers.curves))
    per = 1.0 / numbers.Z**2
    highest = max(float(np.max(curve.sigma_cm2, initial=0.0)) for curve in numbers.curves) * per
    figure = Figure(figsize=(8.2 * len(beams), 7.5 * len(regimes)), layout="constrained")
    grid = figure.subplots(len(regimes), len(beams), squeeze=False, sharex=True, sharey=True)
    for row, regime in enumerate(regimes):
        for column, beam in enumerate(beams):
            axes = grid[row, column]
            mine = [curve for curve in numbers.curves if (curve.nu, curve.regime) == (beam, regime)]
            mine.sort(key=lambda curve: (_flavours(curve)[0] != _flavours(curve)[1], _flavours(curve)))
            for curve, colour, dashes in zip(mine, COLOURS, DASHES, strict=False):
                axes.plot(curve.energies_GeV, per * curve.sigma_cm2, color=colour, linestyle=dashes, linewidth=2.4,
                          label=pair_label(curve.leptons))  # fmt: skip
            axes.set_title(f"{neutrino_name(beam)}, {nuclide_name(numbers.target)} {regime}", loc="left", fontsize=22)
            axes.legend(loc="upper left", fontsize=21)
            axes.set_xscale("log")
            axes.set_yscale("log")
    grid[0, 0].set_xlim(min(float(np.min(c.energies_GeV)) for c in numbers.curves if len(c.energies_GeV)), None)
    grid[0, 0].set_ylim(_DECADES * highest, 3.0 * highest)
    for axes in grid[-1]:
        axes.set_xlabel(r"$E_\nu$ [GeV]")
        plain_ticks(axes.xaxis)
    for axes in grid[:, 0]:
        axes.set_ylabel(r"$\sigma/Z^2$ [cm$^2$]")
    return figure


def _flavours(curve: Curve) -> tuple[str, str]:
    return curve.leptons[0][:-1], curve.leptons[1][:-1]


def text(numbers: CrossSections) -> str:
    """Return the cross sections per nucleus, one line for each lepton pair and regime, at up to four energies."""
    rows: list[tuple[str, ...]] = [("nu", "leptons", "regime", "sigma/cm2 (not over Z^2) at E/GeV")]
    for curve in numbers.curves:
        last = len(curve.energies_GeV) - 1
        shown = sorted({round(last * part / 3) for part in range(4)}) if last >= 0 else []
        cells = [
            f"{measured(curve.sigma_cm2[i], curve.error_cm2[i])} at {curve.energies_GeV[i]:.4g}" for i in shown
        ]  # fmt: skip
        rows.append((curve.nu, " ".join(curve.leptons), curve.regime, "  ".join(cells) or "below threshold"))
    return f"on {numbers.target}, form factor {numbers.form_factor}\n{aligned(rows)}"


KIND = FigureKind(
    "cross-sections", "sigma/Z^2 against E for all lepton pairs of three flavours, coherent and diffractive",
    compute, draw, text, energies=2,
)  # fmt: skip
