"""The picture of a standard candle: E theta^2 of signal and background, and the precision of the flux by the cut."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tridentgen.analysis.standard_candle import Candle
from tridentgen.plots.names import plain
from tridentgen.plots.style import COLOURS, DASHES, check_picture, save, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_JOINED = 4
"""Bins of E theta^2 joined in the picture."""


def plot_candle(candle: Candle, output: Path) -> Path:
    """Draw a standard candle and return the path; raise as `plots.style.save` does."""
    check_picture(output)
    with style():
        from matplotlib.figure import Figure

        figure = Figure(figsize=(18.0, 8.0), layout="constrained")
        left, right = figure.subplots(1, 2)
        _draw_spectrum(left, candle)
        _draw_precision(right, candle)
        return save(figure, output)


def _draw_spectrum(axes: Axes, candle: Candle) -> None:
    """Draw the numbers of events, the backgrounds one upon another and the signal on top."""
    edges = 1e3 * candle.edges_GeV[::_JOINED]
    below = np.zeros(len(edges) - 1)
    parts = [*candle.backgrounds.items(), (r"$\nu e^- \to \nu e^-$", candle.signal)]
    for (name, counts), colour in zip(parts, (*COLOURS[1 : len(parts)], COLOURS[0]), strict=True):
        top = below + counts.reshape(-1, _JOINED).sum(axis=1)
        label = Path(name).name if name in candle.backgrounds else name
        axes.stairs(top, edges, baseline=below, fill=True, color=colour, alpha=0.75,
                    label=plain(label) if name in candle.backgrounds else label)  # fmt: skip
        below = top
    axes.axvline(1e3 * candle.chosen.max_e_theta2_GeV, color="black", linestyle=DASHES[1], label="cut")
    axes.set_xlabel(r"$E_e\theta_e^2$ [MeV]")
    axes.set_ylabel(f"events per {edges[1] - edges[0]:.3g} MeV")
    axes.set_xlim(0.0, _right_end(candle))
    axes.set_ylim(0.0, 1.15 * float(below.max()))
    axes.legend(loc="best", fontsize=18)


def _draw_precision(axes: Axes, candle: Candle) -> None:
    cuts = [cut for cut in candle.cuts if np.isfinite(cut.precision)]
    x = [1e3 * cut.max_e_theta2_GeV for cut in cuts]
    axes.plot(x, [100.0 * cut.precision for cut in cuts], color=COLOURS[0], label="from the number of events")
    axes.axhline(100.0 * candle.before, color=COLOURS[1], linestyle=DASHES[1], label="flux before")
    axes.axhline(100.0 * candle.after, color=COLOURS[2], linestyle=DASHES[2], label="flux after the fit")
    axes.plot(
        [1e3 * candle.chosen.max_e_theta2_GeV], [100.0 * candle.chosen.precision], "o", color="black", label="cut"
    )
    axes.set_xlabel(r"cut on $E_e\theta_e^2$ [MeV]")
    axes.set_ylabel("relative error of the flux [%]")
    axes.set_xlim(0.0, _right_end(candle))
    axes.set_ylim(0.0, 1.3 * max(100.0 * candle.before, 100.0 * candle.chosen.precision))
    axes.legend(loc="best", fontsize=18)


def _right_end(candle: Candle) -> float:
    """Return the end of the axes in MeV: all of the signal and the cut."""
    shares = np.cumsum(candle.signal) / candle.signal.sum()
    last = candle.edges_GeV[int(np.searchsorted(shares, 0.999)) + 1]
    return 1e3 * min(float(candle.edges_GeV[-1]), max(3.0 * float(last), 2.0 * candle.chosen.max_e_theta2_GeV))
