"""Pictures of events: differential cross sections by regime.

What is drawn is dsigma/dx, the sum of weights in a bin over its width, with the band of its statistical error
sqrt(sum w^2). Where an observable spans decades the axis is logarithmic and dsigma/dln x is drawn instead, so
that equal areas are equal cross sections on every picture.
"""

from __future__ import annotations

import os
import re
import textwrap
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tridentgen.errors import FileError, InputError, TridentgenError
from tridentgen.events.columns import REGIME_NAMES
from tridentgen.events.events import Events, read
from tridentgen.events.reader import open_events

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FloatArray = NDArray[np.float64]

FORMATS = ("png", "pdf", "svg")
_BINS = 50
_TAIL = 1e-3  # share of the cross section left out at either end of a logarithmic axis, and below a linear one
_LONG_TAIL = 1e-2  # and above a linear one, where the tail would push the body of the distribution aside
_LOG_SPAN = 100.0  # a logarithmic axis where the middle 90 % of the cross section span more than this factor
_EVENTS_PER_BIN = 25
_TOTAL = ("total", "black", "-")
# Okabe and Ito's colours, told apart by colour-blind readers; the dashes serve prints in grey.
_STYLES = (("coherent", "#0072B2", "-"), ("proton", "#D55E00", "--"), ("neutron", "#009E73", "-."))


@dataclass(frozen=True)
class Observable:
    """What is drawn along x.

    Attributes
    ----------
    name
        Name of the picture.
    column, column_units
        Column it comes from, and the units that `value` expects there.
    symbol
        Its sign in TeX; ``MINUS`` and ``PLUS`` stand for the leptons.
    units
        Units on the axis, in TeX.
    value
        From the column to the value in `units`.
    log
        Always on a logarithmic axis.
    """

    name: str
    column: str
    column_units: str
    symbol: str
    units: str
    value: Callable[[NDArray[Any]], FloatArray] = np.asarray
    log: bool = False


def _energy(momenta: NDArray[Any]) -> FloatArray:
    return np.asarray(momenta[:, 0])


def _times_thousand(values: NDArray[Any]) -> FloatArray:
    return np.asarray(1e3 * values)


OBSERVABLES = (
    Observable("m2_ll", "m2_ll", "GeV2", r"m^2_{\ell\ell}", r"GeV$^2$"),
    Observable("delta_theta", "delta_theta", "rad", r"\Delta\theta", "deg", np.degrees),
    Observable("q2", "q2", "GeV2", "Q^2", r"GeV$^2$", log=True),
    Observable("theta_minus", "theta_minus", "rad", r"\theta_{MINUS}", "deg", np.degrees),
    Observable("theta_plus", "theta_plus", "rad", r"\theta_{PLUS}", "deg", np.degrees),
    Observable("recoil_energy", "recoil_energy", "GeV", r"T_\mathrm{recoil}", "MeV", _times_thousand),
    Observable("recoil_energy", "recoil_energy", "keV", r"T_\mathrm{recoil}", "keV"),
    Observable("energy_minus", "p4_minus", "GeV", "E_{MINUS}", "GeV", _energy),
    Observable("energy_plus", "p4_plus", "GeV", "E_{PLUS}", "GeV", _energy),
    Observable("e_nu", "e_nu", "GeV", r"E_\nu", "GeV"),
)


