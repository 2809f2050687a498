"""Measured sigma/sigma_SM of dimuon tridents, and the constraints on couplings and on an L_mu - L_tau boson."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tridentgen.analysis.measurements import MEASUREMENTS, Prediction, predict, zprime_limit
from tridentgen.figures.base import FigureKind, Request, card_with_flux
from tridentgen.physics.trident_couplings import Couplings
from tridentgen.plots.style import COLOURS, DASHES, MARKERS, plain_ticks
from tridentgen.progress import Progress
from tridentgen.reports.layout import aligned
from tridentgen.reports.measurements import measurement_text
from tridentgen.runs.job import engine_of
from tridentgen.typing import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

V_MINUS_A = Couplings(1.0, 1.0)
"""Couplings without the Z."""

_MASSES_GEV = np.geomspace(1e-3, 300.0, 24)
_GRID = np.linspace(-2.2, 2.2, 221)


@dataclass(frozen=True)
class Measurements:
    """Prediction for each measurement, and limits on g at 95 % confidence level, arrays of shape (N,)."""

    predictions: tuple[Prediction, ...]
    masses_GeV: FloatArray
    limits: tuple[FloatArray, ...]


def compute(request: Request, progress: Progress) -> Measurements:
    """Sample tridents with the card of each experiment and the overrides of the request."""
    found: list[Prediction] = []
    for number, measurement in enumerate(MEASUREMENTS):
        card = card_with_flux(measurement.card, request.overrides, request.flux_folder)
        progress(measurement.name, number / len(MEASUREMENTS))
        found.append(predict(measurement, card, engine_of(card)))
    limits = tuple(np.array([zprime_limit(each, float(mass)) for mass in _MASSES_GEV]) for each in found)
    return Measurements(tuple(found), _MASSES_GEV, limits)


def draw(numbers: Measurements) -> Figure:
    """Draw the ratios, the one-sigma bands in the plane of couplings, and the limits on a boson."""
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    figure = Figure(figsize=(29.0, 9.0), layout=ConstrainedLayoutEngine(w_pad=0.2))
    ratios, couplings, boson = figure.subplots(1, 3)
    _draw_ratios(ratios, numbers.predictions)
    _draw_couplings(couplings, numbers.predictions)
    _draw_limits(boson, numbers)
    return figure


def _draw_ratios(axes: Axes, predictions: tuple[Prediction, ...]) -> None:
    places = np.arange(len(predictions))[::-1]
    for place, found, colour, marker in zip(places, predictions, COLOURS, MARKERS, strict=False):
        axes.errorbar([found.measured], [place], xerr=[[found.down], [found.up]], color=colour, marker=marker,
                      markersize=13, linewidth=2.6, capsize=6)  # fmt: skip
        label = "V - A without the Z" if place == places[0] else None
        axes.plot([found.ratio(V_MINUS_A).value], [place], marker="x", color="0.35", linestyle="", markersize=15,
                  markeredgewidth=3.0, label=label)  # fmt: skip
    axes.axvline(1.0, color="black", linewidth=1.6, label="Standard Model")
    axes.set_yticks(places, [found.name for found in predictions])
    axes.tick_params(axis="y", which="minor", left=False, right=False)
    axes.set_ylim(-0.6, len(predictions) - 0.1)
    axes.set_xlim(left=-0.1)
    axes.set_xlabel(r"$\sigma/\sigma_\mathrm{SM}$")
    axes.legend(loc="upper right", fontsize=19)


def _draw_couplings(axes: Axes, predictions: tuple[Prediction, ...]) -> None:
    vector, axial = np.meshgrid(_GRID, _GRID)
    for found, colour, dashes in zip(predictions, COLOURS, DASHES, strict=False):
        form = found.form
        ratio = (form.vv * vector**2 + form.aa * axial**2 + form.va * vector * axial) / found.sigma_sm_cm2
        ends = [max(found.measured - found.down, 1e-9), found.measured + found.up]
        axes.contourf(vector, axial, ratio, levels=ends, colors=[colour], alpha=0.22)
        axes.contour(vector, axial, ratio, levels=ends, colors=[colour], linestyles=[dashes], linewidths=2.2)
        axes.plot([], [], color=colour, linestyle=dashes, linewidth=2.2, label=found.name)
    standard = predictions[0].standard
    axes.plot(standard.vector, standard.axial, "*", color="black", markersize=22, label="Standard Model", linestyle="")
    axes.plot(V_MINUS_A.vector, V_MINUS_A.axial, "x", color="0.35", markersize=15, markeredgewidth=3.0,
              label="V - A", linestyle="")  # fmt: skip
    axes.set_xlabel("$V$")
    axes.set_ylabel("$A$")
    axes.legend(loc="upper left", fontsize=18, ncols=2, columnspacing=1.0)
    axes.set_ylim(_GRID[0], 1.35 * _GRID[-1])


def _draw_limits(axes: Axes, numbers: Measurements) -> None:
    for found, limits, colour, dashes in zip(numbers.predictions, numbers.limits, COLOURS, DASHES, strict=False):
        axes.plot(numbers.masses_GeV, limits, color=colour, linestyle=dashes, linewidth=2.6, label=found.name)
    strongest = np.min(numbers.limits, axis=0)
    axes.fill_between(numbers.masses_GeV, strongest, 10.0, color="0.85", linewidth=0.0)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(numbers.masses_GeV[0], numbers.masses_GeV[-1])
    axes.set_ylim(0.3 * float(np.min(strongest)), 2.0 * float(np.max(numbers.limits)))
    plain_ticks(axes.xaxis)
    axes.set_xlabel(r"mass of the $L_\mu - L_\tau$ boson [GeV]")
    axes.set_ylabel(r"$g'$, excluded at 95 % above")
    axes.legend(loc="upper left", fontsize=19)


def text(numbers: Measurements) -> str:
    """Return the measurements with the Standard Model and V = A = 1, and the limits on a boson."""
    rows: list[tuple[str, ...]] = [("mass/GeV", *(f"g', {found.name}" for found in numbers.predictions))]
    for i in range(0, len(numbers.masses_GeV), 4):
        rows.append((f"{numbers.masses_GeV[i]:.3g}", *(f"{limits[i]:.3g}" for limits in numbers.limits)))
    table = measurement_text(numbers.predictions, V_MINUS_A)
    return f"the model: V = A = 1, without the Z\n{table}\n\nlimits on L_mu - L_tau, 95 %\n{aligned(rows)}"


def as_json(numbers: Measurements) -> dict[str, Any]:
    """Return the measurements, the quadratic forms in the couplings over sigma_SM, and the limits."""
    rows = []
    for found, limits in zip(numbers.predictions, numbers.limits, strict=True):
        sigma, without_z = found.sigma_sm_cm2, found.ratio(V_MINUS_A)
        rows.append({
            "experiment": found.name, "measured": found.measured, "up": found.up, "down": found.down,
            "source": found.measurement.source, "sigma_sm_cm2": sigma, "error_cm2": found.error_cm2,
            "pull": found.pull(), "vv": found.form.vv / sigma, "aa": found.form.aa / sigma,
            "va": found.form.va / sigma, "v_minus_a": without_z.value, "v_minus_a_error": without_z.error,
            "v_minus_a_pull": found.pull(V_MINUS_A), "zprime_coupling_below": limits.tolist(),
        })  # fmt: skip
    return {"measurements": rows, "zprime_masses_GeV": numbers.masses_GeV.tolist()}


KIND = FigureKind(
    "measurements", "sigma/sigma_SM of CHARM II, CCFR and NuTeV, couplings, and limits on L_mu - L_tau",
    compute, draw, text, json=as_json, own_cards=True,
)  # fmt: skip
