"""Data sets from text files of the user's: bins and numbers of events, backgrounds and errors of shapes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tridentgen.analysis.recoil_counts import DetectorResponse, RecoilBins, Response
from tridentgen.analysis.recoil_spectra import recoil_rate
from tridentgen.cards import Card, CardError
from tridentgen.errors import FileError, InputError
from tridentgen.fit_card import SIGNAL, TIME_AXIS, FitCard
from tridentgen.fits.dataset import Axis, Background, Dataset
from tridentgen.fits.shapes import InTime, Templates, in_time
from tridentgen.fits.signal import cevns_of, detector_for, signal_of, source_of
from tridentgen.flux.text_table import read_text_table
from tridentgen.typing import FloatArray

_NS_PER_US = 1e3
_LEAST_SEEN = 1e-9

OnGrid = Callable[[FloatArray], FloatArray]
"""Puts numbers in the order of a file into the grid of all bins."""


def user_data(card: Card, given: FitCard) -> Dataset:
    """Return the data set of a card whose ``fit.data`` is a file.

    Raises
    ------
    CardError
        For axes that do not fit the detector, or backgrounds and shapes that do not fit the data.
    FileError
        For a file that cannot be read, or has the wrong columns.
    """
    path = _there(card.base_dir / given.data)
    columns = _columns(path, given)
    low, high = columns[:, 0 : 2 * len(given.axes) : 2], columns[:, 1 : 2 * len(given.axes) : 2]
    edges = [np.unique(np.concatenate([low[:, i], high[:, i]])) for i in range(len(given.axes))]
    places = _places(path, edges, low, high)
    size = int(np.prod([len(e) - 1 for e in edges]))
    used = np.bincount(places, minlength=size).astype(np.float64)
    if used.max() > 1.0:
        raise FileError(f"{path}: a bin is given twice; give each bin once")

    def on_grid(values: FloatArray) -> FloatArray:
        grid = np.zeros(size)
        grid[places] = values
        return grid

    response = _response(card, given, edges[0])
    source, detector = source_of(card), detector_for(card)
    kept = None if detector is None else detector.time_efficiency
    shape = in_time(source.components, kept, edges[1] * _NS_PER_US if len(edges) > 1 else None)
    gauss = given.statistic == "gauss"
    backgrounds, templates = _extras(card, given, on_grid, shape, len(edges[0]) - 1)
    reaction = cevns_of(card)
    return Dataset(
        path.stem,
        card.title,
        tuple(Axis(*_axis(name), e) for name, e in zip(given.axes, edges, strict=True)),
        on_grid(columns[:, 2 * len(edges)]),
        backgrounds,
        {},
        signal_of(card, response),
        templates,
        reaction,
        variance=np.where(used > 0.0, on_grid(columns[:, -1] ** 2), 1.0) if gauss else None,
        used=None if used.min() > 0.0 else used,
        cite=f"data of {given.data}",
    )


def _axis(name: str) -> tuple[str, str]:
    """Return name and unit of an axis."""
    return {"PE": ("PE", ""), TIME_AXIS: ("time", "us")}.get(name, ("E", name))


def _columns(path: Path, given: FitCard) -> FloatArray:
    """Return the columns: lower and upper edges on each axis, events, and with Gaussian errors these."""
    table = read_text_table(path, heads=True)
    gauss = given.statistic == "gauss"
    need = 2 * len(given.axes) + 1 + gauss
    if table.rows.shape[1] != need:
        names = [f"{side} of {axis}" for axis in given.axes for side in ("lower edge", "upper edge")]
        names += ["events", *(["their error"] if gauss else [])]
        raise FileError(f"{path}: {table.rows.shape[1]} columns, but fit.axes needs {need}: {', '.join(names)}")
    events = table.rows[:, 2 * len(given.axes)]
    if not gauss and not np.all(events >= 0.0):
        line = table.lines[int(np.argmin(events))]
        raise FileError(f"{path}:{line}: {events.min():g} events; counts cannot be negative: use statistic = 'gauss'")
    if gauss and not np.all(table.rows[:, -1] > 0.0):
        line = table.lines[int(np.argmin(table.rows[:, -1]))]
        raise FileError(f"{path}:{line}: an error of {table.rows[:, -1].min():g}; errors must be above zero")
    return table.rows


def _places(path: Path, edges: list[FloatArray], low: FloatArray, high: FloatArray) -> NDArray[np.intp]:
    """Return the place of each row in the grid of all bins; raise `FileError` for bins that overlap."""
    index = []
    for axis, e in enumerate(edges):
        first, last = np.searchsorted(e, low[:, axis]), np.searchsorted(e, high[:, axis])
        wrong = last != first + 1
        if wrong.any():
            row = int(np.argmax(wrong))
            raise FileError(
                f"{path}: the bin from {low[row, axis]:g} to {high[row, axis]:g} is empty or overlaps with others; "
                "bins must lie side by side"
            )
        index.append(first)
    return np.asarray(np.ravel_multi_index(index, [len(e) - 1 for e in edges]), dtype=np.intp)


def _response(card: Card, given: FitCard, edges: FloatArray) -> Response:
    """Return the response in the unit of the first axis."""
    detector, unit = detector_for(card), given.axes[0]
    if edges[0] < 0.0:
        raise CardError(f"{card.where(('fit',))}: fit.data: bins begin at {edges[0]:g} {unit}; energies start at 0")
    if unit == "keVnr":
        if detector is not None:
            raise CardError(f"{card.where(('fit', 'axes'))}: fit.axes: a card with [detector] has bins in keVee or PE")
        return RecoilBins(edges)
    if detector is None:
        raise CardError(f"{card.where(('fit', 'axes'))}: fit.axes: bins in {unit} need the table [detector]; without "
                        "it give keVnr")  # fmt: skip
    if unit == "PE":
        if detector.light_yield is None:
            raise CardError(f"{card.where(('fit', 'axes'))}: fit.axes: bins in PE need detector.light_yield")
        edges = edges / detector.light_yield
    return DetectorResponse(detector, edges)


def _extras(
    card: Card, given: FitCard, on_grid: OnGrid, shape: InTime, bins: int
) -> tuple[tuple[Background, ...], InTime | Templates]:
    """Return backgrounds with their shapes, and the shape of the signal with its own."""
    known = (SIGNAL, *(background.name for background in given.backgrounds))
    changes: dict[str, dict[str, FloatArray]] = {name: {} for name in known}
    for entry in given.shapes:
        if entry.of not in known:
            raise CardError(
                f"{card.where(('fit', 'systematic'))}: fit.systematic.of = '{entry.of}': must be one of "
                f"{', '.join(known)}"
            )
        plus, minus = (_template(card, path, on_grid) for path in (entry.plus, entry.minus))
        changes[entry.of][entry.name] = 0.5 * (plus - minus)
    backgrounds = []
    for background in given.backgrounds:
        counts = _template(card, background.path, on_grid)
        modes = {name: factor * counts for name, factor in changes[background.name].items()}
        backgrounds.append(Background(background.name, counts, background.sigma, modes))
    own = changes[SIGNAL]
    if not own:
        return tuple(backgrounds), shape
    nominal = np.broadcast_to(shape.shares, (len(shape.shares), bins, shape.shares.shape[2]))
    factors = np.array([factor.reshape(1, bins, -1) for factor in own.values()])
    return tuple(backgrounds), Templates(np.array(nominal), nominal * factors, tuple(own))


def _template(card: Card, name: str, on_grid: OnGrid) -> FloatArray:
    """Return the last column of a file, a number for each bin of the data in their order."""
    path = _there(card.base_dir / name)
    rows = read_text_table(path, heads=True).rows
    try:
        return np.asarray(on_grid(rows[:, -1]))
    except ValueError as error:
        raise FileError(f"{path}: {len(rows)} rows; give one for each bin of the data, in the same order") from error


def _there(path: Path) -> Path:
    """Return the path; raise `FileError` if there is no file."""
    if not path.is_file():
        raise FileError(f"{path}: no such file; relative paths begin at the folder of the card")
    return path


def expected_data(card: Card) -> Dataset:
    """Return the data that a card without measured events expects, in bins of observed or recoil energy."""
    reaction, detector, source = cevns_of(card), detector_for(card), source_of(card)
    if card.exposure is None:
        raise CardError(f"{card.where(())}: a fit needs the table [exposure]: mass_t, and pot or years")
    edges, response = _expected_bins(card)
    kept = None if detector is None else detector.time_efficiency
    unit = "keVnr" if detector is None else "keVee"
    data = Dataset(
        "expected", card.title, (Axis("E", unit, edges),), np.zeros(len(edges) - 1), (), {},
        signal_of(card, response), in_time(source.components, kept, None), reaction,
    )  # fmt: skip
    return as_expected(data)


def _expected_bins(card: Card) -> tuple[FloatArray, Response]:
    """Return bins in which the card's events can be seen, as in the spectra of ``tridentgen rate``."""
    source, detector = source_of(card), detector_for(card)
    rate = recoil_rate(cevns_of(card), source, 1.0, 1.0, detector)
    if detector is None:
        spectrum = rate.recoil_spectrum()
        return spectrum.edges_keV, RecoilBins(spectrum.edges_keV)
    edges = rate.observed_spectrum().edges_keV
    return edges, DetectorResponse(detector, edges)


def as_expected(data: Dataset) -> Dataset:
    """Return the data set with the events that its card expects; bins without any are left out."""
    expected, _ = data.at(data.reaction).expected(np.zeros(len(data.nuisances)))
    seen = expected > _LEAST_SEEN
    if not seen.any():
        raise InputError(f"{data.name}: no events are expected, so there is nothing to fit")
    used = seen.astype(np.float64) if data.used is None else seen * data.used
    return replace(data, events=np.maximum(expected, 0.0), used=used)