def dsigma_histogram(
    events: Events, column: str | FloatArray, edges: FloatArray, mask: NDArray[np.bool_] | None = None
) -> tuple[FloatArray, FloatArray]:
    """Differential cross section in bins.

    Parameters
    ----------
    events
        Weighted events; their weights sum to the cross section in cm^2.
    column
        Name of a column ``(N,)``, or the values of an observable, one per event.
    edges
        Rising bin edges ``(B + 1,)`` in the units of the column; the last one belongs to its bin. What lies outside
        is left out.
    mask
        Events to take ``(N,)``; all by default.

    Returns
    -------
    values, errors
        dsigma/dx and its statistical error sqrt(sum w^2)/width, ``(B,)``, cm^2 per unit of the column.
    """
    values = np.asarray(events[column] if isinstance(column, str) else column)
    if values.shape != (len(events),):
        raise InputError(f"a histogram needs one value per event; the shape is {values.shape}")
    edges = np.asarray(edges, dtype=np.float64)
    if edges.ndim != 1 or len(edges) < 2 or not np.all(np.diff(edges) > 0.0):
        raise InputError("bin edges must rise, and there must be two or more")
    inside = (values >= edges[0]) & (values <= edges[-1])
    if mask is not None:
        inside &= mask
    # numpy.histogram takes differences of a running sum, which loses the digits of small bins.
    bins = np.minimum(np.searchsorted(edges, values[inside], side="right") - 1, len(edges) - 2)
    weights, widths = events["weight"][inside], np.diff(edges)
    sums = np.bincount(bins, weights, len(widths))
    squares = np.bincount(bins, weights**2, len(widths))
    return sums / widths, np.sqrt(squares) / widths


def plot_events(
    path_or_events: str | os.PathLike[str] | Events,
    out_dir: str | os.PathLike[str],
    formats: Sequence[str] = ("png",),
) -> list[Path]:
    """Draw every observable by regime, and all of them on one sheet called ``overview``.

    Parameters
    ----------
    path_or_events
        An event file or events in memory.
    out_dir
        Folder for the pictures, made if it is not there; pictures of the same name are replaced.
    formats
        Any of ``png``, ``pdf``, ``svg``.

    Returns
    -------
    list of Path
        The pictures written: one per observable and format, then the overview.

    Raises
    ------
    TridentgenError
        matplotlib or mplhep is not installed.
    InputError
        An unknown format, or no events with a weight to draw.
    FileError
        The events cannot be read or the pictures cannot be written.
    """
    for name in formats:
        if name not in FORMATS:
            raise InputError(f"unknown picture format '{name}'; known are {', '.join(FORMATS)}")
    with _style():
        events = path_or_events if isinstance(path_or_events, Events) else _read_for_plots(path_or_events)
        if not np.sum(events["weight"]) > 0.0:
            raise InputError("there is nothing to draw: no events, or all weights are zero")
        units = {column.name: column.units for column in events.schema if column.name in events.columns}
        panels = [_Panel.of(events, o) for o in OBSERVABLES if units.get(o.column) == o.column_units]
        out_dir = Path(out_dir)
        figures = {panel.observable.name: _single(events, panel) for panel in panels}
        figures["overview"] = _overview(events, panels)
        return [_save(figure, out_dir / f"{name}.{suffix}") for name, figure in figures.items() for suffix in formats]


def _read_for_plots(path: str | os.PathLike[str]) -> Events:
    """Read only what is drawn."""
    wanted = {"weight", "regime", *(observable.column for observable in OBSERVABLES)}
    with open_events(path) as file:
        names = [column.name for column in file.columns if column.name in wanted]
    return read(path, names)


@contextmanager
def _style() -> Iterator[None]:
    """Use the style of the field inside the ``with`` block, and leave matplotlib as it was afterwards."""
    try:
        import matplotlib as mpl
        import mplhep
    except ImportError as error:
        raise TridentgenError(f'plots need {error.name}: pip install "tridentgen[plot]"') from error
    changes: dict[str, Any] = {
        # Only fonts that are there: mplhep brings the first, matplotlib the second for missing signs.
        "font.sans-serif": ["TeX Gyre Heros", "DejaVu Sans"],
        "font.size": 22,
        "axes.formatter.use_mathtext": True,
    }
    with mpl.rc_context({**mplhep.style.ROOT, **changes}):  # type: ignore[dict-item]
        yield


@dataclass(frozen=True)
class _Panel:
    """One observable, binned: the histogram of the total and of each regime."""

    observable: Observable
    edges: FloatArray
    log: bool
    curves: tuple[tuple[str, str, str, float, FloatArray, FloatArray], ...]

    @classmethod
    def of(cls, events: Events, observable: Observable) -> _Panel:
        values = observable.value(events[observable.column])
        weights = events["weight"]
        edges, log = _edges(values, weights, observable.log)
        # On a logarithmic axis the variable is ln x.
        x = np.log(np.maximum(values, 1e-300)) if log else values
        bins = np.log(edges) if log else edges
        sigma = float(np.sum(weights))
        curves = []
        for (label, colour, dashes), mask in _parts(events):
            y, error = dsigma_histogram(events, x, bins, mask)
            curves.append((label, colour, dashes, float(np.sum(weights[mask])) / sigma, y, error))
        return cls(observable, edges, log, tuple(curves))


