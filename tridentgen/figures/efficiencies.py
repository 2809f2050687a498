"""Efficiencies of cuts on the signal in a flux, by lepton pair: curves, and a table of the usual cuts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tridentgen.analysis.cut_flow import Share, cut_flow
from tridentgen.analysis.epa_comparison import sampled_events
from tridentgen.events.events import Events
from tridentgen.events.observables import cuts_on
from tridentgen.events.weights import share_error
from tridentgen.figures.base import FigureKind, Request
from tridentgen.plots.names import neutrino_name, nuclide_name, pair_label, plain
from tridentgen.plots.style import COLOURS, DASHES, plain_ticks
from tridentgen.processes.trident.observables import TRIDENT_OBSERVABLES
from tridentgen.processes.trident.pairs import Pair
from tridentgen.progress import Progress
from tridentgen.reports.layout import aligned, percent
from tridentgen.typing import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_DEGREE = math.pi / 180.0
USUAL_CUTS = cuts_on(
    {
        "m2_ll": (-math.inf, 0.2),
        "delta_theta": (-math.inf, 20.0 * _DEGREE),
        "theta_minus": (-math.inf, 15.0 * _DEGREE),
        "theta_plus": (-math.inf, 15.0 * _DEGREE),
    },
    TRIDENT_OBSERVABLES,
)
"""Cuts of the table if the card has none."""

_CUT_VALUES = {
    "m2_ll": np.geomspace(1e-3, 2.0, 60),
    "delta_theta": np.geomspace(0.5, 90.0, 60),
    "theta": np.geomspace(0.5, 90.0, 60),
}
_LABELS = {
    "m2_ll": r"$m^2_{\ell\ell}$ below [GeV$^2$]",
    "delta_theta": r"$\Delta\theta$ below [deg]",
    "theta": r"both $\theta$ to the beam below [deg]",
}


@dataclass(frozen=True)
class EfficiencyCurve:
    """The share of the cross section with an observable below each of `cut`: arrays of shape (N,).

    `observable` is ``m2_ll`` (GeV^2), ``delta_theta``, or ``theta``, the larger of the leptons' angles to the beam
    (degrees).
    """

    leptons: Pair
    regime: str
    observable: str
    cut: FloatArray
    efficiency: FloatArray
    error: FloatArray


@dataclass(frozen=True)
class EfficiencyRow:
    """Efficiency of each cut alone, and of all cuts together."""

    leptons: Pair
    regime: str
    sigma_cm2: float
    each: tuple[Share, ...]
    together: Share


@dataclass(frozen=True)
class Efficiencies:
    """Curves and table; `cuts` are the cuts of the table in words."""

    nu: str
    target: str
    flux: str
    cuts: tuple[str, ...]
    rows: tuple[EfficiencyRow, ...]
    curves: tuple[EfficiencyCurve, ...]


def compute(request: Request, progress: Progress) -> Efficiencies:
    """Sample every pair of e and mu in both regimes; the table has the card's cuts, or else `USUAL_CUTS`."""
    beam, sampling = request.beam, request.sampling
    cuts = request.card.cuts.cuts or USUAL_CUTS
    tridents = request.open_tridents(request.regimes())
    rows: list[EfficiencyRow] = []
    curves: list[EfficiencyCurve] = []
    for number, trident in enumerate(tridents):
        progress(trident.line, number / len(tridents))
        pair, regime = (trident.lepton_minus, trident.lepton_plus), trident.regimes[0]
        events = sampled_events(trident, beam, sampling)
        columns = dict(events.columns)
        each = tuple(cut_flow([columns], [cut])[0][0] for cut in cuts)
        rows.append(EfficiencyRow(pair, regime, events.sum_weights, each, cut_flow([columns], cuts)[0][-1]))
        curves += [_curve(pair, regime, name, events) for name in _CUT_VALUES]
    words = tuple(cut.words for cut in cuts)
    nu, target = request.process.neutrino, request.process.target
    return Efficiencies(nu, target, beam.description, words, tuple(rows), tuple(curves))


def _curve(pair: Pair, regime: str, name: str, events: Events) -> EfficiencyCurve:
    """Return the share below each cut, with its error as in `cut_flow`."""
    if name == "theta":
        values = np.degrees(np.maximum(events["theta_minus"], events["theta_plus"]))
    else:
        values = np.degrees(events[name]) if name == "delta_theta" else events[name]
    weight, cuts = events["weight"], _CUT_VALUES[name]
    order = np.argsort(values)
    sums = np.cumsum([np.zeros(2), *np.stack([weight, weight**2], axis=1)[order]], axis=0)
    number = np.searchsorted(values[order], cuts, side="right")
    below, (total, squares) = sums[number], sums[-1]
    share = below[:, 0] / total
    variance = below[:, 1] * (1.0 - 2.0 * share) + share**2 * squares
    error = np.sqrt(np.maximum(variance, 0.0)) / total
    at_the_end = (number == 0) | (number == len(values))
    error = np.where(at_the_end, share_error(total, squares), error)
    return EfficiencyCurve(pair, regime, name, cuts, share, error)


def draw(numbers: Efficiencies) -> Figure:
    """Draw a panel for each observable and a line for each lepton pair, coherent above diffractive."""
    from matplotlib.figure import Figure

    regimes = list(dict.fromkeys(curve.regime for curve in numbers.curves))
    figure = Figure(figsize=(8.4 * len(_CUT_VALUES), 7.0 * len(regimes) + 0.8), layout="constrained")
    figure.suptitle(plain(numbers.flux), fontsize=24)
    grid = figure.subplots(len(regimes), len(_CUT_VALUES), squeeze=False, sharey=True)
    for row, regime in zip(grid, regimes, strict=True):
        title = f"{neutrino_name(numbers.nu)}, {nuclide_name(numbers.target)} {regime}"
        for axes, name in zip(row, _CUT_VALUES, strict=True):
            _panel(axes, [c for c in numbers.curves if (c.regime, c.observable) == (regime, name)])
            axes.set_title(title, loc="left", fontsize=22)
        row[0].set_ylabel("efficiency")
    return figure


def _panel(axes: Axes, curves: Sequence[EfficiencyCurve]) -> None:
    for curve, colour, dashes in zip(curves, COLOURS, DASHES, strict=False):
        axes.plot(curve.cut, curve.efficiency, color=colour, linestyle=dashes, linewidth=2.6,
                  label=pair_label(curve.leptons))  # fmt: skip
        low, high = curve.efficiency - curve.error, curve.efficiency + curve.error
        axes.fill_between(curve.cut, low, high, color=colour, alpha=0.2, linewidth=0.0)
    axes.set_xscale("log")
    axes.set_xlim(curves[0].cut[0], curves[0].cut[-1])
    axes.set_ylim(0.0, 1.05)
    plain_ticks(axes.xaxis)
    axes.tick_params(axis="x", pad=12)
    axes.set_xlabel(_LABELS[curves[0].observable])
    axes.legend(loc="lower right", fontsize=22)


def text(numbers: Efficiencies) -> str:
    """Return the table of efficiencies in per cent."""
    rows = [("leptons", "regime", *numbers.cuts, "all")]
    for row in numbers.rows:
        cells = [percent(share).replace("%", "") for share in (*row.each, row.together)]
        rows.append((" ".join(row.leptons), row.regime, *cells))
    return f"{numbers.nu} on {numbers.target}, {numbers.flux}; per cent of the signal\n{aligned(rows)}"


KIND = FigureKind(
    "efficiencies", "efficiencies of cuts on m2_ll, delta_theta and the angles to the beam, by lepton pair",
    compute, draw, text,
)  # fmt: skip
