"""Neutrino fluxes from files: text columns, GLoBES files, histograms in ROOT files."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from tridentgen.errors import FileError, InputError, nearest
from tridentgen.flux.base import require
from tridentgen.flux.bins import edges_of_both, edges_of_centres, edges_of_lower_edges, edges_of_widths, widths_are
from tridentgen.flux.column_names import BIN, ENERGY, HIGH, LOW, WIDTH, Head, read_head
from tridentgen.flux.kind import NUMBER, NUMBER_OR_NAME, TEXT, FluxKind, FluxRequest
from tridentgen.flux.root_histogram import is_root_file, read_root_histogram
from tridentgen.flux.settled_units import PLAIN, TIMES, Defaults, Units, numbered, settle_units
from tridentgen.flux.source import Component, Source
from tridentgen.flux.tabulated import TabulatedFlux, energy_flaw, value_flaw
from tridentgen.flux.text_table import TextTable, read_text_table, require_file
from tridentgen.flux.units_text import ENERGIES_GeV, TextUnits, per_in_gev, read_units
from tridentgen.matter.particles import NEUTRINOS
from tridentgen.matter.particles import neutrino as find_neutrino
from tridentgen.typing import FloatArray

CHOICES: Mapping[str, tuple[str, ...]] = {
    "format": ("auto", "columns", "globes", "snowglobes", "root"),
    "area": ("cm2", "m2"),
    "per": ("GeV", "MeV", "50 MeV", "bin"),
    "energy_unit": tuple(ENERGIES_GeV),
    "points": ("points", "centre", "edges"),
    "time": tuple(TIMES),
}
"""Allowed values of the options of `read_flux`; `per` is any energy, with or without a number."""

DEFAULT_COLUMNS: Mapping[str, int] = {ENERGY: 0, **{name: i for i, name in enumerate(NEUTRINOS, start=1)}}
"""E nue numu nutau nuebar numubar nutaubar: the order of GLoBES and of most published tables."""

_PLACES = {"energy_column": ENERGY, "low_column": LOW, "high_column": HIGH}
_GLOBES_SHAPE = (501, 7)
"""Rows and columns of the files of GLoBES (P. Huber et al., Comput. Phys. Commun. 167 (2005) 195) and SNOwGLoBES."""

_FORMATS: Mapping[str, Defaults] = {
    "columns": PLAIN,
    "globes": {**PLAIN, "area": "m2"},
    "snowglobes": {**PLAIN, "per": "bin", "time": "burst"},
    "root": {**PLAIN, "per": None},
    "501 x 7": {**PLAIN, "area": None, "per": None},
}
_BECAUSE = {
    "root": "no title says what energy its contents are per",
    "501 x 7": "501 rows of 7 columns without a comment are a file of GLoBES (format = 'globes': per m2 and GeV) or of "
    "SNOwGLoBES (format = 'snowglobes': per cm2 and bin, for a burst)",
}
_COUNTED, _MANY = 5, 15
"""As many energies 1, 2, 3, ... may be numbers of bins, beside a column that rises like energies, and in any case."""

_MOST_PER_POT, _LOWEST_BEAM_GeV, _HIGHEST_BEAM_GeV = 1e-4, 0.1, 1000.0
"""Beyond these no beam of neutrinos is known: per cm^2 and proton on target; where its spectrum ends."""


def read_flux(
    path: str | os.PathLike[str],
    *,
    neutrino: str,
    format: str = "auto",
    columns: Mapping[str, int] | None = None,
    histogram: str | None = None,
    area: str | None = None,
    per: str | None = None,
    energy_unit: str | None = None,
    points: str | None = None,
    pot: float | None = None,
    time: str | None = None,
    energy_column: int | str | None = None,
    low_column: int | str | None = None,
    high_column: int | str | None = None,
) -> TabulatedFlux:
    """Read the flux of one neutrino from a file.

    What the text of the file (titles, heads, comments) says of units and columns is used. Where an argument contradicts
    it, and where it has words of units that cannot be placed, an error says which line and which argument.

    Parameters
    ----------
    path
        The file.
    neutrino
        Name of the neutrino, as ``"numu"``.
    format
        ``"columns"`` (text), ``"globes"`` (text, 7 columns, per m^2), ``"snowglobes"`` (the same per cm^2, bin and
        burst), ``"root"``, or ``"auto"``: ROOT by its first bytes, columns otherwise.
    columns
        Column of each neutrino and of the energy ``"E"``, counted from 0; if not given, those that the head of the
        file names, or `DEFAULT_COLUMNS`.
    histogram
        Name of the TH1 or TGraph in a ROOT file.
    area, per, energy_unit
        Units of the numbers: ``"cm2"`` (default of text; GLoBES: m2) or ``"m2"``; an energy as ``"GeV"``
        (default of text), ``"MeV"``, ``"50 MeV"``, or ``"bin"``; ``"GeV"`` (default) or another unit of energy.
    points
        Meaning of the energies of a text file: ``"points"`` of a curve, interpolated linearly (default);
        ``"centre"`` of equally wide bins (default with ``per="bin"``); lower ``"edges"`` of bins, the last of
        them as wide as the one before.
    pot
        Protons on target to which the numbers correspond (default 1); the result is per proton on target.
    time
        What the flux is for: a number of protons on target, ``"POT"`` (default), a second, ``"s"``, or one
        ``"burst"``.
    energy_column, low_column, high_column
        Columns of the energies, and of the lower and upper edges of the bins, by number or by name in the head.

    Raises
    ------
    FileError
        For a file that is missing or damaged, and for contents that are not a valid spectrum, with the line; where the
        file contradicts the arguments, or does not say enough.
    InputError
        For options that are unknown or contradict each other.
    """
    given = {"area": area, "per": per, "energy_unit": energy_unit, "points": points, "time": time}
    for name, value in {"format": format, **given}.items():
        rule = f"is not known; use {' or '.join(repr(choice) for choice in CHOICES[name])}"
        is_energy = name == "per" and value is not None and per_in_gev(value) is not None
        require(value is None or value in CHOICES[name] or is_energy, name, value, rule)
    rule = "must be a positive number of protons"
    require(pot is None or (math.isfinite(pot) and pot > 0.0), "pot", pot, rule)
    find_neutrino(neutrino)
    source = Path(path)
    places = {"energy_column": energy_column, "low_column": low_column, "high_column": high_column}
    if format == "root" or (format == "auto" and is_root_file(source)):
        if columns is not None or any(place is not None for place in places.values()):
            raise InputError(f"{source}: is a ROOT file and has no columns; give histogram instead")
        return _from_root(source, neutrino, histogram, given, pot)
    if histogram is not None:
        raise InputError(f"{source}: is a text file and has no histogram '{histogram}'; give columns instead")
    return _Table(source, format).flux(neutrino, columns, places, given, pot)


def neutrinos_in(path: Path, format: str = "auto") -> tuple[str, ...]:
    """Return the neutrinos with non-zero flux in a text file, by its head or the columns of `DEFAULT_COLUMNS`.

    Raises
    ------
    FileError
        For a file that is missing or damaged, or has no flux in these columns.
    InputError
        For a ROOT file, whose histograms do not specify the neutrino.
    """
    if format == "root" or (format == "auto" and is_root_file(path)):
        raise InputError(f"{path}: a histogram does not say which neutrino it is; name it in process.neutrino")
    table = _Table(path, format)
    columns = table.named_columns()
    rows = table.rows
    names = tuple(name for name in NEUTRINOS if name in columns and rows[:, columns[name] : columns[name] + 1].any())
    if not names:
        raise FileError(f"{path}: no flux in the columns of {', '.join(NEUTRINOS)}; give one with process.neutrino")
    return names


def _from_root(
    path: Path, neutrino: str, histogram: str | None, given: Mapping[str, str | None], pot: float | None
) -> TabulatedFlux:
    """Read a TH1, whose bins are those of the flux, or the points of a TGraph."""
    found = read_root_histogram(path, histogram)
    what = "graph" if found.is_graph else "histogram"
    parts = ("point", "point") if found.is_graph else ("edge", "bin")
    _raise_flaw(energy_flaw(found.edges), lambda i: f"{path}: {what} '{found.name}', {parts[0]} {i}")
    _raise_flaw(value_flaw(found.contents), lambda i: f"{path}: {what} '{found.name}', {parts[1]} {i}")
    if not found.contents.any():
        raise FileError(f"{path}: {what} '{found.name}' is zero at all energies; choose another")
    said = read_units(numbered(found.titles))
    defaults = _FORMATS["columns" if found.is_graph else "root"]
    units = settle_units(path, given, pot, said, defaults, _BECAUSE["root"])
    label = f"{neutrino} from {path.name}, {what} {found.name}"
    energies = units.to_gev(found.edges)
    if found.is_graph:
        return _flux(energies, units.to_flux(found.contents, None), "linear", label, units)
    _check_widths(path, energies, units)
    return _flux(energies, units.to_flux(found.contents, np.diff(energies)), "histogram", label, units)


class _Table:
    """A text file: its numbers, its head, and what its text says of units."""

    def __init__(self, path: Path, format: str) -> None:
        self.path, self.format = path, format
        self.table: TextTable = read_text_table(path, heads=True)
        self.rows = self.table.rows
        self.head: Head | None = read_head(self.table.notes, self.rows)
        self.said: TextUnits = read_units(self.table.notes)

    def where(self, row: int) -> str:
        return f"{self.path}:{self.table.lines[row]}"

    def named_columns(self) -> dict[str, int]:
        """Return the columns that the head names, or the default ones; raise `FileError` for one not understood."""
        if self.head is None or self.format in ("globes", "snowglobes"):
            return dict(DEFAULT_COLUMNS)
        names = self.head.columns
        agrees = all(DEFAULT_COLUMNS.get(name) == column for name, column in names.items())
        if not self.head.sure and not agrees:
            raise FileError(
                f"{self.path}:{self.head.line}: '{self.head.text}' names {len(self.head.words)} columns, and there are "
                f"{self.rows.shape[1]}; say which is which with column and energy_column"
            )
        return dict(names) if self.head.sure else dict(DEFAULT_COLUMNS)

    def columns_for(
        self, neutrino: str, columns: Mapping[str, int] | None, places: Mapping[str, int | str | None]
    ) -> dict[str, int]:
        """Return the columns of the energy, of edges and of every neutrino in the table, including `neutrino`."""
        width = self.rows.shape[1]
        if self.format in ("globes", "snowglobes") and width != len(DEFAULT_COLUMNS):
            raise FileError(
                f"{self.where(0)}: {width} columns, {'GLoBES' if self.format == 'globes' else 'SNOwGLoBES'} files have "
                f"{len(DEFAULT_COLUMNS)}; use format = 'columns'"
            )
        placed = {_PLACES[key]: self._place(key, value) for key, value in places.items() if value is not None}
        named = self._energies_of_head() if columns is not None else self.named_columns()
        wanted = {**named, **(columns or {}), **placed}
        if ENERGY in (columns or {}) or ENERGY in placed:
            wanted = {name: column for name, column in wanted.items() if name not in (LOW, HIGH) or name in placed}
        if LOW in placed:
            wanted.pop(ENERGY, None)
        for name, column in wanted.items():
            if name not in (*DEFAULT_COLUMNS, LOW, HIGH, WIDTH, BIN):
                raise InputError(f"columns: unknown name '{name}'{nearest(name, DEFAULT_COLUMNS)}; use E and neutrinos")
            require(column >= 0, f"columns['{name}']", column, "must be counted from 0")
        self._check_columns(neutrino, wanted, columns)
        needed = {**(columns or {}), **placed, neutrino: wanted[neutrino]}
        if ENERGY in wanted:
            needed[ENERGY] = wanted[ENERGY]
        for name, column in needed.items():
            if column >= width:
                raise FileError(
                    f"{self.where(0)}: has {width} columns, but {name} is expected in column {column}, "
                    "counted from 0; say which column holds it"
                )
        return {name: column for name, column in wanted.items() if column < width}

    def _check_columns(self, neutrino: str, wanted: Mapping[str, int], columns: Mapping[str, int] | None) -> None:
        """Raise unless there are columns of the neutrino and of energies, and they are different ones."""
        if neutrino not in wanted:
            if columns is not None:
                raise InputError(f"columns gives no column for {neutrino}; it gives {', '.join(wanted)}")
            assert self.head is not None, "without a head there is a column for every neutrino"
            raise FileError(
                f"{self.path}:{self.head.line}: '{self.head.text}' names no {neutrino}; "
                "give its column, or another neutrino"
            )
        if ENERGY not in wanted and LOW not in wanted:
            raise FileError(
                f"{self.path}: its head names no energies; give energy_column, or low_column and high_column"
            )
        for name in (ENERGY, LOW, HIGH, BIN):
            if wanted[neutrino] == wanted.get(name):
                meaning = {ENERGY: "that of the energy", BIN: "that of the number of the bin"}
                of = meaning.get(name, f"that of the {name}er edge".replace("higher", "upper"))
                raise InputError(f"columns: {neutrino} cannot be in column {wanted[name]}, which is {of}")

    def _energies_of_head(self) -> dict[str, int]:
        """Return the columns of energies, edges and bin numbers that a head names; column 0 without one."""
        if self.head is None or not self.head.sure:
            return {ENERGY: 0}
        return {name: column for name, column in self.head.columns.items() if name not in NEUTRINOS}

    def _place(self, key: str, value: int | str) -> int:
        """Return the number of a column given by its number or its name in the head."""
        if isinstance(value, int):
            require(value >= 0, key, value, "must be counted from 0")
            return value
        words = [word.lower() for word in self.head.words] if self.head is not None and self.head.sure else []
        if value.lower() not in words:
            there = f"the head names {', '.join(words)}" if words else "the file has no head that names every column"
            raise InputError(f"{key} = {value!r} is no column; {there}: give its number, counted from 0")
        return words.index(value.lower())

    def flux(
        self,
        neutrino: str,
        columns: Mapping[str, int] | None,
        places: Mapping[str, int | str | None],
        given: Mapping[str, str | None],
        pot: float | None,
    ) -> TabulatedFlux:
        """Return the flux of one neutrino."""
        layout = "columns" if self.format == "auto" else self.format
        if self.format == "auto" and self.rows.shape == _GLOBES_SHAPE and not self.table.notes:
            layout = "501 x 7"
        numbers = self.columns_for(neutrino, columns, places)
        units = settle_units(self.path, given, pot, self.said, _FORMATS[layout], _BECAUSE.get(layout, ""))
        first = numbers[LOW] if LOW in numbers else numbers[ENERGY]
        if len(self.rows) > 1 and (np.diff(self.rows[:, first]) < 0.0).all() and len(self.rows) > 2:
            self.rows = self.rows[::-1]
            self.table = replace(self.table, rows=self.rows, lines=self.table.lines[::-1])
        raw = self.rows[:, numbers[neutrino]]
        _raise_flaw(energy_flaw(self.rows[:, first]), self.where)
        _raise_flaw(value_flaw(raw), lambda row: f"{self.where(row)}: {neutrino}")
        if not raw.any():
            filled = [name for name in NEUTRINOS if name in numbers and self.rows[:, numbers[name]].any()]
            others = f"those with flux are {', '.join(filled)}" if filled else "and so is every other"
            raise FileError(f"{self.path}: the flux of {neutrino} is zero at all energies; {others}")
        if len(raw) < 2:
            raise FileError(
                f"{self.where(0)}: a spectrum needs at least two rows; for one energy use kind = 'monochromatic'"
            )
        if places.get("energy_column") is None and (columns is None or ENERGY not in columns):
            self._question_counted(first)
        edges = self._edges(numbers, units, given)
        label = f"{neutrino} from {self.path.name}, column {numbers[neutrino]}"
        if edges is None:
            return _flux(units.to_gev(self.rows[:, first]), units.to_flux(raw, None), "linear", label, units)
        _check_widths(self.path, edges, units)
        return _flux(edges, units.to_flux(raw, np.diff(edges)), "histogram", label, units)

    def _question_counted(self, column: int) -> None:
        """Raise `FileError` for energies 1, 2, 3, ... that no head calls energies: they may be numbers of bins."""
        energies = self.rows[:, column]
        named = self.head is not None and column in (self.head.columns.get(ENERGY), self.head.columns.get(LOW))
        if named or len(energies) < _COUNTED or energies[0] not in (0.0, 1.0) or self.rows.shape[1] < 3:
            return
        rising = (np.diff(self.rows[:, column + 1 : column + 3], axis=0) > 0.0).all(axis=0).any()
        if (np.diff(energies) == 1.0).all() and (rising or len(energies) >= _MANY):
            raise FileError(
                f"{self.where(0)}: column {column} counts {energies[0]:g}, {energies[1]:g}, {energies[2]:g}, ...: it "
                "may number the bins; give energy_column, or low_column and high_column"
            )

    def _edges(self, numbers: Mapping[str, int], units: Units, given: Mapping[str, str | None]) -> FloatArray | None:
        """Return the edges of the bins in GeV, or None for points of a curve."""
        path, lines = self.path, self.table.lines
        column = {
            name: units.to_gev(self.rows[:, i]) for name, i in numbers.items() if name in (ENERGY, LOW, HIGH, WIDTH)
        }
        for name, values in column.items():
            _raise_flaw(None if np.isfinite(values).all() else energy_flaw(values), self.where)
            del name
        points = units.points
        if LOW in column and points in ("points", "centre"):
            raise InputError(
                f"points = '{points}' does not go with a column of lower edges; leave points out or give energy_column"
            )
        if LOW in column and HIGH in column:
            return edges_of_both(path, column[LOW], column[HIGH], lines)
        if LOW in column:
            return edges_of_lower_edges(column[LOW])
        energies = column[ENERGY]
        if WIDTH in column and given.get("points") is None:
            return edges_of_widths(path, energies, column[WIDTH], lines)
        if points is None:
            points = self._points(energies, units)
        if points == "points":
            return None
        return edges_of_lower_edges(energies) if points == "edges" else edges_of_centres(path, energies)

    def _points(self, energies: FloatArray, units: Units) -> str:
        """Return what the energies are where nothing says it; raise `FileError` for bins that may be either."""
        if units.per == "bin":
            return "centre"
        if units.per in ENERGIES_GeV:
            return "points"
        width = per_in_gev(units.per)
        assert width is not None, "checked with the options"
        even = widths_are(energies, width)
        if even and abs(energies[0] / width - 0.5) < 0.15:
            return "centre"
        raise FileError(
            f"{self.path}: its flux is per {units.per}, and its energies {energies[0]:g}, {energies[1]:g}, ... GeV may "
            "be lower edges or points; give points = 'edges', 'centre' or 'points'"
        )


def _check_widths(path: Path, edges_GeV: FloatArray, units: Units) -> None:
    """Raise `FileError` where the text says one width of bins, the card the numbers per bin, and the bins differ."""
    width = units.bin_width_GeV
    if width is not None and not widths_are(edges_GeV, width):
        raise FileError(
            f"{path}: its text says a flux per {width * 1e3:g} MeV, and its bins are not all that wide, so per = 'bin' "
            f"is something else; give per = '{width * 1e3:g} MeV'"
        )


def _raise_flaw(flaw: tuple[int, str] | None, where: Callable[[int], str]) -> None:
    """Raise `FileError` for a flaw, saying where it is."""
    if flaw is not None:
        raise FileError(f"{where(flaw[0])}: {flaw[1]}")


def _flux(energies_GeV: FloatArray, values: FloatArray, interpolation: str, label: str, units: Units) -> TabulatedFlux:
    """Return the flux, with column and units in its description."""
    description = f"{label} ({units.in_words()}; {interpolation}), {energies_GeV[0]:.6g} to {energies_GeV[-1]:.6g} GeV"
    return TabulatedFlux(energies_GeV, values, interpolation, units.total_units, description)


def _question(path: Path, flux: TabulatedFlux, options: Mapping[str, object]) -> None:
    """Raise `FileError` for a flux beyond any beam, where the card does not give the units that would explain it."""
    if flux.total_units != TIMES["POT"]:
        return
    if flux.total > _MOST_PER_POT and not ("area" in options and "per" in options and {"pot", "time"} & set(options)):
        raise FileError(
            f"{path}: {flux.total:.3g} neutrinos per cm2 and proton on target is more than any beam has, as read: "
            f"{flux.description}; give area, per, and pot or time = 's' or 'burst'"
        )
    ends = flux.energy_max_GeV
    if not _LOWEST_BEAM_GeV * (1.0 + 1e-9) < ends <= _HIGHEST_BEAM_GeV and "energy_unit" not in options:
        raise FileError(
            f"{path}: a beam that ends at {ends:.6g} GeV is unusual, as read: {flux.description}; give energy_unit"
        )


def _build(request: FluxRequest) -> Source:
    """Return the column of the neutrino asked for, or every one with flux."""
    options = request.options
    path = request.base_dir / _home_expanded(options["path"])
    published = options.get("published_at")
    found = f"such files are published at {published}; " if published else ""
    require_file(path, f"{found}put one there or correct flux.path")
    passed = {key: options[key] for key in options if key not in ("path", "column", "published_at")}
    made = []
    for name in _neutrinos_asked(path, request):
        flux = read_flux(path, neutrino=name, columns=_column_of(path, options, name), **passed)
        _question(path, flux, options)
        made.append(Component(name, name, flux))
    if len(made) == 1:
        return Source.of(made[0].flux, made[0].neutrino)
    columns = [flux.description.partition(", column ")[2].partition(" ") for flux in (one.flux for one in made)]
    names = ", ".join(one.neutrino for one in made)
    numbers = ", ".join(number for number, _, _ in columns)
    return Source(tuple(made), f"{names} from {path.name}, columns {numbers} {columns[0][2]}")


def _neutrinos_asked(path: Path, request: FluxRequest) -> tuple[str, ...]:
    """Return the neutrinos to read: the one asked for, the one whose column is named, or all with flux."""
    column = request.options.get("column")
    if request.neutrino is not None or isinstance(column, str):
        return (request.neutrino or str(column),)
    if column is not None:
        raise InputError(
            f"column = {column!r} is one column, and nothing says of which neutrino; name it in process.neutrino, or "
            "leave flux.column out to take every column"
        )
    return neutrinos_in(path, request.options.get("format", "auto"))


def _home_expanded(path: str) -> Path:
    try:
        return Path(path).expanduser()
    except RuntimeError as error:  # ~name of a user who does not exist
        raise InputError(f"path = {path!r} starts in the home of an unknown user; write the whole path") from error


def _column_of(path: Path, options: Mapping[str, object], neutrino: str) -> dict[str, int] | None:
    """Return the columns of `read_flux` for a number counted from 0 or the name of a neutrino."""
    column = options.get("column")
    if column is None:
        return None
    if isinstance(column, str):
        names = [name for name in DEFAULT_COLUMNS if name != ENERGY]
        cure = f"use a number counted from 0, or one of {', '.join(names)}"
        require(column in names, "column", column, f"is no neutrino{nearest(column, names)}; {cure}")
        if is_root_file(path):
            return {neutrino: DEFAULT_COLUMNS[column]}
        named = _Table(path, str(options.get("format", "auto"))).named_columns()
        if column not in named:
            raise InputError(f"column = {column!r} is not in the head of {path}, which names {', '.join(named)}")
        return {neutrino: named[column]}
    assert isinstance(column, int), "checked with the types of the keys"
    places = [options.get(key) for key in ("energy_column", "low_column")]
    free = any(place not in (None, 0) for place in places)
    rule = "must be 1 or more: columns count from 0, and column 0 holds the energy"
    require(column >= 1 or (free and column == 0), "column", column, rule)
    return {neutrino: column}


KIND = FluxKind(
    name="file",
    keys={
        "path": TEXT,
        "format": TEXT,
        "column": NUMBER_OR_NAME,
        "energy_column": NUMBER_OR_NAME,
        "low_column": NUMBER_OR_NAME,
        "high_column": NUMBER_OR_NAME,
        "histogram": TEXT,
        "area": TEXT,
        "per": TEXT,
        "energy_unit": TEXT,
        "points": TEXT,
        "pot": NUMBER,
        "time": TEXT,
        "published_at": TEXT,
    },
    required=("path",),
    build=_build,
    range_key="path",
    one_neutrino_keys=("column", "histogram"),
    needs_file=True,
)