def _parts(events: Events) -> list[tuple[tuple[str, str, str], NDArray[np.bool_]]]:
    """Styles and masks of what is drawn: each regime that is there, and their sum if there are several."""
    everything = np.ones(len(events), dtype=bool)
    if "regime" not in events.columns:
        return [(_TOTAL, everything)]
    masks = [events["regime"] == code for code in range(len(REGIME_NAMES))]
    parts = [(style, mask) for style, mask in zip(_STYLES, masks, strict=True) if np.any(mask)]
    return [(_TOTAL, everything), *parts] if len(parts) != 1 else parts


def _edges(values: FloatArray, weights: FloatArray, always_log: bool) -> tuple[FloatArray, bool]:
    """Choose bin edges that hold all but the tails of the cross section; say whether they are logarithmic."""
    shares = (_TAIL, 0.05, 0.95, 1.0 - _LONG_TAIL, 1.0 - _TAIL)
    low, early, late, high, end = _weighted_quantiles(values, weights, shares)
    number = int(np.clip(np.sum(weights) ** 2 / np.sum(weights**2) / _EVENTS_PER_BIN, 10, _BINS))
    if end - low <= 1e-9 * abs(end):  # one value only, such as the energy of a monochromatic beam
        half = 0.1 * abs(end) or 1.0
        # An odd number of bins puts the value into the middle of one.
        return np.linspace(end - half, end + half, _BINS + 2), False
    if low > 0.0 and (always_log or late > _LOG_SPAN * early):
        return np.geomspace(low, end, number + 1), True
    if high - low <= 1e-9 * abs(high):
        high = end
    if 0.0 < low < 0.15 * high:
        low = 0.0
    return np.linspace(low, high, number + 1), False


def _weighted_quantiles(values: FloatArray, weights: FloatArray, shares: Sequence[float]) -> list[float]:
    """Return the values below which the given shares of the total weight lie."""
    order = np.argsort(values)
    cumulative = np.cumsum(weights[order])
    places = np.searchsorted(cumulative, np.asarray(shares) * cumulative[-1])
    return [float(values[order[min(place, len(values) - 1)]]) for place in places]


def _single(events: Events, panel: _Panel) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.0, 8.5), layout="constrained")
    axes = figure.add_subplot()
    _draw(axes, panel, events)
    axes.legend(loc="best", fontsize=19)
    axes.set_title(_heading(events, 64), loc="left", fontsize=19, pad=12)
    return figure


def _overview(events: Events, panels: Sequence[_Panel]) -> Figure:
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    columns = min(3, len(panels))
    rows = -(-len(panels) // columns)
    layout = ConstrainedLayoutEngine(w_pad=0.25, h_pad=0.25)
    figure = Figure(figsize=(8.4 * columns, 6.6 * rows + 1.6), layout=layout)
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes, panel in zip(grid.flat, panels, strict=False):
        _draw(axes, panel, events)
    for axes in grid.flat[len(panels) :]:
        axes.set_axis_off()
    handles, labels = grid.flat[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), fontsize=26)
    figure.suptitle(_heading(events, 104), fontsize=30)
    return figure


