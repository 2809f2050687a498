"""Distributions of m2_ll and delta_theta in a flux by lepton pair: coherent and diffractive, EPA and full process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tridentgen.analysis.epa_comparison import COMPARED, sampled_events
from tridentgen.analysis.histograms import axis_histogram, bin_edges
from tridentgen.events.events import Events
from tridentgen.events.observables import Axis
from tridentgen.figures.base import REGIMES, FigureKind, Request
from tridentgen.plots.names import neutrino_name, nuclide_name, pair_label, plain
from tridentgen.plots.style import COLOURS, shared_legend
from tridentgen.processes.trident.epa import EpaTrident
from tridentgen.processes.trident.observables import TRIDENT_AXES
from tridentgen.processes.trident.pairs import Pair
from tridentgen.progress import Progress
from tridentgen.reports.layout import aligned
from tridentgen.typing import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MODELS = ("4ps", "epa")
_OBSERVABLES = tuple(o for o in TRIDENT_AXES if o.name in COMPARED)
_MODEL_LABELS = {"4ps": "full process", "epa": r"EPA, exact $h_T$"}

_Samples = Mapping[tuple[str, str], Events]


@dataclass(frozen=True)
class Distribution:
    """dsigma/dx in cm^2 per unit of the observable, or of its logarithm, with errors: arrays of shape (B,).

    `mean` is the mean of the observable, `sigma_cm2` the flux-averaged cross section per nucleus.
    """

    leptons: Pair
    regime: str
    model: str
    observable: str
    units: str
    edges: FloatArray
    log: bool
    dsigma_cm2: FloatArray
    error_cm2: FloatArray
    sigma_cm2: float
    mean: float


@dataclass(frozen=True)
class Distributions:
    """All distributions in one flux."""

    nu: str
    target: str
    flux: str
    distributions: tuple[Distribution, ...]


def compute(request: Request, progress: Progress) -> Distributions:
    """Sample the full process and the approximation with the exact photon flux, for every pair of e and mu."""
    beam, sampling = request.beam, request.sampling
    tridents = request.open_tridents(request.regimes())
    samples: dict[Pair, dict[tuple[str, str], Events]] = {}
    for number, full in enumerate(tridents):
        progress(full.line, number / len(tridents))
        mine = samples.setdefault((full.lepton_minus, full.lepton_plus), {})
        mine[full.regimes[0], "4ps"] = sampled_events(full, beam, sampling)
        mine[full.regimes[0], "epa"] = sampled_events(EpaTrident.of(full), beam, sampling)
    found = [
        d for pair, mine in samples.items() for observable in _OBSERVABLES for d in _binned(pair, observable, mine)
    ]  # fmt: skip
    return Distributions(request.process.neutrino, request.process.target, beam.description, tuple(found))


def _binned(pair: Pair, observable: Axis, samples: _Samples) -> list[Distribution]:
    """Histogram all samples in common bins, chosen for the sum of the normalised samples."""
    values = {key: observable.value(events[observable.column]) for key, events in samples.items()}
    shapes = [events["weight"] / events.sum_weights for events in samples.values()]
    wide = observable.name == "m2_ll"  # lepton pairs differ by decades
    edges, log = bin_edges(np.concatenate(list(values.values())), np.concatenate(shapes), always_log=wide)
    units = observable.units.replace("$^2$", "2")
    found = []
    for (regime, model), events in samples.items():
        x = values[regime, model]
        dsigma, error = axis_histogram(events, x, edges, log)
        mean = float(np.sum(events["weight"] * x))
        sigma = events.sum_weights
        found.append(Distribution(
            pair, regime, model, observable.name, units, edges, log, dsigma, error, sigma, mean / sigma
        ))  # fmt: skip
    return found


def draw(numbers: Distributions) -> Figure:
    """Draw a row for each lepton pair and a column for each observable, normalised to one."""
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    pairs = list(dict.fromkeys(d.leptons for d in numbers.distributions))
    layout = ConstrainedLayoutEngine(w_pad=0.2, h_pad=0.15)
    figure = Figure(figsize=(9.6 * len(_OBSERVABLES), 7.0 * len(pairs) + 1.6), layout=layout)
    grid = figure.subplots(len(pairs), len(_OBSERVABLES), squeeze=False)
    for row, pair in zip(grid, pairs, strict=True):
        for axes, observable in zip(row, _OBSERVABLES, strict=True):
            mine = [d for d in numbers.distributions if (d.leptons, d.observable) == (pair, observable.name)]
            _panel(axes, observable, mine)
            axes.set_title(rf"{neutrino_name(numbers.nu)} $\rightarrow$ {pair_label(pair)}", loc="left", fontsize=22)
    shared_legend(figure, grid.flat[0], columns=2)
    figure.suptitle(f"{nuclide_name(numbers.target)}, {plain(numbers.flux)}; normalised to one", fontsize=24)
    return figure


def _panel(axes: Axes, observable: Axis, distributions: list[Distribution]) -> None:
    for d in distributions:
        colour = COLOURS[REGIMES.index(d.regime)]
        full = d.model == "4ps"
        y, error = d.dsigma_cm2 / d.sigma_cm2, d.error_cm2 / d.sigma_cm2
        axes.stairs(y + error, d.edges, baseline=y - error, fill=True, color=colour, alpha=0.2, linewidth=0.0)
        axes.stairs(y, d.edges, color=colour, linestyle="-" if full else "--", linewidth=2.6 if full else 1.8,
                    label=f"{d.regime}, {_MODEL_LABELS[d.model]}")  # fmt: skip
    first = distributions[0]
    slope, per = (rf"d\ln\,{observable.symbol}", "") if first.log else (f"d{observable.symbol}", observable.units)
    axes.set_xlabel(f"${observable.symbol}$ [{observable.units}]")
    axes.set_ylabel(rf"$(1/\sigma)\,d\sigma/{slope}$" + (f" [1/{per}]" if per else ""))
    if first.log:
        axes.set_xscale("log")
    axes.set_xlim(first.edges[0], first.edges[-1])
    axes.set_ylim(bottom=0.0)


def text(numbers: Distributions) -> str:
    """Return the mean of every observable."""
    rows: list[tuple[str, ...]] = [("leptons", "regime", "sigma/cm2", "observable", "mean, 4PS", "mean, EPA")]
    for full in (d for d in numbers.distributions if d.model == "4ps"):
        (epa,) = (
            d for d in numbers.distributions
            if (d.leptons, d.regime, d.observable, d.model) == (full.leptons, full.regime, full.observable, "epa")
        )  # fmt: skip
        rows.append((
            " ".join(full.leptons), full.regime, f"{full.sigma_cm2:.4g}", f"{full.observable}/{full.units}",
            f"{full.mean:.4g}", f"{epa.mean:.4g}",
        ))  # fmt: skip
    return f"{numbers.nu} on {numbers.target}, {numbers.flux}\n{aligned(rows)}"


KIND = FigureKind(
    "distributions", "m2_ll and delta_theta in a flux by lepton pair: coherent, diffractive, full process, EPA",
    compute, draw, text,
)  # fmt: skip