def _draw(axes: Axes, panel: _Panel, events: Events) -> None:
    """Draw the curves of one observable with their error bands, and name the axes."""
    peak = max(float(np.max(y)) for *_, y, _ in panel.curves)
    power = 3 * int(np.floor((np.log10(peak) + 1.0) / 3.0)) if peak > 0.0 else 0  # numbers from 0.1 to 100
    for label, colour, dashes, share, y, error in panel.curves:
        text = label if label == "total" else f"{label} ({_percent(share)})"
        low, high = np.maximum(y - error, 0.0) / 10.0**power, (y + error) / 10.0**power
        axes.stairs(high, panel.edges, baseline=low, fill=True, color=colour, alpha=0.25, linewidth=0.0)
        axes.stairs(y / 10.0**power, panel.edges, color=colour, linestyle=dashes, linewidth=2.2, label=text)
    symbol, units = panel.observable.symbol, panel.observable.units
    symbol = symbol.replace("MINUS", _lepton(events, "minus")).replace("PLUS", _lepton(events, "plus"))
    if panel.log:
        axes.set_xscale("log")
        slope, per = rf"d\sigma/d\ln\,{symbol}", "cm$^2$"
    else:
        slope, per = rf"d\sigma/d{symbol}", f"cm$^2$/{units}"
    axes.set_xlabel(f"${symbol}$ [{units}]")
    axes.set_ylabel(f"${slope}$ [$10^{{{power}}}$ {per}]")
    axes.set_xlim(panel.edges[0], panel.edges[-1])
    axes.set_ylim(bottom=0.0)


def _percent(share: float) -> str:
    return f"{100.0 * share:.0f} %" if share >= 0.095 else f"{100.0 * share:.2g} %"


_LEPTONS = {"e": "e", "mu": r"\mu", "tau": r"\tau"}
_ANY_LEPTON = r"\ell"
_REACTION_WIDTH = 24  # letters


def _lepton(events: Events, sign: str) -> str:
    """Return the minus or plus lepton in TeX; a letter l where the file does not name it."""
    name = str(events.attributes.get(f"lepton_{sign}", ""))
    return rf"{_LEPTONS.get(name[:-1], _ANY_LEPTON)}^{{{'+' if sign == 'plus' else '-'}}}"


def _heading(events: Events, width: int) -> str:
    """Return title, reaction and beam of the run on lines of about `width` letters."""
    title, beam = (_plain(events.attributes.get(name, "")) for name in ("title", "flux"))
    reaction = _reaction(events)
    if beam and len(beam) < width - _REACTION_WIDTH:
        reaction, beam = f"{reaction},  {beam}", ""
    return "\n".join(line for line in (textwrap.fill(title, width), reaction, textwrap.fill(beam, width)) if line)


def _plain(text: object) -> str:
    """Return a user's text on one line, with no dollar sign that would begin TeX."""
    return " ".join(str(text).split()).replace("$", r"\$")


def _reaction(events: Events) -> str:
    """Return ``nu A -> nu l- l+ X`` in TeX, as far as the attributes name the particles."""
    neutrino = re.fullmatch(r"nu(e|mu|tau)(bar)?", str(events.attributes.get("neutrino", "")))
    if not neutrino or "lepton_minus" not in events.attributes:
        return _plain(events.attributes.get("target", "neutrino scattering"))
    flavour, anti = neutrino[1], bool(neutrino[2])
    minus, plus = (str(events.attributes.get(f"lepton_{sign}", ""))[:-1] for sign in ("minus", "plus"))
    # Lepton numbers balance: a neutrino of the flavour of its charged partner hands the other flavour on.
    own, partner = (plus, minus) if anti else (minus, plus)
    outgoing = flavour if own == partner else partner
    beam, out = (
        rf"\overline{{\nu}}_{{{_LEPTONS[f]}}}" if anti else rf"\nu_{{{_LEPTONS[f]}}}" for f in (flavour, outgoing)
    )
    leptons = rf"{_lepton(events, 'minus')}\,{_lepton(events, 'plus')}"
    nuclide = re.fullmatch(r"([A-Za-z]+)(\d*)", str(events.attributes.get("target", "")))
    target = rf"{{}}^{{{nuclide[2]}}}\mathrm{{{nuclide[1]}}}" if nuclide else "A"
    return rf"${beam}\,{target} \rightarrow {out}\,{leptons}\,X$"


def _save(figure: Figure, path: Path) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Glyph")  # a title in a script that the fonts lack
            figure.savefig(path, dpi=110)
    except OSError as error:
        raise FileError(f"cannot write '{path}': {error.strerror or error}; choose another folder") from error
    return path
